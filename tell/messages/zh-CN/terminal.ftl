# 终端：各命令的回答与错误。错误要说明出了什么问题、该怎么办。

text-sentence = { $text }。
failure-prefix = muster：

error-not-running = { $data } 上没有运行 Muster。`muster up` 可启动；--data 可指定其他目录。
error-not-allowed = { $data } 上的 Muster 属于其他用户。请以该用户或 root 身份（sudo）执行。
error-not-reached = 无法连接 { $data } 上的 Muster：{ $error }。`muster up` 可启动。
error-path-too-long = 目录 { $data } 的路径过长，无法用作套接字。请用 --data 指定较短的路径。
error-hung-up = Muster 在回答之前已结束。`muster up` 可重新启动。
error-no-answer = Muster 在 { LENGTH($within) }内没有回答。`muster events --follow` 可查看它是否仍在工作。
error-not-ended = Muster 在 { LENGTH($within) }内没有结束，可能正在执行某个步骤；可用 `muster status` 查看。
error-socket = 与 Muster 的连接中断：{ $error }。
error-odd-answer = Muster 的回答本程序无法理解（{ $error }）。两者的版本是否一致？
error-no-such-service = 没有名为 { $service } 的服务。可用 `muster status` 列出全部服务。
error-config-absent = 配置文件 { $file } 不存在。不指定 --config 时读取默认的配置文件，没有也可以。
error-pack-unread = 无法读取知识包 { $file }：{ $error }。
error-config-unread = 无法读取配置文件 { $file }：{ $error }。

refused-no-such-service = 没有名为 { $service } 的服务。已知的服务：{ $known }
refused-no-such-incident = 没有事件 { $incident }。可用 `muster incidents` 列出全部事件。
refused-no-such-change = 没有变更 { $change }。可用 `muster changes` 列出全部变更。
refused-no-such-version = { $path } 没有这个版本：{ $error }。可用 `muster changes` 列出各版本。
refused-nothing-to-recover = { $service } 没有丢失，无需恢复。
refused-restore = 无法恢复 { $path }：{ $error }。
refused-record = 无法读取记录：{ $error }。
refused-busy = Muster 正忙，未能及时受理。请重试；`muster status` 会显示它自身的问题。
refused-not-a-request = 这个 Muster 不理解该请求（{ $error }）。两者的版本是否一致？

config-good = { $file }：有效，{ $services } 个服务
pack-good = { $file }：有效，知识包 { $pack }，{ $lines } 种已知日志行
pack-built-in = 内置
config-none = { $file } 处没有配置文件，也不需要。
up-second = { $data } 上已有一个 Muster 在运行（pid { $pid }）。用 `muster down` 结束它，或用 --data 指定另一个目录。
up-second-unknown = { $data } 上已有一个 Muster 在运行。用 `muster down` 结束它，或用 --data 指定另一个目录。
up-no-data = 无法使用数据目录 { $data }；可用 --data 指定另一个目录。{ $error }
up-no-ledger = 无法打开 { $data } 中的记录。{ $error }
up-no-vault = 无法打开 { $data } 中保存的版本。{ $error }
up-failed = Muster 无法启动。{ $error }
down-done = Muster 已结束。它以 `run` 方式运行的服务继续运行。
down-done-services = Muster 及其以 `run` 方式运行的服务均已结束。
recover-taken = 正在恢复 { $service }。`muster why { $service }` 可查看进展。
recover-nothing = { $service } 一切正常，无事可做。
leave-granted = Muster 可以自行执行。
leave-asked = 等待同意：`muster recover { $service }`。
leave-withheld = 除非另有指示，Muster 不会执行：`muster recover { $service }`。
pause-taken = { LENGTH($length) }内不干预 { $service }。`muster resume { $service }` 可提前结束。
pause-taken-all = { LENGTH($length) }内 Muster 不会自行采取任何操作，但继续监视。`muster resume --all` 可提前结束。
resume-taken = 已重新照看 { $service }。
resume-taken-all = Muster 已恢复自行操作。
incident-acknowledged = { $id }：已记录您知悉此事。
incident-noted = { $id }：已记录。
incident-assigned = { $id } 现由 { $who } 负责。
incident-resolved = { $id } 已关闭。

check-since = { $health }，已 { $length }
check-loss = { $text }：{ $loss }
check-incident = { $text }（事件 { $incident }）
check-cause = { $text }：{ $cause }
check-paused = { $text }：{ $reason }

usage-no-such-command = 没有命令 `{ $typed }`。
usage-unknown-argument = 这里没有 `{ $typed }`。
usage-missing = 缺少：{ $names }
usage-missing-command = 缺少命令。
usage-conflict = { $one } 与 { $other } 不能同时使用。
usage-no-value = { $name } 需要一个值。
usage-wrong-value = `{ $value }` 不能用于 { $name }：{ $why }
usage-nearest = 您是否想输入 `{ $near }`？
usage-see-help = 用法见 `muster --help` 与 `muster 命令 --help`。

length-us = { $n } 微秒
length-ms = { $n } 毫秒
length-s = { $n } 秒
length-min = { $n } 分钟
length-h = { $n } 小时
length-d = { $n } 天
time-ago = { $length }前
time-just-now = 刚刚

# 知识包列表。
column-pack = 知识包
column-validates = 可校验
column-probes = 探测
column-lines = 日志行
column-origin = 来源
column-programs = 程序

# 帮助。`help-命令`、`help-命令-arg-参数`；`help-arg-参数` 适用于所有命令（cli/src/usage.rs）。

help-heading-usage = 用法：
help-heading-commands = 命令
help-heading-arguments = 参数
help-heading-options = 选项
help-after =
    { "" }
    退出码：0 完成 · 1 失败 · 2 用法或配置有误 · 3 未能连接到运行中的 Muster
    从 `muster up` 开始，或用 `muster demo` 观看演示。

help-muster = Muster 为您的服务点名：哪个不在，立刻说出，说明原因，并让它恢复
help-arg-config = 配置文件；默认 /etc/muster/muster.toml 或 ~/.config/muster/muster.toml
help-arg-data = 记录的存放目录；默认 /var/lib/muster 或 ~/.local/state/muster
help-arg-json = 以 JSON 回答
help-arg-lang = 回答所用的语言：en 或 zh-CN
help-arg-help = 显示帮助
help-arg-version = 显示版本

help-up = 在本机运行：发现服务、监视服务、恢复服务
help-down = 结束本机运行的 Muster
help-down-arg-services = 连同它以 `run` 方式运行的服务一起结束
help-demo = 一分钟内演示 Muster 能看到什么、做到什么：无需 root，无需配置
help-demo-arg-keep = 把记录保存在该目录，以便事后查看
help-config = 配置文件相关
help-config-check = 检查配置：错误标明文件、行、列
help-config-check-arg-file = 要检查的文件；默认为实际会使用的文件
help-status = 点名总览：谁在，谁不在
help-status-arg-service = 仅显示该服务的全部信息
help-discover = 这里运行着什么、需要什么、哪些无人监视
help-discover-arg-write = 把尚未声明的服务写成名册，存入这个新文件
help-why = 服务为何丢失：原因、证据、时间、已采取的操作
help-why-arg-of = 服务名（取未解决的事件，否则取最近一次），或事件编号
help-incidents = 全部丢失事件，最新的在前
help-incident = 单个事件，以及人们对它的处理
help-incident-arg-id = 事件编号，如 i42
help-incident-ack = 已知悉；若为停止操作，表示确属有意
help-incident-note = 添加备注
help-incident-note-arg-text = 备注内容
help-incident-assign = 交给某人负责
help-incident-assign-arg-who = 负责人
help-incident-resolve = 已无事可做，关闭事件
help-events = 看到的、决定的和做过的一切
help-events-arg-follow = 持续显示新的记录
help-events-arg-since = 起始时间：10m、2h，或 2026-11-22T10:00:00Z
help-events-arg-service = 仅显示与该服务、事件或路径有关的记录
help-events-arg-kind = 仅显示该种类，如 verdict、step.done；process 表示以此开头的全部种类
help-events-arg-search = 仅显示包含这些词的记录
help-events-arg-limit = 最多显示最新的多少条
help-changes = 机器上有过哪些改动，由谁所为
help-changes-arg-service = 仅显示涉及该服务的改动
help-changes-arg-since = 起始时间：10m、2h，或 2026-11-22T10:00:00Z
help-diff = 逐行显示一次变更
help-diff-arg-change = 变更编号，如 c41
help-restore = 将文件恢复到某个版本
help-restore-arg-path = 文件
help-restore-arg-to = 版本号或其开头几位；`good` 表示最近一次良好的版本
help-recover = 立即恢复服务；也用于同意正在等待的方案
help-recover-arg-service = 服务
help-recover-arg-dry-run = 仅说明将要做什么
help-pause = 维护期间，暂时不干预某个服务
help-pause-arg-service = 服务
help-pause-arg-all = 全部服务：只监视，不操作
help-pause-arg-length = 时长：30m、2h
help-pause-arg-reason = 原因
help-resume = 结束暂停
help-resume-arg-service = 服务
help-resume-arg-all = 结束对全部服务的暂停
help-check = 为监控系统输出一行文字与退出码（0 正常、1 警告、2 严重、3 未知）
help-check-arg-service = 服务
help-ledger = 记录本身
help-ledger-verify = 校验其中没有任何内容被改动、删除、插入或打乱
help-ledger-export = 以 JSON 行导出全部记录
help-pack = 知识包相关：已知程序的知识
help-pack-check = 检查知识包：错误标明文件、行、列
help-pack-check-arg-file = 要检查的文件
help-pack-list = 现有的知识包：内置的和您自己的

help-top = 点名总览，在终端中实时显示
help-check-arg-timeout = Muster 在这么多秒内没有回答，则为 UNKNOWN；默认 9
help-completions = 供 bash、zsh 或 fish 使用的补全脚本，可补全命令与服务名
help-completions-arg-shell = bash、zsh 或 fish
help-man = 把各语言的手册页写入目录
help-man-arg-folder = 目录，如 /usr/local/share/man
help-support = 把缺陷报告所需的内容收集到一个压缩包，机密已遮盖
help-support-arg-output = 压缩包；默认为当前目录的 muster-support-主机-时间.tar.gz，绝不覆盖已有文件
help-support-arg-list = 仅列出将包含的内容

# 点名总览，以及其中的单个服务。

column-health = 状态
column-since = 持续
column-kind = 类型
column-pids = 进程
column-ports = 端口

status-count = { $n } 个{ $health }
status-running = muster { $version }，已运行 { $length }
status-empty = 名册为空，也没有发现应当监视的服务。请在配置文件中写明服务。
status-paused = 还将暂停 { $left }：{ $reason }
status-paused-all = { $left }内 Muster 不会自行采取任何操作：{ $reason }
status-holder-unseen = 从这里看不到其程序
status-unwatched = 以下 { $n } 个程序在监听端口，但无人监视：
status-listens = 端口 { $ports }
status-sees = 可观测：{ $facts }
status-blind = 自 { $at } UTC 起{ $why }。
status-late = 探测准时程度：100 次中有 99 次延迟不超过 { $p99 }，最长 { $max }
status-sees-less = 以下观测未达最佳：
status-sees-not = 无法观测

service-since = 自 { $at } UTC 起（{ $ago }）
service-remark = 情况
service-found-by = 识别依据
service-pack = 知识包
service-processes = 进程
service-ports = 端口
service-seen-by = 观测来源
service-probe = 探测
service-why = `muster why { $incident }` 可查看来龙去脉。

probe-not-yet = 尚未询问
probe-right = 正确
probe-warning = 警告
probe-refused = 被拒绝
probe-silent = 没有响应
probe-wrong = 响应有误
probe-unasked = 无法询问
probe-late = 过慢
probe-unreached = 无法到达
probe-unresolved = 名称无法解析
probe-cut-off = 与外界隔断
probe-expired = 证书已过期

column-watched = 监视
column-user = 用户
column-program = 程序
discover-declared = 已声明
discover-learned = 自行发现
discover-nobody = 无人监视
discover-none = 这里没有可作为服务的对象：没有看得见的监听程序，也没有随机器启动的单元。看不见程序的端口（属于其他容器，或在没有 root 权限时属于其他用户）列在 `muster status` 中。
discover-write = `muster discover --write 文件` 可将未声明的服务写成名册，放入配置旁的 services.d/ 即可。
discover-exists = { $file } 已存在，不会覆盖。请换一个新文件名。
discover-unwritten = 无法写入 { $file }：{ $error }。
discover-written = { $services } 个服务已写入 { $file }。请检查后放入配置旁的 services.d/；`muster config check` 可校验。
discover-head = 这里运行着、但尚无人声明的服务，由 Muster 发现。保留必须存在的，删去其余。
    注释中的内容 Muster 自己知道；去掉 # 即可修改。默认不经询问即恢复服务：
    `recover = "ask"` 等待许可，`recover = "never"` 仅告知。
discover-pack = 所属知识包：
discover-ports = 监听端口：
discover-user = 运行用户：
discover-config = 配置：
discover-validate = 校验命令：
discover-data = 数据：

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
status-unwatched = 以下 { $n } 个程序在监听端口，但无人监视：
status-listens = 端口 { $ports }
status-sees = 可观测：{ $facts }
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

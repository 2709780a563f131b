# 方案与事件的转折：要做什么、为什么（guard/src/host/plan、guard/src/host/reconcile.rs）。

plan-start = 服务未运行：启动它
plan-restart = 服务在运行但不正常：重启它
plan-kill-restart = 进程 { $pid } 没有响应；普通重启会一直等待它，因此强制终止后重新启动
plan-config-restore = 恢复最近一次良好的 { $files }（{ WORD($code, of: "cause") }）
plan-config-offered = 可以恢复最近一次良好的 { $files }；服务目前仍在工作，因此等待人工同意
plan-config-by-hand = { $service } 目前仍在工作，但无法再次启动；其配置需要手工修正
plan-unmask = { $unit } 已被屏蔽：屏蔽者自有用意，因此解除屏蔽需等待人工同意
plan-await-manager = 服务管理器会自行重启它（Restart={ $policy }）：给它 { LENGTH($within) }
plan-port-taken = { $holder } 挡住了去路；是否终止它由人决定
plan-port-free = 端口已空出：继续
plan-left-alone = { WHO($who) } 有意停下 { $service }，因此不予干预
plan-only-watched = { $service } 仅被监视：Muster 不知道如何启动它
plan-restore-after = { LENGTH($after) }内无人确认这次停止：恢复它
plan-elsewhere = { $service } 在别处：在本机上对它无能为力
plan-cut-off = { $service } 本身正常，无需修复；需要修复的是通往它的路径
plan-unit-gone = 服务管理器不再认得 { $service } 的单元：无从启动。请放回该单元或其软件包，或将 { $service } 移出名册
plan-enable = 机器重启后 { $service } 不会自动启动；重新设为开机启动须经人同意
plan-reload-certificate = 证书已过期；如果新证书已经就位，重新读取即可，这须经人同意
plan-renew-certificate = { $service } 的证书必须由人更新
plan-restart-slow = 重启也许能让 { $service } 变快，但会中断它正在做的事，因此须经人同意
plan-file-by-hand = { $service } 仍在工作，但它所需的一个文件不符合要求，必须由人修复
plan-own-looks-again = 发生的事情超出 Muster 的接收能力。现状会重新查看；其间仅发生过一次的事情不再可知
plan-own-restart = Muster 不会自行重启：停滞的线程无法单独结束，其间也不应无人监视。请重启 Muster（`systemctl restart muster`）；各服务不受影响

state-recovered-by-muster = 服务已恢复，由 Muster 的操作所致
state-recovered-by-others = 服务已恢复，系自行恢复或由他人恢复
state-sees-again = Muster 恢复了全部观测
state-became-a-loss = 隐患已演变为丢失，另立事件
state-ended-by-boot = 机器已重新启动，此事件随之结束
state-left-roster = 已不在名册中
state-relapsed = 尚未稳定便再次丢失
state-escalated-attempts = 尝试 { $attempts } 次仍未恢复：需要人工处理
state-waits-for-yes = 方案等待人工同意

note-acknowledged = { $by } 已知悉
note-assigned = { $by } 将其交给 { $to }
note-resolved = { $by } 将其关闭

# 判断：用一句话说明服务为何丢失（guard/src/host/diagnose）。“unseen” 表示没有来源看到操作者。

verdict-config-invalid = { $service } 的配置在 { $place } 处已无效，修改者：{ $who }
verdict-config-invalid-unseen = { $service } 的配置在 { $place } 处已无效；未能看到是谁修改的
verdict-config-changed = { $service } 在配置 { $path } 改动后无法正常工作，修改者：{ $who }
verdict-config-changed-unseen = { $service } 在配置 { $path } 改动后无法正常工作；未能看到是谁修改的
verdict-config-missing = { $service } 的配置文件 { $path } 不见了，删除者：{ $who }
verdict-config-missing-unseen = { $service } 的配置文件 { $path } 不见了；未能看到是谁删除的
verdict-operator-stopped = { $service } 被人停止，操作者：{ $who }
verdict-stopped-by-manager = { $service } 经由服务管理器停止；未能看到是谁要求的
verdict-operator-killed = { $service } 收到 { $signal } 信号，发送者：{ $who }
verdict-killed-unseen = { $service } 收到来自外部的信号；未能看到是谁发送的
verdict-operator-disabled = { $service } 被设为 { $state }，操作者：{ $who }
verdict-disabled-unseen = { $service } 被设为 { $state }；未能看到是谁操作的
verdict-resource-memory = 内存耗尽，{ $service } 被内核终止
verdict-port-taken = { $service } 的端口 { $port } 被其他进程占用：{ WHO($holder) }
verdict-port-was-taken = { $service } 启动时，其端口已被其他进程占用
verdict-crash-signal = { $service } 因自身缺陷崩溃（{ $signal }）
verdict-crash-code = { $service } 自行退出，退出码 { $code }
verdict-hang = { $service } 的进程还在，但因自身缺陷停滞不动
verdict-host-rebooted = 主机于 { MOMENT($at) } 启动后，{ $service } 没有恢复运行
verdict-tls-expired = { $service } 的证书已过期：{ $said }
verdict-dns-failed = { $service } 的名称 { $name } 无法解析
verdict-operator-removed = { $service } 的单元 { $unit } 被 { $who } 移除
verdict-removed-unseen = { $service } 的单元 { $unit } 不见了；未看到是谁移除的
verdict-unknown = 现有证据不足以判定 { $service } 为何丢失；已检查：{ WORD($examined, of: "exam") }
verdict-blind = Muster 未能看到它应看到的一切
verdict-blind-stalled = Muster 的一部分停滞不动：{ $sensors }

# Muster 自身的问题，显示在 `status` 中（agent/src）。每条说明：出了什么问题、在哪里、该怎么办。

trouble-guard-panic = Muster 无法处理事件 { $seq }（{ $kind }），已跳过。这是 Muster 自身的缺陷：请附上 `muster ledger export` 的输出反馈。
trouble-guard-loops = Muster 在事件 { $seq } 上陷入循环，已停止处理。这是 Muster 自身的缺陷：请附上 `muster ledger export` 的输出反馈。
trouble-ledger = 记录无法写入：{ $error }。监视仍凭内存继续；请清理磁盘空间或检查数据目录。
trouble-roster = 改动后的配置未被接受，仍沿用旧配置：{ $why }
trouble-restart = 配置中有 { $count } 项已改动：{ $keys }。其余内容已生效；这些项要等 Muster 重启后才生效。
trouble-process-one = 名册中 { $services } 的描述只与 1 号进程相符。1 号进程不作为服务监视：机器运行期间它不会结束。请写明别的程序或其参数。
trouble-units = 无法询问服务管理器：{ $error }。在其恢复之前看不到单元的状态。
trouble-vault = 无法保存 { $path } 的版本：{ $error }。以后将无法恢复到该版本。

blind-stalled = 无人观测{ WORD($facts, of: "fact") }：传感器 { $sensor } 停滞不动
blind-ended = 无人观测{ WORD($facts, of: "fact") }：传感器 { $sensor } 已放弃：{ $error }
blind-overflowed = 未能观测到全部{ WORD($facts, of: "fact") }：内核为 { $sensor } 准备的队列已满，至少丢失 { $lost } 个事件
blind-crowded = 未能及时观测到全部{ WORD($facts, of: "fact") }：Muster 自身的队列已满，{ $sensor } 的 { $lost } 条观测无处存放

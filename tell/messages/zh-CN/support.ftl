# `support`：缺陷报告所需的内容（cli/src/commands/support）。

support-written = { $file } 大小为 { $size }。内容如下，机密已遮盖：
support-listed = 将包含以下内容，机密已遮盖：
support-missing = 未包含的内容及原因：
support-cut = （已截断）
support-look = 发送之前请先检查：遮盖能识别许多形式的机密，但并非全部；主机名、人名、文件名和地址均保持原样。
support-readme = Muster { $version } 于 { $at } UTC 为缺陷报告收集的内容。密码、令牌和密钥已替换为 ***。
error-support-exists = { $file } 已存在，未作改动。请用 --output 指定另一个文件。
error-support-unwritten = 无法写入 { $file }：{ $error }。请用 --output 指定另一个位置。

support-what-version = 本程序的版本与构建
support-what-system = 内核、发行版、处理器、内存，以及决定可见程度的设置
support-what-status = 点名总览：服务、来源、看不到的内容、探测的延迟
support-what-troubles = Muster 自身的问题
support-what-incidents = 全部事件
support-what-events = 记录中最新的 { $n } 条
support-what-verify = 记录是否完整
support-what-packs = 生效的知识包
support-what-config = 配置文件
support-what-check = 配置中的错误（如有）
support-what-unit = Muster 的单元文件
support-what-unit-state = Muster 单元的状态
support-what-systemd = systemd 的版本
support-what-journal = Muster 自身的日志
support-what-processes = Muster 的进程：内存、处理器时间、限制、打开的文件
support-what-data = Muster 各文件的大小与磁盘余量
support-why = { $why }
support-no-time = { $s } 秒后已没有时间
support-full = 压缩包已满；此部分有 { $n } 字节
support-silent = { $program } 没有任何输出
support-slow = { $program } 未在 { $s } 秒内结束

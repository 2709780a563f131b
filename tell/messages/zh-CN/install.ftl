# `install` 与 `uninstall`：逐项说明做了什么、为什么没做（cli/src/commands/install、uninstall.rs）。

installed-made = 已创建
installed-replaced = 已替换
installed-removed = 已删除
installed-done = 已完成
installed-there = 已存在
installed-kept = 保持不动
installed-would-make = 将创建
installed-would-replace = 将替换
installed-would-remove = 将删除
installed-would-do = 将执行
installed-difference = { $path }：- 为现有内容，+ 为 Muster 将写入的内容

install-note-folder-data = 记录；仅 root 可读
install-note-folder-config = 配置
install-note-folder-rosters = 名册，文件数量不限
install-note-program = 本程序，{ $version }
install-note-user = 供 hub 使用：没有 shell、主目录和密码
install-note-no-useradd = 此处没有 useradd；hub 将以没有名字的用户运行
install-note-config = 所有键均有说明，均未设置
install-note-yours = 您自己的
install-note-altered = 已被手工改动。`muster install --dry-run` 显示差异；若要另行设置，请用 `systemctl edit muster`
install-note-enabled = 随机器启动
install-note-started = 已启动并就绪
install-note-restarted = 已用新内容重新启动并就绪；Muster 以 `run` 维持的服务未受影响
install-note-runs = 正在运行

install-ready = Muster { $version } 已运行，共 { $services } 个服务。`muster status` 点名；`sudo muster uninstall` 可撤销以上全部操作。
install-ready-learning = Muster { $version } 已运行，正在了解这里运行着什么。一分钟后可用 `muster status` 点名；`sudo muster uninstall` 可撤销以上全部操作。
install-start-later = Muster 已安装，尚未启动。用 `systemctl start muster` 启动；下次开机会自动启动。
install-restart-later = Muster 已安装；正在运行的仍是旧的。用 `systemctl restart muster` 换成新的。
install-no-systemd = Muster 已安装，但此处没有 systemd 来启动它。请让本机的服务管理器以 root 运行 `{ $program } up`，并在其结束后重新启动。
install-dry = 未做任何改动。去掉 --dry-run 即会执行。
install-dry-nothing = 没有需要做的事。

install-needs-root = 只有 root 才能设置机器。请输入：sudo { $program } install
uninstall-needs-root = 只有 root 才能撤销。请输入：sudo { $program } uninstall
install-packaged = 此处的 Muster 以软件包形式安装（{ $unit }）：由包管理器更新与删除，例如 `apt upgrade muster`、`apt purge muster`。用 `systemctl enable --now muster` 启动。
install-program-foreign = { $path } 是另一个程序，并非 `muster install` 所放。请先删除它，或运行它自己的 `install`。
install-second = 此处运行着一个并非由 systemd 启动的 Muster（pid { $pid }）。请先用 `muster down` 结束它，再重试。
install-program-failed = `{ $line }` 失败：{ $error }
install-program-late = `{ $line }` 未在 { LENGTH($within) } 内结束。
install-not-started = muster.service 无法启动。原因见 `journalctl -u muster -e`；已安装的内容保留。

uninstall-note-stopped = 已停止
uninstall-note-disabled = 不再随机器启动
uninstall-note-goes-on = `run` 服务：继续运行，此后无人监视；--services 可将其结束
uninstall-note-ended = `run` 服务：已结束
uninstall-note-stays = `run` 服务：连 SIGKILL 也不能结束
uninstall-note-altered = 在 Muster 写入之后被手工改动；--purge 可将其删除
uninstall-note-unlisted = 不在 `muster install` 的清单上：若确属 Muster，请手工删除
uninstall-note-yours = 您自己的
uninstall-note-purge = --purge 可将其连同全部内容一并删除
uninstall-done = Muster 已从本机移除。配置与记录仍然保留；--purge 可一并删除。
uninstall-purged = Muster 已从本机移除，配置与记录也已删除。
uninstall-dry = 未做任何改动。去掉 --dry-run 即会执行。
uninstall-nothing = 没有可撤销的内容。
install-note-accessories = 手册页与命令补全：{ $n } 个文件

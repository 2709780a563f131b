# `muster top`：点名总览，在终端中实时显示。

text-other = { $text }

top-no-terminal = `muster top` 需要终端，而这里没有。`muster status` 给出一次点名，`muster events --follow` 逐行给出随后发生的事。
top-no-json = `muster top` 供人查看，没有 JSON。`muster --json status` 给出一次点名，`muster --json events --follow` 逐行给出随后发生的事。

top-away = 无法连接 Muster；以下是 { $length }前的情况。{ $why }
top-none = 没有符合 `{ $filter }` 的服务。按 Esc 显示全部。
top-asking = 正在查询……
top-more-notes = 另有 { $n } 条：`muster status`

top-keys = ↑↓ 移动  Enter 原因  / 筛选  s 排序  r 恢复  p 暂停  a 知悉  ? 帮助  q 退出
top-keys-filtered = { $n } 个符合 `{ $filter }`  Esc 全部  / 修改  Enter 原因  ? 帮助  q 退出
top-keys-story = Esc 返回  ↑↓ 滚动  r 恢复  p 暂停  a 知悉  ? 帮助
top-keys-short = ? 帮助  q 返回、退出
top-keys-help = Esc 返回  ↑↓ 滚动

top-filter = 筛选（Enter 保留，Esc 取消）：
top-ask-recover = 立即恢复 { $service }？请输入 { $yes }：
top-ask-resume = 结束 { $service } 的暂停？请输入 { $yes }：
top-ask-pause-for = 暂停 { $service } 多久（30m、2h）？
top-ask-pause-why = 为何暂停 { $service }？
top-ask-ack = 已知悉 { $service } 的 { $incident }（若为停止：确属有意）？请输入 { $yes }：
top-not-done = 未执行任何操作。
top-no-length = `{ $typed }` 不是时长：请写 30m、2h 等。未执行任何操作。
top-no-incident = { $service } 没有未解决的事件。

top-help = muster top 的按键
top-help-move = 移动；查看文本时滚动
top-help-why = 原因：该服务未解决的事件，否则取最近一次
top-help-back = 返回；在总览中恢复显示全部服务
top-help-filter = 仅显示名称、类型、状态、丢失方式、程序或知识包中含有这些字符的服务
top-help-sort = 按下一列排序；反向排序
top-help-recover = 立即恢复该服务；对等待批准的方案表示同意
top-help-pause = 让该服务暂停一段时间；结束暂停
top-help-ack = 已知悉；若为停止操作，表示确属有意
top-help-redraw = 重画屏幕
top-help-leave = 退出；Muster 继续运行
top-help-signs = 名称前的 `!` 表示有未解决的事件。确认之前不会执行任何操作。

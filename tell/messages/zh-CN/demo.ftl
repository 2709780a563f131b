# 演示（cli/src/commands/demo）。

demo-setting = 正在 { $folder } 中启动三个小服务和一个专用的 Muster……
demo-act-kill = 有人终止了 { $service }
demo-act-config = 有人改坏了 { $service } 的设置
demo-act-hang = { $service } 停滞：进程还在，但没有响应
demo-end =
    { "" }
    启动的一切均已结束。记录保存在 { $folder }：
    muster --data { $folder } ledger verify
    muster --data { $folder } ledger export
    现在轮到您自己的机器：muster up

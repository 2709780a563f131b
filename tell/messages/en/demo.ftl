# The demo (cli/src/commands/demo).

demo-setting = Starting three small services and a Muster of its own in { $folder } …
demo-act-kill = Somebody kills { $service }
demo-act-config = Somebody breaks the settings of { $service }
demo-act-hang = { $service } stands still: alive, but it does not answer
demo-end =
    { "" }
    All that was started has ended. The record is in { $folder }:
    muster --data { $folder } ledger verify
    muster --data { $folder } ledger export
    Now on your own machine: muster up

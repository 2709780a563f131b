# Evidence: one fact each, for or against a cause (guard/src/host/diagnose).

evidence-signal-from = { $signal } was sent by { $who }
evidence-sender-unseen = no source saw who sent the signal
evidence-no-outside-signal = nobody from outside sent it a signal
evidence-from-terminal = the sender sat at terminal { $tty }
evidence-ended-by-signal = the process was ended by { $signal }
evidence-exit-code = the process exited with code { $code }
evidence-ended-by-memory = the process was ended for want of memory
evidence-ended-somehow = the process is gone; nobody could say how it ended
evidence-ended-otherwise = the way it was lost speaks against it: { WORD($loss, of: "loss") }
evidence-lives-but = the process lives, but: { WORD($loss, of: "loss") }
evidence-memory-kill = the kernel chose process { $pid } to be ended for want of memory
evidence-memory-kill-limit = process { $pid } hit its memory limit of { $mib } MiB
evidence-change = { $path }: { WORD($what, of: "altered") } by { WHO($who) }
evidence-changed-before = { $path } had been changed shortly before
evidence-no-change = nothing it depends on was changed before
evidence-config-differs = { $path } is not as it was when the service was last well
evidence-config-as-good = its configuration is as it was when the service was last well
evidence-file-gone = { $path } is gone
evidence-lost-after-reading = it was lost right after it had read the changed configuration
evidence-validator-refuses = the validator refuses the configuration: { $said }
evidence-validator-accepts = the validator accepts the configuration
evidence-known-line = it logged: { $line } ({ $means })
evidence-log-line = the log says: { $line }
evidence-command = this was run: { $who }
evidence-stop-job = the service manager had been told to stop it
evidence-clean-inactive = the service manager has it as stopped in good order
evidence-enablement = from { $before } to { $after } at boot
evidence-unit-file-state = the service manager has it as { $state }
evidence-unit-result = the service manager gives as its result: { $result }
evidence-port-holder = port { $port } is held by { WHO($holder) }
evidence-port-free = nobody else holds its ports now
evidence-crash-loop = { $times ->
    [one] it was lost { $times } time in a row
   *[other] it was lost { $times } times in a row
}
evidence-silent = { $times ->
    [one] it was asked { $times } time and did not answer: { $said }
   *[other] it was asked { $times } times and did not answer: { $said }
}
evidence-process-state = the process is in state { $state }, waits in { $wchan }, uses { $cpu } % of a core
evidence-process-stopped = the process has been stopped by a signal
evidence-boot = the host was started at { MOMENT($at) }
evidence-examined-nothing = examined: nothing
evidence-examined = examined: { WORD($examined, of: "exam") }
evidence-answer = asked for { $target }: { $said }
evidence-has-run = it has run here for { LENGTH($length) } and is gone
evidence-unit-load = the service manager has loaded its unit as { $state }

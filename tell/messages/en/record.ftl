# The record: events, changes, versions, the ledger.

list-comma = ,{" "}
list-clause = ,{" "}
actor-as = as { $user }
actor-notes = { $person } ({ $notes })
actor-command = { $who }: { $command }

event-started = Muster { $version } started, pid { $pid }
event-ended = Muster ended ({ $by })
event-ended-services = Muster ended with the services it keeps ({ $by })
event-roster = { $services ->
    [one] the roster has { $services } service
   *[other] the roster has { $services } services
}
event-roster-refused = the changed roster was refused, the old one stays in force: { $why }
event-timer = a moment that was waited for
event-process-seen = process { $pid } is there: { $command }
event-process-exited = process { $pid } { $end }
end-code = exited with code { $code }
end-signal = was ended by { $signal }
end-memory = was ended by the kernel for want of memory
end-unknown = is gone, nobody could say how
event-signal-sent = { $signal } to { $pid } from { $sender }
event-signal-by-kernel = { $signal } to { $pid } from the kernel
event-memory-kill = the kernel chose process { $pid } to be ended for want of memory
event-memory-kill-limit = process { $pid } hit its memory limit of { $mib } MiB
event-unit = { $unit } is { $state }
event-unit-main = { $unit } is { $state }, main process { $pid }
event-command-run = { $actor }
event-change = { $path }: { $what }
event-change-by = { $path }: { $what } by { $actor }
event-change-from-to = { $what }: { $before } → { $after }
event-config-seen = { $path } is at version { $version }
event-listens = listens on { $ports }
event-listens-nowhere = listens on no port
event-listens-taken = { $own }; somebody else holds its { $taken }
event-probe-right = probe { $probe } is answered in { $took }
event-probe-warning = probe { $probe } warns after { $took }: { $text }
event-probe-refused = probe { $probe } is refused after { $took }: { $text }
event-probe-silent = probe { $probe } got no answer in { $took }: { $text }
event-probe-wrong = probe { $probe } got a wrong answer in { $took }: { $text }
event-probe-unasked = probe { $probe } could not be asked: { $text }
event-probe-late = probe { $probe } is answered, but only after { $took }: { $text }
event-probe-unreached = probe { $probe } does not reach it in { $took }: { $text }
event-probe-unresolved = the name that probe { $probe } asks does not resolve: { $text }
event-probe-cut-off = probe { $probe } is answered on this host alone: { $text }
event-probe-expired = probe { $probe } found a certificate past its time: { $text }
event-rung = { $fact }: seen by { $source }
event-sight = { $facts }: all is seen again
event-rung-why = { $fact }: seen by { $source }, since { $why }

event-examined = { $exam }: { $found } ({ $took })
found-valid = it is valid
found-invalid = it is not valid: { $said }
found-same = nothing differs
found-differ = { $files } differ
found-lines = { $n ->
    [one] { $n } line
   *[other] { $n } lines
}
found-no-holder = nobody holds them
found-holders = { $holders }
found-process = state { $state }, waits in { $wchan }
found-no-process = it is gone
found-no-unit = there is no such unit
found-commands = { $n ->
    [one] { $n } command
   *[other] { $n } commands
}
found-nothing = could not be done: { $why }

event-opened = lost: { $loss } (noticed after { $after })
event-refined = the loss is another: { $loss }
event-asked = to be examined: { $exams }
event-verdict = first verdict, { $percent } %: { $summary }
event-verdict-settled = verdict, { $percent } %: { $summary }
event-verdict-none = no verdict
event-planned = plan { $attempt }: { $steps }
event-step-begun = { $step }: begun
event-undo-begun = { $step }: being taken back
event-step-done = { $step }: { $outcome } in { $took }
event-step-done-said = { $step }: { $outcome } in { $took }: { $said }
event-confirmed = confirmed, undoing it brought the service back: { $cause }
event-became = { $state }: { $why }
event-good = last good configuration: { $files }

told-recover = { $by }: recover it
told-pause = { $by }: pause for { $length }: { $reason }
told-resume = { $by }: resume
told-acknowledge = { $by } has seen it
told-note = { $by }: { $words }
told-assign = { $by } gives it to { $to }
told-resolve = { $by }: nothing is left to do
told-restore = { $by } put { $path } back to version { $version }

events-none = Nothing was recorded that fits.
changes-none = No change was recorded that fits.
column-change = CHANGE
column-at = WHEN
column-service = SERVICE
column-what = WHAT
column-subject = SUBJECT
column-by = BY
by-unknown = an unknown hand
change-when = { $at } UTC ({ $ago }), seen by { $source }
change-by = by { $actor }
change-by-unknown = by whom is not known: no source on this machine could tell
content-unknown = The contents were not kept (too large, or not readable), so there is nothing to compare.
content-same = The contents are the same.
diff-before = before: version { $version }
diff-after = after: version { $version }
restore-done = { $path } is back at version { $version }. What was there is kept as a version of its own.

ledger-whole = { $events ->
    [one] The chain is whole: { $events } event, { $checkpoints } signed checkpoints.
   *[other] The chain is whole: { $events } events, { $checkpoints } signed checkpoints.
}
ledger-broken = The chain is broken at event { $seq }: { WORD($how, of: "broken") }. The { $events } events before it are as they were written.

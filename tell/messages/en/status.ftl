# The roll call, and one service of it.

column-health = HEALTH
column-since = SINCE
column-kind = KIND
column-pids = PROCESSES
column-ports = PORTS

status-count = { $n } { $health }
status-running = muster { $version }, up { $length }
status-empty = The roster is empty, and nothing was found that should be watched. Name a service in the configuration file.
status-paused = paused for { $left } more: { $reason }
status-paused-all = Muster does nothing by itself for { $left } more: { $reason }
status-unwatched = { $n ->
    [one] Listens here, and nobody watches it:
   *[other] Listen here, and nobody watches them:
}
status-listens = port { $ports }
status-sees = Sees { $facts }
status-sees-less = Sees less well than it could:
status-sees-not = not at all

service-since = since { $at } UTC ({ $ago })
service-remark = state
service-found-by = found by
service-pack = pack
service-processes = processes
service-ports = ports
service-seen-by = seen by
service-probe = probe
service-why = `muster why { $incident }` tells what happened.

probe-not-yet = not asked yet
probe-right = right
probe-warning = warning
probe-refused = refused
probe-silent = no answer
probe-wrong = wrong answer
probe-unasked = could not be asked

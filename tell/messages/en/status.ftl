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
status-holder-unseen = its program cannot be seen from here
status-unwatched = { $n ->
    [one] Listens here, and nobody watches it:
   *[other] Listen here, and nobody watches them:
}
status-listens = port { $ports }
status-sees = Sees { $facts }
status-blind = Since { $at } UTC { $why }.
status-late = Of 100 questions of probes 99 are put at most { $p99 } late, the latest { $max }
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
probe-late = too slow
probe-unreached = not reached
probe-unresolved = name unknown
probe-cut-off = cut off
probe-expired = certificate expired

column-watched = WATCHED
column-user = USER
column-program = PROGRAM
discover-declared = declared
discover-learned = learned
discover-nobody = by nobody
discover-none = Nothing was found here that a service could be made of: no program that listens and can be seen, no unit that comes up with the machine. A port whose program cannot be seen (another container's or, without root, another user's) stands in `muster status`.
discover-write = `muster discover --write FILE` writes a roster of what is not declared, to be put into services.d/ beside the configuration.
discover-exists = { $file } is there already and is not overwritten. Name a new file.
discover-unwritten = { $file } cannot be written: { $error }.
discover-written = { $services ->
    [one] { $services } service is in { $file }. Look through it and put it into services.d/ beside the configuration; `muster config check` checks it.
   *[other] { $services } services are in { $file }. Look through it and put it into services.d/ beside the configuration; `muster config check` checks it.
}
discover-head = What runs here and nobody has declared, as Muster found it. Keep what must be there, drop the rest.
    What is in comments Muster knows by itself; write it without the # to change it. By default a service is
    brought back without asking: `recover = "ask"` waits for a yes, `recover = "never"` only tells.
discover-pack = known by the pack:{" "}
discover-ports = listens on:{" "}
discover-user = runs as:{" "}
discover-config = configuration:{" "}
discover-validate = checked with:{" "}
discover-data = data:{" "}

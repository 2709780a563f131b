# The terminal: answers and errors of the commands. An error says what is wrong and what to do.

text-sentence = { $text }.
failure-prefix = muster:{" "}

error-not-running = No Muster runs on { $data }. `muster up` starts one; --data names another folder.
error-not-allowed = The Muster on { $data } belongs to another user. Ask as that user, or as root (sudo).
error-not-reached = The Muster on { $data } cannot be reached: { $error }. `muster up` starts one.
error-path-too-long = The folder { $data } has too long a name for a socket. Choose a shorter one with --data.
error-hung-up = Muster ended before it answered. `muster up` starts it again.
error-no-answer = Muster did not answer within { LENGTH($within) }. `muster events --follow` shows whether it still works.
error-not-ended = Muster has not ended within { LENGTH($within) }. It may be in the middle of a step; `muster status` shows it.
error-socket = The connection to Muster broke: { $error }.
error-odd-answer = Muster answered what this program does not understand ({ $error }). Are both of the same version?
error-no-such-service = No service is called { $service }. `muster status` lists them.
error-config-absent = There is no configuration file { $file }. Without --config the usual one is read, or none.
error-pack-unread = The pack { $file } cannot be read: { $error }.
error-config-unread = The configuration file { $file } cannot be read: { $error }.

refused-no-such-service = No service is called { $service }. Known are: { $known }
refused-no-such-incident = There is no incident { $incident }. `muster incidents` lists them.
refused-no-such-change = There is no change { $change }. `muster changes` lists them.
refused-no-such-version = There is no such version of { $path }: { $error }. `muster changes` lists them.
refused-nothing-to-recover = { $service } is not lost: there is nothing to recover.
refused-restore = { $path } could not be put back: { $error }.
refused-record = The record could not be read: { $error }.
refused-busy = Muster is busy and did not take it up in time. Try again; `muster status` shows its troubles.
refused-not-a-request = That is nothing this Muster can be asked ({ $error }). Are both of the same version?

config-good = { $services ->
    [one] { $file }: valid, { $services } service
   *[other] { $file }: valid, { $services } services
}
pack-good = { $lines ->
    [one] { $file }: valid, pack { $pack } with { $lines } known line
   *[other] { $file }: valid, pack { $pack } with { $lines } known lines
}
pack-built-in = built in
config-none = There is no configuration file at { $file }, and none is needed.
up-second = A Muster already runs on { $data } (pid { $pid }). `muster down` ends it; --data names another folder.
up-second-unknown = A Muster already runs on { $data }. `muster down` ends it; --data names another folder.
up-no-data = The data folder { $data } cannot be used; --data names another. { $error }
up-no-ledger = The record in { $data } cannot be opened. { $error }
up-no-vault = The kept versions in { $data } cannot be opened. { $error }
up-failed = Muster cannot start. { $error }
down-done = Muster has ended. What it keeps as `run` goes on.
down-done-services = Muster and the services it keeps as `run` have ended.
recover-taken = { $service } is being brought back. `muster why { $service }` tells how it goes.
recover-nothing = { $service } is there: there is nothing to do.
leave-granted = Muster may do this by itself.
leave-asked = This waits for a yes: `muster recover { $service }`.
leave-withheld = Muster leaves this alone unless told otherwise: `muster recover { $service }`.
pause-taken = { $service } is left alone for { LENGTH($length) }. `muster resume { $service }` ends that.
pause-taken-all = Muster does nothing by itself for { LENGTH($length) }; it goes on watching. `muster resume --all` ends that.
resume-taken = { $service } is looked after again.
resume-taken-all = Muster acts again.
incident-acknowledged = { $id }: noted that you have seen it.
incident-noted = { $id }: noted.
incident-assigned = { $id } is with { $who } now.
incident-resolved = { $id } is closed.

check-since = { $health }, since { $length }
check-loss = { $text }: { $loss }
check-incident = { $text } (incident { $incident })
check-cause = { $text }: { $cause }
check-paused = { $text }: { $reason }

usage-no-such-command = There is no command `{ $typed }`.
usage-unknown-argument = There is no `{ $typed }` here.
usage-missing = This is missing: { $names }
usage-missing-command = A command is missing.
usage-conflict = { $one } and { $other } do not go together.
usage-no-value = { $name } wants a value.
usage-wrong-value = `{ $value }` does not do for { $name }: { $why }
usage-nearest = Did you mean `{ $near }`?
usage-see-help = `muster --help` and `muster COMMAND --help` say what there is.

length-us = { $n } µs
length-ms = { $n } ms
length-s = { $n } s
length-min = { $n } min
length-h = { $n } h
length-d = { $n } d
time-ago = { $length } ago
time-just-now = just now

# The list of packs.
column-pack = PACK
column-validates = VALIDATES
column-probes = PROBES
column-lines = LINES
column-origin = FROM
column-programs = PROGRAMS

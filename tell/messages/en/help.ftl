# Help. `help-COMMAND`, `help-COMMAND-arg-NAME`; `help-arg-NAME` goes with every command (cli/src/usage.rs).

help-heading-usage = Usage:
help-heading-commands = Commands
help-heading-arguments = Arguments
help-heading-options = Options
help-after =
    { "" }
    Exit codes: 0 done · 1 failed · 2 wrong usage or configuration · 3 no running Muster reached
    Start with `muster up`, or see it work with `muster demo`.

help-muster = Muster calls the roll of your services: it says at once when one is missing, why, and brings it back
help-arg-config = The configuration file; else /etc/muster/muster.toml, or ~/.config/muster/muster.toml
help-arg-data = Where Muster keeps its record; else /var/lib/muster, or ~/.local/state/muster
help-arg-json = Answer in JSON
help-arg-lang = The language of answers: en or zh-CN
help-arg-help = Say what there is
help-arg-version = Say the version

help-up = Run here: find the services, watch them, bring them back
help-down = End the Muster that runs here
help-down-arg-services = End the services that it keeps as `run` too
help-demo = Show in under a minute what Muster sees and does: no root, no set-up
help-demo-arg-keep = Keep the record in this folder, and look around in it afterwards
help-config = About the configuration file
help-config-check = Check it: mistakes are shown with file, line and column
help-config-check-arg-file = The file; else the one that would be used
help-status = The roll call: who is there, and who is not
help-status-arg-service = Only this service, with all that is known of it
help-discover = What runs here, what it needs, which of it nobody watches
help-discover-arg-write = Write a roster of what nobody declares to this new file
help-why = Why a service was lost: cause, evidence, times, what was done
help-why-arg-of = A service (its open incident, else its latest), or an incident's id
help-incidents = All losses, newest first
help-incident = One loss, and what people say of it
help-incident-arg-id = The incident's id, such as i42
help-incident-ack = I have seen it; on a stop: it is meant to be so
help-incident-note = Add a note
help-incident-note-arg-text = The note
help-incident-assign = Give it to somebody
help-incident-assign-arg-who = Who takes it on
help-incident-resolve = Nothing is left to do
help-events = What was seen, decided and done
help-events-arg-follow = Go on with what comes
help-events-arg-since = From then on: 10m, 2h, or 2026-11-22T10:00:00Z
help-events-arg-service = Only what is about this service, incident or path
help-events-arg-kind = Only this kind, such as verdict, step.done, or process for all that begin so
help-events-arg-search = Only what has these words in it
help-events-arg-limit = At most the newest so many
help-changes = What was altered on the machine, and by whom
help-changes-arg-service = Only what touches this service
help-changes-arg-since = From then on: 10m, 2h, or 2026-11-22T10:00:00Z
help-diff = A change, line by line
help-diff-arg-change = The change's id, such as c41
help-restore = Put a version of a file back in its place
help-restore-arg-path = The file
help-restore-arg-to = The version or the beginning of it; `good` for the last good one
help-recover = Bring a service back now; a yes to a plan that waits for one
help-recover-arg-service = The service
help-recover-arg-dry-run = Only say what would be done
help-pause = Leave a service alone for a while: maintenance
help-pause-arg-service = The service
help-pause-arg-all = All services: watch, and do nothing
help-pause-arg-length = For how long: 30m, 2h
help-pause-arg-reason = Why
help-resume = End a pause
help-resume-arg-service = The service
help-resume-arg-all = The pause of all services
help-check = One line and an exit code for a monitoring system (0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN)
help-check-arg-service = The service
help-ledger = The record itself
help-ledger-verify = Verify that nothing in it was altered, removed, added or reordered
help-ledger-export = Write all of it as JSON lines
help-pack = About packs: what is known of well-known programs
help-pack-check = Check a pack: mistakes are shown with file, line and column
help-pack-check-arg-file = The file
help-pack-list = The packs there are, built in and of your own

help-top = The roll call, live in the terminal
help-check-arg-timeout = UNKNOWN where Muster has not answered within so many seconds; else within 9
help-completions = A script for bash, zsh or fish that finishes commands and the names of services
help-completions-arg-shell = bash, zsh or fish
help-man = Write the manual pages into a folder, in all languages
help-man-arg-folder = The folder, such as /usr/local/share/man
help-support = Gather what a bug report needs into one archive, with the secrets masked
help-support-arg-output = The archive; else muster-support-HOST-TIME.tar.gz here. It is never written over
help-support-arg-list = Only say what would be in it

# `support`: what a bug report needs (cli/src/commands/support).

support-written = { $file } has { $size }. In it, with the secrets masked:
support-listed = This would be in it, with the secrets masked:
support-missing = Not in it, and why:
support-cut = {" "}(cut)
support-look = Look through it before you send it: masking knows many forms of secrets and not every one, and names of hosts, people, files and addresses are in it as they are.
support-readme = What Muster { $version } gathered on { $at } UTC for a bug report. Passwords, tokens and keys were replaced by ***.
error-support-exists = There is a { $file } already; it was left as it is. Name another file with --output.
error-support-unwritten = { $file } could not be written: { $error }. Name another place with --output.

support-what-version = the version and the build of this program
support-what-system = kernel, distribution, processors, memory, what decides how much can be seen
support-what-status = the roll call: services, sources, what is not seen, how late probes are
support-what-troubles = what is wrong with Muster itself
support-what-incidents = all incidents
support-what-events = the newest { $n } events of the record
support-what-verify = whether the record is whole
support-what-packs = the packs in force
support-what-config = a file of the configuration
support-what-check = what is wrong in the configuration, if anything is
support-what-unit = Muster's unit file
support-what-unit-state = the state of Muster's unit
support-what-systemd = the version of systemd
support-what-journal = Muster's own log
support-what-processes = Muster's processes: memory, processor time, limits, open files
support-what-data = the sizes of Muster's files, and the room on the disk
support-why = { $why }
support-no-time = no time was left after { $s } s
support-full = the archive is full; this part has { $n } bytes
support-silent = { $program } said nothing
support-slow = { $program } did not end within { $s } s

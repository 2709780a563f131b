# Manual pages (`muster man`).

man-manual = Muster
man-name = NAME
man-synopsis = SYNOPSIS
man-description = DESCRIPTION
man-exit = EXIT STATUS
man-files = FILES
man-see = SEE ALSO
man-muster = Muster calls the roll of the services of a Linux machine. When one that should be there is not, it says so within milliseconds, says why with evidence, brings it back, and keeps a record of what was seen, decided and done. `muster up` starts it; the other commands ask it.
man-exit-codes = 0: done. 1: failed. 2: wrong usage or configuration. 3: no running Muster was reached.
man-exit-check = As a monitoring plugin: 0: OK. 1: WARNING, the service is degraded or paused. 2: CRITICAL, it is lost. 3: UNKNOWN, nobody can see it, no Muster answered in time, or the command makes no sense.
man-file-config = The configuration. None is needed.
man-file-data = The record, the kept versions of files, and the socket at which the running Muster is asked.
man-written = { $n } manual pages are in { $folder }.
man-unwritten = { $file } cannot be written: { $error }.

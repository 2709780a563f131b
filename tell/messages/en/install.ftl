# `install` and `uninstall`: what they did, thing by thing, and why not (cli/src/commands/install, uninstall.rs).

installed-made = made
installed-replaced = replaced
installed-removed = removed
installed-done = done
installed-there = there
installed-kept = left alone
installed-would-make = would make
installed-would-replace = would replace
installed-would-remove = would remove
installed-would-do = would do
installed-difference = { $path }: - is there, + is what Muster would write

install-note-folder-data = the record; for root alone
install-note-folder-config = the configuration
install-note-folder-rosters = rosters, any number of files
install-note-program = this program, { $version }
install-note-user = for the hub: no shell, no home, no password
install-note-no-useradd = there is no useradd here; the hub will run as a user without a name
install-note-config = every key explained, none set
install-note-yours = yours
install-note-altered = altered by hand. `muster install --dry-run` shows how; `systemctl edit muster` is the place for what you want otherwise
install-note-enabled = comes up with the machine
install-note-started = started, and ready
install-note-restarted = started anew with what is new, and ready; what Muster keeps as `run` went on
install-note-runs = runs

install-ready = { $services ->
    [one] Muster { $version } is up with { $services } service. `muster status` calls the roll; `sudo muster uninstall` takes all this back.
   *[other] Muster { $version } is up with { $services } services. `muster status` calls the roll; `sudo muster uninstall` takes all this back.
}
install-ready-learning = Muster { $version } is up and learns what runs here. In a minute `muster status` calls the roll; `sudo muster uninstall` takes all this back.
install-start-later = Muster is installed and not started. `systemctl start muster` starts it; at the next boot it comes up by itself.
install-restart-later = Muster is installed; the one that runs is still the old one. `systemctl restart muster` has the new one take over.
install-no-systemd = Muster is installed, but there is no systemd here to start it. Have the service manager of this machine run `{ $program } up` as root and start it again whenever it ends.
install-dry = Nothing was done. Without --dry-run it is.
install-dry-nothing = Nothing is left to do.

install-needs-root = Only root can set a machine up. Type: sudo { $program } install
uninstall-needs-root = Only root can take that back. Type: sudo { $program } uninstall
install-packaged = Muster was installed here as a package ({ $unit }): the package manager alters and removes it, such as `apt upgrade muster`, `apt purge muster`. `systemctl enable --now muster` starts it.
install-program-foreign = { $path } is another program, which `muster install` did not put there. Remove it first, or run its own `install`.
install-second = A Muster runs here that systemd did not start (pid { $pid }). `muster down` ends it; then again.
install-program-failed = `{ $line }` failed: { $error }
install-program-late = `{ $line }` did not end within { LENGTH($within) }.
install-not-started = muster.service does not start. `journalctl -u muster -e` tells why; what was installed stays.

uninstall-note-stopped = stopped
uninstall-note-disabled = does not come up with the machine any more
uninstall-note-goes-on = a `run` service: goes on, and nobody watches it now; --services ends it
uninstall-note-ended = a `run` service: ended
uninstall-note-stays = a `run` service: does not even end by SIGKILL
uninstall-note-altered = altered by hand since Muster wrote it; --purge removes it
uninstall-note-unlisted = not on the list of what `muster install` put here: remove it by hand, if it is Muster's
uninstall-note-yours = yours
uninstall-note-purge = --purge removes it, with all that is in it
uninstall-done = Muster is taken off this machine. Its configuration and its record are still there; --purge removes them too.
uninstall-purged = Muster is taken off this machine, with its configuration and its record.
uninstall-dry = Nothing was done. Without --dry-run it is.
uninstall-nothing = There was nothing to take back.
install-note-accessories = manual pages and completions: { $n } files

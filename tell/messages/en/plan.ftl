# Plans and turns of an incident: what is to be done and why (guard/src/host/plan, guard/src/host/reconcile.rs).

plan-start = It is down: start it
plan-restart = It is up and wrong: restart it
plan-kill-restart = Process { $pid } does not answer; a plain restart would wait for it, so it is killed and started anew
plan-config-restore = Put the last good { $files } back ({ WORD($code, of: "cause") })
plan-config-offered = The last good { $files } can be put back; it still does its work, so that waits for a person's yes
plan-config-by-hand = { $service } still does its work, but would not start again; its configuration has to be mended by hand
plan-unmask = { $unit } is masked: whoever did that meant something by it, so taking the mask off waits for a person's yes
plan-await-manager = The service manager restarts it by itself (Restart={ $policy }): leave it { LENGTH($within) } to do so
plan-port-taken = { $holder } is in the way; ending it is a person's decision
plan-port-free = Its port is free again: go on
plan-left-alone = { WHO($who) } meant { $service } to be down, so it is left alone
plan-only-watched = { $service } is only watched: Muster does not know how to start it
plan-restore-after = Nobody confirmed the stop for { LENGTH($after) }: put it back
plan-elsewhere = { $service } is elsewhere: nothing can be done about it here
plan-cut-off = { $service } is well and does not have to be mended; the way to it does
plan-unit-gone = The service manager knows no unit of { $service } any more: there is nothing to start. Put the unit or its package back, or take { $service } out of the roster
plan-enable = { $service } would not come back after a restart of the machine; having it start again waits for a person's yes
plan-reload-certificate = The certificate is past its time; if a new one lies there already, reading it again helps, which waits for a person's yes
plan-renew-certificate = The certificate of { $service } has to be renewed by hand
plan-restart-slow = A restart may make { $service } quicker and interrupts what it does, so that waits for a person's yes
plan-file-by-hand = { $service } still does its work, but a file that it needs is not as it must be; that has to be mended by hand
plan-own-looks-again = More happened than Muster could take in. What is so now is looked at anew; what only happened in between stays unseen
plan-own-restart = Muster does not restart itself: a thread that stands still cannot be ended by itself, and what is watched is not to be left alone meanwhile. Restart Muster (`systemctl restart muster`); the services go on

state-recovered-by-muster = it is back, by what Muster did
state-recovered-by-others = it is back, by itself or another hand
state-sees-again = Muster sees all again
state-became-a-loss = the danger became a loss, which has an incident of its own
state-ended-by-boot = the machine was booted anew, which ended it
state-left-roster = it is no longer in the roster
state-relapsed = it was lost again before it was steady
state-escalated-attempts = { $attempts ->
    [one] { $attempts } attempt did not bring it back: people are needed
   *[other] { $attempts } attempts did not bring it back: people are needed
}
state-waits-for-yes = the plan waits for a person's yes

note-acknowledged = { $by } has seen it
note-assigned = { $by } gave it to { $to }
note-resolved = { $by } closed it

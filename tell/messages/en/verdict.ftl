# Verdicts: why a service was lost, in a sentence (guard/src/host/diagnose). "unseen" is where no source saw the hand.

verdict-config-invalid = The configuration of { $service } is no longer valid at { $place }, after an edit by { $who }
verdict-config-invalid-unseen = The configuration of { $service } is no longer valid at { $place }; who edited it was not seen
verdict-config-changed = { $service } does not work with its changed configuration { $path }, edited by { $who }
verdict-config-changed-unseen = { $service } does not work with its changed configuration { $path }; who edited it was not seen
verdict-config-missing = The configuration file { $path } of { $service } is gone, removed by { $who }
verdict-config-missing-unseen = The configuration file { $path } of { $service } is gone; who removed it was not seen
verdict-operator-stopped = { $service } was stopped by { $who }
verdict-stopped-by-manager = { $service } was stopped through the service manager; who asked for it was not seen
verdict-operator-killed = { $service } got { $signal } from { $who }
verdict-killed-unseen = { $service } was hit by a signal from outside; who sent it was not seen
verdict-operator-disabled = { $service } was set to { $state } by { $who }
verdict-disabled-unseen = { $service } was set to { $state }; who did it was not seen
verdict-resource-memory = { $service } was ended by the kernel because memory ran out
verdict-port-taken = Port { $port } of { $service } is held by another process: { WHO($holder) }
verdict-port-was-taken = The port of { $service } was held by another process when it started
verdict-crash-signal = { $service } crashed by a fault of its own ({ $signal })
verdict-crash-code = { $service } ended by itself with exit code { $code }
verdict-hang = { $service } is alive and stands still by a fault of its own
verdict-host-rebooted = { $service } did not come back after the host was started at { MOMENT($at) }
verdict-tls-expired = A certificate of { $service } is past its time: { $said }
verdict-dns-failed = The name { $name } of { $service } does not resolve
verdict-operator-removed = { $unit } of { $service } was removed by { $who }
verdict-removed-unseen = { $unit } of { $service } is gone; who removed it was not seen
verdict-unknown = What was found does not decide why { $service } was lost; examined: { WORD($examined, of: "exam") }
verdict-blind = Muster does not see all that it should
verdict-blind-stalled = Part of Muster stands still: { $sensors }

# Troubles of Muster itself, shown in `status` (agent/src). A trouble says what is wrong, where, and what to do.

trouble-guard-panic = Muster could not digest event { $seq } ({ $kind }) and passed over it. This is a fault of Muster's own: please report it with `muster ledger export`.
trouble-guard-loops = Muster went in a circle over event { $seq } and stopped there. This is a fault of Muster's own: please report it with `muster ledger export`.
trouble-ledger = The record cannot be written: { $error }. Watching goes on from memory; free the disk, or check the data folder.
trouble-roster = The changed configuration was refused, the old one stays in force: { $why }
trouble-restart = { $count ->
    [one] The configuration now has another { $keys }. The rest of it is in force; this waits for a restart of Muster.
   *[other] The configuration now has others of these: { $keys }. The rest of it is in force; these wait for a restart of Muster.
}
trouble-process-one = Only process 1 fits what the roster says of { $services }. It is not watched as a service: it cannot end while the machine runs. Name another program, or its arguments.
trouble-units = The service manager cannot be asked: { $error }. Units are not seen until it answers.
trouble-vault = The version of { $path } could not be kept: { $error }. It cannot be put back later.

blind-stalled = nobody sees { WORD($facts, of: "fact") }: the sensor { $sensor } stands still
blind-ended = nobody sees { WORD($facts, of: "fact") }: the sensor { $sensor } gave up: { $error }
blind-overflowed = { $lost ->
    [one] not all was seen of { WORD($facts, of: "fact") }: the kernel's queue for { $sensor } was full, at least { $lost } event was lost
   *[other] not all was seen of { WORD($facts, of: "fact") }: the kernel's queue for { $sensor } was full, at least { $lost } events were lost
}
blind-crowded = { $lost ->
    [one] not all was seen of { WORD($facts, of: "fact") } at once: Muster's own queue was full, { $lost } observation by { $sensor } found no room
   *[other] not all was seen of { WORD($facts, of: "fact") } at once: Muster's own queue was full, { $lost } observations by { $sensor } found no room
}

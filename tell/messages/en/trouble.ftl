# Troubles of Muster itself, shown in `status` (agent/src). A trouble says what is wrong, where, and what to do.

trouble-guard-panic = Muster could not digest event { $seq } ({ $kind }) and passed over it. This is a fault of Muster's own: please report it with `muster ledger export`.
trouble-guard-loops = Muster went in a circle over event { $seq } and stopped there. This is a fault of Muster's own: please report it with `muster ledger export`.
trouble-ledger = The record cannot be written: { $error }. Watching goes on from memory; free the disk, or check the data folder.
trouble-lost = { $count ->
    [one] { $count } observation was lost because more came than could be taken in.
   *[other] { $count } observations were lost because more came than could be taken in.
}
trouble-roster = The changed configuration was refused, the old one stays in force: { $why }
trouble-units = The service manager cannot be asked: { $error }. Units are not seen until it answers.
trouble-vault = The version of { $path } could not be kept: { $error }. It cannot be put back later.

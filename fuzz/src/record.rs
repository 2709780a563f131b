//! The record as it lies on disk, where somebody may have altered it.

use std::path::Path;
use std::sync::LazyLock;

use muster_ledger::{Ledger, Options, export_file, verify_file};
use muster_model::event::Body;
use muster_model::time::{Mono, Time};
use tempfile::TempDir;

/// Events of the ledger beside which a file of checkpoints is read.
const EVENTS: u64 = 20;

/// A directory in memory, where there is one.
fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("room for a few files")
}

/// The body of an event.
pub(crate) fn event(bytes: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Body>(bytes) else { return };
    let stored = serde_json::to_vec(&body).expect("what was read can be stored");
    assert_eq!(serde_json::from_slice::<Body>(&stored).ok(), Some(body));
}

/// A file of checkpoints beside a good ledger: it cannot make a false one good.
pub(crate) fn checkpoints(bytes: &[u8]) {
    static GOOD: LazyLock<TempDir> = LazyLock::new(|| {
        let dir = scratch();
        let options = Options { checkpoint_every: 5, ..Options::default() };
        let ledger = Ledger::open(dir.path(), "h".into(), "b".into(), options).expect("a new ledger");
        for n in 0..EVENTS {
            ledger.append(Time(n.cast_signed()), Mono(n), Body::RosterRefused { why: n.to_string() });
        }
        ledger.close().expect("a ledger that is closed");
        dir
    });
    let file = GOOD.path().join(format!("checkpoints-{}", std::process::id()));
    std::fs::write(&file, bytes).expect("room for the file");
    let verified = verify_file(GOOD.path(), Some(&file));
    let _ = std::fs::remove_file(&file);
    assert_eq!(verified.expect("the ledger can be read").events, EVENTS);
}

/// A ledger's file: it is read, verified, exported and opened, or refused.
pub(crate) fn ledger_file(bytes: &[u8]) {
    let dir = scratch();
    std::fs::write(dir.path().join("ledger.db"), bytes).expect("room for the file");
    read(dir.path());
    // What a writer makes of it must be as readable as it was.
    if let Ok(ledger) = Ledger::open(dir.path(), "h".into(), "b".into(), Options::default()) {
        ledger.append(Time(1), Mono(1), Body::Timer);
        let _ = ledger.close();
        read(dir.path());
    }
}

fn read(dir: &Path) {
    let _ = verify_file(dir, None);
    let mut exported = Vec::new();
    if let Ok(events) = export_file(dir, &mut exported) {
        assert_eq!(exported.iter().filter(|b| **b == b'\n').count() as u64, events);
    }
}

//! What was done to a ledger behind Muster's back is found and named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not so")]

mod support;

use std::fs;
use std::path::Path;

use muster_ledger::{GENESIS, Ledger, Options, verify_file};
use muster_model::request::{Broken, Verified};
use rusqlite::Connection;
use support::{append, closed, open, tamper};

const EVENTS: u64 = 200;

/// A ledger of 200 events with a checkpoint every 50, after something was done to it.
fn after(done: impl Fn(&Path)) -> Verified {
    let dir = support::scratch();
    closed(dir.path(), EVENTS, Options { checkpoint_every: 50, ..Options::default() });
    done(dir.path());
    verify_file(dir.path(), None).unwrap()
}

fn names(sql: &str, seq: u64, how: &str) {
    let verified = after(|dir| tamper(dir, sql));
    assert_eq!(verified.broken, Some(Broken { seq, how: how.to_owned() }), "after {sql}: {verified:?}");
}

#[test]
fn a_ledger_to_which_nothing_was_done_is_whole() {
    let verified = after(|_| {});
    assert_eq!((verified.events, verified.broken), (EVENTS, None));
    assert!(verified.checkpoints >= 1);
}

#[test]
fn an_altered_event_is_named_whichever_of_its_parts_was_altered() {
    names("UPDATE event SET body = replace(body, 'number', 'nummer') WHERE seq IN (77, 99)", 77, "altered");
    names("UPDATE event SET at = at + 1 WHERE seq = 1", 1, "altered");
    names("UPDATE event SET mono = mono + 1 WHERE seq = 200", 200, "altered");
    names("UPDATE event SET kind = 'timer' WHERE seq = 3", 3, "altered");
    names("UPDATE event SET subject = 'web' WHERE seq = 100", 100, "altered");
    names("UPDATE event SET hash = zeroblob(32) WHERE seq = 120", 120, "altered");
    names("UPDATE event SET hash = x'00' WHERE seq = 120", 120, "altered");
    names("UPDATE origin SET host = 'other'", 1, "altered");
    names("UPDATE event SET origin = 9 WHERE seq = 120", 120, "altered");
}

#[test]
fn a_missing_event_is_named_also_where_the_others_were_numbered_anew() {
    names("DELETE FROM event WHERE seq = 42", 42, "missing");
    names("DELETE FROM event WHERE seq BETWEEN 1 AND 10", 1, "missing");
    names(
        "DELETE FROM event WHERE seq = 42; UPDATE event SET seq = -seq WHERE seq > 42; UPDATE event SET seq = -seq - 1 WHERE seq < 0",
        42,
        "missing",
    );
}

#[test]
fn an_end_that_was_cut_off_is_named() {
    names("DELETE FROM event WHERE seq > 190", 191, "missing");
    names("DELETE FROM event", 1, "missing");
    names("DELETE FROM event WHERE seq > 120; DELETE FROM checkpoint WHERE number > 1 AND seq < 200", 121, "missing");
}

#[test]
fn an_added_event_is_named() {
    let shift = "UPDATE event SET seq = -seq WHERE seq >= 60; UPDATE event SET seq = -seq + 1 WHERE seq < 0;";
    let copy = "INSERT INTO event SELECT 60, at, mono, origin, kind, subject, body, hash FROM event WHERE seq = 10;";
    names(&format!("{shift} {copy}"), 60, "added");
    names("INSERT INTO event SELECT 0, at, mono, origin, kind, subject, body, hash FROM event WHERE seq = 10", 0, "added");
}

#[test]
fn reordered_events_are_named() {
    let swap = |a: u64, b: u64| {
        format!(
            "UPDATE event SET seq = -1 WHERE seq = {a}; UPDATE event SET seq = {a} WHERE seq = {b}; UPDATE event SET seq = {b} WHERE seq = -1"
        )
    };
    names(&swap(80, 81), 80, "reordered");
    names(&swap(80, 110), 80, "reordered");
    names(&swap(1, 2), 1, "reordered");
    names(&swap(199, 200), 199, "reordered");
}

#[test]
fn a_chain_written_anew_from_somewhere_on_does_not_pass_a_checkpoint() {
    let verified = after(|dir| rewrite(dir, 110));
    let broken = verified.broken.unwrap();
    assert_eq!(broken.how, "checkpoint");
    assert!((110..=200).contains(&broken.seq), "{broken:?}");
}

#[test]
fn a_forged_or_missing_checkpoint_is_named() {
    let how = |sql: &str| after(|dir| tamper(dir, sql)).broken.unwrap().how;
    assert_eq!(how("UPDATE checkpoint SET at = at + 1"), "checkpoint");
    assert_eq!(how("UPDATE checkpoint SET signature = zeroblob(64)"), "checkpoint");
    assert_eq!(how("UPDATE checkpoint SET key = zeroblob(32)"), "checkpoint");
    assert_eq!(how("UPDATE meta SET value = zeroblob(32) WHERE name = 'public_key'"), "checkpoint");
}

#[test]
fn a_forged_gap_hides_nothing() {
    let forged = "DELETE FROM event WHERE seq BETWEEN 20 AND 29;
        INSERT INTO gap SELECT 20, 29, 10, 0, 0, hash, 'retention', zeroblob(64) FROM event WHERE seq = 19";
    names(forged, 20, "missing");
}

#[test]
fn not_even_the_key_helps_against_a_checkpoint_file_elsewhere() {
    let dir = support::scratch();
    let elsewhere = support::scratch();
    let file = elsewhere.path().join("checkpoints");
    let options = Options { checkpoint_every: 50, checkpoint_file: Some(file.clone()), ..Options::default() };
    closed(dir.path(), EVENTS, options.clone());
    assert_eq!(verify_file(dir.path(), Some(&file)).unwrap().broken, None);

    // Root begins a new ledger with the same key, and other content.
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = fs::remove_file(dir.path().join(name));
    }
    let forged = open(dir.path(), Options { checkpoint_every: 50, ..Options::default() });
    for n in 1..=EVENTS {
        append(&forged, n + 1_000);
    }
    drop(forged);
    assert_eq!(verify_file(dir.path(), None).unwrap().broken, None, "without the file it passes");
    assert_eq!(verify_file(dir.path(), Some(&file)).unwrap().broken.unwrap().how, "checkpoint");

    // A shorter one.
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = fs::remove_file(dir.path().join(name));
    }
    drop(open(dir.path(), Options::default()));
    assert_eq!(verify_file(dir.path(), Some(&file)).unwrap().broken.unwrap(), Broken { seq: 1, how: "missing".to_owned() });

    // The file itself: a torn end is no forgery, a line taken out is.
    let lines = fs::read_to_string(&file).unwrap();
    let ledger_of_the_file = support::scratch();
    let file = ledger_of_the_file.path().join("checkpoints");
    let options = Options { checkpoint_every: 1, checkpoint_file: Some(file.clone()), ..Options::default() };
    let ledger = open(ledger_of_the_file.path(), options.clone());
    for n in 1..=3 {
        append(&ledger, n);
        ledger.sync().unwrap();
    }
    drop(ledger);
    let whole = fs::read_to_string(&file).unwrap();
    assert_ne!(lines, whole);
    fs::write(&file, &whole[..whole.len() - 20]).unwrap();
    assert_eq!(verify_file(ledger_of_the_file.path(), Some(&file)).unwrap().broken, None);
    let ledger = open(ledger_of_the_file.path(), options);
    append(&ledger, 4);
    ledger.sync().unwrap();
    drop(ledger);
    let taken: Vec<&str> = whole.lines().enumerate().filter(|(n, _)| *n != 1).map(|(_, line)| line).collect();
    fs::write(&file, taken.join("\n")).unwrap();
    assert_eq!(verify_file(ledger_of_the_file.path(), Some(&file)).unwrap().broken.unwrap().how, "checkpoint");
}

#[test]
fn a_running_muster_is_not_disturbed_by_a_verification_from_outside() {
    let dir = support::scratch();
    let ledger: Ledger = open(dir.path(), Options { checkpoint_every: 100, ..Options::default() });
    for round in 0..20_u64 {
        for n in 1..=500 {
            append(&ledger, round * 500 + n);
        }
        let verified = verify_file(dir.path(), None).unwrap();
        assert_eq!(verified.broken, None);
        assert!(verified.events <= (round + 1) * 500);
    }
    assert_eq!(ledger.verify().unwrap().events, 10_000);
    assert_eq!(ledger.state().lost, 0);
}

/// Alters the event at `from` and gives it and all after it links that fit, as one can who has no key.
fn rewrite(dir: &Path, from: u64) {
    let db = Connection::open(dir.join("ledger.db")).unwrap();
    db.execute("UPDATE event SET body = replace(body, 'number', 'nummer') WHERE seq = ?", [from.cast_signed()]).unwrap();
    let mut previous = GENESIS;
    let mut events = db
        .prepare("SELECT seq, at, mono, kind, subject, body, boot, host FROM event JOIN origin ON origin.id = event.origin ORDER BY seq")
        .unwrap();
    let mut rows = events.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let text = |column: usize| row.get::<_, String>(column).unwrap();
        let (kind, subject, body, boot, host) = (text(3), text(4), text(5), text(6), text(7));
        let (seq, at, mono): (i64, i64, i64) = (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
        let entry = muster_ledger::Entry {
            seq: seq.cast_unsigned(),
            at,
            mono: mono.cast_unsigned(),
            boot: &boot,
            host: &host,
            kind: &kind,
            subject: &subject,
            body: &body,
        };
        previous = muster_ledger::link(&previous, &entry, &mut Vec::new());
        db.execute("UPDATE event SET hash = ? WHERE seq = ?", (previous.as_bytes(), seq)).unwrap();
    }
}

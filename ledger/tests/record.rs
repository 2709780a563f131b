//! Appending and reading.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not so")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use muster_ledger::{Error, Options, State, export_file};
use muster_model::event::{Body, Command, Told};
use muster_model::id::Seq;
use muster_model::request::{EventQuery, Record};
use muster_model::time::{Length, Mono, Time};
use support::{BEGIN, DEADLINE, append, closed, numbered, open};

#[test]
fn events_come_back_in_order_with_their_content_after_a_restart() {
    let dir = support::scratch();
    let ledger = open(dir.path(), Options::default());
    let first: Vec<_> = (1..=3).map(|n| append(&ledger, n)).collect();
    assert_eq!(first.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [1, 2, 3]);
    drop(ledger);

    let ledger = open(dir.path(), Options::default());
    let fourth = ledger.append_durable(BEGIN, Mono(4), numbered(4)).unwrap();
    let all: Vec<_> = ledger.replay(Seq(1)).unwrap().map(Result::unwrap).collect();
    let expected: Vec<_> = first.iter().chain([&fourth]).map(|event| (**event).clone()).collect();
    assert_eq!(all, expected);
    assert_eq!(ledger.replay(Seq(4)).unwrap().count(), 1);
    assert_eq!(ledger.verify().unwrap().events, 4);
}

#[test]
fn its_files_are_for_their_owner_only() {
    let dir = support::scratch();
    let data = dir.path().join("data");
    let ledger = open(&data, Options::default());
    ledger.append_durable(BEGIN, Mono(1), numbered(1)).unwrap();
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.key", "ledger.lock"] {
        assert_eq!(fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_second_opener_is_told_who_holds_it() {
    let dir = support::scratch();
    let first = open(dir.path(), Options::default());
    let second = muster_ledger::Ledger::open(dir.path(), "h".into(), "b".into(), Options::default());
    match second {
        Err(Error::Held { pid, .. }) => assert_eq!(pid, Some(std::process::id().cast_signed())),
        other => panic!("{other:?}"),
    }
    drop(first);
    open(dir.path(), Options::default());
}

#[test]
fn a_subscriber_gets_every_event_after_its_commit_and_a_slow_one_is_let_go() {
    let dir = support::scratch();
    let ledger = open(dir.path(), Options::default());
    let (quick, slow) = (ledger.subscribe(), ledger.subscribe());
    for n in 1..=20_000 {
        append(&ledger, n);
        if n % 1_000 == 0 {
            ledger.sync().unwrap();
            for n in n - 999..=n {
                let record = quick.recv_timeout(DEADLINE).unwrap();
                assert_eq!((record.seq, record.kind.as_str()), (n, "roster.refused"));
                assert_eq!(record.body["why"], format!("number {n}"));
            }
        }
    }
    let got = slow.iter().count();
    assert!((1_000..20_000).contains(&got), "its channel ended after {got} events");
    drop(ledger);
    assert!(quick.recv_timeout(DEADLINE).is_err());
}

#[test]
fn queries_choose_by_time_subject_kind_and_words_and_give_the_newest_oldest_first() {
    let dir = support::scratch();
    let ledger = open(dir.path(), Options::default());
    for n in 1..=50 {
        append(&ledger, n);
    }
    let told = |command| Body::Told(Told { by: Default::default(), command });
    ledger.append(Time(BEGIN.0 + 51_000_000_000), Mono(51), told(Command::Recover { service: "web".into() }));
    let words = "the \"disk\" was* swapped: 磁盘 nginx.conf";
    let note = Command::Note { incident: "i7".into(), words: words.to_owned() };
    ledger.append(Time(BEGIN.0 + 52_000_000_000), Mono(52), told(note));
    ledger.sync().unwrap();
    let ask = |query: EventQuery| ledger.query(&query).unwrap().iter().map(|r| r.seq).collect::<Vec<_>>();
    let any = EventQuery::default;

    assert_eq!(ask(any()).len(), 52);
    assert_eq!(ask(EventQuery { limit: Some(3), ..any() }), [50, 51, 52]);
    assert_eq!(ask(EventQuery { since: Some(Time(BEGIN.0 + 49_000_000_001)), ..any() }), [50, 51, 52]);
    assert_eq!(ask(EventQuery { since: Some(Time(i64::MAX)), ..any() }), [0; 0]);
    assert_eq!(ask(EventQuery { subject: Some("web".to_owned()), ..any() }), [51]);
    assert_eq!(ask(EventQuery { kind: Some("told".to_owned()), ..any() }), [51, 52]);
    assert_eq!(ask(EventQuery { kind: Some("told.note".to_owned()), ..any() }), [52]);
    assert_eq!(ask(EventQuery { kind: Some("tol".to_owned()), ..any() }), [0; 0]);
    for found in ["disk", "DISK swap", "nginx.conf", "磁盘", "told.note disk", "\"disk\" was*"] {
        assert_eq!(ask(EventQuery { words: Some(found.to_owned()), ..any() }), [52], "{found}");
    }
    for not_found in ["disk absent", "isk"] {
        assert_eq!(ask(EventQuery { words: Some(not_found.to_owned()), ..any() }), [0; 0], "{not_found}");
    }
    assert_eq!(ask(EventQuery { words: Some("number 50".to_owned()), kind: Some("roster".to_owned()), ..any() }), [50]);
    for odd in ["\" OR 1", "NEAR(", "a AND", "^x -y :z {}", "\0", "'; DROP TABLE event; --"] {
        ask(EventQuery { words: Some(odd.to_owned()), kind: Some(odd.to_owned()), subject: Some(odd.to_owned()), ..any() });
    }
}

#[test]
fn an_export_has_every_event_as_a_record_from_which_anyone_can_verify_the_chain() {
    let dir = support::scratch();
    closed(dir.path(), 100, Options::default());
    let mut out = Vec::new();
    assert_eq!(export_file(dir.path(), &mut out).unwrap(), 100);

    let mut previous = muster_ledger::GENESIS;
    for (n, line) in std::str::from_utf8(&out).unwrap().lines().enumerate() {
        let record: Record = serde_json::from_str(line).unwrap();
        assert_eq!(record.seq, n as u64 + 1);
        let begin = line.find(r#""body":"#).unwrap() + 7;
        let end = line.rfind(r#","hash":"#).unwrap();
        let entry = muster_ledger::Entry {
            seq: record.seq,
            at: record.at.0,
            mono: record.mono,
            boot: &record.boot,
            host: &record.host,
            kind: &record.kind,
            subject: &record.subject,
            body: &line[begin..end],
        };
        previous = muster_ledger::link(&previous, &entry, &mut Vec::new());
        assert_eq!(previous.to_hex().as_str(), record.hash);
    }
}

#[test]
fn what_retention_drops_by_age_leaves_a_summary_from_which_the_chain_verifies() {
    let dir = support::scratch();
    let keep = Options { keep: Some(Length::seconds(3_000)), checkpoint_every: 500, ..Options::default() };
    let ledger = open(dir.path(), keep.clone());
    for n in 1..=20_000 {
        append(&ledger, n);
    }
    ledger.sync().unwrap();
    wait_for(&ledger, |state| state.events < 5_000);
    let verified = ledger.verify().unwrap();
    assert_eq!(verified.broken, None);
    assert!(verified.checkpoints > 1, "{verified:?}");
    assert_eq!(ledger.get(Seq(1)).unwrap(), None);
    assert!(ledger.get(Seq(20_000)).unwrap().is_some());
    let found = ledger.query(&EventQuery { words: Some("number 19999".to_owned()), ..EventQuery::default() }).unwrap();
    assert_eq!(found.len(), 1);
    ledger.close().unwrap();

    let ledger = open(dir.path(), keep);
    assert_eq!(append(&ledger, 20_001).seq, Seq(20_001));
    assert_eq!(ledger.verify().unwrap().broken, None);
}

#[test]
fn a_clock_that_is_far_ahead_for_a_moment_does_not_take_the_record_with_it() {
    let dir = support::scratch();
    let ledger = open(dir.path(), Options { keep: Some(Length::seconds(86_400)), ..Options::default() });
    for n in 1..=12_000 {
        append(&ledger, n);
        if n % 1_000 == 0 {
            ledger.append(Time(BEGIN.0 + 1_000_000_000_000_000_000), Mono(n), numbered(n));
        }
    }
    ledger.close().unwrap();
    let ledger = open(dir.path(), Options::default());
    assert_eq!(ledger.state().events, 12_012);
}

#[test]
fn what_retention_drops_by_size_keeps_the_file_small() {
    let dir = support::scratch();
    let bytes = 2 << 20;
    let ledger = open(dir.path(), Options { keep_bytes: Some(bytes), ..Options::default() });
    for n in 1..=40_000 {
        append(&ledger, n);
    }
    ledger.sync().unwrap();
    wait_for(&ledger, |state| state.events < 20_000);
    assert_eq!(ledger.verify().unwrap().broken, None);
    ledger.close().unwrap();
    let len = fs::metadata(dir.path().join("ledger.db")).unwrap().len();
    assert!(len < bytes * 3, "{len} bytes are left of the file");
}

/// Retention works in the pauses between events: waits on the events it takes away, within the deadline.
fn wait_for(ledger: &muster_ledger::Ledger, done: impl Fn(&State) -> bool) {
    let (_never, tick) = crossbeam_channel::bounded::<()>(0);
    for _ in 0..DEADLINE.as_millis() / 20 {
        if done(&ledger.state()) {
            return;
        }
        let _ = tick.recv_timeout(std::time::Duration::from_millis(20));
    }
    panic!("{:?}", ledger.state());
}

//! Full disks, read-only directories, damaged files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not so")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_ledger::{Error, Ledger, Options, verify_file};
use muster_model::event::Body;
use muster_model::id::Seq;
use muster_model::request::EventQuery;
use muster_model::time::{Length, Mono, Time};
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use support::{BEGIN, Seeded, append, closed, numbered, open};

/// A small file system of its own.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    /// `None`, with a word why, where this may not be done.
    fn mounted(bytes: &std::ffi::CStr) -> Option<Tmpfs> {
        let dir = tempfile::tempdir().unwrap();
        match mount("tmpfs", dir.path(), "tmpfs", MountFlags::empty(), bytes) {
            Ok(()) => Some(Tmpfs(dir)),
            Err(e) => {
                println!("skipped: mounting a tmpfs needs root: {e}");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room there is left.
    fn fill(&self) -> PathBuf {
        let filler = self.path().join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        while std::io::Write::write(&mut file, &[0; 4096]).is_ok_and(|n| n > 0) {}
        filler
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = unmount(self.path(), UnmountFlags::DETACH);
    }
}

#[test]
fn on_a_full_disk_it_goes_on_from_memory_says_so_and_writes_all_when_there_is_room_again() {
    let Some(disk) = Tmpfs::mounted(c"size=2m") else {
        return;
    };
    let ledger = open(&disk.path().join("data"), Options::default());
    let mut acknowledged = vec![ledger.append_durable(BEGIN, Mono(0), numbered(0)).unwrap().seq];
    let filler = disk.fill();

    let mut refused = 0;
    for n in 1..=2_000 {
        append(&ledger, n);
        if n % 100 == 0 {
            match ledger.append_durable(BEGIN, Mono(n), numbered(n)) {
                Ok(event) => acknowledged.push(event.seq),
                Err(Error::NotDurable { event, why }) => {
                    assert!(why.contains("full"), "{why}");
                    assert_eq!(event.body, numbered(n));
                    refused += 1;
                }
                Err(e) => panic!("{e}"),
            }
        }
    }
    assert!(refused > 0, "the disk was not full");
    let state = ledger.state();
    assert!(state.writable.unwrap_err().contains("full"));
    assert!(state.backlog > 0);
    assert_eq!(state.lost, 0);
    assert!(matches!(ledger.sync(), Err(Error::Unwritten { .. })));

    fs::remove_file(filler).unwrap();
    acknowledged.push(ledger.append_durable(BEGIN, Mono(1), numbered(1)).unwrap().seq);
    let state = ledger.state();
    assert_eq!((state.writable, state.backlog, state.events), (Ok(()), 0, 2_022));
    let verified = ledger.verify().unwrap();
    assert_eq!((verified.events, verified.broken), (2_022, None));
    for seq in acknowledged {
        assert!(ledger.get(seq).unwrap().is_some());
    }
}

#[test]
fn what_finds_no_room_in_memory_either_is_missing_by_a_signed_word() {
    let Some(disk) = Tmpfs::mounted(c"size=64m") else {
        return;
    };
    let ledger = open(disk.path(), Options::default());
    append(&ledger, 0);
    ledger.sync().unwrap();
    let filler = disk.fill();
    while ledger.append_durable(BEGIN, Mono(0), numbered(0)).is_ok() {}

    for n in 1..100_000 {
        append(&ledger, n);
    }
    let appended = append(&ledger, 100_000).seq;
    let durable_still_fits = ledger.append(BEGIN, Mono(1), told()).seq;
    assert_eq!(durable_still_fits.0, appended.0 + 1);
    let state = ledger.state();
    assert!(state.lost > 30_000 && state.backlog <= 70_000, "{state:?}");

    fs::remove_file(filler).unwrap();
    ledger.sync().unwrap();
    let verified = ledger.verify().unwrap();
    assert_eq!(verified.broken, None);
    assert_eq!(verified.events, durable_still_fits.0 - state.lost);
    assert!(ledger.get(durable_still_fits).unwrap().is_some());
    assert_eq!(ledger.get(appended).unwrap(), None);
    ledger.close().unwrap();

    let ledger = open(disk.path(), Options::default());
    assert_eq!(append(&ledger, 1).seq.0, durable_still_fits.0 + 1);
    assert_eq!(ledger.verify().unwrap().broken, None);
}

#[test]
fn a_read_only_directory_is_a_clear_error_and_what_is_there_can_be_read() {
    let Some(disk) = Tmpfs::mounted(c"size=4m") else {
        return;
    };
    let data = disk.path().join("data");
    closed(&data, 10, Options::default());
    mount_remount(disk.path(), MountFlags::RDONLY, c"").unwrap();
    let error = Ledger::open(&data, "h".into(), "b".into(), Options::default()).unwrap_err();
    assert!(error.to_string().contains(data.to_str().unwrap()), "{error}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("Read-only file system"), "{source}");
    assert_eq!(verify_file(&data, None).unwrap().events, 10);
    assert_eq!(muster_ledger::export_file(&data, &mut Vec::new()).unwrap(), 10);
    mount_remount(disk.path(), MountFlags::empty(), c"").unwrap();
}

#[test]
fn a_directory_without_a_ledger_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let error = verify_file(dir.path(), None).unwrap_err();
    assert!(error.to_string().contains("there is no ledger in"), "{error}");
}

#[test]
fn a_key_that_is_lost_or_another_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 3, Options::default());
    let key = dir.path().join("ledger.key");
    for content in ["", "no key", &"00".repeat(32), "\u{fffd}"] {
        fs::write(&key, content).unwrap();
        let error = Ledger::open(dir.path(), "h".into(), "b".into(), Options::default()).unwrap_err();
        assert!(matches!(error, Error::Key { .. }), "{content:?}: {error}");
    }
    fs::remove_file(&key).unwrap();
    assert!(matches!(Ledger::open(dir.path(), "h".into(), "b".into(), Options::default()), Err(Error::Key { .. })));
    assert_eq!(verify_file(dir.path(), None).unwrap().broken, None, "the public half is in the ledger");
}

#[test]
fn a_newer_format_is_refused_by_its_number() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 3, Options::default());
    support::tamper(dir.path(), "PRAGMA user_version = 7");
    assert!(matches!(verify_file(dir.path(), None), Err(Error::Newer { found: 7, known: 1, .. })));
    assert!(matches!(Ledger::open(dir.path(), "h".into(), "b".into(), Options::default()), Err(Error::Newer { found: 7, .. })));
}

#[test]
fn a_damaged_file_is_an_error_or_a_named_break_and_never_a_panic() {
    let dir = support::scratch();
    closed(dir.path(), 400, Options { checkpoint_every: 100, ..Options::default() });
    let whole = fs::read(dir.path().join("ledger.db")).unwrap();
    let mut random = Seeded(7);
    let (mut refused, mut named) = (0, 0);
    for round in 0..200 {
        let mut bytes = whole.clone();
        match round % 4 {
            0 => bytes.truncate(usize::try_from(random.below(bytes.len() as u64)).unwrap()),
            n => {
                for _ in 0..n * 8 {
                    let place = usize::try_from(random.below(bytes.len() as u64)).unwrap();
                    bytes[place] ^= 1 << random.below(8);
                }
            }
        }
        let damaged = support::scratch();
        fs::write(damaged.path().join("ledger.db"), &bytes).unwrap();
        fs::copy(dir.path().join("ledger.key"), damaged.path().join("ledger.key")).unwrap();
        match verify_file(damaged.path(), None) {
            Ok(verified) => named += u32::from(verified.broken.is_some()),
            Err(_) => refused += 1,
        }
        let _ = muster_ledger::export_file(damaged.path(), &mut Vec::new());
        if let Ok(ledger) =
            Ledger::open(damaged.path(), "h".into(), "b".into(), Options { keep: Some(Length::seconds(10)), ..Options::default() })
        {
            append(&ledger, 1);
            let _ = ledger.sync();
            let _ = ledger.replay(Seq(0)).map(Iterator::count);
            let _ = ledger.query(&EventQuery { words: Some("number".to_owned()), since: Some(Time(0)), ..EventQuery::default() });
            let _ = ledger.close();
        }
    }
    println!("of 200 damaged files {refused} were refused and {named} had their break named");
    assert!(refused > 25 && named > 25, "{refused} {named}");
}

#[test]
fn a_file_that_is_no_database_is_a_clear_error() {
    let dir = support::scratch();
    fs::write(dir.path().join("ledger.db"), "this is not a database, and it is long enough to have a header of one.".repeat(20)).unwrap();
    let error = Ledger::open(dir.path(), "h".into(), "b".into(), Options::default()).unwrap_err();
    assert!(error.to_string().contains("the file is damaged"), "{error}");
    let error = verify_file(dir.path(), None).unwrap_err();
    assert!(error.to_string().contains("the file is damaged"), "{error}");
}

#[test]
fn a_closed_ledger_takes_nothing_and_says_so_at_once() {
    let dir = support::scratch();
    let ledger = open(dir.path(), Options::default());
    ledger.close().unwrap();
    let error = ledger.append_durable(BEGIN, Mono(1), numbered(1)).unwrap_err();
    assert!(matches!(error, Error::NotDurable { .. }), "{error}");
    assert!(ledger.state().writable.is_err());
    assert!(ledger.subscribe().recv_timeout(Duration::ZERO).is_err());
    assert!(ledger.query(&EventQuery { words: Some("x".to_owned()), ..EventQuery::default() }).is_err());
}

/// What a person said: it must be durable.
fn told() -> Body {
    let command = muster_model::event::Command::Resume { service: None };
    Body::Told(muster_model::event::Told { by: Default::default(), command })
}

//! What the tests of the ledger share.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test ends where something is not so")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use muster_ledger::{Ledger, Options};
use muster_model::event::{Body, Event};
use muster_model::time::{Mono, Time};
use rusqlite::Connection;
use tempfile::TempDir;

/// No wait in a test is longer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// 2026-09-21.
pub(crate) const BEGIN: Time = Time(1_790_000_000_000_000_000);

/// A directory in memory, where there is one: for tests that are not about the disk.
pub(crate) fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub(crate) fn open(dir: &Path, options: Options) -> Ledger {
    Ledger::open(dir, "testhost".into(), "boot-1".into(), options).unwrap()
}

/// An event that says which it is.
pub(crate) fn numbered(n: u64) -> Body {
    Body::RosterRefused { why: format!("number {n}") }
}

/// Appends event number `n`, a second after the one before it.
pub(crate) fn append(ledger: &Ledger, n: u64) -> Arc<Event> {
    ledger.append(Time(BEGIN.0 + n.cast_signed() * 1_000_000_000), Mono(n), numbered(n))
}

/// A closed ledger of `n` events.
pub(crate) fn closed(dir: &Path, n: u64, options: Options) {
    let ledger = open(dir, options);
    for n in 1..=n {
        append(&ledger, n);
    }
    ledger.close().unwrap();
}

/// Alters the file as somebody with leave to write it would.
pub(crate) fn tamper(dir: &Path, sql: &str) {
    Connection::open(dir.join("ledger.db")).unwrap().execute_batch(sql).unwrap();
}

/// Numbers that look random and are the same in every run (SplitMix64).
#[derive(Debug)]
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

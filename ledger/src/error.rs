//! What can go wrong, each with where, and what to do about it.

use std::path::PathBuf;
use std::sync::Arc;

use muster_model::event::Event;

/// Why the ledger could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process writes this ledger.
    #[error("{path} is held by {}; end that Muster first (`muster down`), or use another --data", holder(*.pid))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// The holder, as it wrote itself into the lock file.
        pid: Option<i32>,
    },
    /// A file of the ledger could not be made, read or written.
    #[error("cannot {doing} {path}; look at the owner, the mode and the free space of that directory, or use another --data")]
    File {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// The kernel's word.
        source: std::io::Error,
    },
    /// There is no ledger here.
    #[error("there is no ledger in {dir}; give the directory of a Muster that has run, with --data")]
    Absent {
        /// The data directory.
        dir: PathBuf,
    },
    /// SQLite refused.
    #[error("cannot {doing} {path}{}", advice(.source))]
    Database {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// SQLite's word.
        source: rusqlite::Error,
    },
    /// It was written by a newer Muster, or is not a ledger.
    #[error("{path} has format {found}, this Muster knows up to {known}; run the Muster that wrote it, or a newer one")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest one that can be read.
        known: i64,
    },
    /// The signing key does not go with the ledger.
    #[error("{path} is not the key of this ledger: {why}; put the right key back, or move ledger.* aside to begin a new record")]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A stored event cannot be read.
    #[error("event {seq} in {path} cannot be read: {why}; `muster ledger verify` says what was altered")]
    Event {
        /// The file.
        path: PathBuf,
        /// Its place.
        seq: u64,
        /// Why.
        why: String,
    },
    /// The event has its place and is kept in memory, but is not on disk.
    #[error("event {} is not on disk yet: {why}; it is kept in memory and written as soon as that is mended", .event.seq)]
    NotDurable {
        /// The event, numbered; it goes on to the disk with all others when there is room again.
        event: Arc<Event>,
        /// Why.
        why: String,
    },
    /// What was appended is not all on disk.
    #[error("{backlog} events are not on disk yet: {why}; they are kept in memory and written as soon as that is mended")]
    Unwritten {
        /// How many wait in memory.
        backlog: usize,
        /// Why.
        why: String,
    },
    /// The full-text index could not be brought up to date.
    #[error("cannot search for words now: {why}; other questions are answered, and words when that is mended")]
    Search {
        /// Why.
        why: String,
    },
    /// The thread that writes could not be started.
    #[error("cannot start the ledger's writer; look at the limit on processes (ulimit -u)")]
    Thread {
        /// The kernel's word.
        source: std::io::Error,
    },
    /// What was exported could not be handed over.
    #[error("cannot write the export; look at the free space where it goes to")]
    Export {
        /// The kernel's word.
        source: std::io::Error,
    },
}

fn holder(pid: Option<i32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

/// What to do about an error of SQLite's, as the end of a sentence.
fn advice(error: &rusqlite::Error) -> &'static str {
    use rusqlite::ErrorCode::{CannotOpen, DatabaseBusy, DatabaseCorrupt, DiskFull, NotADatabase, PermissionDenied, ReadOnly};
    match error.sqlite_error_code() {
        Some(DiskFull) => ": the disk is full; make room",
        Some(DatabaseCorrupt | NotADatabase) => {
            ": the file is damaged; move ledger.db, ledger.db-wal and ledger.db-shm aside, and restore them from a backup where there is one"
        }
        Some(ReadOnly | CannotOpen | PermissionDenied) => "; look at the owner, the mode and the free space of its directory",
        Some(DatabaseBusy) => "; another process holds it: try again",
        _ => "",
    }
}

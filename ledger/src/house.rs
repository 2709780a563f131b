//! What the writer does when nothing is to be written, in small pieces, so that an event that comes in the middle
//! waits a millisecond or two at most: index what is new, drop what is too old. Under a load that leaves no pause, only
//! what bounds the disk is done, between two commits.
//!
//! The log is copied into the database by a thread of its own: that syncs both files, and an event must not wait for it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::Connection;

use crate::error::Error;
use crate::store;
use crate::writer::Writer;

/// A pause is a pause from here on.
const IDLE_AFTER: Duration = Duration::from_millis(50);
/// The log is copied into the database when about so many bytes are new in it.
const LOG_BYTES: u64 = 4 << 20;
/// While events come faster than they are copied the log has no end to begin anew at; at about so many bytes the writer
/// copies it itself.
const LOG_BYTES_MAX: u64 = 64 << 20;
/// What a commit puts into the log beside the bodies, about: whole pages of the table and three indexes.
pub(crate) const LOG_BYTES_A_COMMIT: u64 = 16 << 10;
/// In a pause, retention is looked at when so many events are new.
const RETAIN_EVERY: u64 = 256;
/// Under load, when so many are.
const RETAIN_EVERY_MAX: u64 = 8_192;
/// How many freed pages are given back to the disk at a time.
const PAGES_GIVEN_BACK: i64 = 256;

/// What is still to be done in the house.
pub(crate) struct House {
    copier: Copier,
    /// Events up to here can be searched.
    pub(crate) indexed: u64,
    /// About how many bytes came into the log since the copier was last asked.
    log_bytes: u64,
    /// And since it was last copied whole.
    log_bytes_uncopied: u64,
    /// Up to which event retention has been looked at.
    retained: u64,
    /// Retention found more to drop than it did at once.
    retain_more: bool,
    /// The newest event.
    last: u64,
    /// The pause goes on: the next piece follows the last one.
    paused: bool,
    /// The last piece failed: nothing is tried before something could be written again.
    failed: bool,
}

impl House {
    pub(crate) fn new(dir: &Path, indexed: u64, last: u64) -> Result<House, Error> {
        let copier = Copier::start(dir)?;
        Ok(House {
            copier,
            indexed,
            log_bytes: 0,
            log_bytes_uncopied: 0,
            retained: 0,
            retain_more: false,
            last,
            paused: false,
            failed: false,
        })
    }

    /// How long the writer waits for events before it comes here; `None`: nothing is to be done.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let due = !self.failed && (self.index_due() || self.retain_due());
        due.then_some(if self.paused { Duration::ZERO } else { IDLE_AFTER })
    }

    /// So many bytes, about, went into the log.
    pub(crate) fn logged(&mut self, bytes: u64) {
        self.log_bytes += bytes;
        self.log_bytes_uncopied = if self.copier.whole.swap(false, Ordering::Relaxed) { bytes } else { self.log_bytes_uncopied + bytes };
        if self.log_bytes >= LOG_BYTES {
            self.log_bytes = 0;
            self.copier.ask();
        }
    }

    const fn index_due(&self) -> bool {
        self.indexed < self.last
    }
    const fn retain_due(&self) -> bool {
        self.retain_more || self.last.saturating_sub(self.retained) >= RETAIN_EVERY
    }
}

impl Writer {
    /// The next piece.
    pub(crate) fn keep_house(&mut self) {
        let done = if self.house.retain_due() { self.retain_some() } else { self.index_some() };
        self.house.failed = done.is_err();
        self.house.paused = true;
    }

    /// After a commit of bodies of so many bytes.
    pub(crate) fn house_after_write(&mut self, body_bytes: u64) {
        self.house.last = self.head.seq;
        self.house.failed = false;
        self.house.paused = false;
        self.house.logged(body_bytes + LOG_BYTES_A_COMMIT);
        if self.house.log_bytes_uncopied >= LOG_BYTES_MAX {
            self.copy_log();
        }
        if self.house.last.saturating_sub(self.house.retained) >= RETAIN_EVERY_MAX {
            self.house.failed = self.retain_some().is_err();
        }
    }

    /// Copies the log into the database here and now, so that it begins anew.
    pub(crate) fn copy_log(&mut self) {
        copy(&self.db);
        self.house.log_bytes_uncopied = 0;
    }

    fn retain_some(&mut self) -> rusqlite::Result<()> {
        self.house.retain_more = self.retain()?;
        self.house.retained = self.house.last;
        if !self.house.retain_more {
            return Ok(());
        }
        self.house.logged(LOG_BYTES_A_COMMIT * 16);
        let mut give_back = self.db.prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES_GIVEN_BACK})"))?;
        let mut pages = give_back.query([])?;
        while pages.next()?.is_some() {} // A page a step.
        Ok(())
    }
}

/// The thread that copies the log when asked.
struct Copier {
    /// `None`: it is to end.
    asked: Option<Sender<()>>,
    /// The log was copied to its end: it begins anew with the next commit.
    whole: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Copier {
    fn start(dir: &Path) -> Result<Copier, Error> {
        let db = store::open(dir)?;
        let (asked, asks): (_, Receiver<()>) = bounded(1);
        let whole = Arc::new(AtomicBool::new(false));
        let says = whole.clone();
        let work = move || {
            for () in asks {
                says.store(copy(&db), Ordering::Relaxed);
            }
        };
        let thread = thread::Builder::new().name("ledger-copier".to_owned()).spawn(work).map_err(|source| Error::Thread { source })?;
        Ok(Copier { asked: Some(asked), whole, thread: Some(thread) })
    }

    /// Asks; where it is at it already, that will do.
    fn ask(&self) {
        if let Some(asked) = &self.asked {
            let _ = asked.try_send(());
        }
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        self.asked = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Copies the log into the database, as far as readers allow; whether to its end. It is no loss where this fails: the
/// log is as good.
fn copy(db: &Connection) -> bool {
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok(row.get::<_, i64>(1)? == row.get::<_, i64>(2)?)).unwrap_or(false)
}

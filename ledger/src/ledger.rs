//! The handle: what the rest of Muster sees of the ledger.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use ed25519_dalek::SigningKey;
use muster_model::event::{Body, Event};
use muster_model::id::{BootId, HostName, Seq};
use muster_model::request::{EventQuery, Record, Verified};
use muster_model::time::{Length, Mono, Time};
use rusqlite::Connection;

use crate::backlog::{Ack, Backlog};
use crate::error::Error;
use crate::house::House;
use crate::read::{self, Replay};
use crate::writer::{Head, Writer, newest_checkpoint};
use crate::{chain, key, lock, store, verify};

/// A disk that does not answer for so long is one that cannot be written.
const DURABLE_WAIT_MAX: Duration = Duration::from_secs(5);
/// A search waits at most so long for the index.
const INDEX_WAIT_MAX: Duration = Duration::from_secs(60);

/// How a ledger is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Events older than this, counted back from the newest, are dropped. `None`: none is too old.
    pub keep: Option<Length>,
    /// When events and their indexes take more bytes, the oldest are dropped. `None`: no bound.
    pub keep_bytes: Option<u64>,
    /// Signed checkpoints go to this file too, which should be out of reach of this host's root.
    pub checkpoint_file: Option<PathBuf>,
    /// A checkpoint is signed after so many events, and on close.
    pub checkpoint_every: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options { keep: None, keep_bytes: None, checkpoint_file: None, checkpoint_every: 10_000 }
    }
}

/// The ledger of this host, open for writing. A handle: clones share one ledger, which is closed with the last of them.
#[derive(Clone, Debug)]
pub struct Ledger(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    options: Options,
    backlog: Arc<Backlog>,
    reader: Mutex<Connection>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// How the ledger stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// How many committed events there are.
    pub events: u64,
    /// The last committed event.
    pub last: Seq,
    /// The last event that is on disk for good, power cuts included.
    pub durable: Seq,
    /// Why nothing can be written now; events are kept in memory until it can.
    pub writable: Result<(), String>,
    /// Events in memory that are not committed yet.
    pub backlog: usize,
    /// Events of this run that found no room in memory and are not in the ledger.
    pub lost: u64,
    /// Why the newest checkpoint is not in the checkpoint file.
    pub checkpoint_file: Result<(), String>,
    /// From append to commit, over the last few thousand events.
    pub commits: Waits,
}

/// Lengths of many waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// How many were measured.
    pub n: usize,
    /// Half were shorter.
    pub median: Length,
    /// One in a hundred was longer.
    pub p99: Length,
    /// The longest.
    pub max: Length,
}

impl Waits {
    /// Of these lengths, in any order.
    pub fn of(mut lengths: Vec<Length>) -> Waits {
        lengths.sort_unstable();
        let at = |percent: usize| lengths.get((lengths.len() * percent / 100).min(lengths.len().saturating_sub(1))).copied();
        Waits {
            n: lengths.len(),
            median: at(50).unwrap_or_default(),
            p99: at(99).unwrap_or_default(),
            max: lengths.last().copied().unwrap_or_default(),
        }
    }
}

impl Ledger {
    /// Opens the ledger in `dir`; makes it, its key and the directory where they are not there. At most one process has
    /// it open so: the second gets [`Error::Held`].
    pub fn open(dir: &Path, host: HostName, boot: BootId, options: Options) -> Result<Ledger, Error> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|source| Error::File {
            doing: "make",
            path: dir.to_owned(),
            source,
        })?;
        let lock = lock::take(dir)?;
        let db = store::open(dir)?;
        let key = the_key(dir, &db)?;
        let reading = |source| Error::Database { doing: "read", path: store::path(dir), source };
        let writing = |source| Error::Database { doing: "write", path: store::path(dir), source };
        let head = store::head(&db).map_err(reading)?.map_or(Head { seq: 0, hash: chain::GENESIS, at: 0 }, |(seq, hash, at)| Head {
            seq,
            hash,
            at,
        });
        let signed = newest_checkpoint(&db).map_err(reading)?;
        let indexed = store::number(&db, "indexed").map_err(reading)?;
        let origin = store::origin(&db, &boot, &host).map_err(writing)?;
        let reader = store::open_to_read(dir)?;
        let log = store::open_log(dir)?;
        let backlog = Arc::new(Backlog::new(host.clone(), boot, head.seq));
        let writer = Writer {
            db,
            backlog: backlog.clone(),
            key,
            host,
            options: options.clone(),
            origin,
            head,
            signed,
            house: House::new(dir, indexed, head.seq)?,
            log,
            scratch: Vec::new(),
            _lock: lock,
        };
        let writer =
            std::thread::Builder::new().name("ledger".to_owned()).spawn(move || writer.run()).map_err(|source| Error::Thread { source })?;
        Ok(Ledger(Arc::new(Inner { dir: dir.to_owned(), options, backlog, reader: Mutex::new(reader), writer: Mutex::new(Some(writer)) })))
    }

    /// Gives the event the next place and queues it for the next commit. Does not wait for the disk; where more waits
    /// than may be kept in memory, the event is not kept, and the ledger will say that it is missing.
    pub fn append(&self, at: Time, mono: Mono, body: Body) -> Arc<Event> {
        self.0.backlog.push(at, mono, body, false).0
    }

    /// The same, and returns when it is on disk with all before it. Where the disk cannot be written it returns at once
    /// with [`Error::NotDurable`], which has the event: it has its place and is written when that is possible again.
    pub fn append_durable(&self, at: Time, mono: Mono, body: Body) -> Result<Arc<Event>, Error> {
        let (event, wait) = self.0.backlog.push(at, mono, body, true);
        match wait.map_or(Ok(()), |wait| answer(&wait)) {
            Ok(()) => Ok(event),
            Err(why) => Err(Error::NotDurable { event, why }),
        }
    }

    /// The place of the newest event, committed or not.
    pub fn newest(&self) -> Seq {
        Seq(self.0.backlog.newest())
    }

    /// Returns when all that was appended is on disk.
    pub fn sync(&self) -> Result<(), Error> {
        answer(&self.0.backlog.flush()).map_err(|why| Error::Unwritten { backlog: self.0.backlog.look().waiting_events, why })
    }

    /// Every event committed from now on, in order. A subscriber that falls thousands of events behind is let go: its
    /// channel ends, and it can read on with [`Ledger::replay`] and subscribe again.
    pub fn subscribe(&self) -> Receiver<Arc<Record>> {
        self.0.backlog.subscribe()
    }

    /// All committed events from `from` on, oldest first, up to the newest at the time it is reached.
    pub fn replay(&self, from: Seq) -> Result<Replay, Error> {
        Replay::open(&self.0.dir, from.0)
    }

    /// A committed event; `None` where there is none (any more).
    pub fn get(&self, seq: Seq) -> Result<Option<Record>, Error> {
        read::get(&self.reader(), &self.0.dir, seq.0)
    }

    /// The newest committed events that fit, oldest first. `follow` is the asker's business: [`Ledger::subscribe`].
    pub fn query(&self, query: &EventQuery) -> Result<Vec<Record>, Error> {
        if query.words.is_some() {
            let waited = self.0.backlog.index().recv_timeout(INDEX_WAIT_MAX).unwrap_or_else(|e| Err(e.to_string()));
            waited.map_err(|why| Error::Search { why })?;
        }
        read::query(&self.reader(), &self.0.dir, query)
    }

    /// Verifies the chain, the checkpoints and the checkpoint file.
    pub fn verify(&self) -> Result<Verified, Error> {
        // What cannot be written yet cannot be verified yet; `state` says that it is so.
        let _ = self.sync();
        verify::verify_file(&self.0.dir, self.0.options.checkpoint_file.as_deref())
    }

    /// Writes all committed events as JSON lines, each a [`Record`] with its body exactly as it was hashed; how many.
    pub fn export(&self, to: &mut dyn io::Write) -> Result<u64, Error> {
        read::export_file(&self.0.dir, to)
    }

    /// How it stands.
    pub fn state(&self) -> State {
        let look = self.0.backlog.look();
        let missing = store::missing(&self.reader()).unwrap_or(0);
        State {
            events: look.committed.saturating_sub(missing),
            last: Seq(look.committed),
            durable: Seq(look.durable),
            writable: look.trouble.map_or(Ok(()), Err),
            backlog: look.waiting_events,
            lost: look.lost,
            checkpoint_file: look.filed,
            commits: Waits::of(look.latencies),
        }
    }

    /// Writes what waits, signs the end of the chain and lets go of the lock. Other handles are of no use afterwards.
    pub fn close(&self) -> Result<(), Error> {
        self.0.close()
    }

    fn reader(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.0.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn close(&self) -> Result<(), Error> {
        self.backlog.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            return Err(Error::Unwritten { backlog: self.backlog.look().waiting_events, why: "the ledger's writer failed".to_owned() });
        }
        match self.backlog.look() {
            look if look.waiting_events == 0 => Ok(()),
            look => Err(Error::Unwritten { backlog: look.waiting_events, why: look.trouble.unwrap_or_default() }),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

fn answer(wait: &Receiver<Ack>) -> Result<(), String> {
    wait.recv_timeout(DURABLE_WAIT_MAX).unwrap_or_else(|e| {
        Err(match e {
            RecvTimeoutError::Timeout => format!("the disk has not answered for {} s", DURABLE_WAIT_MAX.as_secs()),
            RecvTimeoutError::Disconnected => "the ledger is closed".to_owned(),
        })
    })
}

/// The key with which this ledger is signed: the one it was begun with.
fn the_key(dir: &Path, db: &Connection) -> Result<SigningKey, Error> {
    let failed = |source| Error::Database { doing: "read", path: store::path(dir), source };
    let public = store::public_key(db).map_err(failed)?;
    let key = key::load(dir)?;
    match (public, key) {
        (None, key) => {
            let key = key.map_or_else(|| key::create(dir), Ok)?;
            store::set_public_key(db, key.verifying_key().as_bytes()).map_err(failed)?;
            Ok(key)
        }
        (Some(public), Some(key)) if public == key.verifying_key().as_bytes() => Ok(key),
        (Some(_), Some(_)) => Err(Error::Key { path: key::path(dir), why: "the ledger was signed with another one" }),
        (Some(_), None) => Err(Error::Key { path: key::path(dir), why: "it is missing" }),
    }
}

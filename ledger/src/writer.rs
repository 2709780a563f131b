//! The one thread that writes: takes what waits, links it, commits it, tells those who wait.
//!
//! **What is on disk when.** Commits run with `PRAGMA synchronous = NORMAL`: in WAL mode SQLite then writes the log without
//! fsync, so they are safe from a crash of Muster (the kernel has the bytes) and not from a power cut. Followers have them
//! from then on. For a commit that somebody waits for, the log is synced after that: what SQLite itself would do with
//! `FULL`, but not before the followers are told. One sync covers all earlier commits too: they are either earlier in the
//! same log, or were copied into the database, which SQLite syncs before it uses the log from its beginning again.

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use blake3::Hash;
use ed25519_dalek::SigningKey;
use muster_model::event::Event;
use muster_model::id::HostName;
use muster_model::request::Record;
use muster_model::time::Time;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::backlog::{Backlog, Slot, Work};
use crate::chain::{Entry, link};
use crate::checkpoint::{self, Checkpoint};
use crate::gap::{Gap, UNWRITTEN};
use crate::house::House;
use crate::key;
use crate::ledger::Options;
use crate::lock::Lock;
use crate::store;

/// At most so many events are committed together: a few milliseconds of work.
const BATCH_EVENTS_MAX: usize = 1_024;
/// How long after a failure ordinary events wait before they are tried again. Durable ones are tried at once.
const RETRY_AFTER: Duration = Duration::from_millis(250);
/// At most so many checkpoints are appended to the file elsewhere at once.
const FILED_AT_ONCE_MAX: u32 = 256;

/// Everything the writing thread owns.
pub(crate) struct Writer {
    pub(crate) db: Connection,
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) key: SigningKey,
    pub(crate) host: HostName,
    pub(crate) options: Options,
    /// The id of this boot and host in `origin`.
    pub(crate) origin: i64,
    pub(crate) head: Head,
    /// Number and last event of the newest checkpoint.
    pub(crate) signed: (u64, u64),
    pub(crate) house: House,
    /// SQLite's log, to be synced. It is the same file as long as the database is open.
    pub(crate) log: File,
    pub(crate) scratch: Vec<u8>,
    /// Held as long as this thread may write.
    pub(crate) _lock: Lock,
}

/// Where the chain stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) seq: u64,
    pub(crate) hash: Hash,
    /// The newest event's time.
    pub(crate) at: i64,
}

/// What a batch was when it was committed.
struct Batch {
    head: Head,
    checkpoint: Option<Checkpoint>,
    records: Vec<Arc<Record>>,
    bytes: u64,
}

impl Writer {
    /// Writes until it is told to finish.
    pub(crate) fn run(mut self) {
        let _ended = Ended(self.backlog.clone());
        let mut in_hand = VecDeque::new();
        let mut trouble = false;
        loop {
            let patience = if trouble { Some(RETRY_AFTER) } else { self.house.patience() };
            let (work, kept) = self.backlog.next(in_hand, BATCH_EVENTS_MAX, patience);
            in_hand = kept;
            match work {
                Work::Write { slots, durable } => {
                    if trouble {
                        // The log may have room again once it is copied into the database.
                        self.copy_log();
                    }
                    let written = self.write(&slots).map_err(|e| e.to_string());
                    if written.is_err() {
                        in_hand = slots;
                    }
                    match written.and_then(|signed| self.secure(durable, signed)) {
                        Ok(()) => trouble = false,
                        Err(why) => {
                            trouble = true;
                            self.backlog.failed(&why);
                            if self.backlog.is_closing() {
                                return;
                            }
                        }
                    }
                }
                Work::Index(done) => {
                    let _ = done.send(self.index_all().map_err(|e| e.to_string()));
                }
                Work::Idle => self.keep_house(),
                Work::Close => return self.close(),
            }
        }
    }

    /// Commits what waits and tells the followers. Whether a checkpoint was due and is among it.
    fn write(&mut self, slots: &VecDeque<Slot>) -> rusqlite::Result<bool> {
        let Some(last) = slots.back().map(Slot::last) else { return Ok(false) };
        let checkpoint_due = last.saturating_sub(self.signed.1) >= self.options.checkpoint_every.max(1);
        let batch = self.commit(slots, checkpoint_due)?;
        self.head = batch.head;
        self.backlog.committed(slots, self.head.seq);
        for record in &batch.records {
            self.backlog.publish(record);
        }
        if let Some(checkpoint) = batch.checkpoint {
            self.signed = (checkpoint.number, checkpoint.seq);
        }
        self.house_after_write(batch.bytes);
        Ok(checkpoint_due)
    }

    /// Has all that is committed on disk, where somebody waits for it or a checkpoint is to be told elsewhere: what is said
    /// there of the chain must never be ahead of what is on disk here.
    fn secure(&mut self, durable: bool, signed: bool) -> Result<(), String> {
        if durable || signed {
            self.log.sync_data().map_err(|e| format!("cannot sync the log: {e}"))?;
            self.backlog.durable(self.head.seq);
        }
        if signed {
            self.file_checkpoints();
        }
        Ok(())
    }

    fn commit(&mut self, slots: &VecDeque<Slot>, checkpoint_due: bool) -> rusqlite::Result<Batch> {
        let wanted = self.backlog.has_subscribers();
        let mut batch = Batch { head: self.head, checkpoint: None, records: Vec::new(), bytes: 0 };
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for slot in slots {
            match slot {
                Slot::Event(event, _) => match serde_json::to_string(&event.body) {
                    Ok(body) => {
                        let entry = entry(event, &body);
                        let hash = link(&batch.head.hash, &entry, &mut self.scratch);
                        store::insert(&tx, self.origin, &entry, &hash)?;
                        batch.head = Head { seq: entry.seq, hash, at: entry.at };
                        batch.bytes += body.len() as u64;
                        if wanted {
                            batch.records.extend(record(&entry, &hash));
                        }
                    }
                    // No body of the model's is like this; if one ever is, all others must still be written.
                    Err(_) => leave_out(&tx, &self.key, &mut batch.head, event.seq.0, event.seq.0, event.at.0, event.at.0)?,
                },
                Slot::Lost { first, last, first_at, last_at } => {
                    leave_out(&tx, &self.key, &mut batch.head, *first, *last, *first_at, *last_at)?;
                }
            }
        }
        if checkpoint_due {
            batch.checkpoint = Some(sign(&tx, &self.key, self.signed.0 + 1, &self.host, &batch.head)?);
        }
        tx.commit()?;
        Ok(batch)
    }

    /// Brings the file elsewhere up to date with the checkpoints that are durable here.
    fn file_checkpoints(&mut self) {
        let Some(path) = self.options.checkpoint_file.clone() else {
            return;
        };
        let told = self.file_to(path);
        self.backlog.filed(told);
    }

    fn file_to(&mut self, path: PathBuf) -> Result<(), String> {
        let unfiled = unfiled(&self.db).map_err(|e| e.to_string())?;
        let Some(last) = unfiled.last().map(|checkpoint| checkpoint.number) else {
            return Ok(());
        };
        checkpoint::append(&path, &unfiled).map_err(|e| format!("cannot append to {}: {e}", path.display()))?;
        store::set_number(&self.db, "filed", last).map_err(|e| e.to_string())
    }

    /// All is written: signs the end of the chain, and leaves one file behind.
    fn close(mut self) {
        if self.head.seq > self.signed.1 && self.sign_end().is_err() {
            return; // No room for it: the chain is whole without.
        }
        self.file_checkpoints();
        drop(self.house); // The copier has the file open too.
        let _ = self.db.pragma_update(None, "wal_checkpoint", "TRUNCATE");
    }

    fn sign_end(&mut self) -> rusqlite::Result<()> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        sign(&tx, &self.key, self.signed.0 + 1, &self.host, &self.head)?;
        tx.commit()?;
        // The copy into the database, which follows, is synced in any case.
        let _ = self.log.sync_data();
        Ok(())
    }
}

/// An event as it is hashed and stored.
fn entry<'a>(event: &'a Event, body: &'a str) -> Entry<'a> {
    Entry {
        seq: event.seq.0,
        at: event.at.0,
        mono: event.mono.0,
        boot: event.boot.as_str(),
        host: event.host.as_str(),
        kind: event.body.kind(),
        subject: event.body.subject(),
        body,
    }
}

/// The same for subscribers.
fn record(entry: &Entry<'_>, hash: &Hash) -> Option<Arc<Record>> {
    Some(Arc::new(Record {
        seq: entry.seq,
        at: Time(entry.at),
        mono: entry.mono,
        boot: entry.boot.to_owned(),
        host: entry.host.to_owned(),
        kind: entry.kind.to_owned(),
        subject: entry.subject.to_owned(),
        body: serde_json::from_str(entry.body).ok()?,
        hash: hash.to_hex().to_string(),
    }))
}

/// Says with a signature that these places stay empty. The chain goes on over them.
fn leave_out(
    tx: &Transaction<'_>,
    key: &SigningKey,
    head: &mut Head,
    first: u64,
    last: u64,
    first_at: i64,
    last_at: i64,
) -> rusqlite::Result<()> {
    let gap = Gap { first, last, count: 0, first_at, last_at, hash: head.hash, why: UNWRITTEN.to_owned(), signature: Vec::new() };
    gap.signed(key).insert(tx)?;
    *head = Head { seq: last, hash: head.hash, at: last_at };
    Ok(())
}

fn sign(tx: &Transaction<'_>, by: &SigningKey, number: u64, host: &HostName, head: &Head) -> rusqlite::Result<Checkpoint> {
    let checkpoint = Checkpoint::sign(by, number, head.seq, Time(head.at), host.as_str(), &head.hash);
    tx.prepare_cached("INSERT INTO checkpoint (number, seq, at, host, hash, key, signature) VALUES (?,?,?,?,?,?,?)")?.execute(params![
        number.cast_signed(),
        head.seq.cast_signed(),
        head.at,
        host.as_str(),
        head.hash.as_bytes(),
        by.verifying_key().as_bytes(),
        key::unhex(&checkpoint.signature)
    ])?;
    Ok(checkpoint)
}

/// Number and last event of the newest checkpoint; zeros where there is none.
pub(crate) fn newest_checkpoint(db: &Connection) -> rusqlite::Result<(u64, u64)> {
    let newest = db
        .query_row("SELECT number, seq FROM checkpoint ORDER BY number DESC LIMIT 1", [], |row| {
            Ok((store::number_of(row, 0)?, store::number_of(row, 1)?))
        })
        .optional()?;
    Ok(newest.unwrap_or_default())
}

fn unfiled(db: &Connection) -> rusqlite::Result<Vec<Checkpoint>> {
    let filed = store::number(db, "filed")?;
    checkpoint::load(db, filed, FILED_AT_ONCE_MAX)
}

/// However the writer ends, nobody waits for it any longer.
struct Ended(Arc<Backlog>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.ended("the ledger is closed");
    }
}

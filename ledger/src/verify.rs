//! The verifier: walks the chain from the first event to the last and compares it with the signed checkpoints.
//!
//! Each event is checked against the *stored* hash of the one before it, so that parts of the chain are walked side by
//! side on all processors; together they say the same as one walk from the beginning. All parts read one and the same
//! snapshot, and a Muster that writes meanwhile is not held up.
//!
//! What no chain can show: events that were taken off the end after the last checkpoint. Muster signs one on close; a
//! ledger whose Muster was killed ends unsigned until the next one is due.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::thread;

use blake3::Hash;
use muster_model::request::{Broken, Verified};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};

use crate::blame::blame;
use crate::chain::{Entry, GENESIS, link};
use crate::checkpoint::{self, Checkpoint};
use crate::error::Error;
use crate::gap::{self, Gap, RETENTION};
use crate::key;
use crate::store::{self, Origins, hash_of, number_of};

/// No more threads than this; beyond it the disk is the limit.
const THREADS_MAX: usize = 8;
/// A part of fewer events is not worth a thread.
const EVENTS_A_THREAD_MIN: u64 = 20_000;
/// How often a snapshot is taken anew because retention came between.
const SNAPSHOT_TRIES_MAX: u32 = 16;
/// How many checkpoints are read at a time.
const CHECKPOINTS_A_PAGE: u32 = 1_024;

/// Verifies the ledger in `dir`, and with `checkpoint_file` that it is the one of which that file tells. No agent need
/// run; one that does is not disturbed.
pub fn verify_file(dir: &Path, checkpoint_file: Option<&Path>) -> Result<Verified, Error> {
    let database = |source| Error::Database { doing: "verify", path: store::path(dir), source };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
    let (mut dbs, facts) = snapshot(dir, threads)?;
    let elsewhere = match checkpoint_file {
        Some(path) if path.exists() || facts.filed > 0 => {
            checkpoint::read(path).map_err(|source| Error::File { doing: "read", path: path.to_owned(), source })?
        }
        _ => Vec::new(),
    };
    let (events, chain) = walk_all(&mut dbs, &facts).map_err(database)?;
    let (checkpoints, signed) = hold_checkpoints(&dbs[0], &facts, &elsewhere).map_err(database)?;
    // The first break counts; where both name one event, the chain says more precisely what was done to it.
    let broken = chain.into_iter().chain(signed).min_by_key(|broken| broken.seq);
    Ok(Verified { events, checkpoints, broken })
}

/// What all parts of a verification know of the ledger.
pub(crate) struct Facts {
    pub(crate) origins: Origins,
    public: Vec<u8>,
    /// Gaps by their first place. One that is not signed with the ledger's key is none.
    pub(crate) gaps: BTreeMap<u64, Gap>,
    /// The lowest place of an event.
    first: Option<i64>,
    /// The highest; 0 where there is none.
    last: u64,
    /// The last checkpoint that went to a file elsewhere.
    filed: u64,
}

/// Connections that see one and the same state of the ledger, one for each thread, and the facts of that state.
fn snapshot(dir: &Path, threads: usize) -> Result<(Vec<Connection>, Facts), Error> {
    let database = |source| Error::Database { doing: "verify", path: store::path(dir), source };
    let mut dbs = vec![store::open_to_read(dir)?];
    let useful = usize::try_from(bounds(&dbs[0]).map_err(database)?.1 / EVENTS_A_THREAD_MIN).unwrap_or(usize::MAX);
    while dbs.len() < useful.min(threads) {
        dbs.push(store::open_to_read(dir)?);
    }
    let (first, last) = begin_together(&dbs).map_err(database)?;
    let facts = |db: &Connection| -> rusqlite::Result<Facts> {
        let public = store::public_key(db)?.unwrap_or_default();
        let gaps = gap::load(db, i64::MAX.cast_unsigned())?;
        let gaps = gaps.into_iter().filter(|gap| gap.is_by(&public)).map(|gap| (gap.first, gap)).collect();
        Ok(Facts { origins: store::origins(db)?, public, gaps, first, last, filed: store::number(db, "filed")? })
    };
    let facts = facts(&dbs[0]).map_err(database)?;
    Ok((dbs, facts))
}

/// Begins a reading transaction on each. Events that are added between two of them do no harm (none is read beyond the
/// last one of the first); if retention dropped some, all begin again.
fn begin_together(dbs: &[Connection]) -> rusqlite::Result<(Option<i64>, u64)> {
    let mut tries = 0;
    loop {
        let mut seen = Vec::new();
        for db in dbs {
            db.execute_batch("BEGIN")?;
            seen.push(bounds(db)?);
        }
        tries += 1;
        if seen.iter().all(|(first, _)| *first == seen[0].0) || tries == SNAPSHOT_TRIES_MAX {
            return Ok(seen[0]);
        }
        for db in dbs {
            db.execute_batch("ROLLBACK")?;
        }
    }
}

fn bounds(db: &Connection) -> rusqlite::Result<(Option<i64>, u64)> {
    let first = db.query_row("SELECT min(seq) FROM event", [], |row| row.get(0))?;
    let last: Option<i64> = db.query_row("SELECT max(seq) FROM event", [], |row| row.get(0))?;
    Ok((first, u64::try_from(last.unwrap_or(0)).unwrap_or(0)))
}

/// Walks the whole chain: how many events held, and the first that did not.
fn walk_all(dbs: &mut [Connection], facts: &Facts) -> rusqlite::Result<(u64, Option<Broken>)> {
    if facts.first.is_some_and(|first| first < 1) {
        return Ok((0, Some(broken(0, "added")))); // Places begin with 1.
    }
    let parts = dbs.len() as u64;
    let mut starts = vec![(0, GENESIS)];
    for part in 1..parts {
        starts.push(place_at(&dbs[0], facts.last / parts * part)?);
    }
    let ends: Vec<u64> = starts.iter().skip(1).map(|(seq, _)| *seq).chain([facts.last]).collect();
    let walks: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = dbs
            .iter_mut()
            .zip(starts.iter().zip(&ends))
            .map(|(db, (start, end))| scope.spawn(move || walk(db, facts, *start, *end)))
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut events = 0;
    for walk in walks {
        let (held, found) = walk?;
        events += held;
        if found.is_some() {
            return Ok((events, found));
        }
    }
    Ok((events, None))
}

/// The first event from `seq` on, with its hash.
fn place_at(db: &Connection, seq: u64) -> rusqlite::Result<(u64, Hash)> {
    db.query_row("SELECT seq, hash FROM event WHERE seq >= ? ORDER BY seq LIMIT 1", [seq.cast_signed()], |row| {
        Ok((number_of(row, 0)?, hash_of(row, 1)?))
    })
}

/// Walks the events after `start` up to `end`.
fn walk(db: &Connection, facts: &Facts, start: (u64, Hash), end: u64) -> rusqlite::Result<(u64, Option<Broken>)> {
    let (mut expected, mut previous) = (start.0 + 1, start.1);
    let mut held = 0;
    let mut scratch = Vec::new();
    let mut events =
        db.prepare("SELECT seq, at, mono, origin, kind, subject, body, hash FROM event WHERE seq > ? AND seq <= ? ORDER BY seq")?;
    let mut rows = events.query((start.0.cast_signed(), end.cast_signed()))?;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok((held, None)),
            // The file itself is damaged here.
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => return Ok((held, Some(broken(expected, "altered")))),
            Err(e) => return Err(e),
        };
        let seq = number_of(row, 0)?;
        while let Some(gap) = facts.gaps.get(&expected) {
            if gap.last >= seq {
                return Ok((held, Some(broken(seq, "added"))));
            }
            if gap.why != RETENTION && gap.hash != previous {
                return Ok((held, Some(broken(expected, "altered"))));
            }
            (expected, previous) = (gap.last + 1, gap.hash);
        }
        if seq < expected {
            return Ok((held, Some(broken(seq, "reordered")))); // The table's own order is damaged.
        }
        if seq > expected {
            return Ok((held, Some(broken(expected, "missing"))));
        }
        // A row whose columns are not what they must be was altered as well.
        let hash = read(row, &facts.origins).map(|(entry, stored)| (link(&previous, &entry, &mut scratch), stored));
        match hash {
            Ok((computed, stored)) if computed == stored => previous = stored,
            _ => return Ok((held, Some(blame(db, facts, seq, &previous)?))),
        }
        expected += 1;
        held += 1;
    }
}

/// What is hashed of a row, and the hash that it has.
fn read<'r>(row: &'r Row<'_>, origins: &'r Origins) -> rusqlite::Result<(Entry<'r>, Hash)> {
    let text = |column: usize| -> rusqlite::Result<&'r str> { Ok(row.get_ref(column)?.as_str()?) };
    let (boot, host) = origins.get(&row.get(3)?).ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let entry = Entry {
        seq: number_of(row, 0)?,
        at: row.get(1)?,
        mono: number_of(row, 2)?,
        boot: boot.as_str(),
        host: host.as_str(),
        kind: text(4)?,
        subject: text(5)?,
        body: text(6)?,
    };
    Ok((entry, hash_of(row, 7)?))
}

/// Holds every checkpoint against the chain, those of the ledger and those of the file elsewhere: how many of the
/// ledger's held, and the first that did not.
fn hold_checkpoints(db: &Connection, facts: &Facts, elsewhere: &[Option<Checkpoint>]) -> rusqlite::Result<(u64, Option<Broken>)> {
    let mut held = 0;
    let mut found: Option<Broken> = None;
    let mut number = 0;
    loop {
        let page = checkpoint::load(db, number, CHECKPOINTS_A_PAGE)?;
        let Some(newest) = page.last().map(|checkpoint| checkpoint.number) else {
            break;
        };
        for checkpoint in &page {
            // Retention drops the oldest; any other that is not there was taken away.
            let dropped = number == 0 && facts.gaps.values().any(|gap| gap.why == RETENTION);
            let follows = checkpoint.number == number + 1 || dropped;
            number = checkpoint.number;
            match if follows { hold(db, facts, checkpoint)? } else { Some(broken(checkpoint.seq, "checkpoint")) } {
                None => held += 1,
                Some(broken) => found = found.into_iter().chain([broken]).min_by_key(|broken| broken.seq),
            }
        }
        number = newest;
    }
    let mut number: Option<u64> = None;
    for checkpoint in elsewhere.iter().flatten() {
        // A crash between the file and the ledger states some twice.
        let follows = number.is_none_or(|number| checkpoint.number <= number + 1);
        number = number.max(Some(checkpoint.number));
        if let Some(broken) = if follows { hold(db, facts, checkpoint)? } else { Some(broken(checkpoint.seq, "checkpoint")) } {
            found = found.into_iter().chain([broken]).min_by_key(|broken| broken.seq);
        }
    }
    Ok((held, found))
}

/// What is wrong with a checkpoint, or with the chain that it tells of.
fn hold(db: &Connection, facts: &Facts, checkpoint: &Checkpoint) -> rusqlite::Result<Option<Broken>> {
    if checkpoint.key != key::hex(&facts.public) || !checkpoint.is_by(&facts.public) {
        return Ok(Some(broken(checkpoint.seq, "checkpoint")));
    }
    let end = facts.gaps.values().map(|gap| gap.last).fold(facts.last, u64::max);
    if checkpoint.seq > end {
        return Ok(Some(broken(end + 1, "missing")));
    }
    let hash = match facts.gaps.values().find(|gap| (gap.first..=gap.last).contains(&checkpoint.seq)) {
        Some(gap) if gap.last == checkpoint.seq => Some(gap.hash),
        Some(_) => return Ok(None), // What it tells of was dropped.
        None => db.query_row("SELECT hash FROM event WHERE seq = ?", [checkpoint.seq.cast_signed()], |row| hash_of(row, 0)).optional()?,
    };
    let stands = hash.is_some_and(|hash| hash.to_hex().as_str() == checkpoint.hash);
    Ok((!stands).then(|| broken(checkpoint.seq, "checkpoint")))
}

/// A break of the chain.
pub(crate) fn broken(seq: u64, how: &str) -> Broken {
    Broken { seq, how: how.to_owned() }
}

//! Retention: drops the oldest events by age and by size, and leaves a signed summary from which the chain goes on.
//!
//! Age is counted back from the newest events, not from a clock: a ledger into which nothing is written loses nothing,
//! and a clock that is set years ahead for a moment does not take the whole record with it.

use muster_model::time::Time;
use rusqlite::{Connection, TransactionBehavior};

use crate::gap::{self, Gap, RETENTION};
use crate::ledger::Options;
use crate::store::{self, hash_of, number_of};
use crate::writer::Writer;

/// At most so many events are dropped at a time.
const DROP_MAX: u32 = 1_024;
/// The newest so many are kept whatever the limits are.
const KEPT_MIN: u64 = 1_024;

impl Writer {
    /// Drops a few events that are over the limits; whether there may be more.
    pub(crate) fn retain(&mut self) -> rusqlite::Result<bool> {
        let Some(last) = overdue(&self.db, &self.options, self.head.seq)? else {
            return Ok(false);
        };
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut before = gap::load(&tx, last)?;
        before.retain(|gap| gap.why == RETENTION);
        let fresh = tx.query_row(
            "SELECT count(*), (SELECT at FROM event ORDER BY seq LIMIT 1) FROM event WHERE seq <= ?",
            [last.cast_signed()],
            |row| Ok((number_of(row, 0)?, row.get(1)?)),
        )?;
        let (hash, last_at) =
            tx.query_row("SELECT hash, at FROM event WHERE seq = ?", [last.cast_signed()], |row| Ok((hash_of(row, 0)?, row.get(1)?)))?;
        // Always from the first event on: the summary that was there becomes part of this one.
        let first_at = before.first().map_or(fresh.1, |gap| gap.first_at);
        let count = before.iter().map(|gap| gap.count).sum::<u64>() + fresh.0;
        for delete in [
            "DELETE FROM event WHERE seq <= ?",
            "DELETE FROM words WHERE rowid <= ?",
            "DELETE FROM checkpoint WHERE seq <= ?",
            "DELETE FROM gap WHERE last <= ?",
        ] {
            tx.prepare_cached(delete)?.execute([last.cast_signed()])?;
        }
        let gap = Gap { first: 1, last, count, first_at, last_at, hash, why: RETENTION.to_owned(), signature: Vec::new() };
        gap.signed(&self.key).insert(&tx)?;
        if self.house.indexed < last {
            store::set_number(&tx, "indexed", last)?;
        }
        tx.commit()?;
        self.house.indexed = self.house.indexed.max(last);
        Ok(true)
    }
}

/// The last event that is to be dropped now.
fn overdue(db: &Connection, options: &Options, newest: u64) -> rusqlite::Result<Option<u64>> {
    let last_droppable = newest.saturating_sub(KEPT_MIN).cast_signed();
    let oldest_at = match options.keep {
        Some(keep) => {
            // The earliest of the newest, so that one time that is far ahead counts for nothing.
            let now: Option<i64> =
                db.prepare_cached("SELECT min(+at) FROM event WHERE seq > ?")?.query_row([last_droppable], |row| row.get(0))?;
            now.map(|now| Time(now).before(keep).0)
        }
        None => None,
    };
    let too_large = match options.keep_bytes {
        Some(bytes) => used_bytes(db)? > bytes,
        None => false,
    };
    if oldest_at.is_none() && !too_large {
        return Ok(None);
    }
    let mut statement = db.prepare_cached("SELECT seq, at FROM event WHERE seq <= ? ORDER BY seq LIMIT ?")?;
    let mut rows = statement.query((last_droppable, DROP_MAX))?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let too_old = oldest_at.is_some_and(|oldest| row.get::<_, i64>(1).is_ok_and(|at| at < oldest));
        if !too_old && !too_large {
            break;
        }
        last = Some(number_of(row, 0)?);
    }
    Ok(last)
}

/// What the events and their indexes take, without what is free in the file and without the log.
fn used_bytes(db: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name: &str| db.pragma_query_value(None, name, |row| number_of(row, 0));
    Ok(pragma("page_count")?.saturating_sub(pragma("freelist_count")?) * pragma("page_size")?)
}

//! What was done to an event whose link does not hold. Its neighbours tell: content that would hold in another place
//! was moved there; a neighbour that would hold one place earlier or later was pushed there by what was added or taken.

use blake3::Hash;
use muster_model::request::Broken;
use rusqlite::{Connection, OptionalExtension};

use crate::chain::{Entry, GENESIS, link};
use crate::store::{Origins, hash_of, number_of};
use crate::verify::{Facts, broken};

/// How far neighbours are looked at.
const NEIGHBOURS: u64 = 64;

/// An event's row, kept.
struct Stored {
    seq: u64,
    at: i64,
    mono: u64,
    origin: i64,
    kind: String,
    subject: String,
    body: String,
    hash: Hash,
}

impl Stored {
    /// The link it would have in another place.
    fn link_at(&self, seq: u64, previous: &Hash, origins: &Origins) -> Option<Hash> {
        let (boot, host) = origins.get(&self.origin)?;
        let entry = Entry {
            seq,
            at: self.at,
            mono: self.mono,
            boot: boot.as_str(),
            host: host.as_str(),
            kind: &self.kind,
            subject: &self.subject,
            body: &self.body,
        };
        Some(link(previous, &entry, &mut Vec::new()))
    }

    fn holds_at(&self, seq: u64, previous: &Hash, origins: &Origins) -> bool {
        self.link_at(seq, previous, origins) == Some(self.hash)
    }
}

/// Names what was done to the event at `seq`, the first whose link does not hold; `previous` is the hash before it.
pub(crate) fn blame(db: &Connection, facts: &Facts, seq: u64, previous: &Hash) -> rusqlite::Result<Broken> {
    let near = neighbours(db, seq)?;
    let origins = &facts.origins;
    let Some(own) = near.iter().find(|stored| stored.seq == seq) else {
        return Ok(broken(seq, "altered")); // Not even its columns can be read.
    };
    let hashes: Vec<Hash> = near.iter().map(|stored| stored.hash).chain([*previous]).collect();
    let copied = near.iter().any(|stored| stored.seq != seq && stored.hash == own.hash);
    let elsewhere = |place: &Stored| {
        place.seq != seq && hashes.iter().any(|before| own.link_at(place.seq, before, origins).is_some_and(|hash| hashes.contains(&hash)))
    };
    if !copied && near.iter().any(elsewhere) {
        return Ok(broken(seq, "reordered"));
    }
    if let Some(earlier) = hash_before(db, facts, seq - 1)?
        && own.holds_at(seq - 1, &earlier, origins)
    {
        return Ok(broken(seq - 1, "added")); // With a link made to fit.
    }
    let after: Vec<&Stored> = near.iter().filter(|stored| stored.seq > seq).collect();
    if after.iter().any(|stored| stored.holds_at(seq, previous, origins)) {
        return Ok(broken(seq, "added"));
    }
    let taken = |by: u64| after.first().is_some_and(|next| next.seq == seq + 1 && next.holds_at(seq + 1 + by, &own.hash, origins));
    Ok(broken(seq, if (1..=NEIGHBOURS).any(taken) { "missing" } else { "altered" }))
}

/// The hash from which the event at `seq` goes on.
fn hash_before(db: &Connection, facts: &Facts, seq: u64) -> rusqlite::Result<Option<Hash>> {
    let Some(before) = seq.checked_sub(1) else {
        return Ok(None);
    };
    if before == 0 {
        return Ok(Some(GENESIS));
    }
    if let Some(gap) = facts.gaps.values().find(|gap| gap.last == before) {
        return Ok(Some(gap.hash));
    }
    db.query_row("SELECT hash FROM event WHERE seq = ?", [before.cast_signed()], |row| hash_of(row, 0)).optional()
}

/// The events around `seq` that can be read.
fn neighbours(db: &Connection, seq: u64) -> rusqlite::Result<Vec<Stored>> {
    let mut events =
        db.prepare("SELECT seq, at, mono, origin, kind, subject, body, hash FROM event WHERE seq BETWEEN ? AND ? ORDER BY seq")?;
    let around = (seq.saturating_sub(NEIGHBOURS).cast_signed(), seq.saturating_add(NEIGHBOURS).cast_signed());
    let stored = events.query_map(around, |row| {
        Ok(Stored {
            seq: number_of(row, 0)?,
            at: row.get(1)?,
            mono: number_of(row, 2)?,
            origin: row.get(3)?,
            kind: row.get(4)?,
            subject: row.get(5)?,
            body: row.get(6)?,
            hash: hash_of(row, 7)?,
        })
    })?;
    Ok(stored.filter_map(Result::ok).collect())
}

//! What is no longer, or never was, in the ledger, in signed words: retention dropped it, or there was no room for it.

use blake3::Hash;
use ed25519_dalek::SigningKey;
use rusqlite::{Connection, Row, params};

use crate::chain::put_text;
use crate::key;
use crate::store::{hash_of, number_of};

/// Why events are not there.
pub(crate) const RETENTION: &str = "retention";
/// They could not be written, and the memory for what waits was full; or they could not be put into words.
pub(crate) const UNWRITTEN: &str = "unwritten";

/// A signed summary of events that are not in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The first that is missing.
    pub(crate) first: u64,
    /// The last that is missing.
    pub(crate) last: u64,
    /// How many of them once were in the ledger.
    pub(crate) count: u64,
    /// When the first of them was taken down, nanoseconds since 1970 UTC.
    pub(crate) first_at: i64,
    /// When the last of them was taken down.
    pub(crate) last_at: i64,
    /// The hash from which the chain goes on after it.
    pub(crate) hash: Hash,
    /// `retention` or `unwritten`.
    pub(crate) why: String,
    /// The Ed25519 signature over [`Gap::message`].
    pub(crate) signature: Vec<u8>,
}

impl Gap {
    /// What is signed: the words `muster gap 1`, the numbers in the order above (8 bytes each, little-endian), the hash,
    /// and why, after its length.
    fn message(&self) -> Vec<u8> {
        let mut message = b"muster gap 1".to_vec();
        for number in [self.first, self.last, self.count] {
            message.extend_from_slice(&number.to_le_bytes());
        }
        for at in [self.first_at, self.last_at] {
            message.extend_from_slice(&at.to_le_bytes());
        }
        message.extend_from_slice(self.hash.as_bytes());
        put_text(&mut message, &self.why);
        message
    }

    /// The same, signed.
    pub(crate) fn signed(mut self, by: &SigningKey) -> Gap {
        self.signature = key::sign(by, &self.message()).to_vec();
        self
    }

    /// Whether it was signed with the key whose public half is `public`.
    pub(crate) fn is_by(&self, public: &[u8]) -> bool {
        key::holds(public, &self.message(), &self.signature)
    }

    /// Puts it into the ledger.
    pub(crate) fn insert(&self, db: &Connection) -> rusqlite::Result<()> {
        db.prepare_cached("INSERT INTO gap (first, last, count, first_at, last_at, hash, why, signature) VALUES (?,?,?,?,?,?,?,?)")?
            .execute(params![
                self.first.cast_signed(),
                self.last.cast_signed(),
                self.count.cast_signed(),
                self.first_at,
                self.last_at,
                self.hash.as_bytes(),
                self.why,
                self.signature
            ])
            .map(drop)
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Gap> {
        Ok(Gap {
            first: number_of(row, 0)?,
            last: number_of(row, 1)?,
            count: number_of(row, 2)?,
            first_at: row.get(3)?,
            last_at: row.get(4)?,
            hash: hash_of(row, 5)?,
            why: row.get(6)?,
            signature: row.get(7)?,
        })
    }
}

/// All gaps that end at or before `upto`, in order.
pub(crate) fn load(db: &Connection, upto: u64) -> rusqlite::Result<Vec<Gap>> {
    db.prepare_cached("SELECT first, last, count, first_at, last_at, hash, why, signature FROM gap WHERE last <= ? ORDER BY first")?
        .query_map([upto.cast_signed()], Gap::from_row)?
        .collect()
}

//! Checkpoints: now and then it is signed where the chain stands. Whoever rewrites the chain afterwards, or cuts off its
//! end, needs the key; and where checkpoints also go to a file elsewhere, not even the key helps.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use blake3::Hash;
use ed25519_dalek::SigningKey;
use muster_model::time::Time;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::chain::put_text;
use crate::key;
use crate::store::{hash_of, number_of};

/// The longest line of a checkpoint file that is read.
const LINE_BYTES_MAX: u64 = 4096;

/// A signed statement of where the chain stood; as JSON, a line of the checkpoint file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its own number, from 1, without gaps.
    pub number: u64,
    /// The last event that it covers.
    pub seq: u64,
    /// When that event was taken down.
    pub at: Time,
    /// Whose ledger.
    pub host: String,
    /// That event's hash, hexadecimal.
    pub hash: String,
    /// The public key, hexadecimal.
    pub key: String,
    /// The Ed25519 signature, hexadecimal, over [`Checkpoint::message`].
    pub signature: String,
}

impl Checkpoint {
    /// States that the chain stands at `hash`.
    pub(crate) fn sign(by: &SigningKey, number: u64, seq: u64, at: Time, host: &str, hash: &Hash) -> Checkpoint {
        let mut checkpoint = Checkpoint {
            number,
            seq,
            at,
            host: host.to_owned(),
            hash: hash.to_hex().to_string(),
            key: key::hex(by.verifying_key().as_bytes()),
            signature: String::new(),
        };
        checkpoint.signature = key::hex(&key::sign(by, &checkpoint.message()));
        checkpoint
    }

    /// What is signed: the words `muster checkpoint 1`, then number, seq and at (8 bytes each, little-endian), then host
    /// and hash, each after its length (4 bytes, little-endian).
    pub fn message(&self) -> Vec<u8> {
        let mut message = b"muster checkpoint 1".to_vec();
        message.extend_from_slice(&self.number.to_le_bytes());
        message.extend_from_slice(&self.seq.to_le_bytes());
        message.extend_from_slice(&self.at.0.to_le_bytes());
        put_text(&mut message, &self.host);
        put_text(&mut message, &self.hash);
        message
    }

    /// Whether it was signed with the key whose public half is `public`.
    pub fn is_by(&self, public: &[u8]) -> bool {
        key::unhex(&self.signature).is_some_and(|signature| key::holds(public, &self.message(), &signature))
    }
}

/// Appends checkpoints to the file elsewhere, and has them on disk.
pub(crate) fn append(path: &Path, checkpoints: &[Checkpoint]) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o644).open(path)?;
    let mut lines = Vec::new();
    if !ends_with_newline(&mut file)? {
        lines.push(b'\n'); // A crash tore the last line: it stays as it is, and the next begins on its own.
    }
    for checkpoint in checkpoints {
        serde_json::to_writer(&mut lines, checkpoint)?;
        lines.push(b'\n');
    }
    file.write_all(&lines)?;
    file.sync_all()
}

fn ends_with_newline(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// The checkpoints in a file, in order; a line that is not one is `None`. A torn line is one that a whole line of the
/// same number follows, or nothing; the verifier is content with those, since their content is stated again.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Option<Checkpoint>>> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut found = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(found);
        }
        if !line.trim_ascii().is_empty() {
            found.push(serde_json::from_slice(&line).ok());
        }
    }
}

/// At most `max` checkpoints of the ledger after number `after`, in order.
pub(crate) fn load(db: &Connection, after: u64, max: u32) -> rusqlite::Result<Vec<Checkpoint>> {
    db.prepare_cached("SELECT number, seq, at, host, hash, key, signature FROM checkpoint WHERE number > ? ORDER BY number LIMIT ?")?
        .query_map(params![after.cast_signed(), max], |row| {
            Ok(Checkpoint {
                number: number_of(row, 0)?,
                seq: number_of(row, 1)?,
                at: Time(row.get(2)?),
                host: row.get(3)?,
                hash: hash_of(row, 4)?.to_hex().to_string(),
                key: key::hex(row.get_ref(5)?.as_blob()?),
                signature: key::hex(row.get_ref(6)?.as_blob()?),
            })
        })?
        .collect()
}

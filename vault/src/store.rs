//! The SQLite file `DATA/vault.db`: contents by version, and for each path what it was and when.
//!
//! Format 1; a newer one is refused by its number.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use muster_model::actor::Actor;
use muster_model::id::VersionId;
use muster_model::time::Time;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::error::Error;
use crate::look::{CONTENT_BYTES_MAX, Meta};

/// The format written, and the newest read.
const FORMAT: i64 = 1;
/// How long to wait for another process that has the file.
const BUSY_MAX: Duration = Duration::from_secs(2);
/// zstd's level: configuration is small, and its own default is fast.
const LEVEL: i32 = zstd::DEFAULT_COMPRESSION_LEVEL;
/// At most so many of the newest states of a path are listed.
const STATES_MAX: u32 = 10_000;

/// A state without a version and without a mode is an absence; without a version and with a mode it was too large.
const SCHEMA: &str = "
    CREATE TABLE content (version TEXT PRIMARY KEY, bytes INTEGER NOT NULL, zstd BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE state (
        id INTEGER PRIMARY KEY, path BLOB NOT NULL, at INTEGER NOT NULL, actor TEXT,
        version TEXT REFERENCES content, bytes INTEGER, mode INTEGER, uid INTEGER, gid INTEGER
    ) STRICT;
    CREATE INDEX state_path ON state (path);
";

/// The vault of this host. A handle: clones share one.
#[derive(Clone, Debug)]
pub struct Vault(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Mutex<Connection>,
    path: PathBuf,
}

/// A version of a file, as it once was in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionInfo {
    /// The content.
    pub version: VersionId,
    /// When it was first seen to be so.
    pub at: Time,
    /// Who made it so; `None` where that is not known.
    pub actor: Option<Actor>,
    /// The permission bits.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The size of the content.
    pub bytes: u64,
}

/// What a path was when it was last looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// There was no file.
    Absent,
    /// A file too large to be kept.
    TooLarge(Meta),
    /// A file.
    File(VersionId, Meta),
}

impl Vault {
    /// Opens the vault in `dir`; makes it where there is none.
    pub fn open(dir: &Path) -> Result<Vault, Error> {
        let path = dir.join("vault.db");
        let make = |source| Error::Make { path: path.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(make)?;
        // SQLite would make the file with the process's umask: configuration has secrets in it.
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(make)?;
        let (db, found) = open(&path).map_err(|source| Error::Database { doing: "open", path: path.clone(), source })?;
        if found != FORMAT {
            return Err(Error::Newer { path, found, known: FORMAT });
        }
        Ok(Vault(Arc::new(Inner { db: Mutex::new(db), path })))
    }

    /// The content of a version; `None`: it was never kept. A damaged one is an error, never a wrong content.
    pub fn content(&self, version: &VersionId) -> Result<Option<Vec<u8>>, Error> {
        let kept: Option<Vec<u8>> = self.read(|db| {
            db.prepare_cached("SELECT zstd FROM content WHERE version = ?")?.query_row([version.as_str()], |row| row.get(0)).optional()
        })?;
        let Some(kept) = kept else {
            return Ok(None);
        };
        let limit = usize::try_from(CONTENT_BYTES_MAX).unwrap_or(usize::MAX);
        match zstd::bulk::decompress(&kept, limit) {
            Ok(content) if version_of(&content) == *version => Ok(Some(content)),
            _ => Err(Error::Damaged { path: self.0.path.clone(), version: version.to_string() }),
        }
    }

    /// The versions that were at `path`, newest first; one that came back stands there again.
    pub fn versions(&self, path: &Path) -> Result<Vec<VersionInfo>, Error> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT version, at, actor, mode, uid, gid, bytes FROM state
                 WHERE path = ? AND version IS NOT NULL ORDER BY id DESC LIMIT ?",
            )?
            .query_map(params![path.as_os_str().as_bytes(), STATES_MAX], version_info)?
            .collect()
        })
    }

    /// The one version of `path` that begins with `prefix`.
    pub fn resolve(&self, path: &Path, prefix: &str) -> Result<VersionId, Error> {
        let mut fits: Vec<VersionId> = self.versions(path)?.into_iter().map(|info| info.version).collect();
        fits.retain(|version| !prefix.is_empty() && version.as_str().starts_with(prefix));
        fits.sort();
        fits.dedup();
        match fits.as_slice() {
            [version] => Ok(version.clone()),
            [] => Err(Error::UnknownVersion { path: path.to_owned(), version: prefix.to_owned() }),
            several => Err(Error::Ambiguous { path: path.to_owned(), prefix: prefix.to_owned(), count: several.len() }),
        }
    }

    /// What `path` was when it was last looked at; `None`: it never was.
    pub(crate) fn known(&self, path: &Path) -> Result<Option<Known>, Error> {
        self.read(|db| {
            db.prepare_cached("SELECT version, mode, uid, gid FROM state WHERE path = ? ORDER BY id DESC LIMIT 1")?
                .query_row([path.as_os_str().as_bytes()], |row| {
                    let version: Option<String> = row.get(0)?;
                    let meta = match row.get(1)? {
                        Some(mode) => Some(Meta { mode, uid: row.get(2)?, gid: row.get(3)? }),
                        None => None,
                    };
                    Ok(match (version, meta) {
                        (Some(version), Some(meta)) => Known::File(VersionId::from(version), meta),
                        (None, Some(meta)) => Known::TooLarge(meta),
                        (_, None) => Known::Absent,
                    })
                })
                .optional()
        })
    }

    /// Mode and owner that `path` had when it last had this version.
    pub(crate) fn meta_of(&self, path: &Path, version: &VersionId) -> Result<Option<Meta>, Error> {
        self.read(|db| {
            db.prepare_cached("SELECT mode, uid, gid FROM state WHERE path = ? AND version = ? ORDER BY id DESC LIMIT 1")?
                .query_row(params![path.as_os_str().as_bytes(), version.as_str()], |row| {
                    Ok(Meta { mode: row.get(0)?, uid: row.get(1)?, gid: row.get(2)? })
                })
                .optional()
        })
    }

    /// Keeps that `path` is so from now on; a content that is not kept yet is.
    pub(crate) fn keep(&self, path: &Path, at: Time, actor: Option<&Actor>, state: &Known, content: &[u8]) -> Result<(), Error> {
        let actor = actor.and_then(|actor| serde_json::to_string(actor).ok());
        let bytes = i64::try_from(content.len()).unwrap_or(i64::MAX);
        self.write(|tx| {
            let (version, meta) = match state {
                Known::Absent => (None, None),
                Known::TooLarge(meta) => (None, Some(meta)),
                Known::File(version, meta) => (Some(version.as_str()), Some(meta)),
            };
            if let Some(version) = version {
                let there = tx.prepare_cached("SELECT 1 FROM content WHERE version = ?")?.exists([version])?;
                if !there {
                    let packed = zstd::bulk::compress(content, LEVEL).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
                    tx.prepare_cached("INSERT INTO content VALUES (?, ?, ?)")?.execute(params![version, bytes, packed])?;
                }
            }
            tx.prepare_cached("INSERT INTO state (path, at, actor, version, bytes, mode, uid, gid) VALUES (?,?,?,?,?,?,?,?)")?
                .execute(params![
                    path.as_os_str().as_bytes(),
                    at.0,
                    actor,
                    version,
                    version.map(|_| bytes),
                    meta.map(|m| m.mode),
                    meta.map(|m| m.uid),
                    meta.map(|m| m.gid)
                ])
                .map(drop)
        })
    }

    /// Has all that was kept on disk. Ordinary states are safe from a crash of Muster without it, and from a power cut
    /// with it: what is about to be overwritten must be.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        // A checkpoint syncs the log, copies it into the file, and syncs that; where nothing is new it does nothing.
        let busy: rusqlite::Result<bool> = self.db().query_row("PRAGMA wal_checkpoint(FULL)", [], |row| row.get(0));
        let synced = busy.and_then(|busy| {
            let locked = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
            if busy { Err(rusqlite::Error::SqliteFailure(locked, None)) } else { Ok(()) }
        });
        synced.map_err(|source| Error::Database { doing: "sync", path: self.0.path.clone(), source })
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        self.0.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        read(&self.db()).map_err(|source| Error::Database { doing: "read", path: self.0.path.clone(), source })
    }

    fn write(&self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>) -> Result<(), Error> {
        let mut db = self.db();
        let transact = || {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            write(&tx)?;
            tx.commit()
        };
        transact().map_err(|source| Error::Database { doing: "write", path: self.0.path.clone(), source })
    }
}

/// The name of a content.
pub(crate) fn version_of(content: &[u8]) -> VersionId {
    VersionId::from(blake3::hash(content).to_hex().as_str())
}

fn open(path: &Path) -> rusqlite::Result<(Connection, i64)> {
    let mut db = Connection::open(path)?;
    db.busy_timeout(BUSY_MAX)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "trusted_schema", false)?;
    let format = |db: &Connection| db.pragma_query_value(None, "user_version", |row| row.get(0));
    if format(&db)? == 0 {
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(SCHEMA)?;
        tx.pragma_update(None, "user_version", FORMAT)?;
        tx.commit()?;
    }
    let found = format(&db)?;
    Ok((db, found))
}

fn version_info(row: &Row<'_>) -> rusqlite::Result<VersionInfo> {
    let actor: Option<String> = row.get(2)?;
    Ok(VersionInfo {
        version: VersionId::from(row.get::<_, String>(0)?),
        at: Time(row.get(1)?),
        actor: actor.and_then(|actor| serde_json::from_str(&actor).ok()),
        mode: row.get(3)?,
        uid: row.get(4)?,
        gid: row.get(5)?,
        bytes: row.get::<_, i64>(6)?.cast_unsigned(),
    })
}

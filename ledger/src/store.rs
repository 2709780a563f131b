//! The SQLite file: its schema, how it is opened, and rows in and out.
//!
//! Format 1. A stored format: an older one must load for ever (`tests/formats/`); a newer one is refused by its number.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use blake3::Hash;
use muster_model::id::{BootId, HostName};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::chain::Entry;
use crate::error::Error;

/// The format written, and the newest read.
const FORMAT: i64 = 1;
/// `Must` in ASCII: file(1) and SQLite's own `application_id` tell the file from others.
const APPLICATION: i64 = 0x4d75_7374;
/// How long a reader waits while the file is being recovered or closed by another process.
const BUSY_MAX: Duration = Duration::from_secs(2);
/// SQLite's page cache, in KiB.
const CACHE_KIB: i64 = 4096;

/// `origin` holds boot and host once, not with each event. The index by time serves `events --since`.
/// `meta`: `public_key`; `indexed`: events up to here are in `words`; `filed`: checkpoints up to here are in the file.
const SCHEMA: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE origin (id INTEGER PRIMARY KEY, boot TEXT NOT NULL, host TEXT NOT NULL, UNIQUE (boot, host)) STRICT;
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, mono INTEGER NOT NULL, origin INTEGER NOT NULL,
        kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL
    ) STRICT;
    CREATE INDEX event_at ON event (at);
    CREATE INDEX event_kind ON event (kind);
    CREATE INDEX event_subject ON event (subject) WHERE subject <> '';
    CREATE TABLE checkpoint (
        number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL,
        host TEXT NOT NULL, hash BLOB NOT NULL, key BLOB NOT NULL, signature BLOB NOT NULL
    ) STRICT;
    CREATE TABLE gap (
        first INTEGER PRIMARY KEY, last INTEGER NOT NULL, count INTEGER NOT NULL, first_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL, hash BLOB NOT NULL, why TEXT NOT NULL, signature BLOB NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE words USING fts5 (text, content = '', contentless_delete = 1);
    INSERT INTO meta VALUES ('indexed', 0), ('filed', 0);
";

/// The ledger's file in a data directory.
pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join("ledger.db")
}

/// Opens the ledger for its one writer; makes it where there is none.
pub(crate) fn open(dir: &Path) -> Result<Connection, Error> {
    let path = path(dir);
    // SQLite would make the file with the process's umask, and gives -wal and -shm the mode of this one.
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(|source| Error::File {
        doing: "write",
        path: path.clone(),
        source,
    })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<(Connection, i64)> {
        let mut db = Connection::open_with_flags(&path, flags)?;
        db.busy_timeout(BUSY_MAX)?;
        harden(&db)?;
        // Before the first table: with it, what retention frees can be given back to the disk.
        db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "NORMAL")?; // the writer syncs
        // The writer itself chooses when the log goes into the file: not in the middle of a burst.
        db.pragma_update(None, "wal_autocheckpoint", 0)?;
        let format = match format(&db)? {
            0 => {
                create(&mut db)?;
                FORMAT
            }
            other => other,
        };
        Ok((db, format))
    };
    let (db, found) = open().map_err(|source| Error::Database { doing: "open", path: path.clone(), source })?;
    if found == FORMAT { Ok(db) } else { Err(Error::Newer { path, found, known: FORMAT }) }
}

fn create(db: &mut Connection) -> rusqlite::Result<()> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(SCHEMA)?;
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", FORMAT)?;
    tx.commit()
}

/// SQLite's log beside the file, which is there once something was written.
pub(crate) fn open_log(dir: &Path) -> Result<File, Error> {
    let path = dir.join("ledger.db-wal");
    File::open(&path).map_err(|source| Error::File { doing: "open", path, source })
}

/// Opens the ledger for reading; another process may be writing it.
pub(crate) fn open_to_read(dir: &Path) -> Result<Connection, Error> {
    let path = path(dir);
    if !path.exists() {
        return Err(Error::Absent { dir: dir.to_owned() });
    }
    let failed = |source| Error::Database { doing: "read", path: path.clone(), source };
    let (db, found) = match read_only(&path) {
        Ok(opened) => opened,
        // Without leave to write in the directory, the log beside the file cannot be joined. Where there is no log
        // (Muster has ended), the file alone is the whole ledger, and SQLite reads it when told that nobody writes.
        Err(_) if !dir.join("ledger.db-wal").exists() => read_only(&immutable(&path)).map_err(failed)?,
        Err(source) => return Err(failed(source)),
    };
    if found == FORMAT { Ok(db) } else { Err(Error::Newer { path, found, known: FORMAT }) }
}

fn read_only(path: &Path) -> rusqlite::Result<(Connection, i64)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_MAX)?;
    harden(&db)?;
    let format = format(&db)?;
    Ok((db, format))
}

/// The file as a URI that says that it does not change (<https://sqlite.org/uri.html>).
fn immutable(path: &Path) -> PathBuf {
    let escaped: String = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    PathBuf::from(format!("file:{escaped}?immutable=1"))
}

/// A file that was tampered with must not do anything but be read: no functions from its schema, and every cell's size
/// is checked before it is believed (<https://sqlite.org/security.html>).
fn harden(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.pragma_update(None, "temp_store", "MEMORY")
}

fn format(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// A number in `meta`.
pub(crate) fn number(db: &Connection, name: &str) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT value FROM meta WHERE name = ?")?.query_row([name], |row| number_of(row, 0))
}

/// Sets a number in `meta`.
pub(crate) fn set_number(db: &Connection, name: &str, value: u64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE meta SET value = ?2 WHERE name = ?1")?.execute(params![name, value.cast_signed()]).map(drop)
}

/// The public key with which the ledger is signed; `None` before the first opening was complete.
pub(crate) fn public_key(db: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    db.query_row("SELECT value FROM meta WHERE name = 'public_key'", [], |row| row.get(0)).optional()
}

/// Sets it: once.
pub(crate) fn set_public_key(db: &Connection, key: &[u8]) -> rusqlite::Result<()> {
    db.execute("INSERT INTO meta VALUES ('public_key', ?)", [key]).map(drop)
}

/// The id of this boot of this host.
pub(crate) fn origin(db: &Connection, boot: &BootId, host: &HostName) -> rusqlite::Result<i64> {
    db.execute("INSERT OR IGNORE INTO origin (boot, host) VALUES (?, ?)", [boot.as_str(), host.as_str()])?;
    db.query_row("SELECT id FROM origin WHERE boot = ? AND host = ?", [boot.as_str(), host.as_str()], |row| row.get(0))
}

/// All boots and hosts by their id.
pub(crate) type Origins = BTreeMap<i64, (BootId, HostName)>;

/// Reads all origins: one for each boot that the record spans.
pub(crate) fn origins(db: &Connection) -> rusqlite::Result<Origins> {
    db.prepare_cached("SELECT id, boot, host FROM origin")?
        .query_map([], |row| {
            let (boot, host): (String, String) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, (BootId::from(boot), HostName::from(host))))
        })?
        .collect()
}

/// Adds an event.
pub(crate) fn insert(tx: &Transaction<'_>, origin: i64, entry: &Entry<'_>, hash: &Hash) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO event (seq, at, mono, origin, kind, subject, body, hash) VALUES (?,?,?,?,?,?,?,?)")?
        .execute(params![
            entry.seq.cast_signed(),
            entry.at,
            entry.mono.cast_signed(),
            origin,
            entry.kind,
            entry.subject,
            entry.body,
            hash.as_bytes()
        ])
        .map(drop)
}

/// Where the chain stands: the last place that was given, the hash from which it goes on, and the last event's time.
pub(crate) fn head(db: &Connection) -> rusqlite::Result<Option<(u64, Hash, i64)>> {
    let event = db
        .query_row("SELECT seq, hash, at FROM event ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((number_of(row, 0)?, hash_of(row, 1)?, row.get(2)?))
        })
        .optional()?;
    let gap = db
        .query_row("SELECT last, hash, last_at FROM gap ORDER BY first DESC LIMIT 1", [], |row| {
            Ok((number_of(row, 0)?, hash_of(row, 1)?, row.get(2)?))
        })
        .optional()?;
    Ok(event.into_iter().chain(gap).max_by_key(|(seq, ..)| *seq))
}

/// How many events are missing from 1 to the last one, by signed gaps.
pub(crate) fn missing(db: &Connection) -> rusqlite::Result<u64> {
    db.query_row("SELECT coalesce(sum(last - first + 1), 0) FROM gap", [], |row| number_of(row, 0))
}

/// A number that is never negative, out of SQLite's signed ones.
pub(crate) fn number_of(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// A hash.
pub(crate) fn hash_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    let blob = row.get_ref(column)?.as_blob()?;
    Hash::from_slice(blob)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(FromSqlError::Other(Box::new(e)))))
}

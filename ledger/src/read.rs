//! Reading: one event, a choice of them, all of them. Each reading sees only what is committed.

use std::collections::VecDeque;
use std::io::Write;
use std::path::{Path, PathBuf};

use muster_model::event::Event;
use muster_model::id::Seq;
use muster_model::request::{EventQuery, Record};
use muster_model::time::{Mono, Time};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::search;
use crate::store::{self, Origins, hash_of, number_of};

/// A query without a limit gives so many.
const QUERY_EVENTS: u32 = 1_000;
/// No query gives more.
const QUERY_EVENTS_MAX: u32 = 100_000;
/// How many kinds a query may name with its beginning; SQLite joins no more parts (its limit is 500). There are 36.
const KINDS_MAX: u32 = 100;
/// How many events are read at a time: between two pages no reader holds the log.
const PAGE_EVENTS: u32 = 2_048;

const COLUMNS: &str = "seq, at, mono, origin, kind, subject, body, hash";

/// An event.
pub(crate) fn get(db: &Connection, dir: &Path, seq: u64) -> Result<Option<Record>, Error> {
    let found = || -> rusqlite::Result<Option<(Raw, Origins)>> {
        let raw =
            db.prepare_cached(&format!("SELECT {COLUMNS} FROM event WHERE seq = ?"))?.query_row([seq.cast_signed()], Raw::of).optional()?;
        raw.map(|raw| Ok((raw, store::origins(db)?))).transpose()
    };
    let found = found().map_err(failed(dir))?;
    found.map(|(raw, origins)| raw.record(&origins).map_err(|why| unreadable(dir, seq, why))).transpose()
}

/// The newest events that fit, oldest first; with `after`, the oldest that fit.
pub(crate) fn query(db: &Connection, dir: &Path, query: &EventQuery) -> Result<Vec<Record>, Error> {
    let found = || -> rusqlite::Result<(Vec<Raw>, Origins)> {
        let (sql, values) = sql(db, query)?;
        let mut statement = db.prepare_cached(&sql)?;
        let found = statement.query_map(params_from_iter(values), Raw::of)?.collect::<rusqlite::Result<Vec<Raw>>>()?;
        Ok((found, store::origins(db)?))
    };
    let (found, origins) = found().map_err(failed(dir))?;
    let mut found = found;
    if query.after.is_none() {
        found.reverse();
    }
    found
        .into_iter()
        .map(|raw| {
            let seq = raw.seq;
            raw.record(&origins).map_err(|why| unreadable(dir, seq, why))
        })
        .collect()
}

/// Times are in no strict order (clocks are set), places are: so `since` becomes the first place that is not before it,
/// by the index over times, and all goes on backwards from the newest place. The `+` keeps SQLite from choosing the
/// index over times for the order too. Of several kinds each is read backwards in the index over kinds, so that only
/// the newest of each are touched.
fn sql(db: &Connection, query: &EventQuery) -> rusqlite::Result<(String, Vec<Sql>)> {
    let mut fits = String::from("true");
    let mut values = Vec::new();
    if let Some(since) = query.since {
        let first: Option<i64> = db.prepare_cached("SELECT min(seq) FROM event WHERE at >= ?")?.query_row([since.0], |row| row.get(0))?;
        fits += " AND seq >= ? AND +at >= ?";
        values.extend([Sql::Integer(first.unwrap_or(i64::MAX)), Sql::Integer(since.0)]);
    }
    for (fit, place) in [(" AND seq > ?", query.after), (" AND seq < ?", query.before)] {
        if let Some(place) = place {
            fits += fit;
            values.push(Sql::Integer(i64::try_from(place).unwrap_or(i64::MAX)));
        }
    }
    if let Some(subject) = &query.subject {
        fits += " AND subject = ? AND subject <> ''"; // The second half is what the index over subjects is made for.
        values.push(Sql::Text(subject.clone()));
    }
    if let Some(words) = query.words.as_deref().and_then(search::expression) {
        fits += " AND seq IN (SELECT rowid FROM words WHERE words MATCH ?)";
        values.push(Sql::Text(words));
    }
    let limit = query.limit.unwrap_or(QUERY_EVENTS).min(QUERY_EVENTS_MAX);
    let order = if query.after.is_some() { "ASC" } else { "DESC" };
    let Some(kind) = &query.kind else {
        return Ok((format!("SELECT {COLUMNS} FROM event WHERE {fits} ORDER BY seq {order} LIMIT {limit}"), values));
    };
    let mut of_kinds = vec![format!("SELECT {COLUMNS} FROM event WHERE false")];
    let mut all_values = Vec::new();
    for kind in kinds(db, kind)? {
        of_kinds.push(format!("SELECT * FROM (SELECT {COLUMNS} FROM event WHERE {fits} AND kind = ? ORDER BY seq {order} LIMIT {limit})"));
        all_values.extend(values.iter().cloned().chain([Sql::Text(kind)]));
    }
    Ok((format!("{} ORDER BY seq {order} LIMIT {limit}", of_kinds.join(" UNION ALL ")), all_values))
}

/// The kinds in the ledger that are `kind` or begin with it and a dot; a step in the index for each kind there is.
fn kinds(db: &Connection, kind: &str) -> rusqlite::Result<Vec<String>> {
    let mut all = db.prepare_cached(&format!(
        "WITH RECURSIVE k (kind) AS (
            SELECT min(kind) FROM event
            UNION ALL SELECT (SELECT min(kind) FROM event WHERE kind > k.kind) FROM k WHERE k.kind IS NOT NULL
        ) SELECT kind FROM k WHERE kind IS NOT NULL LIMIT {KINDS_MAX}"
    ))?;
    let all = all.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    Ok(all.into_iter().filter(|k| k.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))).collect())
}

/// Events in order, read a page at a time: see [`crate::Ledger::replay`].
#[derive(Debug)]
pub struct Replay {
    pages: Pages,
}

impl Replay {
    pub(crate) fn open(dir: &Path, from: u64) -> Result<Replay, Error> {
        Ok(Replay { pages: Pages::open(dir, from)? })
    }
}

impl Iterator for Replay {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let raw = match self.pages.next()? {
            Ok(raw) => raw,
            Err(e) => return Some(Err(e)),
        };
        let seq = raw.seq;
        Some(raw.event(&self.pages.origins).map_err(|why| unreadable(&self.pages.dir, seq, why)))
    }
}

/// Writes all events in the ledger of `dir` as JSON lines, each a [`Record`] with its body exactly as it was hashed. No
/// agent need run. How many were written.
pub fn export_file(dir: &Path, to: &mut dyn Write) -> Result<u64, Error> {
    let mut to = std::io::BufWriter::new(to);
    let mut pages = Pages::open(dir, 0)?;
    let mut n = 0;
    while let Some(raw) = pages.next() {
        let raw = raw?;
        let seq = raw.seq;
        let line = raw.line(&pages.origins).map_err(|why| unreadable(dir, seq, why))?;
        serde_json::to_writer(&mut to, &line).map_err(|e| Error::Export { source: e.into() })?;
        to.write_all(b"\n").map_err(|source| Error::Export { source })?;
        n += 1;
    }
    to.flush().map_err(|source| Error::Export { source })?;
    Ok(n)
}

/// Stored events in order.
#[derive(Debug)]
struct Pages {
    db: Connection,
    dir: PathBuf,
    origins: Origins,
    /// `None`: the end was reached, or an error.
    from: Option<u64>,
    page: VecDeque<Raw>,
}

impl Pages {
    fn open(dir: &Path, from: u64) -> Result<Pages, Error> {
        Ok(Pages {
            db: store::open_to_read(dir)?,
            dir: dir.to_owned(),
            origins: Origins::new(),
            from: Some(from.min(i64::MAX.cast_unsigned())),
            page: VecDeque::new(),
        })
    }

    fn next(&mut self) -> Option<Result<Raw, Error>> {
        if self.page.is_empty()
            && let Some(from) = self.from.take()
        {
            if let Err(e) = self.read(from) {
                return Some(Err(failed(&self.dir)(e)));
            }
            self.from = self.page.back().and_then(|last| last.seq.checked_add(1));
        }
        self.page.pop_front().map(Ok)
    }

    fn read(&mut self, from: u64) -> rusqlite::Result<()> {
        self.page = self
            .db
            .prepare_cached(&format!("SELECT {COLUMNS} FROM event WHERE seq >= ? ORDER BY seq LIMIT ?"))?
            .query_map((from.cast_signed(), PAGE_EVENTS), Raw::of)?
            .collect::<rusqlite::Result<_>>()?;
        if self.page.iter().any(|raw| !self.origins.contains_key(&raw.origin)) {
            self.origins = store::origins(&self.db)?;
        }
        Ok(())
    }
}

/// A row of `event`.
#[derive(Debug)]
struct Raw {
    seq: u64,
    at: Time,
    mono: u64,
    origin: i64,
    kind: String,
    subject: String,
    body: String,
    hash: blake3::Hash,
}

/// A line of an export: the fields of [`Record`], with the body as it stands.
#[derive(Serialize)]
struct Line<'a> {
    seq: u64,
    at: Time,
    mono: u64,
    boot: &'a str,
    host: &'a str,
    kind: String,
    subject: String,
    body: Box<RawValue>,
    hash: String,
}

impl Raw {
    fn of(row: &Row<'_>) -> rusqlite::Result<Raw> {
        Ok(Raw {
            seq: number_of(row, 0)?,
            at: Time(row.get(1)?),
            mono: number_of(row, 2)?,
            origin: row.get(3)?,
            kind: row.get(4)?,
            subject: row.get(5)?,
            body: row.get(6)?,
            hash: hash_of(row, 7)?,
        })
    }

    fn event(self, origins: &Origins) -> Result<Event, String> {
        let (boot, host) = origins.get(&self.origin).cloned().ok_or(NO_ORIGIN)?;
        let body = serde_json::from_str(&self.body).map_err(|e| e.to_string())?;
        Ok(Event { seq: Seq(self.seq), at: self.at, mono: Mono(self.mono), boot, host, body })
    }

    fn record(self, origins: &Origins) -> Result<Record, String> {
        let (boot, host) = origins.get(&self.origin).ok_or(NO_ORIGIN)?;
        Ok(Record {
            seq: self.seq,
            at: self.at,
            mono: self.mono,
            boot: boot.to_string(),
            host: host.to_string(),
            kind: self.kind,
            subject: self.subject,
            body: serde_json::from_str(&self.body).map_err(|e| e.to_string())?,
            hash: self.hash.to_hex().to_string(),
        })
    }

    fn line(self, origins: &Origins) -> Result<Line<'_>, String> {
        let (boot, host) = origins.get(&self.origin).ok_or(NO_ORIGIN)?;
        Ok(Line {
            seq: self.seq,
            at: self.at,
            mono: self.mono,
            boot: boot.as_str(),
            host: host.as_str(),
            kind: self.kind,
            subject: self.subject,
            body: RawValue::from_string(self.body).map_err(|e| e.to_string())?,
            hash: self.hash.to_hex().to_string(),
        })
    }
}

const NO_ORIGIN: &str = "its boot and host are not there";

fn failed(dir: &Path) -> impl Fn(rusqlite::Error) -> Error {
    let path = store::path(dir);
    move |source| Error::Database { doing: "read", path: path.clone(), source }
}

fn unreadable(dir: &Path, seq: u64, why: String) -> Error {
    Error::Event { path: store::path(dir), seq, why }
}

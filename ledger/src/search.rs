//! Full-text search over what events say: their kind, their subject and every text in the body.
//!
//! The index is filled by the writer in pauses, and caught up before a search, so that an append does not pay for it.

use rusqlite::TransactionBehavior;
use serde_json::Value;

use crate::house::LOG_BYTES_A_COMMIT;
use crate::store::{self, number_of};
use crate::writer::Writer;

/// How many events are indexed at a time in a pause: about a millisecond of work.
const SOME: u32 = 64;
/// How many at a time when somebody waits for it.
const MANY: u32 = 2_048;
/// At most so many bytes of an event's texts are indexed; a roster of thousands of services has more.
const TEXT_BYTES_MAX: usize = 16 << 10;

impl Writer {
    /// Indexes a few events.
    pub(crate) fn index_some(&mut self) -> rusqlite::Result<()> {
        self.index(SOME).map(drop)
    }

    /// Indexes all that is committed.
    pub(crate) fn index_all(&mut self) -> rusqlite::Result<()> {
        while self.house.indexed < self.head.seq {
            self.index(MANY)?;
        }
        Ok(())
    }

    fn index(&mut self, events_max: u32) -> rusqlite::Result<()> {
        let mut upto = self.head.seq; // Where no event is left, only a gap is.
        let mut text = String::new();
        let (mut found, mut bytes) = (0, 0);
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut events = tx.prepare_cached("SELECT seq, kind, subject, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?")?;
            let mut add = tx.prepare_cached("INSERT INTO words (rowid, text) VALUES (?, ?)")?;
            let mut rows = events.query((self.house.indexed.cast_signed(), events_max))?;
            while let Some(row) = rows.next()? {
                let seq = number_of(row, 0)?;
                text.clear();
                for column in [1, 2] {
                    put(&mut text, row.get_ref(column)?.as_str()?);
                }
                if let Ok(body) = serde_json::from_str(row.get_ref(3)?.as_str()?) {
                    put_texts(&mut text, &body);
                }
                add.execute((seq.cast_signed(), &text))?;
                found += 1;
                bytes += text.len() as u64;
                if found == events_max {
                    upto = seq;
                }
            }
        }
        store::set_number(&tx, "indexed", upto)?;
        tx.commit()?;
        self.house.indexed = upto;
        self.house.logged(bytes + LOG_BYTES_A_COMMIT);
        Ok(())
    }
}

fn put(all: &mut String, text: &str) {
    if all.len() + text.len() < TEXT_BYTES_MAX {
        all.push_str(text);
        all.push('\n');
    }
}

fn put_texts(all: &mut String, value: &Value) {
    match value {
        Value::String(text) => put(all, text),
        Value::Array(values) => values.iter().for_each(|value| put_texts(all, value)),
        Value::Object(fields) => fields.values().for_each(|value| put_texts(all, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What was typed, in the index's own language: every word must be there, or be the beginning of one that is. Quoted,
/// so that nothing typed is an operator of FTS5. `None` where there is no word in it.
pub(crate) fn expression(typed: &str) -> Option<String> {
    let words: Vec<String> = typed
        .split(|c: char| c.is_whitespace() || c == '\0')
        .filter(|word| word.contains(char::is_alphanumeric))
        .map(|word| format!("\"{}\"*", word.replace('"', "\"\"")))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_an_operator() {
        assert_eq!(expression("nginx OR \"x").as_deref(), Some(r#""nginx"* "OR"* """x"*"#));
        assert_eq!(expression(" * ( \0 "), None);
    }
}

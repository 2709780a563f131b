//! Text into what was typed (such as `RawConfig`). TOML's reader tells all mistakes of spelling; serde stops at the first key or value that
//! does not fit, so that one is told, struck out, and the rest is read again.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::error::{Faults, Source, nearest};
use super::{ERRORS_MAX, FILE_BYTES_MAX};

/// A file as far as it could be read.
pub struct Reading<T> {
    /// What was typed.
    pub raw: T,
    /// Nothing was struck out: what is missing here was never written.
    pub whole: bool,
}

/// `None` where nothing of the file is left; why is then among the faults.
pub fn read<T: DeserializeOwned>(source: &Source<'_>, faults: &mut Faults) -> Option<Reading<T>> {
    if source.text.len() > FILE_BYTES_MAX {
        let what = format!("the file has {} bytes; a configuration has at most {FILE_BYTES_MAX}", source.text.len());
        faults.add(source, 0, what, None);
        return None;
    }
    let (mut document, misspelt) = DeTable::parse_recoverable(source.text);
    // One mistake of spelling makes the reader stumble over the rest of the line: the first of each line is enough.
    let mut told = None;
    for error in &misspelt {
        let line = Some(source.line(start(error)));
        if line != told {
            faults.add(source, start(error), spelling(error.message()), None);
            told = line;
        }
    }
    if !misspelt.is_empty() {
        return None;
    }
    let mut whole = true;
    for _ in 0..ERRORS_MAX {
        let error = match T::deserialize(Deserializer::from(document.clone())) {
            Ok(raw) => return Some(Reading { raw, whole }),
            Err(error) => error,
        };
        whole = false;
        let (what, hint) = explain(error.message());
        faults.add(source, start(&error), what, hint);
        if !error.span().is_some_and(|at| strike(document.get_mut(), &at)) {
            break;
        }
    }
    None
}

fn start(error: &toml::de::Error) -> usize {
    error.span().map_or(0, |at| at.start)
}

/// Removes the innermost entry that has this place.
fn strike(table: &mut DeTable<'_>, at: &Range<usize>) -> bool {
    if table.iter_mut().any(|(_, value)| strike_within(value.get_mut(), at)) {
        return true;
    }
    let entry = table.iter().find(|(key, value)| covers(&key.span(), at) || covers(&value.span(), at));
    match entry.map(|(key, _)| key.clone()) {
        Some(key) => table.remove(&key).is_some(),
        None => false,
    }
}

fn strike_within(value: &mut DeValue<'_>, at: &Range<usize>) -> bool {
    match value {
        DeValue::Table(table) => strike(table, at),
        DeValue::Array(items) => items.iter_mut().any(|item: &mut Spanned<DeValue<'_>>| strike_within(item.get_mut(), at)),
        _ => false,
    }
}

/// An empty place is that of a whole file, which no entry covers.
fn covers(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end && !inner.is_empty()
}

/// TOML's message on one line.
fn spelling(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// serde's message in our words, with the nearest of the words it knows.
fn explain(message: &str) -> (String, Option<String>) {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (wrong, known) = (words.first().copied().unwrap_or_default(), words.get(1..).unwrap_or_default());
    let all = || Some(format!("Known: {}.", known.join(", "))).filter(|_| !known.is_empty());
    if message.starts_with("unknown field") {
        (format!("unknown key `{wrong}`"), nearest(wrong, known.iter().copied()).or_else(all))
    } else if message.starts_with("unknown variant") {
        (format!("unknown value `{wrong}`"), nearest(wrong, known.iter().copied()).or_else(all))
    } else if message.starts_with("invalid type: map, expected a sequence") {
        let hint = "Write `[[service]]` in double brackets, and brackets around the items of a list: `probe = [{ … }]`.";
        ("a list is expected here".to_owned(), Some(hint.to_owned()))
    } else {
        (spelling(message).trim_end_matches('.').replace("expected u32", "expected a whole number, 0 or more"), None)
    }
}

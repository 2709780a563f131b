//! Mistakes in a configuration file, each with its place and what to do about it.

use std::fmt;

use super::ERRORS_MAX;

/// A mistake in a configuration file. Shown as `FILE:LINE:COLUMN: what. hint`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub struct ConfigError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong, without a full stop.
    pub what: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}.", self.file, self.line, self.column, self.what)?;
        if let Some(hint) = &self.hint {
            write!(f, " {hint}")?;
        }
        Ok(())
    }
}

/// One file's text, and where its lines begin.
pub struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    /// The text of the file of this name.
    pub fn new(name: &'a str, text: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Source { name, text, lines }
    }

    /// The line of a byte offset, from 0.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// Line and column, both from 1, of a byte offset; an offset past the end is the end.
    pub(super) fn place(&self, offset: usize) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.line(offset);
        let start = self.lines.get(line).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        (number(line + 1), number(column + 1))
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The mistakes found so far.
#[derive(Default)]
pub struct Faults {
    found: Vec<ConfigError>,
}

impl Faults {
    /// Adds one at a byte offset of a file.
    pub fn add(&mut self, source: &Source<'_>, offset: usize, what: impl Into<String>, hint: Option<String>) {
        let (line, column) = source.place(offset);
        self.found.push(ConfigError { file: source.name.to_owned(), line, column, what: what.into(), hint });
    }

    /// The end of it: none, or all that were found, in the order of the files and lines.
    ///
    /// # Errors
    /// Those mistakes, at most [`ERRORS_MAX`].
    pub fn settle(mut self, sources: &[Source<'_>]) -> Result<(), Vec<ConfigError>> {
        if self.found.is_empty() {
            return Ok(());
        }
        let order = |file: &str| sources.iter().position(|s| s.name == file);
        self.found.sort_by_cached_key(|e| (order(&e.file), e.line, e.column, e.what.clone()));
        let more = self.found.len().saturating_sub(ERRORS_MAX);
        self.found.truncate(ERRORS_MAX);
        if let (true, Some(last)) = (more > 0, self.found.last_mut()) {
            last.hint = Some(format!("{}{more} more mistakes are not shown.", last.hint.take().map(|h| h + " ").unwrap_or_default()));
        }
        Err(self.found)
    }
}

/// `Did you mean …?` with the nearest of the known words, where one is near.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    let far = word.chars().count().div_ceil(3).max(1);
    known
        .into_iter()
        .map(|k| (strsim::osa_distance(&word.to_lowercase(), k), k))
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| format!("Did you mean `{k}`?"))
}

//! What a service logged: from the journal of its unit by journalctl(1), or from a file of its own ([`tail`]).
//!
//! `journalctl` is run as a child for each question, so that neither the journal's format nor a damaged journal is
//! Muster's concern; it gets two seconds and its output is bounded.

mod child;
pub(crate) mod fuzz;
mod tail;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use muster_model::exam::LogLine;
use muster_model::observation::Rung;
use muster_model::time::{Length, Time};
use serde::Deserialize;
use serde_json::Value;

pub use self::tail::tail;

/// At most so many lines are given: the newest.
pub const LINES_MAX: usize = 50;
/// At most so much of a line is given.
pub const LINE_BYTES_MAX: usize = 2048;
/// How long journalctl may take.
const WITHIN: Length = Length::seconds(2);
/// The program.
const JOURNALCTL: &str = "journalctl";
/// The level where none is known: informational (syslog(3)).
const LEVEL: u8 = 6;

/// Why there are no log lines.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is no journalctl, or it could not be started.
    #[error("cannot run {program}: {source}; without it only log files of a service's own are read")]
    Run {
        /// The program.
        program: String,
        /// The error.
        source: io::Error,
    },
    /// It ended with an error and said nothing else.
    #[error("{program} failed ({status}): {said}; run Muster as root or in the group systemd-journal")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// What it said of it.
        said: String,
    },
    /// It was not done in time and had given no line.
    #[error("{program} was not done within {WITHIN}")]
    Late {
        /// The program.
        program: String,
    },
    /// A log file that cannot be read.
    #[error("cannot read the log {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
}

/// Where log lines come from here.
pub fn rung() -> Rung {
    let (source, rung, why) = match ask(Path::new(JOURNALCTL), &["--quiet".to_owned(), "--lines=0".to_owned()], WITHIN) {
        Ok(_) if has_journal(Path::new("/")) => ("journald", 1, None),
        Ok(_) => ("files", 2, Some("no journal in /run/log/journal or /var/log/journal".to_owned())),
        Err(error) => ("files", 2, Some(error.to_string())),
    };
    Rung { fact: "log".to_owned(), source: source.to_owned(), rung, why }
}

fn has_journal(root: &Path) -> bool {
    ["run/log/journal", "var/log/journal"].iter().any(|dir| root.join(dir).is_dir())
}

/// The newest lines of a unit from `since` on, oldest first, and what systemd itself said of it. Where `root` is not `/`,
/// from the journal below it. Takes two seconds at most, so not for the main loop; what came by then is given.
pub fn lines(unit: &str, since: Time, root: &Path) -> Result<Vec<LogLine>, JournalError> {
    lines_by(Path::new(JOURNALCTL), unit, since, root, WITHIN)
}

fn lines_by(program: &Path, unit: &str, since: Time, root: &Path, within: Length) -> Result<Vec<LogLine>, JournalError> {
    let micros = since.0.max(0) / 1000;
    let mut arguments = vec![
        format!("--unit={unit}"),
        format!("--since=@{}.{:06}", micros / 1_000_000, micros % 1_000_000),
        "--output=json".to_owned(),
        "--output-fields=MESSAGE,PRIORITY,_PID".to_owned(),
        // Without it, what is longer than 4 KiB is left out altogether.
        "--all".to_owned(),
        "--no-pager".to_owned(),
        "--quiet".to_owned(),
        // Newest first: where the output is cut off, the oldest are missing.
        "--reverse".to_owned(),
        format!("--lines={LINES_MAX}"),
    ];
    if root != Path::new("/") {
        arguments.push(format!("--root={}", root.display()));
    }
    let output = ask(program, &arguments, within)?;
    let mut lines: Vec<LogLine> = output.split(|byte| *byte == b'\n').filter_map(line).take(LINES_MAX).collect();
    lines.reverse();
    Ok(lines)
}

/// Runs journalctl and gives what it wrote. That it failed or was late is an error only where it wrote nothing.
fn ask(program: &Path, arguments: &[String], within: Length) -> Result<Vec<u8>, JournalError> {
    let name = program.display().to_string();
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C").env("SYSTEMD_COLORS", "0");
    let done = child::run(&mut command, within).map_err(|source| JournalError::Run { program: name.clone(), source })?;
    match done.status {
        _ if !done.output.is_empty() => Ok(done.output),
        Some(status) if status.success() => Ok(done.output),
        Some(status) => Err(JournalError::Failed { program: name, status: status.to_string(), said: done.said }),
        None => Err(JournalError::Late { program: name }),
    }
}

/// A journal entry as `journalctl --output=json` writes it (systemd.journal-fields(7)): numbers are strings, and what is
/// not UTF-8 is a list of bytes.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "MESSAGE", default)]
    message: Value,
    #[serde(rename = "PRIORITY", default)]
    priority: Value,
    #[serde(rename = "_PID", default)]
    pid: Value,
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    micros: String,
}

/// One line of output; `None` where it is not an entry with a message.
fn line(json: &[u8]) -> Option<LogLine> {
    let entry: Entry = serde_json::from_slice(json).ok()?;
    let number = |value: &Value| value.as_str()?.parse::<i32>().ok();
    Some(LogLine {
        at: Time(entry.micros.parse::<i64>().ok()?.checked_mul(1000)?),
        level: number(&entry.priority).and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= 7).unwrap_or(LEVEL),
        pid: number(&entry.pid).filter(|pid| *pid > 0),
        text: text(&bytes(&entry.message)?),
    })
}

/// A field's bytes. Of a field that an entry has more than once, the first.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        Value::Array(parts) if parts.iter().any(|part| !part.is_number()) => match parts.first()? {
            Value::Array(inner) if inner.iter().any(Value::is_array) => None,
            first => bytes(first),
        },
        Value::Array(numbers) => numbers.iter().map(|number| u8::try_from(number.as_u64()?).ok()).collect(),
        _ => None,
    }
}

/// The first [`LINE_BYTES_MAX`] of a line, what is not UTF-8 replaced.
fn text(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(LINE_BYTES_MAX)]).into_owned();
    // Replacement characters take more room than what they stand for.
    text.truncate(text.floor_char_boundary(LINE_BYTES_MAX));
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    text
}

#[cfg(test)]
mod tests;

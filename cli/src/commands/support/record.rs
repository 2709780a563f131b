//! The record as it is on disk, for when no Muster runs.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use muster_model::request::Verified;
use muster_model::text::Text;
use muster_model::time::Mono;
use muster_sense::clock;
use serde_json::Value;

use super::bundle::why;

/// The newest events, oldest first.
pub(super) fn newest(data: &Path, most: usize, left: Duration) -> Result<Vec<Value>, Text> {
    let until = clock::since_boot().0.saturating_add(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
    let mut last = Last { lines: VecDeque::new(), begun: Vec::new(), most, until: Mono(until) };
    muster_ledger::export_file(data, &mut last).map_err(|error| why(muster_agent::chain(&error)))?;
    last.lines.iter().map(|line| serde_json::from_slice(line).map_err(why)).collect()
}

/// What the verifier finds in the file.
pub(super) fn verified(data: &Path) -> Result<Verified, Text> {
    muster_ledger::verify_file(data, None).map_err(|error| why(muster_agent::chain(&error)))
}

/// Keeps the last lines of what is written to it.
struct Last {
    lines: VecDeque<Vec<u8>>,
    /// A line whose end has not come yet.
    begun: Vec<u8>,
    most: usize,
    until: Mono,
}

impl Write for Last {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if clock::since_boot() > self.until {
            return Err(Error::from(ErrorKind::TimedOut));
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.lines.push_back(std::mem::take(&mut self.begun));
                if self.lines.len() > self.most {
                    self.lines.pop_front();
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

//! The end of a log file.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use muster_model::exam::LogLine;
use muster_model::time::Time;

use super::{JournalError, LEVEL, LINE_BYTES_MAX, LINES_MAX, text};

/// At most so much of the file is read: all that can be given, and the beginning of a line that is left out.
const READ_BYTES_MAX: u64 = (LINES_MAX as u64 + 1) * LINE_BYTES_MAX as u64;

/// The last lines of a log file that stand after `since` bytes, oldest first. A file that is shorter than that was begun
/// anew and is read from its beginning. The lines have no time of their own; they get the time of the last write.
pub fn tail(path: &Path, since: u64) -> Result<Vec<LogLine>, JournalError> {
    read(path, since).map_err(|source| JournalError::File { path: path.to_owned(), source })
}

fn read(path: &Path, since: u64) -> io::Result<Vec<LogLine>> {
    // Opening a pipe waits for a writer, unless told not to.
    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let since = if since > meta.len() { 0 } else { since };
    let start = since.max(meta.len().saturating_sub(READ_BYTES_MAX));
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(READ_BYTES_MAX).read_to_end(&mut bytes)?;
    let at = Time(meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec()));
    Ok(last_lines(&bytes, start > since, at))
}

/// The last lines of what was read, oldest first. `cut`: it may begin in the middle of a line.
pub(super) fn last_lines(bytes: &[u8], cut: bool, at: Time) -> Vec<LogLine> {
    let mut rest = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if cut && let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        rest = &rest[end + 1..];
    }
    if rest.is_empty() {
        return Vec::new();
    }
    let mut lines: Vec<LogLine> =
        rest.rsplit(|byte| *byte == b'\n').take(LINES_MAX).map(|line| LogLine { at, level: LEVEL, pid: None, text: text(line) }).collect();
    lines.reverse();
    lines
}

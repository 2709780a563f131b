//! What a journal and a log file may hold, as a function of bytes for the fuzz target (`fuzz/`).

use muster_model::time::Time;

use super::{LINE_BYTES_MAX, LINES_MAX, line, tail};

/// Entries of a journal, each on a line of its own; and the same bytes as the end of a log file.
pub fn log_lines(bytes: &[u8]) {
    let entries = bytes.split(|b| *b == b'\n').filter_map(line);
    let tail = [false, true].map(|cut| tail::last_lines(bytes, cut, Time(0)));
    assert!(tail.iter().all(|lines| lines.len() <= LINES_MAX));
    for line in entries.chain(tail.into_iter().flatten()) {
        assert!(line.text.len() <= LINE_BYTES_MAX && line.level <= 7, "{line:?}");
    }
}

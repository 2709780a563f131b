//! What the kernel and programs may put into `/proc`, as a function of bytes for the fuzz target (`fuzz/`).

use super::actor::{command_line, split_arguments};
use super::stat::{Stat, terminal_of_name, terminal_of_number};
use super::{groups, status_line, users};

/// A file of a process, whichever; and `/etc/passwd`.
pub fn proc(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(stat) = Stat::parse(&text) {
        let _ = (stat.ended(), terminal_of_number(stat.terminal));
    }
    let _ = (terminal_of_name(&text), status_line(&text, "Uid:"), groups(&text), users::parse(&text));
    let line = command_line(&split_arguments(bytes));
    assert!(line.len() <= super::actor::COMMAND_MAX_BYTES + '…'.len_utf8());
}

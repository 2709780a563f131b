//! Real processes, really killed, seen through each source alone.
//!
//! A source that this machine does not have (no root, no BTF, another pid namespace) is skipped with a word about why.

mod commands;
mod ends;
mod memory;
mod namespace;
mod senders;
mod support;

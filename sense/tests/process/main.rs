//! Real processes, really killed, seen through each source alone.
//!
//! A source that this machine does not have (no root, no BTF, another pid namespace) is skipped with a word about why.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod audit;
mod commands;
mod ends;
mod memory;
mod namespace;
mod senders;
mod support;

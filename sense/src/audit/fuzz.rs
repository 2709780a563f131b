//! What the kernel's auditing may say, as a function of bytes for the fuzz target (`fuzz/`).

use super::event::{Heard, Joiner};
use super::netlink::{self, Status};
use super::owner::Owner;
use super::rule;

/// Lines, each a record's number and its text; and the same bytes as a message, a rule and a status.
pub fn audit(bytes: &[u8]) {
    let mut joiner = Joiner::default();
    for line in bytes.split(|b| *b == b'\n') {
        let digits = line.iter().take_while(|b| b.is_ascii_digit()).count();
        let kind = std::str::from_utf8(&line[..digits]).ok().and_then(|kind| kind.parse().ok()).unwrap_or(super::event::SYSCALL);
        let heard = joiner.take(kind, line[digits..].trim_ascii_start());
        if let Some(Heard::Call(call)) = heard {
            assert!(call.items.len() <= super::event::ITEMS_MAX && call.targets.len() <= super::event::TARGETS_MAX);
        }
        assert!(joiner.under_way() <= super::event::UNDER_WAY_MAX);
        if let Some(owner) = std::str::from_utf8(line).ok().and_then(Owner::parse) {
            assert_eq!(Owner::parse(&owner.to_string()), Some(owner));
        }
    }
    let _ = (netlink::head(bytes), rule::key(bytes), rule::keeps_all_out(bytes), Status::parse(bytes));
}

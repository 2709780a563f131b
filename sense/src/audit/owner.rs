//! Whose a rule is. It stands in the rule's key, so that what a Muster that was killed has left behind is known by it.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use muster_model::id::ProcessKey;

use super::netlink::Status;
use crate::proc::{Life, Proc};

/// With this every key of Muster's begins.
const MUSTER: &str = "muster";

/// A user of the kernel's auditing: `muster-signals-PID-START-N`, and what is to be put back when the last of them goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// What for: `signals` or `files`.
    purpose: String,
    process: ProcessKey,
    /// A process may have several.
    number: u32,
    /// How auditing stood before Muster switched it on; `None` where Muster did not.
    pub(super) before: Option<Before>,
}

/// What was altered when auditing was switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Before {
    pub(super) backlog_limit: u32,
    pub(super) wait_time: u32,
}

impl From<Status> for Before {
    fn from(status: Status) -> Before {
        Before { backlog_limit: status.backlog_limit, wait_time: status.wait_time }
    }
}

impl Owner {
    /// A new one, of this process.
    pub(super) fn new(purpose: &str, process: ProcessKey) -> Owner {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Owner { purpose: purpose.to_owned(), process, number: NEXT.fetch_add(1, Ordering::Relaxed), before: None }
    }

    /// `None` where the key is not one of Muster's.
    pub(super) fn parse(key: &str) -> Option<Owner> {
        let mut parts = key.strip_prefix(MUSTER)?.strip_prefix('-')?.split('-');
        let purpose = parts.next()?.to_owned();
        let pid = muster_model::id::Pid::new(parts.next()?.parse().ok()?)?;
        let process = ProcessKey { pid, start: parts.next()?.parse().ok()? };
        let number = parts.next()?.parse().ok()?;
        let before = match parts.next() {
            Some("was") => Some(Before { backlog_limit: parts.next()?.parse().ok()?, wait_time: parts.next()?.parse().ok()? }),
            _ => None,
        };
        Some(Owner { purpose, process, number, before })
    }

    /// Whether it still runs.
    pub(super) fn lives(&self) -> bool {
        !matches!(Proc::here().life(self.process), Ok(Life::Gone | Life::Zombie(_)))
    }

    /// Whether it is this one, whatever is to be put back.
    pub(super) fn is(&self, other: &Owner) -> bool {
        (self.process, self.number) == (other.process, other.number)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MUSTER}-{}-{}-{}-{}", self.purpose, self.process.pid.get(), self.process.start, self.number)?;
        match self.before {
            Some(before) => write!(f, "-was-{}-{}", before.backlog_limit, before.wait_time),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_known_by_its_key() {
        let us = crate::proc::process_key(std::process::id().cast_signed()).unwrap();
        let mut owner = Owner::new("signals", us);
        assert_eq!(Owner::parse(&owner.to_string()), Some(owner.clone()));
        owner.before = Some(Before { backlog_limit: 64, wait_time: 15_000 });
        assert_eq!(Owner::parse(&owner.to_string()), Some(owner.clone()));
        assert!(owner.lives() && owner.is(&Owner { before: None, ..owner.clone() }) && !owner.is(&Owner::new("signals", us)));
        assert!(!Owner { process: ProcessKey { start: us.start + 1, ..us }, ..owner }.lives());
        for other in ["", "muster", "muster-", "muster-signals-1-2-3", "muster-files-x-2-3", "mustering-a-5-5-5", "muster-a-5-5-5-was-1"] {
            assert_eq!(Owner::parse(other), None, "{other}");
        }
    }
}

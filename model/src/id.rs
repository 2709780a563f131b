//! Names and identities, each a type of its own.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                <String as utoipa::PartialSchema>::schema()
            }
        }
        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(s: &str) -> Self {
                $name(s.into())
            }
        }
        impl From<String> for $name {
            fn from(s: String) -> Self {
                $name(s.into())
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name! {
    /// The name of a service, unique in the roster.
    ServiceName
}
name! {
    /// The name of a host.
    HostName
}
name! {
    /// `/proc/sys/kernel/random/boot_id`: one value from boot to shutdown.
    BootId
}
name! {
    /// An incident's id: `i` and the ledger's sequence number of the event that opened it.
    IncidentId
}
name! {
    /// A change's id: `c` and the ledger's sequence number of the event that recorded it.
    ChangeId
}
name! {
    /// The version of a file's content: the BLAKE3 hash of it, in hexadecimal.
    VersionId
}

/// The ledger's sequence number of an event; the first is 1, and there are no gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A process id that may be watched and signalled: always above 1, so that nobody ends up signalling
/// every process (0, -1) or init (1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct Pid(i32);

impl Pid {
    /// `None` for 1 and below.
    pub const fn new(pid: i32) -> Option<Pid> {
        if pid > 1 { Some(Pid(pid)) } else { None }
    }
    /// The number.
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<i32> for Pid {
    type Error = String;
    fn try_from(pid: i32) -> Result<Self, Self::Error> {
        Pid::new(pid).ok_or_else(|| format!("{pid} is not a process id that can be watched"))
    }
}

impl From<Pid> for i32 {
    fn from(pid: Pid) -> Self {
        pid.0
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A process for good: its pid, and the kernel's start time of it in clock ticks since boot
/// (field 22 of `/proc/PID/stat`, proc_pid_stat(5)), since pids are used again. The event's header has the boot id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessKey {
    /// Its id in Muster's own pid namespace.
    pub pid: Pid,
    /// Start time in clock ticks since boot.
    pub start: u64,
}

//! What was altered on the machine.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::id::VersionId;

/// Something was altered. Its id is `c` and the sequence number of the event that has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The path of the file, or the name of the unit.
    pub subject: String,
    /// What was done to it.
    pub what: Altered,
    /// Who did it; `None` where no source could tell.
    pub actor: Option<Actor>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Altered {
    /// A file that was not there is there.
    Created {
        /// Its content; `None` where it could not be kept (too large, not readable).
        after: Option<VersionId>,
    },
    /// A file has other content.
    Edited {
        /// The content before.
        before: Option<VersionId>,
        /// The content now.
        after: Option<VersionId>,
    },
    /// A file is gone.
    Deleted {
        /// The content it had.
        before: Option<VersionId>,
    },
    /// A file has another owner or mode.
    Permission {
        /// Mode bits (octal) and owner before, `0644 0:0`.
        before: String,
        /// Mode bits and owner now.
        after: String,
    },
    /// A unit is enabled, disabled, masked … where it was something else.
    Enablement {
        /// systemd's word for it before, as in `systemctl is-enabled`.
        before: String,
        /// systemd's word for it now.
        after: String,
    },
}

impl Altered {
    /// The content after it, where that is known.
    pub fn after(&self) -> Option<&VersionId> {
        match self {
            Altered::Created { after } | Altered::Edited { after, .. } => after.as_ref(),
            Altered::Deleted { .. } | Altered::Permission { .. } | Altered::Enablement { .. } => None,
        }
    }

    /// The content before it, where that is known.
    pub fn before(&self) -> Option<&VersionId> {
        match self {
            Altered::Edited { before, .. } | Altered::Deleted { before } => before.as_ref(),
            Altered::Created { .. } | Altered::Permission { .. } | Altered::Enablement { .. } => None,
        }
    }

    /// One word for it, as in `changes`.
    pub fn word(&self) -> &'static str {
        match self {
            Altered::Created { .. } => "created",
            Altered::Edited { .. } => "edited",
            Altered::Deleted { .. } => "deleted",
            Altered::Permission { .. } => "permission",
            Altered::Enablement { .. } => "enablement",
        }
    }
}

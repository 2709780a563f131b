//! Looking at a file, keeping it, and saying what is different from last time.

use std::path::Path;

use muster_model::actor::Actor;
use muster_model::change::Altered;
use muster_model::id::VersionId;
use muster_model::time::Time;

use crate::error::Error;
use crate::look::{Look, Meta, look};
use crate::store::{Known, Vault, version_of};

/// What is different at a path from when the vault last looked. "Created" is said of a file at the first look too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// There is no file, and there was none.
    Absent,
    /// All is as it was.
    Same {
        /// The content.
        version: VersionId,
    },
    /// There is a file where there was none, as far as the vault knows.
    Created {
        /// Its content.
        after: VersionId,
    },
    /// The content is another.
    Edited {
        /// What it was; `None`: it was too large to be kept.
        before: Option<VersionId>,
        /// What it is.
        after: VersionId,
        /// Mode or owner are others too.
        permissions: Option<Permissions>,
    },
    /// The file is gone.
    Deleted {
        /// What it was; `None`: it was too large to be kept.
        before: Option<VersionId>,
    },
    /// Mode or owner are others, the content is as it was.
    Permission(Permissions),
    /// The file has more than [`crate::CONTENT_BYTES_MAX`]: its content is not kept.
    TooLarge {
        /// How many.
        bytes: u64,
        /// What it was before it became so large.
        before: Option<VersionId>,
    },
}

/// Mode bits (octal) and owner, `0644 0:0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// What they were.
    pub before: String,
    /// What they are.
    pub after: String,
}

impl Taken {
    /// The same in the model's words; `None` where nothing is different, or nothing is known to be (too large).
    pub fn altered(self) -> Option<Altered> {
        match self {
            Taken::Absent | Taken::Same { .. } | Taken::TooLarge { before: None, .. } => None,
            Taken::Created { after } => Some(Altered::Created { after: Some(after) }),
            Taken::Edited { before, after, .. } => Some(Altered::Edited { before, after: Some(after) }),
            Taken::Deleted { before } => Some(Altered::Deleted { before }),
            Taken::Permission(Permissions { before, after }) => Some(Altered::Permission { before, after }),
            Taken::TooLarge { before, .. } => Some(Altered::Edited { before, after: None }),
        }
    }
}

impl Vault {
    /// Looks at the file at `path` (through symbolic links), keeps what is new, and says what is different. `at` and
    /// `actor` are kept with it: when and by whom it became so, as far as the caller knows.
    pub fn take(&self, path: &Path, at: Time, actor: Option<&Actor>) -> Result<Taken, Error> {
        let look = look(path)?;
        self.take_look(path, &look, at, actor)
    }

    /// The same of a look that was taken already.
    pub(crate) fn take_look(&self, path: &Path, look: &Look, at: Time, actor: Option<&Actor>) -> Result<Taken, Error> {
        let (now, content): (Known, &[u8]) = match look {
            Look::Absent => (Known::Absent, &[]),
            Look::TooLarge { meta, .. } => (Known::TooLarge(*meta), &[]),
            Look::File { content, meta, .. } => (Known::File(version_of(content), *meta), content),
        };
        let before = self.known(path)?;
        let is_news = match &before {
            None => now != Known::Absent, // A path at which there never was anything leaves no trace.
            Some(before) => *before != now,
        };
        if is_news {
            self.keep(path, at, actor, &now, content)?;
        }
        let bytes = if let Look::TooLarge { bytes, .. } = look { *bytes } else { 0 };
        Ok(compare(before.unwrap_or(Known::Absent), now, bytes))
    }
}

fn compare(before: Known, now: Known, bytes: u64) -> Taken {
    match (before, now) {
        (Known::Absent, Known::Absent) => Taken::Absent,
        (Known::Absent, Known::File(after, _)) => Taken::Created { after },
        (Known::File(before, _), Known::Absent) => Taken::Deleted { before: Some(before) },
        (Known::TooLarge(_), Known::Absent) => Taken::Deleted { before: None },
        (Known::File(before, _), Known::TooLarge(_)) => Taken::TooLarge { bytes, before: Some(before) },
        (Known::Absent | Known::TooLarge(_), Known::TooLarge(_)) => Taken::TooLarge { bytes, before: None },
        (Known::TooLarge(was), Known::File(after, is)) => Taken::Edited { before: None, after, permissions: permissions(was, is) },
        (Known::File(before, was), Known::File(after, is)) => match permissions(was, is) {
            permissions if before != after => Taken::Edited { before: Some(before), after, permissions },
            Some(permissions) => Taken::Permission(permissions),
            None => Taken::Same { version: after },
        },
    }
}

fn permissions(was: Meta, is: Meta) -> Option<Permissions> {
    (was != is).then(|| Permissions { before: was.to_string(), after: is.to_string() })
}

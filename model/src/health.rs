//! How a service is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether a service is there.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// There, and shows all it must show.
    Present,
    /// There, but something that it must show is missing.
    Degraded,
    /// Not there.
    Lost,
    /// Absent on purpose, or nobody is to look.
    Paused,
    /// Nobody can see it now.
    #[default]
    Unknown,
}

impl Health {
    /// The word as it stands in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Health::Present => "present",
            Health::Degraded => "degraded",
            Health::Lost => "lost",
            Health::Paused => "paused",
            Health::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

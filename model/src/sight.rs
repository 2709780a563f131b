//! What Muster cannot see just now. It is about Muster itself, and told, recorded and folded like every other fact.

use serde::{Deserialize, Serialize};

use crate::text::Text;
use crate::time::Time;

/// The name under which Muster tells of itself. No row of a roster has it.
pub const OWN_NAME: &str = "muster";

/// How one of Muster's own sensors does its work, told whenever that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// The sensor: `ebpf`, `files`, `units`, `probe` …
    pub sensor: String,
    /// The kinds of facts that it sees, as in [`crate::observation::Rung`].
    pub facts: Vec<String>,
    /// `None`: it sees all again.
    pub blind: Option<Blind>,
}

/// Since when a sensor does not see all that it should, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blind {
    /// The moment from which on something may have gone unseen.
    pub since: Time,
    /// Why.
    pub why: Blindness,
}

/// Why a sensor does not see all that it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Blindness {
    /// Its thread has not come round.
    Stalled,
    /// It gave up.
    Ended {
        /// The error.
        error: String,
    },
    /// The kernel's queue was full.
    Overflowed {
        /// At least so many events were lost.
        lost: u64,
    },
    /// Muster's own queue was full.
    Crowded {
        /// So many observations found no room. What is so now is told again; what only happened is lost.
        lost: u64,
    },
}

impl Blindness {
    /// Whether nothing at all is seen, and not only less than there was.
    pub const fn is_total(&self) -> bool {
        matches!(self, Blindness::Stalled | Blindness::Ended { .. })
    }

    /// In a sentence that names what is not seen.
    pub fn text(&self, sensor: &str, facts: &[String]) -> Text {
        let facts = facts.join(", ");
        match self {
            Blindness::Stalled => Text::new("blind-stalled").with("sensor", sensor).with("facts", facts),
            Blindness::Ended { error } => Text::new("blind-ended").with("sensor", sensor).with("facts", facts).with("error", error),
            Blindness::Overflowed { lost } => Text::new("blind-overflowed").with("sensor", sensor).with("facts", facts).with("lost", lost),
            Blindness::Crowded { lost } => Text::new("blind-crowded").with("sensor", sensor).with("facts", facts).with("lost", lost),
        }
    }
}

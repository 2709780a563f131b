//! The documents of the contract (DESIGN §5), made from the model in a language: what `--json` prints and the API answers.
//!
//! Field names and codes are the same in every language; only sentences differ. Times are RFC 3339 in UTC with nanoseconds.

mod change;
mod discover;
mod event;
mod incident;
mod status;

pub use change::{ChangeDocument, Changes, DiffDocument, sides};
pub use discover::{DiscoverDocument, DiscoveredDocument};
pub use event::{EventDocument, Events};
pub use incident::{
    ActionDocument, CauseDocument, CauseShare, EvidenceDocument, IncidentDocument, Incidents, NoteDocument, PlanDocument, StepDocument,
};
pub use status::{LateDocument, PauseDocument, ProbeDocument, ProbingDocument, ServiceDocument, StatusDocument};

use muster_model::time::Length;

/// A length in milliseconds, to the microsecond.
fn ms(length: Length) -> f64 {
    (length.0 / 1_000) as f64 / 1_000.0
}

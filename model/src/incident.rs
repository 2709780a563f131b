//! The story of one loss from first sign to closure.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cause::{Cause, Evidence};
use crate::id::{HostName, IncidentId, ServiceName};
use crate::loss::Loss;
use crate::plan::{Outcome, Plan};
use crate::text::Text;
use crate::time::{Length, Time};

/// An incident as the guard keeps it. `IncidentDocument` (in `request`) is how the contract shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// The service that was lost.
    pub service: ServiceName,
    /// Where.
    pub host: HostName,
    /// How far it is.
    pub state: State,
    /// In which way the service is absent.
    pub loss: Loss,
    /// The kernel's or the service manager's moment of the loss.
    pub lost_at: Time,
    /// The moment of noticing.
    pub detected_at: Time,
    /// The moment from which the service was there again for good.
    pub recovered_at: Option<Time>,
    /// Possible causes, likeliest first. Never empty once the first verdict is in.
    pub causes: Vec<Cause>,
    /// When the first verdict was given.
    pub first_verdict_at: Option<Time>,
    /// When all examinations were in.
    pub settled_at: Option<Time>,
    /// The plan in hand or last tried.
    pub plan: Option<Plan>,
    /// What was done, in order.
    pub actions: Vec<Action>,
    /// What people and Muster said of it.
    pub notes: Vec<Note>,
    /// Who took it on.
    pub assigned: Option<String>,
    /// Who has seen it.
    pub acknowledged: Option<String>,
}

/// How far an incident is.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Lost, and nothing is being done: not yet, or because it is meant to be so.
    Open,
    /// A plan is being run.
    Recovering,
    /// The service is back.
    Recovered,
    /// Muster cannot do it alone: people are needed.
    Escalated,
    /// Nothing is left to do.
    Closed,
}

impl State {
    /// The word as it stands in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Recovering => "recovering",
            State::Recovered => "recovered",
            State::Escalated => "escalated",
            State::Closed => "closed",
        }
    }

    /// Whether the service is still missing.
    pub const fn is_open(self) -> bool {
        matches!(self, State::Open | State::Recovering | State::Escalated)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// A step that was run, or left out, with what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// When it began.
    pub at: Time,
    /// Its code (DESIGN §6).
    pub step: String,
    /// What it was done to.
    pub target: String,
    /// It was tried on a copy first.
    pub rehearsed: bool,
    /// What came of it; `None`: it is under way.
    pub outcome: Option<Outcome>,
    /// How long it took.
    pub took: Length,
    /// What the tool said.
    pub said: String,
}

/// Something said about an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Time,
    /// By whom; `muster` for Muster itself.
    pub by: String,
    /// What: a message of Muster's, or a person's own words.
    pub said: Said,
}

/// Words: Muster's or a person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// From the catalogue.
    Text(Text),
    /// As written.
    Words(String),
}

impl Incident {
    /// The likeliest cause.
    pub fn cause(&self) -> Option<&Cause> {
        self.causes.first()
    }

    /// What speaks for and against the likeliest cause.
    pub fn evidence(&self) -> &[Evidence] {
        self.cause().map_or(&[], |c| &c.evidence)
    }
}

//! What would bring a service back.

use serde::{Deserialize, Serialize};

use crate::id::{IncidentId, ProcessKey, ServiceName, VersionId};
use crate::time::{Length, Time};

/// An immutable list of steps. It leaves nothing to choose when it is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Which attempt of this incident it is, from 1.
    pub attempt: u32,
    /// Run in this order; the first that fails ends the plan, and what was done is undone where it can be.
    pub steps: Vec<Step>,
    /// Why these.
    pub why: crate::text::Text,
    /// How it may be run.
    pub leave: Leave,
}

/// Whether a plan may be run.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leave {
    /// At once.
    Granted,
    /// After a person's yes (`muster recover SERVICE`).
    Asked,
    /// It is shown, and not run.
    Withheld,
}

/// One thing to do (DESIGN §6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Start what is not running.
    Start,
    /// Stop and start.
    Restart,
    /// Make it read its configuration again.
    Reload,
    /// Take its state down, end it with SIGKILL, and start it.
    KillRestart {
        /// The process to end.
        process: ProcessKey,
    },
    /// Have it start at boot.
    Enable,
    /// Take the mask off.
    Unmask,
    /// Write the last good content of a configuration file. What it overwrites is in the vault first.
    #[serde(rename = "config.restore")]
    ConfigRestore {
        /// The files, each with the version to write.
        files: Vec<(String, VersionId)>,
    },
    /// Wait until the service manager, which restarts it by itself, has done so.
    Await {
        /// No longer than this.
        within: Length,
    },
}

impl Step {
    /// The code of DESIGN §6.
    pub const fn code(&self) -> &'static str {
        match self {
            Step::Start => "start",
            Step::Restart => "restart",
            Step::Reload => "reload",
            Step::KillRestart { .. } => "kill_restart",
            Step::Enable => "enable",
            Step::Unmask => "unmask",
            Step::ConfigRestore { .. } => "config.restore",
            Step::Await { .. } => "none",
        }
    }

    /// Whether it alters the machine.
    pub const fn acts(&self) -> bool {
        !matches!(self, Step::Await { .. })
    }
}

/// A step to be run now. It exists only as the effect of an event that is durable in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// For which incident; `None`: to bring a `run` service up that was never there.
    pub incident: Option<IncidentId>,
    /// On which service.
    pub service: ServiceName,
    /// Which attempt.
    pub attempt: u32,
    /// The step's place in its plan, from 0.
    pub place: u32,
    /// What to do.
    pub step: Step,
    /// Take it back instead.
    #[serde(default)]
    pub undo: bool,
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Which order.
    pub order: Order,
    /// How it ended.
    pub outcome: Outcome,
    /// It was tried on a copy first, and worked there.
    pub rehearsed: bool,
    /// What happened, in the tool's own words (at most 2 KiB).
    pub said: String,
    /// The files it overwrote, each with the version that was there: what undoing writes back.
    #[serde(default)]
    pub replaced: Vec<(String, Option<VersionId>)>,
    /// When it began.
    pub began: Time,
    /// How long it took.
    pub took: Length,
}

/// How a step ended.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it says.
    Done,
    /// It did not.
    Failed,
    /// It was taken back.
    Undone,
    /// It was not needed, or its rehearsal failed, so the machine was not touched.
    Skipped,
}

impl Outcome {
    /// The word as it stands in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Failed => "failed",
            Outcome::Undone => "undone",
            Outcome::Skipped => "skipped",
        }
    }
}

//! What can be asked of a running agent over `DATA/agent.sock`, and what it answers.
//!
//! One JSON line each way; `Events { follow: true }` answers with a line for each event until the asker hangs up.
//! The agent answers in types; whoever shows them chooses the language (`tell`).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::change::Change;
use crate::event::Command;
use crate::health::Health;
use crate::id::{ChangeId, HostName, IncidentId, ServiceName, VersionId};
use crate::incident::Incident;
use crate::loss::Loss;
use crate::observation::Rung;
use crate::plan::Plan;
use crate::roster::Service;
use crate::time::{Length, Time};

/// A question or a command to the agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// The roll call.
    Status,
    /// What runs here, and who watches it.
    Discover,
    /// All incidents, newest first.
    Incidents,
    /// One incident, by id, or by service: its open one, else its latest.
    Incident {
        /// The id or the service's name.
        of: String,
    },
    /// What was recorded.
    Events(EventQuery),
    /// What was altered, newest first.
    Changes {
        /// Only what touches this service.
        service: Option<ServiceName>,
        /// Only since then.
        since: Option<Time>,
    },
    /// A change with the contents before and after.
    Diff {
        /// Which.
        change: ChangeId,
    },
    /// Write an older version of a file.
    Restore {
        /// The file.
        path: String,
        /// The version, or an unambiguous beginning of it; `good`: the last good one.
        to: String,
    },
    /// What `recover` would do.
    Rehearse {
        /// For which service.
        service: ServiceName,
    },
    /// Tell it something.
    Tell(Command),
    /// Verify the chain.
    Verify,
    /// End Muster. With `services`, what it keeps as `run` too.
    Down {
        /// End the `run` services too.
        services: bool,
    },
}

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventQuery {
    /// Go on with what comes.
    #[serde(default)]
    pub follow: bool,
    /// Only since then.
    #[serde(default)]
    pub since: Option<Time>,
    /// Only what has this service (or incident, or path) as subject.
    #[serde(default)]
    pub subject: Option<String>,
    /// Only this kind, or kinds that begin with it and a dot.
    #[serde(default)]
    pub kind: Option<String>,
    /// Only what has these words in it (full-text search).
    #[serde(default)]
    pub words: Option<String>,
    /// The newest so many; `None`: 1,000.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// The agent's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", content = "with", rename_all = "snake_case")]
pub enum Reply {
    /// To `Status`.
    Status(Box<Status>),
    /// To `Discover`, by name.
    Discovered(Vec<Discovered>),
    /// To `Incidents`.
    Incidents(Vec<Incident>),
    /// To `Incident`; `None`: the service is known and never had one.
    Incident(Box<Option<Incident>>),
    /// To `Events`, oldest first; with `follow` many of these.
    Events(Vec<Record>),
    /// To `Changes`.
    Changes(Vec<ChangeReport>),
    /// To `Diff`.
    Diff(Box<DiffReport>),
    /// To `Rehearse`.
    Plan(Option<Plan>),
    /// To `Verify`.
    Verified(Verified),
    /// It was recorded, and is being done.
    Taken,
    /// It was refused, or could not be done.
    Refused {
        /// Why, in a sentence that says what to do.
        why: crate::text::Text,
    },
}

/// An event as the ledger has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its place.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// The same since boot, in nanoseconds.
    pub mono: u64,
    /// Which boot.
    pub boot: String,
    /// Which host.
    pub host: String,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// The typed body.
    pub body: Value,
    /// Its link in the chain, hexadecimal.
    pub hash: String,
}

/// What the verifier found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// How many events were verified.
    pub events: u64,
    /// How many signed checkpoints held.
    pub checkpoints: u64,
    /// The first event that is not as it was written.
    pub broken: Option<Broken>,
}

/// The first break of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// The event's place.
    pub seq: u64,
    /// `altered`, `missing`, `added`, `reordered`, `checkpoint`.
    pub how: String,
}

/// The roll call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When.
    pub at: Time,
    /// Where.
    pub host: HostName,
    /// Muster's version.
    pub version: String,
    /// Since when it runs.
    pub up_since: Time,
    /// The data directory.
    pub data: String,
    /// The services of the roster.
    pub services: Vec<ServiceStatus>,
    /// What listens here and nobody watches.
    pub unwatched: Vec<Unwatched>,
    /// What can be seen, and how.
    pub rungs: Vec<Rung>,
    /// What is wrong with Muster itself: a full disk, a refused roster, lost observations.
    pub troubles: Vec<crate::text::Text>,
    /// No acting at all, until when and why.
    pub paused: Option<(Time, String)>,
    /// How probes keep their time.
    #[serde(default)]
    pub probing: Probing,
}

/// How probes kept their time since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probing {
    /// Questions that were put when they were due by the clock.
    pub asked: u64,
    /// Answers that were held back and said again, since too much was told at once.
    pub held_back: u64,
    /// Half of the questions were put no later than this after they were due.
    pub late_p50: Length,
    /// 99 of 100 were put no later than this.
    pub late_p99: Length,
    /// None was put later than this.
    pub late_max: Length,
}

/// One service in the roll call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Its name.
    pub name: ServiceName,
    /// `unit`, `run`, `process`.
    pub kind: String,
    /// What it is found by: the unit, the command, the program.
    pub target: String,
    /// The pack that knows it.
    pub pack: Option<String>,
    /// How it is.
    pub health: Health,
    /// Since when.
    pub since: Option<Time>,
    /// Its main processes.
    pub pids: Vec<i32>,
    /// The TCP ports on which it listens.
    pub ports: Vec<u16>,
    /// In which way it is lost.
    pub loss: Option<Loss>,
    /// The incident.
    pub incident: Option<IncidentId>,
    /// Which sources see it.
    pub sources: Vec<String>,
    /// Until when and why it is paused.
    pub paused: Option<(Time, String)>,
    /// The last answer of each probe: what was asked, what came, in how many milliseconds, perfdata.
    pub probes: Vec<ProbeStatus>,
}

/// A probe's last answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeStatus {
    /// `http`, `tcp`, …
    pub kind: String,
    /// What was asked.
    pub target: String,
    /// What came; `None`: nothing yet.
    pub answer: Option<crate::probe::Answer>,
    /// In how many milliseconds.
    pub ms: f64,
}

/// Something that runs here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discovered {
    /// The service as a roster would have it: with what its pack knows it to need.
    pub service: Service,
    /// The program of its main process.
    pub program: String,
    /// Its processes, the main one first.
    pub pids: Vec<i32>,
    /// The TCP ports on which it listens.
    pub ports: Vec<u16>,
    /// The user it runs as.
    pub user: Option<String>,
    /// Who watches it.
    pub watched: Watching,
}

/// Who has a service watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watching {
    /// The configuration names it.
    Declared,
    /// Muster has seen it run, where nothing is declared.
    Learned,
    /// Nobody does.
    Nobody,
}

/// A listening process that is in nobody's roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwatched {
    /// The program's name.
    pub program: String,
    /// Its process.
    pub pid: Option<i32>,
    /// Its command line.
    pub command: String,
    /// Where it listens.
    pub ports: Vec<u16>,
    /// The systemd unit it belongs to, where it does.
    pub unit: Option<String>,
    /// The pack that knows it.
    pub pack: Option<String>,
}

/// A change in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeReport {
    /// Its id.
    pub id: ChangeId,
    /// When.
    pub at: Time,
    /// The service it touches.
    pub service: Option<ServiceName>,
    /// Which sensor saw it.
    pub source: String,
    /// What.
    pub change: Change,
}

/// A change with its contents. A content that is not UTF-8 is shown with replacement characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffReport {
    /// The change.
    pub change: ChangeReport,
    /// What was there; `None`: nothing, or it could not be kept.
    pub before: Option<String>,
    /// What is there.
    pub after: Option<String>,
    /// The version that was there.
    pub before_version: Option<VersionId>,
    /// The version that is there.
    pub after_version: Option<VersionId>,
}

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
use crate::user::{Admission, User};

/// A question or a command to the agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// The roll call.
    Status,
    /// What runs here, and who watches it.
    Discover,
    /// Incidents, newest first.
    Incidents(IncidentQuery),
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
        /// Only older than this one: where the page before ended.
        #[serde(default)]
        before: Option<ChangeId>,
        /// The newest so many; `None`: 1,000, which is the most.
        #[serde(default)]
        limit: Option<u32>,
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
    /// The number of the newest event: where it is the same, so is all else but the answers of probes.
    Newest,
    /// How Muster itself is doing, in numbers.
    Measures,
    /// Who may use the API, by name.
    Users,
    /// Let somebody use the API; the answer is the token, which is shown this once.
    Admit(Admission),
    /// Their token counts no more.
    Dismiss {
        /// Whose.
        user: String,
    },
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
    /// Only what came after this place, the oldest first: where a reader of all goes on.
    #[serde(default)]
    pub after: Option<u64>,
    /// Only what came before this place: where a page backwards ended.
    #[serde(default)]
    pub before: Option<u64>,
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

impl EventQuery {
    /// Whether an event that comes is one of those asked for.
    pub fn fits(&self, record: &Record) -> bool {
        let of_kind = |kind: &str| record.kind == kind || record.kind.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.'));
        let has_words = |words: &str| {
            let text = record.body.to_string().to_lowercase();
            words.to_lowercase().split_whitespace().all(|word| text.contains(word))
        };
        self.kind.as_deref().is_none_or(of_kind)
            && self.subject.as_deref().is_none_or(|subject| record.subject == subject)
            && self.words.as_deref().is_none_or(has_words)
            && self.since.is_none_or(|since| record.at >= since)
    }
}

/// Which incidents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentQuery {
    /// Only of this service.
    #[serde(default)]
    pub service: Option<String>,
    /// Only those in which the service is still missing.
    #[serde(default)]
    pub open: bool,
    /// Only older than this one: where the page before ended.
    #[serde(default)]
    pub before: Option<IncidentId>,
    /// The newest so many; `None`: all that are kept.
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
    /// To `Newest`.
    Newest(u64),
    /// To `Measures`.
    Measures(Box<Measures>),
    /// To `Users`.
    Users(Vec<User>),
    /// To `Admit`.
    Token(String),
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
    /// What Muster cannot see just now though it should.
    #[serde(default)]
    pub blind: Vec<BlindSpot>,
    /// How late probes are asked.
    #[serde(default)]
    pub lateness: Lateness,
    /// Where the pages and the API are, as the hub says; empty while it does not run.
    #[serde(default)]
    pub addresses: Vec<String>,
}

/// Something that is not seen just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlindSpot {
    /// The kinds of facts.
    pub facts: Vec<String>,
    /// Since when.
    pub since: Time,
    /// Why, in a sentence that names them.
    pub why: crate::text::Text,
}

/// How late probes were asked since the start: between the moment at which a question is due and the one at which it is put
/// lie timers, threads and queues. Under overload this grows before anything else does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lateness {
    /// Questions that were due by the clock.
    pub asked: u64,
    /// Half of them were not later than this.
    pub p50: Length,
    /// 99 of 100 were not later than this.
    pub p99: Length,
    /// None was later than this.
    pub max: Length,
}

/// How Muster itself is doing, in numbers that only grow unless they say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Events that were put on record, those that were dropped for age among them.
    pub events: u64,
    /// Events of this run that found no room in memory and are not on record.
    pub events_lost: u64,
    /// Half of the last events were on record within this time. Goes up and down.
    pub commit_p50: Length,
    /// 99 of 100 were. Goes up and down.
    pub commit_p99: Length,
    /// How late the loop came round the last time. Goes up and down.
    pub lag: Length,
    /// What the sensors could not keep.
    pub lost: Vec<LostCount>,
    /// Losses by service.
    pub losses: Vec<LossCount>,
    /// How long losses lasted that are over: so many not longer than each of [`LASTED`], and last those that were.
    pub lasted: Vec<u64>,
    /// The same in all.
    pub lasted_sum: Length,
    /// Incidents that are kept, by state. Goes up and down.
    pub incidents: Vec<(crate::incident::State, u64)>,
    /// The agent's memory, in bytes. Goes up and down.
    pub resident: u64,
    /// The processor time that it has used.
    pub cpu: Length,
    /// How often the hub had to be started again.
    pub hub_restarts: u64,
}

/// The bounds of the histogram of losses, in seconds.
pub const LASTED: [u32; 10] = [1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400];

/// What a sensor could not keep since the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostCount {
    /// Which sensor.
    pub sensor: String,
    /// What the kernel's queue had no room for, as far as the kernel says.
    pub kernel: u64,
    /// What Muster's own queue had no room for.
    pub muster: u64,
}

/// How often and how long a service was lost, as far back as the record goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossCount {
    /// Which service.
    pub service: ServiceName,
    /// How often, by the loss as it was first seen.
    pub losses: Vec<(Loss, u64)>,
    /// How long in all; a loss counts when it is over.
    pub lasted: Length,
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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

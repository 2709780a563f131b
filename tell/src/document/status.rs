//! `status`: the roll call.

use muster_model::health::Health;
use muster_model::id::{HostName, IncidentId, ServiceName};
use muster_model::loss::Loss;
use muster_model::observation::Rung;
use muster_model::probe::Answer;
use muster_model::request::{ProbeStatus, Probing, ServiceStatus, Status, Unwatched};
use muster_model::time::Time;
use serde::Serialize;

use crate::catalogue::say;
use crate::language::Language;

/// The roll call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatusDocument {
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
    /// No acting at all, until when and why.
    pub paused: Option<PauseDocument>,
    /// The services of the roster.
    pub services: Vec<ServiceDocument>,
    /// What listens here and nobody watches.
    pub unwatched: Vec<Unwatched>,
    /// What can be seen, and how.
    pub rungs: Vec<Rung>,
    /// What is wrong with Muster itself, in sentences.
    pub troubles: Vec<String>,
    /// How probes keep their time.
    pub probing: ProbingDocument,
}

/// How probes kept their time since the start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProbingDocument {
    /// Questions that were put when they were due by the clock.
    pub asked: u64,
    /// Answers that were held back and said again, since too much was told at once.
    pub held_back: u64,
    /// Milliseconds between the moment a question was due and that in which it was put.
    pub late: LateDocument,
}

/// How late, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LateDocument {
    /// Half were no later than this.
    pub p50_ms: f64,
    /// 99 of 100 were no later than this.
    pub p99_ms: f64,
    /// None was later than this.
    pub max_ms: f64,
}

impl From<Probing> for ProbingDocument {
    fn from(probing: Probing) -> ProbingDocument {
        let Probing { asked, held_back, late_p50, late_p99, late_max } = probing;
        let late = LateDocument { p50_ms: late_p50.as_ms(), p99_ms: late_p99.as_ms(), max_ms: late_max.as_ms() };
        ProbingDocument { asked, held_back, late }
    }
}

/// A pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PauseDocument {
    /// Until when.
    pub until: Time,
    /// Why.
    pub reason: String,
}

/// One service in the roll call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceDocument {
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
    /// Its open incident.
    pub incident: Option<IncidentId>,
    /// Which sources see it.
    pub sources: Vec<String>,
    /// Until when and why it is left alone.
    pub paused: Option<PauseDocument>,
    /// The last answer of each probe.
    pub probes: Vec<ProbeDocument>,
    /// When it is expected to fail, and in which way; `null`: nothing is foreseen.
    pub forecast: Option<Time>,
}

/// A probe's last answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProbeDocument {
    /// `http`, `tcp`, …
    pub kind: String,
    /// What was asked.
    pub target: String,
    /// What came; `null`: nothing yet.
    pub answer: Option<Answer>,
    /// In how many milliseconds.
    pub ms: f64,
}

impl StatusDocument {
    /// The document of a roll call.
    pub fn new(language: Language, status: &Status) -> StatusDocument {
        StatusDocument {
            at: status.at,
            host: status.host.clone(),
            version: status.version.clone(),
            up_since: status.up_since,
            data: status.data.clone(),
            paused: PauseDocument::new(status.paused.as_ref()),
            probing: status.probing.into(),
            services: status.services.iter().map(ServiceDocument::new).collect(),
            unwatched: status.unwatched.clone(),
            rungs: status.rungs.clone(),
            troubles: status.troubles.iter().map(|trouble| say(language, trouble)).collect(),
        }
    }
}

impl PauseDocument {
    fn new(pause: Option<&(Time, String)>) -> Option<PauseDocument> {
        pause.map(|(until, reason)| PauseDocument { until: *until, reason: reason.clone() })
    }
}

impl ServiceDocument {
    fn new(service: &ServiceStatus) -> ServiceDocument {
        ServiceDocument {
            name: service.name.clone(),
            kind: service.kind.clone(),
            target: service.target.clone(),
            pack: service.pack.clone(),
            health: service.health,
            since: service.since,
            pids: service.pids.clone(),
            ports: service.ports.clone(),
            loss: service.loss,
            incident: service.incident.clone(),
            sources: service.sources.clone(),
            paused: PauseDocument::new(service.paused.as_ref()),
            probes: service.probes.iter().map(ProbeDocument::new).collect(),
            forecast: None,
        }
    }
}

impl ProbeDocument {
    fn new(probe: &ProbeStatus) -> ProbeDocument {
        ProbeDocument { kind: probe.kind.clone(), target: probe.target.clone(), answer: probe.answer.clone(), ms: probe.ms }
    }
}

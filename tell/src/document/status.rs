//! `status`: the roll call.

use muster_model::health::Health;
use muster_model::id::{HostName, IncidentId, ServiceName};
use muster_model::loss::Loss;
use muster_model::observation::Rung;
use muster_model::probe::Answer;
use muster_model::request::{BlindSpot, Lateness, ProbeStatus, ServiceStatus, Status, Unwatched};
use muster_model::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::say;
use crate::language::Language;

/// The roll call.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
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
    /// What Muster cannot see just now though it should, by kind of fact.
    pub blind: Vec<BlindDocument>,
    /// How late probes are asked.
    pub lateness: LatenessDocument,
    /// Where the pages and the API are; empty while the hub does not serve.
    pub addresses: Vec<String>,
}

/// A kind of fact that is not seen, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BlindDocument {
    /// The kind of fact, as in the rungs.
    pub fact: String,
    /// Since when.
    pub since: Time,
    /// Why, in a sentence.
    pub why: String,
}

/// How late probes were asked since the start, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LatenessDocument {
    /// Questions that were due by the clock.
    pub asked: u64,
    /// Half of them were not later than this.
    pub p50_ms: f64,
    /// 99 of 100 were not later than this.
    pub p99_ms: f64,
    /// None was later than this.
    pub max_ms: f64,
}

/// A pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PauseDocument {
    /// Until when.
    pub until: Time,
    /// Why.
    pub reason: String,
}

/// One service in the roll call.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
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
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
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
            services: status.services.iter().map(ServiceDocument::new).collect(),
            unwatched: status.unwatched.clone(),
            rungs: status.rungs.clone(),
            troubles: status.troubles.iter().map(|trouble| say(language, trouble)).collect(),
            blind: status.blind.iter().flat_map(|spot| BlindDocument::all(language, spot)).collect(),
            lateness: LatenessDocument::new(status.lateness),
            addresses: status.addresses.clone(),
        }
    }
}

impl BlindDocument {
    fn all(language: Language, spot: &BlindSpot) -> Vec<BlindDocument> {
        let why = say(language, &spot.why);
        spot.facts.iter().map(|fact| BlindDocument { fact: fact.clone(), since: spot.since, why: why.clone() }).collect()
    }
}

impl LatenessDocument {
    fn new(late: Lateness) -> LatenessDocument {
        LatenessDocument { asked: late.asked, p50_ms: late.p50.as_ms(), p99_ms: late.p99.as_ms(), max_ms: late.max.as_ms() }
    }
}

impl PauseDocument {
    fn new(pause: Option<&(Time, String)>) -> Option<PauseDocument> {
        pause.map(|(until, reason)| PauseDocument { until: *until, reason: reason.clone() })
    }
}

impl ServiceDocument {
    /// The document of one service.
    pub fn new(service: &ServiceStatus) -> ServiceDocument {
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

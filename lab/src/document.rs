//! What `muster --json` prints, by the outer contract alone (DESIGN §5): a key that the contract has and the document
//! lacks is an error; what it has beside the contract is not looked at.

use anyhow::{Context, Result, ensure};
use muster_model::health::Health;
use muster_model::incident::State;
use muster_model::loss::Loss;
use muster_model::time::Time;
use serde::Deserialize;
use serde_json::Value;

/// `muster --json status`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Status {
    pub(crate) at: Time,
    pub(crate) services: Vec<Service>,
}

/// A service in it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) health: Health,
    pub(crate) since: Option<Time>,
    #[serde(default)]
    pub(crate) kind: String,
    /// What it is found by: its unit, where it is one.
    #[serde(default)]
    pub(crate) target: String,
    #[serde(default)]
    pub(crate) pack: Option<String>,
    #[serde(default)]
    pub(crate) ports: Vec<u16>,
}

/// `muster --json incidents`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Incidents {
    pub(crate) incidents: Vec<Listed>,
}

/// An incident in the list: what is needed to ask for all of it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Listed {
    pub(crate) id: String,
}

/// The keys that the contract gives an incident.
const INCIDENT_KEYS: [&str; 14] = [
    "id",
    "service",
    "host",
    "state",
    "loss",
    "lost_at",
    "detected_at",
    "recovered_at",
    "cause",
    "causes",
    "evidence",
    "actions",
    "impact",
    "notices",
];

/// `muster --json incident ID`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Incident {
    pub(crate) id: String,
    pub(crate) service: String,
    pub(crate) state: State,
    pub(crate) loss: Loss,
    pub(crate) lost_at: Time,
    pub(crate) detected_at: Time,
    pub(crate) recovered_at: Option<Time>,
    pub(crate) cause: Option<Cause>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) actions: Vec<Action>,
}

impl Incident {
    /// Reads one, if it has every key of the contract.
    pub(crate) fn read(document: Value) -> Result<Incident> {
        let lacks: Vec<&str> = INCIDENT_KEYS.into_iter().filter(|key| document.get(key).is_none()).collect();
        ensure!(lacks.is_empty(), "an incident's document lacks {}", lacks.join(", "));
        serde_json::from_value(document).context("an incident's document is not as the contract has it")
    }
}

/// The likeliest cause.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Cause {
    pub(crate) code: String,
    pub(crate) confidence: f64,
    pub(crate) confirmed: bool,
    pub(crate) summary: String,
    pub(crate) subject: Option<String>,
    pub(crate) actor: Option<Actor>,
}

/// A piece of evidence.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) source: String,
    pub(crate) text: String,
}

/// Who did it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Actor {
    pub(crate) user: Option<String>,
    pub(crate) login_uid: Option<u32>,
    pub(crate) tty: Option<String>,
    pub(crate) command: Option<String>,
    #[serde(default)]
    pub(crate) parents: Vec<String>,
}

/// What was done.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Action {
    pub(crate) step: String,
    pub(crate) outcome: Option<String>,
}

/// An event of `muster --json events`. Its body is looked at only where a verdict is told from others.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) at: Time,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) body: Value,
}

/// `muster --json events`.
#[derive(Debug, Deserialize)]
pub(crate) struct Events {
    pub(crate) events: Vec<Event>,
}

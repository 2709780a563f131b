//! `events`: the record.

use muster_model::event::Body;
use muster_model::request::Record;
use muster_model::time::Time;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::language::Language;
use crate::sentence;

/// Events, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Events {
    /// The events.
    pub events: Vec<EventDocument>,
    /// Where the next page, of older ones, begins; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An event as the ledger has it, with what it says.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EventDocument {
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
    /// The event in a sentence; `null` for a kind that this program does not know (a ledger of a newer Muster).
    pub text: Option<String>,
    /// The typed body.
    pub body: Value,
    /// Its link in the chain, hexadecimal.
    pub hash: String,
}

impl Events {
    /// The document of a list of records.
    pub fn new(language: Language, records: &[Record]) -> Events {
        Events { events: records.iter().map(|record| EventDocument::new(language, record)).collect(), next: None }
    }
}

impl EventDocument {
    /// The document of a record.
    pub fn new(language: Language, record: &Record) -> EventDocument {
        let body: Option<Body> = serde_json::from_value(record.body.clone()).ok();
        EventDocument {
            seq: record.seq,
            at: record.at,
            mono: record.mono,
            boot: record.boot.clone(),
            host: record.host.clone(),
            kind: record.kind.clone(),
            subject: record.subject.clone(),
            text: body.map(|body| sentence::event(language, &body)),
            body: record.body.clone(),
            hash: record.hash.clone(),
        }
    }
}

//! What was once written must load for ever.
//!
//! `formats/v1.jsonl` has the body of every kind of event of format 1, as it was stored. Lines are added when the model
//! grows; none is ever altered. `formats/v1.db` is a whole ledger of that format.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not so")]

mod support;

use std::collections::BTreeSet;
use std::fs;

use muster_ledger::{Options, verify_file};
use muster_model::event::Body;
use muster_model::id::Seq;
use muster_model::time::Mono;
use serde_json::Value;

const BODIES: &str = include_str!("formats/v1.jsonl");
const LEDGER: &[u8] = include_bytes!("formats/v1.db");

#[test]
fn every_body_of_format_1_loads_with_all_that_it_said() {
    for line in BODIES.lines() {
        let body: Body = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let was: Value = serde_json::from_str(line).unwrap();
        let is = serde_json::to_value(&body).unwrap();
        assert!(has_all(&is, &was), "was {was}\nis  {is}");
    }
}

#[test]
fn there_is_a_sample_of_every_kind() {
    let kinds: BTreeSet<&str> = BODIES.lines().map(|line| serde_json::from_str::<Body>(line).unwrap().kind()).collect();
    // From `Body::kind`: a kind that is added there is added here, with a sample.
    let all = [
        "cause.confirmed",
        "change",
        "command.run",
        "config.good",
        "config.seen",
        "exam.asked",
        "examined",
        "incident.opened",
        "incident.refined",
        "incident.state",
        "memory.kill",
        "muster.ended",
        "muster.started",
        "plan",
        "port.listening",
        "probe.answer",
        "process.exited",
        "process.seen",
        "roster.refused",
        "roster.set",
        "sensor.rung",
        "sensor.sight",
        "signal.sent",
        "step.begun",
        "step.done",
        "timer",
        "told.acknowledge",
        "told.assign",
        "told.note",
        "told.pause",
        "told.recover",
        "told.resolve",
        "told.restore",
        "told.resume",
        "trouble",
        "unit.state",
        "verdict",
    ];
    assert_eq!(kinds, all.into_iter().collect());
}

#[test]
fn a_ledger_of_format_1_verifies_and_is_written_on() {
    let dir = support::scratch();
    fs::write(dir.path().join("ledger.db"), LEDGER).unwrap();
    fs::write(dir.path().join("ledger.key"), "07".repeat(32) + "\n").unwrap();

    let verified = verify_file(dir.path(), None).unwrap();
    assert_eq!((verified.events, verified.checkpoints, verified.broken), (20, 2, None));

    let ledger = support::open(dir.path(), Options::default());
    let event = ledger.append_durable(support::BEGIN, Mono(1), support::numbered(21)).unwrap();
    assert_eq!(event.seq, Seq(21));
    assert_eq!(ledger.verify().unwrap().events, 21);
    assert_eq!(ledger.verify().unwrap().broken, None);
}

/// Whether `is` says all that `was` said: what is new since may stand beside it.
fn has_all(is: &Value, was: &Value) -> bool {
    match (is, was) {
        (Value::Object(is), Value::Object(was)) => was.iter().all(|(name, was)| is.get(name).map_or(was.is_null(), |is| has_all(is, was))),
        (Value::Array(is), Value::Array(was)) => is.len() == was.len() && is.iter().zip(was).all(|(is, was)| has_all(is, was)),
        (is, was) => is == was,
    }
}

//! What terminal and pages tell alike of an incident: how sure the verdict is, where an actor came from, and what a person
//! can do now.

use muster_model::actor::Actor;
use muster_model::cause::Code;
use muster_model::incident::{Incident, State};
use muster_model::plan::Leave;

use crate::catalogue::say_key;
use crate::language::Language;
use crate::sentence::percent;

/// Parents of an actor that are told of: the rest names the machinery, not the person.
const PARENTS_MAX: usize = 5;

/// How sure the verdict is; `None` before the first one.
pub fn sureness(language: Language, incident: &Incident) -> Option<String> {
    let cause = incident.cause()?;
    let percent = format!("{} %", percent(cause.confidence));
    Some(if cause.code == Code::Unknown {
        say_key(language, "why-undecided", &[])
    } else if cause.confirmed {
        say_key(language, "why-confirmed", &[("code", &cause.code), ("percent", &percent)])
    } else if incident.settled_at.is_some() {
        say_key(language, "why-settled", &[("code", &cause.code), ("percent", &percent)])
    } else {
        say_key(language, "why-first-verdict", &[("code", &cause.code), ("percent", &percent)])
    })
}

/// The processes that an actor came from, nearest first, each cut to so many characters. `None`: nothing is known of them.
pub fn ancestry(language: Language, actor: &Actor, cut: impl Fn(&str) -> String) -> Option<String> {
    let pid = actor.pid.map(|pid| say_key(language, "why-pid", &[("pid", &pid)]));
    let mut chain: Vec<String> = pid.into_iter().chain(actor.parents.iter().take(PARENTS_MAX).map(|parent| cut(parent))).collect();
    if actor.parents.len() > PARENTS_MAX {
        chain.push("…".to_owned());
    }
    (!chain.is_empty()).then(|| chain.join(" ← "))
}

/// What a person can do now, with the commands in backticks.
pub fn next(language: Language, incident: &Incident) -> Vec<String> {
    let service = &incident.service;
    let say = |key, args: &[(&'static str, &dyn std::fmt::Display)]| say_key(language, key, args);
    let leave = incident.plan.as_ref().map(|plan| (plan.leave, plan.steps.is_empty()));
    let mut hints = Vec::new();
    match (incident.state, leave) {
        (State::Closed, _) => {}
        (State::Recovered, _) => hints.push(say("next-recovered", &[])),
        (State::Recovering, _) => hints.push(say("next-recovering", &[("service", service)])),
        (State::Open | State::Escalated, Some((Leave::Asked, false))) => hints.push(say("next-asked", &[("service", service)])),
        (State::Open | State::Escalated, Some((Leave::Withheld, false))) => {
            hints.push(say("next-withheld", &[("service", service), ("incident", &incident.id)]));
        }
        (State::Open | State::Escalated, Some((_, true))) => {
            hints.push(say("next-only-watched", &[("service", service), ("incident", &incident.id)]));
        }
        (State::Escalated, _) => hints.push(say("next-escalated", &[("service", service), ("incident", &incident.id)])),
        (State::Open, _) => hints.push(say("next-open", &[("service", service)])),
    }
    if let Some(change) = incident.cause().and_then(|cause| cause.change.as_ref()) {
        hints.push(say("next-change", &[("change", change)]));
    }
    if incident.cause().is_some_and(|cause| cause.code == Code::Unknown) {
        hints.push(say("next-unknown", &[("service", service)]));
    }
    hints
}

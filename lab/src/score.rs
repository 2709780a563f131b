//! Judges what Muster said and did in a scenario. Pure: all that was seen comes in, the verdict goes out.

use std::collections::BTreeMap;

use muster_model::health::Health;
use muster_model::incident::State;

use crate::document::{Actor, Cause, Incident, Status};
use crate::scenario::{Expect, ExpectActor, Kind, Scenario};

/// A cause named with this confidence accuses: when it is wrong, somebody is blamed for nothing.
const ACCUSATION: f64 = 0.8;

/// What was seen at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Every incident on record, oldest first.
    pub(crate) incidents: Vec<Incident>,
    /// The roll call.
    pub(crate) status: Status,
    /// What of each service must not change: its run's identity before the fault, and now.
    pub(crate) runs: BTreeMap<String, (String, String)>,
    /// Files that must be as before, and are not.
    pub(crate) altered: Vec<String>,
    /// Checks that failed, with what they said.
    pub(crate) failed: Vec<(String, String)>,
    /// When the verdicts on each incident came.
    pub(crate) verdicts: BTreeMap<String, Verdicts>,
}

/// When the verdicts on an incident came, in milliseconds after its detection.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Verdicts {
    pub(crate) first_ms: Option<f64>,
    pub(crate) settled_ms: Option<f64>,
}

/// The score of one incident that was expected.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Mark {
    pub(crate) service: String,
    /// The loss was seen and named.
    pub(crate) detected: bool,
    /// The right cause was named first.
    pub(crate) cause_right: bool,
    /// The right hand was named; `None`: none was asked for.
    pub(crate) actor_right: Option<bool>,
    /// It was brought back; `None`: it is not to be.
    pub(crate) recovered: Option<bool>,
    /// What was named, for the table.
    pub(crate) loss: String,
    pub(crate) cause: String,
    pub(crate) confidence: f64,
    pub(crate) state: String,
    pub(crate) actor: String,
    /// From the loss to its detection.
    pub(crate) detect_ms: Option<f64>,
    /// From the loss to the return.
    pub(crate) recovered_ms: Option<f64>,
    pub(crate) verdicts: Verdicts,
}

/// The score of a scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Score {
    /// One mark for each expected incident, in the scenario's order.
    pub(crate) marks: Vec<Mark>,
    /// Incidents that are none, as `service: loss (cause)`.
    pub(crate) innocent: Vec<String>,
    /// How many causes were named with such confidence that they accuse.
    pub(crate) accusations: u32,
    /// Those among them that are wrong, as `service: cause (confidence)`.
    pub(crate) wrong_accusations: Vec<String>,
    /// What is not as it must be; empty: passed.
    pub(crate) why_not: Vec<String>,
}

impl Score {
    /// Everything is as it must be.
    pub(crate) fn pass(&self) -> bool {
        self.why_not.is_empty()
    }
}

/// Judges `seen` by what the scenario expects.
pub(crate) fn judge(scenario: &Scenario, seen: &Seen) -> Score {
    let mut score = Score::default();
    for expect in &scenario.expect {
        let mark = mark(expect, seen, &mut score.why_not);
        score.marks.push(mark);
    }
    for incident in &seen.incidents {
        if !is_foreseen(scenario, incident) {
            let line = format!("{}: {} ({})", incident.service, incident.loss, incident.cause.as_ref().map_or("-", |c| &c.code));
            score.why_not.push(format!("an incident that is none: {line}"));
            score.innocent.push(line);
        }
        accuse(scenario, incident, &mut score);
    }
    score.why_not.extend(score.wrong_accusations.iter().map(|a| format!("a wrong accusation: {a}")));
    touched(scenario, seen, &mut score.why_not);
    health(scenario, seen, &mut score.why_not);
    score.why_not.extend(seen.altered.iter().map(|path| format!("{path} is not as it was before the fault")));
    score.why_not.extend(seen.failed.iter().map(|(line, said)| format!("`{line}` failed: {said}")));
    score
}

/// The latest incident of the service that has one of the losses, held against what is expected.
fn mark(expect: &Expect, seen: &Seen, why_not: &mut Vec<String>) -> Mark {
    let mut mark = Mark { service: expect.service.clone(), ..Mark::default() };
    mark.actor_right = expect.actor.as_ref().map(|_| false);
    mark.recovered = (expect.state == State::Recovered).then_some(false);
    let of_service = || seen.incidents.iter().rev().filter(|i| i.service == expect.service);
    let Some(incident) = of_service().find(|i| expect.loss.contains(&i.loss)) else {
        let others: Vec<_> = of_service().map(|i| i.loss.code()).collect();
        why_not.push(format!("{}: no incident {}{}", expect.service, any_of(&expect.loss), said_instead(&others)));
        return mark;
    };
    let mut wrong = |text: String| why_not.push(format!("{} {}: {text}", expect.service, incident.id));
    mark.detected = true;
    incident.loss.code().clone_into(&mut mark.loss);
    incident.state.code().clone_into(&mut mark.state);
    mark.verdicts = seen.verdicts.get(&incident.id).copied().unwrap_or_default();

    let detect = incident.detected_at.since(incident.lost_at);
    mark.detect_ms = Some(detect.as_ms());
    if incident.detected_at < incident.lost_at {
        wrong(format!("detected at {}, before it was lost at {}", incident.detected_at, incident.lost_at));
    }
    if let Some(limit) = expect.detect_within.filter(|limit| detect > *limit) {
        wrong(format!("detected after {detect}, later than {limit}"));
    }

    match &incident.cause {
        None => wrong("no cause is named".to_owned()),
        Some(cause) => {
            mark.cause.clone_from(&cause.code);
            mark.confidence = cause.confidence;
            mark.actor = cause.actor.as_ref().map(person).unwrap_or_default();
            mark_cause(expect, cause, &mut mark, &mut wrong);
            if incident.evidence.iter().all(|e| e.source.is_empty() || e.text.is_empty()) {
                wrong("no evidence is given".to_owned());
            }
        }
    }

    if incident.state != expect.state {
        wrong(format!("its state is {}, not {}", incident.state, expect.state));
    }
    if expect.state == State::Recovered {
        mark.recovered = Some(incident.state == State::Recovered && incident.recovered_at.is_some());
        let took = incident.recovered_at.map(|at| at.since(incident.lost_at));
        mark.recovered_ms = took.map(|t| t.as_ms());
        match (took, expect.recovered_within) {
            (None, _) if incident.state == State::Recovered => wrong("recovered, but it does not say when".to_owned()),
            (Some(took), Some(limit)) if took > limit => wrong(format!("back after {took}, later than {limit}")),
            _ => {}
        }
    }

    let done: Vec<&str> = incident.actions.iter().filter(|a| a.outcome.as_deref() == Some("done")).map(|a| a.step.as_str()).collect();
    if !in_order(&expect.steps, &done) {
        wrong(format!("the steps done are [{}], not [{}]", done.join(", "), expect.steps.join(", ")));
    }
    if expect.left_alone && incident.actions.iter().any(|a| a.step != "none" && a.outcome.as_deref() != Some("skipped")) {
        wrong(format!("it was to be left alone, and [{}] was done", done.join(", ")));
    }
    mark
}

fn mark_cause(expect: &Expect, cause: &Cause, mark: &mut Mark, wrong: &mut impl FnMut(String)) {
    mark.cause_right = expect.cause.iter().any(|c| c.code() == cause.code);
    if !mark.cause_right {
        let codes: Vec<_> = expect.cause.iter().map(|c| c.code()).collect();
        wrong(format!("the cause is {} ({:.2}), not {}: {}", cause.code, cause.confidence, codes.join(" or "), cause.summary));
    }
    if let Some(part) = expect.subject.as_deref().filter(|part| !cause.subject.as_deref().unwrap_or("").contains(part)) {
        mark.cause_right = false;
        wrong(format!("the subject is {:?}, not one with `{part}`", cause.subject));
    }
    if let Some(confirmed) = expect.confirmed.filter(|c| *c != cause.confirmed) {
        wrong(format!("the cause is {}confirmed", if confirmed { "not " } else { "" }));
    }
    if let Some(expected) = &expect.actor {
        let differs = actor_differs(expected, cause.actor.as_ref());
        mark.actor_right = Some(differs.is_none());
        if let Some(how) = differs {
            wrong(how);
        }
    }
}

/// How the actor differs from the one expected; `None`: it does not.
fn actor_differs(expected: &ExpectActor, actor: Option<&Actor>) -> Option<String> {
    let Some(actor) = actor else {
        return (!expected.nobody).then(|| "no actor is named".to_owned());
    };
    let differs = if expected.nobody {
        Some("nobody could have been seen")
    } else if expected.user.is_some() && expected.user != actor.user {
        Some("another user")
    } else if expected.login_uid.is_some() && expected.login_uid != actor.login_uid {
        Some("another login uid")
    } else if expected.tty.is_some_and(|tty| tty != actor.tty.is_some()) {
        Some("the terminal is wrong")
    } else if expected.command.as_deref().is_some_and(|part| !actor.command.iter().chain(&actor.parents).any(|c| c.contains(part))) {
        Some("another command")
    } else {
        None
    };
    differs.map(|how| format!("the actor is not the one ({how}): {}", person(actor)))
}

/// An actor in a line.
fn person(actor: &Actor) -> String {
    let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let login = actor.login_uid.map_or_else(|| "-".to_owned(), |uid| uid.to_string());
    format!("user {} login {login} tty {}: {}", word(&actor.user), word(&actor.tty), word(&actor.command))
}

fn is_foreseen(scenario: &Scenario, incident: &Incident) -> bool {
    let expected = scenario.expect.iter().any(|e| e.service == incident.service && e.loss.contains(&incident.loss));
    expected || scenario.also.iter().any(|a| a.service == incident.service && a.loss.contains(&incident.loss))
}

/// Counts an accusation, and keeps it where it is wrong: the cause is not one of those foreseen for this incident.
fn accuse(scenario: &Scenario, incident: &Incident, score: &mut Score) {
    let Some(cause) = incident.cause.as_ref().filter(|c| c.code != "unknown" && c.confidence >= ACCUSATION) else {
        return;
    };
    score.accusations += 1;
    let expected = scenario.expect.iter().map(|e| (&e.service, &e.loss, &e.cause));
    let foreseen = expected.chain(scenario.also.iter().map(|a| (&a.service, &a.loss, &a.cause)));
    let right = foreseen
        .filter(|(service, loss, _)| **service == incident.service && loss.contains(&incident.loss))
        .any(|(_, _, causes)| causes.iter().any(|c| c.code() == cause.code));
    if !right {
        score.wrong_accusations.push(format!("{}: {} ({:.2})", incident.service, cause.code, cause.confidence));
    }
}

/// Services that nothing happened to must still be in the run in which they were.
fn touched(scenario: &Scenario, seen: &Seen, why_not: &mut Vec<String>) {
    for (service, (before, now)) in &seen.runs {
        let may = scenario.touched.contains(service) || scenario.expect.iter().any(|e| &e.service == service);
        if before != now && !may {
            why_not.push(format!("{service} was touched: {before} became {now}"));
        }
    }
}

/// Every service must be as the scenario says: `present` where it does not say.
fn health(scenario: &Scenario, seen: &Seen, why_not: &mut Vec<String>) {
    for service in &seen.status.services {
        let expected = scenario.health.get(&service.name).map_or(&[Health::Present][..], Vec::as_slice);
        if !expected.contains(&service.health) {
            let words: Vec<_> = expected.iter().map(|h| h.code()).collect();
            why_not.push(format!("{} is {}, not {}", service.name, service.health, words.join(" or ")));
        }
    }
    if scenario.kind == Kind::Healthy && seen.status.services.is_empty() {
        why_not.push("the roll call is empty".to_owned());
    }
}

/// Whether `wanted` appear in `done` in this order, with others between or not.
fn in_order(wanted: &[String], done: &[&str]) -> bool {
    let mut rest = done.iter();
    wanted.iter().all(|step| rest.any(|d| d == step))
}

fn any_of(losses: &[muster_model::loss::Loss]) -> String {
    losses.iter().map(|l| l.code()).collect::<Vec<_>>().join(" or ")
}

fn said_instead(losses: &[&str]) -> String {
    if losses.is_empty() { String::new() } else { format!(", but {}", losses.join(", ")) }
}

#[cfg(test)]
mod tests;

//! An incident as the pages tell it: the verdict, who did it, what speaks for and against it, what was done, what to do.

use muster_model::cause::{Code, Evidence};
use muster_model::incident::{Action, Incident, Said, State};
use muster_model::plan::{Leave, Outcome};
use muster_model::time::Time;
use muster_tell::document::PlanDocument;
use muster_tell::{Words, clock};

use super::look::{Look, moment, parts, stage};

/// Pieces of evidence, and other causes, on a card; the incident's own page has all.
const EVIDENCE_MAX: usize = 4;
const OTHERS_MAX: usize = 3;
/// As much of a command line is shown of each of an actor's parents.
const PARENT_CHARS: usize = 60;

/// Whose eyes it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Extent {
    /// A card among others.
    Card,
    /// A page of its own.
    Whole,
}

/// An incident in words. Two that are the same show the same: lengths that grow are not among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Story {
    pub(super) whole: bool,
    pub(super) id: String,
    pub(super) service: String,
    pub(super) open: bool,
    pub(super) mark: &'static str,
    pub(super) tone: &'static str,
    pub(super) state: String,
    pub(super) loss: String,
    pub(super) lost_at: Time,
    pub(super) recovered_at: Option<Time>,
    /// How long it was lost, where that is over.
    pub(super) lasted: Option<String>,
    pub(super) verdict: String,
    pub(super) sure: Option<String>,
    /// 1 to 99; `None`: undecided.
    pub(super) percent: Option<i64>,
    /// What stands beside the verdict: a name and its value.
    pub(super) facts: Vec<(String, String)>,
    pub(super) evidence: Vec<Weighed>,
    pub(super) more_evidence: Option<String>,
    pub(super) others: Vec<(i64, &'static str, String)>,
    pub(super) plan: Option<Planned>,
    pub(super) actions: Vec<Did>,
    pub(super) notes: Vec<(Time, String, String)>,
    /// What to do now: sentences in parts, commands told apart.
    pub(super) next: Vec<Vec<(bool, String)>>,
    pub(super) held_by: Option<String>,
    pub(super) acknowledged: bool,
    /// It can be told to be brought back: Muster knows how, as far as is known.
    pub(super) recoverable: bool,
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Weighed {
    /// `+++` to `−−−`.
    pub(super) mark: &'static str,
    pub(super) tone: &'static str,
    /// The mark in words.
    pub(super) weight: String,
    pub(super) at: Time,
    pub(super) source: String,
    pub(super) text: String,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Planned {
    pub(super) why: String,
    /// Steps that have not been run: what, and to what.
    pub(super) steps: Vec<(String, String)>,
    /// It waits for a yes.
    pub(super) waits: bool,
}

/// A step that was run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Did {
    pub(super) mark: &'static str,
    pub(super) tone: &'static str,
    pub(super) at: Time,
    pub(super) step: String,
    pub(super) target: String,
    pub(super) outcome: String,
    pub(super) said: String,
}

impl Story {
    pub(super) fn new(look: &Look, incident: &Incident, extent: Extent) -> Story {
        let whole = extent == Extent::Whole;
        let shown = |max: usize| if whole { usize::MAX } else { max };
        let (mark, tone) = stage(incident.state);
        let cause = incident.cause();
        let decided = cause.filter(|cause| cause.code != Code::Unknown);
        let evidence = incident.evidence();
        let more = evidence.len().saturating_sub(shown(EVIDENCE_MAX));
        let open = incident.state.is_open();
        Story {
            whole,
            id: incident.id.to_string(),
            service: incident.service.to_string(),
            open,
            mark,
            tone,
            state: look.word(Words::State, incident.state.code()),
            loss: look.word(Words::Loss, incident.loss.code()),
            lost_at: incident.lost_at,
            recovered_at: incident.recovered_at,
            lasted: incident.recovered_at.map(|back| look.length(back.since(incident.lost_at))),
            verdict: match cause {
                Some(cause) => look.sentence(&look.text(&cause.summary)),
                None => look.say("why-no-verdict"),
            },
            sure: muster_tell::sureness(look.language, incident),
            percent: decided.map(|cause| muster_tell::percent(cause.confidence)),
            facts: facts(look, incident, whole),
            evidence: evidence.iter().take(shown(EVIDENCE_MAX)).map(|evidence| Weighed::new(look, evidence)).collect(),
            more_evidence: (more > 0).then(|| look.tell("page-more-evidence", &[("n", &more)])),
            others: others(look, incident, shown(OTHERS_MAX)),
            plan: incident.plan.as_ref().map(|plan| Planned::new(look, incident, &PlanDocument::new(look.language, plan))),
            actions: incident.actions.iter().map(|action| Did::new(look, action)).collect(),
            notes: incident.notes.iter().map(|note| (note.at, note.by.clone(), said(look, &note.said))).collect(),
            next: muster_tell::next(look.language, incident).iter().map(|sentence| parts(sentence)).collect(),
            held_by: holder(look, incident),
            acknowledged: incident.acknowledged.is_some(),
            recoverable: matches!(incident.state, State::Open | State::Escalated)
                && incident.plan.as_ref().is_none_or(|plan| !plan.steps.is_empty()),
        }
    }
}

/// What was done to what, by whom; and, of the whole story, when each thing was known.
fn facts(look: &Look, incident: &Incident, whole: bool) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut fact = |key: &'static str, value: String| facts.push((look.say(key), value));
    if let Some(cause) = incident.cause() {
        if let Some(actor) = &cause.actor {
            fact("why-by", muster_tell::actor(look.language, actor));
            let cut = |parent: &str| match parent.char_indices().nth(PARENT_CHARS) {
                Some((end, _)) => format!("{}…", parent.get(..end).unwrap_or_default()),
                None => parent.to_owned(),
            };
            if let Some(from) = muster_tell::ancestry(look.language, actor, cut).filter(|_| whole) {
                fact("why-from", from);
            }
        }
        if let Some(subject) = &cause.subject {
            fact("why-subject", subject.clone());
        }
    }
    fact("why-lost", format!("{} UTC", moment(&incident.lost_at)));
    let after = |moment: Time| look.length(moment.since(incident.lost_at));
    let mut noticed = vec![look.tell("why-after", &[("after", &after(incident.detected_at))])];
    if let Some(at) = incident.first_verdict_at {
        noticed.push(look.tell("why-verdict-after", &[("after", &after(at))]));
    }
    if let Some(at) = incident.settled_at.filter(|_| whole) {
        noticed.push(look.tell("why-settled-after", &[("after", &after(at))]));
    }
    fact("why-noticed", noticed.join(&look.say("list-clause")));
    if let Some(at) = incident.recovered_at {
        fact("why-back", look.tell("why-back-after", &[("at", &clock(at)), ("after", &after(at))]));
    }
    facts
}

fn others(look: &Look, incident: &Incident, max: usize) -> Vec<(i64, &'static str, String)> {
    let told = incident.causes.iter().skip(1).take(max);
    told.map(|cause| (muster_tell::percent(cause.confidence), cause.code.code(), look.word(Words::Cause, cause.code.code()))).collect()
}

fn said(look: &Look, said: &Said) -> String {
    match said {
        Said::Text(text) => look.text(text),
        Said::Words(words) => words.clone(),
    }
}

/// Who has it in hand.
fn holder(look: &Look, incident: &Incident) -> Option<String> {
    match (&incident.assigned, &incident.acknowledged) {
        (Some(who), _) => Some(look.tell("page-assigned", &[("who", who)])),
        (None, Some(who)) => Some(look.tell("page-acknowledged", &[("who", who)])),
        (None, None) => None,
    }
}

impl Weighed {
    fn new(look: &Look, evidence: &Evidence) -> Weighed {
        // In nats: 1 makes it about three times likelier, 3 about twenty times.
        let (mark, tone, key) = match evidence.weight {
            weight if weight >= 3.0 => ("+++", "good", "page-weight-strong-for"),
            weight if weight >= 1.0 => ("++", "good", "page-weight-for"),
            weight if weight > 0.0 => ("+", "good", "page-weight-weak-for"),
            weight if weight <= -3.0 => ("−−−", "bad", "page-weight-strong-against"),
            weight if weight <= -1.0 => ("−−", "bad", "page-weight-against"),
            weight if weight < 0.0 => ("−", "bad", "page-weight-weak-against"),
            _ => ("·", "faint", "page-weight-none"),
        };
        Weighed { mark, tone, weight: look.say(key), at: evidence.at, source: evidence.source.clone(), text: look.text(&evidence.text) }
    }

    pub(super) fn clock(&self) -> String {
        clock(self.at)
    }
}

impl Planned {
    fn new(look: &Look, incident: &Incident, plan: &PlanDocument) -> Planned {
        let ahead = incident.actions.is_empty();
        let steps = plan.steps.iter().filter(|_| ahead).map(|step| (look.word(Words::Step, step.step), step.target.clone()));
        Planned {
            why: look.sentence(&plan.why),
            steps: steps.collect(),
            waits: plan.leave == Leave::Asked && matches!(incident.state, State::Open | State::Escalated),
        }
    }
}

impl Did {
    fn new(look: &Look, action: &Action) -> Did {
        let (mark, tone) = match action.outcome {
            Some(Outcome::Done) => ("✓", "good"),
            Some(Outcome::Failed) => ("✗", "bad"),
            Some(Outcome::Undone) => ("↺", "warn"),
            Some(Outcome::Skipped) => ("·", "faint"),
            None => ("…", "warn"),
        };
        let mut outcome = match action.outcome {
            Some(outcome) => {
                let outcome = look.word(Words::Outcome, outcome.code());
                look.tell("why-took", &[("outcome", &outcome), ("took", &look.length(action.took))])
            }
            None => look.say("why-under-way"),
        };
        if action.rehearsed {
            outcome += &look.say("list-clause");
            outcome += &look.say("why-rehearsed");
        }
        let said = action.said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned();
        Did { mark, tone, at: action.at, step: look.word(Words::Step, &action.step), target: action.target.clone(), outcome, said }
    }

    pub(super) fn clock(&self) -> String {
        clock(self.at)
    }
}

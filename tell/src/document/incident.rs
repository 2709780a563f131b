//! `why`, `incident ID` and `incidents`: the story of a loss.

use std::collections::BTreeMap;

use muster_model::actor::Actor;
use muster_model::cause::{Cause, Code, Evidence};
use muster_model::id::{ChangeId, HostName, IncidentId, ServiceName};
use muster_model::incident::{Action, Incident, Note, Said, State};
use muster_model::loss::Loss;
use muster_model::plan::{Leave, Outcome, Plan, Step};
use muster_model::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::ms;
use crate::catalogue::say;
use crate::language::Language;

/// All incidents, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Incidents {
    /// The incidents.
    pub incidents: Vec<IncidentDocument>,
    /// Where the next page begins; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An incident.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct IncidentDocument {
    /// Its id.
    pub id: IncidentId,
    /// The service that was lost.
    pub service: ServiceName,
    /// Where.
    pub host: HostName,
    /// How far it is.
    pub state: State,
    /// In which way the service is absent.
    pub loss: Loss,
    /// The kernel's or the service manager's moment of the loss.
    pub lost_at: Time,
    /// The moment of noticing.
    pub detected_at: Time,
    /// When the first verdict was given.
    pub first_verdict_at: Option<Time>,
    /// When all examinations were in.
    pub settled_at: Option<Time>,
    /// The moment from which the service was there again for good.
    pub recovered_at: Option<Time>,
    /// The likeliest cause; `null` before the first verdict.
    pub cause: Option<CauseDocument>,
    /// All causes that were weighed, likeliest first.
    pub causes: Vec<CauseShare>,
    /// What speaks for and against the likeliest cause.
    pub evidence: Vec<EvidenceDocument>,
    /// The plan in hand or last tried.
    pub plan: Option<PlanDocument>,
    /// What was done, in order.
    pub actions: Vec<ActionDocument>,
    /// What it did to users and dependants, by measure. Empty: nothing is measured.
    pub impact: BTreeMap<String, f64>,
    /// Who was told. Empty: nobody.
    pub notices: Vec<NoteDocument>,
    /// What people and Muster said of it.
    pub notes: Vec<NoteDocument>,
    /// Who has seen it.
    pub acknowledged: Option<String>,
    /// Who took it on.
    pub assigned: Option<String>,
}

/// The likeliest cause.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CauseDocument {
    /// Its code (DESIGN §6).
    pub code: Code,
    /// Probability that it is this, 0 to 1.
    pub confidence: f64,
    /// Undoing it brought the service back.
    pub confirmed: bool,
    /// The verdict in a sentence.
    pub summary: String,
    /// What was altered, killed or used up.
    pub subject: Option<String>,
    /// Whose hand it was.
    pub actor: Option<Actor>,
    /// The change that did it; `muster diff` shows it.
    pub change: Option<ChangeId>,
}

/// A cause with its probability.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CauseShare {
    /// Its code.
    pub code: Code,
    /// Probability that it is this, 0 to 1.
    pub confidence: f64,
}

/// One fact that weighs for or against the likeliest cause.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EvidenceDocument {
    /// When the fact was so.
    pub at: Time,
    /// Who saw it.
    pub source: String,
    /// In nats of log-odds; above 0 for the cause, below 0 against it.
    pub weight: f64,
    /// The fact in a sentence.
    pub text: String,
    /// Where to read on: `event:SEQ`, `change:ID`, `file:PATH`.
    #[serde(rename = "ref")]
    #[schema(example = "change:c41")]
    pub reference: Option<String>,
}

/// What would bring the service back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanDocument {
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// Why these steps.
    pub why: String,
    /// `granted`, `asked` (waits for a yes), `withheld`.
    pub leave: Leave,
    /// In this order.
    pub steps: Vec<StepDocument>,
}

/// A step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StepDocument {
    /// Its code (DESIGN §6).
    pub step: &'static str,
    /// What it is done to: files, a process. Empty: the service itself.
    pub target: String,
}

/// A step that was run, or left out.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ActionDocument {
    /// When it began.
    pub at: Time,
    /// Its code (DESIGN §6).
    pub step: String,
    /// What it was done to.
    pub target: String,
    /// It was tried on a copy first.
    pub rehearsed: bool,
    /// How it ended; `null`: it is under way.
    pub outcome: Option<Outcome>,
    /// How long it took.
    pub took_ms: f64,
    /// What the tool said.
    pub said: String,
}

/// Something said about an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoteDocument {
    /// When.
    pub at: Time,
    /// By whom; `muster` for Muster itself.
    pub by: String,
    /// What.
    pub text: String,
}

impl Incidents {
    /// The document of a list of incidents.
    pub fn new(language: Language, incidents: &[Incident]) -> Incidents {
        Incidents { incidents: incidents.iter().map(|incident| IncidentDocument::new(language, incident)).collect(), next: None }
    }
}

impl IncidentDocument {
    /// The document of an incident.
    pub fn new(language: Language, incident: &Incident) -> IncidentDocument {
        IncidentDocument {
            id: incident.id.clone(),
            service: incident.service.clone(),
            host: incident.host.clone(),
            state: incident.state,
            loss: incident.loss,
            lost_at: incident.lost_at,
            detected_at: incident.detected_at,
            first_verdict_at: incident.first_verdict_at,
            settled_at: incident.settled_at,
            recovered_at: incident.recovered_at,
            cause: incident.cause().map(|cause| CauseDocument::new(language, cause)),
            causes: incident.causes.iter().map(|cause| CauseShare { code: cause.code, confidence: cause.confidence }).collect(),
            evidence: incident.evidence().iter().map(|evidence| EvidenceDocument::new(language, evidence)).collect(),
            plan: incident.plan.as_ref().map(|plan| PlanDocument::new(language, plan)),
            actions: incident.actions.iter().map(ActionDocument::new).collect(),
            impact: BTreeMap::new(),
            notices: Vec::new(),
            notes: incident.notes.iter().map(|note| NoteDocument::new(language, note)).collect(),
            acknowledged: incident.acknowledged.clone(),
            assigned: incident.assigned.clone(),
        }
    }
}

impl CauseDocument {
    fn new(language: Language, cause: &Cause) -> CauseDocument {
        CauseDocument {
            code: cause.code,
            confidence: cause.confidence,
            confirmed: cause.confirmed,
            summary: say(language, &cause.summary),
            subject: cause.subject.clone(),
            actor: cause.actor.clone(),
            change: cause.change.clone(),
        }
    }
}

impl EvidenceDocument {
    fn new(language: Language, evidence: &Evidence) -> EvidenceDocument {
        EvidenceDocument {
            at: evidence.at,
            source: evidence.source.clone(),
            weight: evidence.weight,
            text: say(language, &evidence.text),
            reference: evidence.reference.clone(),
        }
    }
}

impl PlanDocument {
    /// The document of a plan.
    pub fn new(language: Language, plan: &Plan) -> PlanDocument {
        PlanDocument {
            attempt: plan.attempt,
            why: say(language, &plan.why),
            leave: plan.leave,
            steps: plan.steps.iter().map(StepDocument::new).collect(),
        }
    }
}

impl StepDocument {
    fn new(step: &Step) -> StepDocument {
        let target = match step {
            Step::ConfigRestore { files } => files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>().join(" "),
            Step::KillRestart { process } => format!("pid {}", process.pid),
            Step::Start | Step::Restart | Step::Reload | Step::Enable | Step::Unmask | Step::Await { .. } => String::new(),
        };
        StepDocument { step: step.code(), target }
    }
}

impl ActionDocument {
    fn new(action: &Action) -> ActionDocument {
        ActionDocument {
            at: action.at,
            step: action.step.clone(),
            target: action.target.clone(),
            rehearsed: action.rehearsed,
            outcome: action.outcome,
            took_ms: ms(action.took),
            said: action.said.clone(),
        }
    }
}

impl NoteDocument {
    fn new(language: Language, note: &Note) -> NoteDocument {
        let text = match &note.said {
            Said::Text(text) => say(language, text),
            Said::Words(words) => words.clone(),
        };
        NoteDocument { at: note.at, by: note.by.clone(), text }
    }
}

//! Never fight a person (promise 5), and never act where Muster can only watch.

use muster_model::cause::Code;
use muster_model::plan::{Leave, Step};
use muster_model::roster::Kind;
use muster_model::text::Text;

use super::Remedy;
use crate::host::diagnose::{self, Situation};

/// Whether the service is absent because somebody meant it to be.
pub(crate) fn is_intent(s: &Situation<'_>) -> bool {
    s.incident.cause().is_some_and(|c| matches!(c.code, Code::OperatorStopped | Code::OperatorDisabled)) || diagnose::is_ordered(s)
}

pub(super) fn remedy(s: &Situation<'_>, granted: bool) -> Option<Remedy> {
    let service = &s.watched.service;
    if let Kind::Process(_) = service.kind {
        return Some(Remedy {
            steps: Vec::new(),
            why: Text::new("plan-only-watched").with("service", &service.name),
            leave: Leave::Withheld,
        });
    }
    if !is_intent(s) || granted {
        return None;
    }
    let mut steps = Vec::new();
    if let Some(unit) = &s.watched.unit {
        match unit.file.as_str() {
            "masked" | "masked-runtime" => steps.extend([Step::Unmask, Step::Enable]),
            "disabled" => steps.push(Step::Enable),
            _ => {}
        }
    }
    steps.push(Step::Start);
    let teller = diagnose::ordered(s).map(|(_, who)| who).or_else(|| s.incident.cause()?.actor.as_ref());
    let who = teller.map_or("?".to_owned(), |a| a.person());
    Some(Remedy { steps, why: Text::new("plan-left-alone").with("service", &service.name).with("who", who), leave: Leave::Withheld })
}

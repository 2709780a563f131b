//! Never fight a person (promise 5), and never act where Muster can only watch.

use muster_model::cause::Code;
use muster_model::plan::{Leave, Step};
use muster_model::roster::Kind;
use muster_model::text::Text;
use muster_model::time::Length;

use super::{Remedy, unmask};
use crate::host::diagnose::{self, Situation};
use crate::host::presence::only_degrades;

/// How long Muster may take to see all again after it could not take all in.
const SEES_AGAIN_WITHIN: Length = Length::seconds(120);

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
    if service.kind == Kind::Own {
        return Some(own(s));
    }
    if !is_intent(s) || granted {
        return None;
    }
    let mut steps = unmask::steps(s);
    if s.watched.unit.as_ref().is_some_and(|u| u.file == "disabled") {
        steps.push(Step::Enable);
    }
    steps.push(if s.watched.main.is_some() { Step::Restart } else { Step::Start });
    let teller = diagnose::ordered(s).map(|(_, who)| who).or_else(|| s.incident.cause()?.actor.as_ref());
    let who = teller.map_or("?".to_owned(), |a| a.person());
    Some(Remedy { steps, why: Text::new("plan-left-alone").with("service", &service.name).with("who", who), leave: Leave::Withheld })
}

/// For Muster itself. A thread that stands still cannot be ended, and another beside it would tell everything twice once it
/// goes on; so that is left to people, and what came too fast to be taken in is over by itself.
fn own(s: &Situation<'_>) -> Remedy {
    if only_degrades(s.incident.loss) {
        let steps = vec![Step::Await { within: SEES_AGAIN_WITHIN }];
        return Remedy { steps, why: Text::new("plan-own-looks-again"), leave: Leave::Granted };
    }
    Remedy { steps: Vec::new(), why: Text::new("plan-own-restart"), leave: Leave::Withheld }
}

//! Start what is down; restart what is up and wrong.

use muster_model::cause::Code;
use muster_model::plan::{Leave, Step};
use muster_model::text::Text;

use super::Remedy;
use crate::host::diagnose::Situation;

pub(super) fn remedy(s: &Situation<'_>) -> Remedy {
    if let Some(cause) = s.incident.cause().filter(|c| c.code == Code::NetworkPortTaken && c.confidence >= 0.6)
        && let Some(subject) = &cause.subject
    {
        // The one who holds the port may be innocent: ending it is a person's decision.
        let step = if s.watched.main.is_some() { Step::Restart } else { Step::Start };
        return Remedy { steps: vec![step], why: Text::new("plan-port-taken").with("holder", subject), leave: Leave::Asked };
    }
    if s.watched.main.is_some() {
        Remedy { steps: vec![Step::Restart], why: Text::new("plan-restart"), leave: Leave::Granted }
    } else {
        Remedy { steps: vec![Step::Start], why: Text::new("plan-start"), leave: Leave::Granted }
    }
}

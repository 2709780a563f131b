//! What still does its work is not restarted for a danger; what is elsewhere, or well and out of reach, cannot be mended here.

use muster_model::loss::Loss;
use muster_model::plan::{Leave, Step};
use muster_model::roster::Kind;
use muster_model::text::Text;

use super::{Remedy, unmask};
use crate::host::diagnose::Situation;

pub(super) fn remedy(s: &Situation<'_>) -> Option<Remedy> {
    let service = &s.watched.service;
    let (steps, why) = match s.incident.loss {
        _ if matches!(service.kind, Kind::Url(_)) => (Vec::new(), "plan-elsewhere"),
        _ if matches!(service.kind, Kind::Process(_) | Kind::Own) => return None,
        Loss::Unreachable => (Vec::new(), "plan-cut-off"),
        // There is nothing to start; what was there is with whoever took it away.
        Loss::UnitMissing => (Vec::new(), "plan-unit-gone"),
        Loss::UnitDisabled => {
            let unmask = unmask::steps(s);
            (if unmask.is_empty() { vec![Step::Enable] } else { unmask }, "plan-enable")
        }
        // A new certificate may lie there already, and the program have to be told.
        Loss::TlsExpired if service.reload.is_some() => (vec![Step::Reload], "plan-reload-certificate"),
        Loss::TlsExpired => (Vec::new(), "plan-renew-certificate"),
        Loss::Slow => (vec![Step::Restart], "plan-restart-slow"),
        _ => return None,
    };
    let leave = if steps.is_empty() { Leave::Withheld } else { Leave::Asked };
    Some(Remedy { steps, why: Text::new(why).with("service", &service.name), leave })
}

/// What it needs is not as it must be, and no last good version of it can be put back.
pub(super) fn by_hand(s: &Situation<'_>) -> Option<Remedy> {
    let why = Text::new("plan-file-by-hand").with("service", &s.watched.service.name);
    (s.incident.loss == Loss::CannotRestart).then_some(Remedy { steps: Vec::new(), why, leave: Leave::Withheld })
}

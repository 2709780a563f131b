//! What would bring it back. The remedies are tried in this order; the first that fits makes the plan.

mod config_restore;
mod kill_restart;
mod leave_alone;
mod spare;
mod start;
mod unmask;
mod wait;

use muster_model::plan::{Leave, Plan, Step};
use muster_model::roster::Recover;
use muster_model::text::Text;
use muster_model::time::Length;

use super::diagnose::Situation;
pub(super) use leave_alone::is_intent;
pub(super) use unmask::is_masked;

/// What a remedy proposes.
pub(super) struct Remedy {
    pub(super) steps: Vec<Step>,
    pub(super) why: Text,
    pub(super) leave: Leave,
}

/// The plan for the next attempt. With `granted`, a person said yes to whatever it takes.
pub(super) fn choose(s: &Situation<'_>, attempt: u32, granted: bool, manager_slack: Length) -> Plan {
    let remedy = spare::remedy(s)
        .or_else(|| leave_alone::remedy(s, granted))
        .or_else(|| config_restore::remedy(s))
        .or_else(|| spare::by_hand(s))
        .or_else(|| kill_restart::remedy(s))
        .or_else(|| unmask::remedy(s))
        .or_else(|| wait::remedy(s, attempt, manager_slack))
        .unwrap_or_else(|| start::remedy(s));
    let leave = match (remedy.leave, s.watched.service.recover) {
        (Leave::Withheld, _) if !granted => Leave::Withheld,
        _ if granted && !remedy.steps.is_empty() => Leave::Granted,
        (leave, Recover::Auto) => leave,
        (_, Recover::Ask) => Leave::Asked,
        (_, Recover::Never) => Leave::Withheld,
    };
    Plan { attempt, steps: remedy.steps, why: remedy.why, leave }
}

//! systemd stays the restarter where it already restarts (DESIGN §10).

use muster_model::observation::{End, UnitState};
use muster_model::plan::{Leave, Step};
use muster_model::text::Text;
use muster_model::time::Length;

use super::Remedy;
use crate::host::diagnose::Situation;

pub(super) fn remedy(s: &Situation<'_>, attempt: u32, slack: Length) -> Option<Remedy> {
    let unit = s.watched.unit.as_ref()?;
    // What runs and does not do its work looks well to the service manager.
    let runs = s.watched.main.is_some() && unit.active == "active";
    if attempt > 1 || runs || !restarts(unit, s.ended().map(|e| e.end)) {
        return None;
    }
    let within = Length(unit.restart_after.0.saturating_add(slack.0));
    let why = Text::new("plan-await-manager").with("policy", &unit.restart).with("within", within);
    Some(Remedy { steps: vec![Step::Await { within }], why, leave: Leave::Granted })
}

/// Whether systemd restarts the unit after such an end by itself: the table of systemd.service(5), Restart=.
fn restarts(unit: &UnitState, end: Option<End>) -> bool {
    if unit.active == "failed" || (unit.active == "inactive" && unit.job.is_none()) {
        return false; // it has given up, or nobody asked it to
    }
    match (unit.restart.as_str(), end) {
        ("always", _) => true,
        ("on-success", Some(End::Code(0) | End::Signal(1 | 2 | 13 | 15))) => true,
        ("on-failure", Some(End::Code(0) | End::Signal(1 | 2 | 13 | 15))) => false,
        ("on-failure", _) => true,
        ("on-abnormal", Some(End::Signal(n))) => !matches!(n, 1 | 2 | 13 | 15),
        ("on-abnormal", Some(End::Memory)) => true,
        ("on-abort", Some(End::Signal(n))) => !matches!(n, 1 | 2 | 13 | 15),
        _ => false,
    }
}

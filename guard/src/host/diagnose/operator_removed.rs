//! A person uninstalled it, or removed its unit.

use muster_model::actor::Actor;
use muster_model::cause::Code;
use muster_model::loss::Loss;
use muster_model::text::Text;

use super::{Hypothesis, Situation, operator_stopped};

/// Words of the commands that take a unit's file away: of the shell, of the package managers, of the service manager.
const TAKES_AWAY: [&str; 9] = ["rm", "unlink", "mv", "remove", "purge", "erase", "autoremove", "revert", "uninstall"];

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    if s.incident.loss != Loss::UnitMissing {
        return None;
    }
    let unit = &s.watched.unit.as_ref()?.unit;
    let service = &s.watched.service.name;
    // Whoever removed something else did not remove this.
    let stem = unit.rsplit_once('.').map_or(unit.as_str(), |(stem, _)| stem);
    let names_it = |who: &Actor| who.command.as_deref().is_some_and(|c| c.contains(stem));
    let command = operator_stopped::command_that(s, |who| operator_stopped::has_word(who, &TAKES_AWAY) && names_it(who));
    let summary = match &command {
        Some((_, _, who)) => Text::new("verdict-operator-removed").with("unit", unit).with("service", service).with("who", who),
        None => Text::new("verdict-removed-unseen").with("unit", unit).with("service", service),
    };
    let mut h = Hypothesis::new(Code::OperatorRemoved, summary);
    h.subject = Some(unit.clone());
    h.weigh(s.incident.lost_at, "dbus", 1.0, Text::new("evidence-unit-load").with("state", "not-found"), None);
    if let Some((at, source, who)) = command {
        h.weigh(at, &source, 5.0, Text::new("evidence-command").with("who", &who), None);
        h.actor = Some(who);
    }
    Some(h)
}

//! A person disabled or masked it.

use muster_model::cause::Code;
use muster_model::change::Altered;
use muster_model::loss::Loss;
use muster_model::text::Text;
use muster_model::time::Length;

use super::situation::change_id;
use super::{Hypothesis, Situation, operator_stopped};

/// A stop this long after it was disabled may still be its effect; that it is disabled always is.
const REACH: Length = Length::seconds(300);

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    if !matches!(s.incident.loss, Loss::Stopped | Loss::UnitDisabled) {
        return None;
    }
    let unit = s.watched.unit.as_ref()?;
    let off = |state: &str| matches!(state, "disabled" | "masked" | "masked-runtime");
    let change = s.watched.traces.changes().find(|(t, c)| {
        matches!(&c.what, Altered::Enablement { before, after } if !off(before) && off(after))
            && (s.incident.loss == Loss::UnitDisabled || s.is_since(t, REACH))
    });
    let command = operator_stopped::command(s, &["disable", "mask"]);
    if change.is_none() && command.is_none() {
        return None;
    }
    let who = command.as_ref().map(|(_, _, a)| a.clone()).or_else(|| change.and_then(|(_, c)| c.actor.clone()));
    let service = &s.watched.service.name;
    let summary = match &who {
        Some(who) => Text::new("verdict-operator-disabled").with("service", service).with("state", &unit.file).with("who", who),
        None => Text::new("verdict-disabled-unseen").with("service", service).with("state", &unit.file),
    };
    let mut h = Hypothesis::new(Code::OperatorDisabled, summary);
    h.subject = Some(unit.unit.clone());
    if let Some((trace, change)) = change
        && let Altered::Enablement { before, after } = &change.what
    {
        let text = Text::new("evidence-enablement").with("before", before).with("after", after);
        h.weigh(trace.at, &trace.source, 4.0, text, Some(format!("change:{}", change_id(trace))));
        h.change = Some(change_id(trace));
    }
    if let Some((at, source, who)) = command {
        h.weigh(at, &source, 5.0, Text::new("evidence-command").with("who", &who), None);
    }
    if s.stop_was_ordered() {
        h.weigh(s.incident.lost_at, "dbus", 2.5, Text::new("evidence-stop-job"), None);
    }
    if off(&unit.file) {
        h.weigh(s.incident.lost_at, "dbus", 2.0, Text::new("evidence-unit-file-state").with("state", &unit.file), None);
    } else {
        h.weigh(s.incident.lost_at, "dbus", -1.0, Text::new("evidence-unit-file-state").with("state", &unit.file), None);
    }
    h.actor = who;
    Some(h)
}

//! The host was restarted, and the service did not come back with it.

use muster_model::cause::Code;
use muster_model::text::Text;
use muster_model::time::Length;

use super::{Hypothesis, Situation};

/// A loss this long after boot may still be the boot's.
const REACH: Length = Length::seconds(300);

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    let booted = s.watched.rebooted?;
    if s.now.at.since(booted) > REACH && s.incident.lost_at.since(booted) > REACH {
        return None;
    }
    let mut h =
        Hypothesis::new(Code::HostRebooted, Text::new("verdict-host-rebooted").with("service", &s.watched.service.name).with("at", booted));
    h.weigh(booted, "kernel", 4.0, Text::new("evidence-boot").with("at", booted), None);
    if let Some(unit) = &s.watched.unit {
        let started = s.watched.ended.is_some() || unit.result != "success";
        if started {
            h.weigh(s.incident.lost_at, "dbus", -3.0, Text::new("evidence-unit-result").with("result", &unit.result), None);
        } else if matches!(unit.file.as_str(), "disabled" | "masked" | "static" | "indirect") {
            h.weigh(booted, "dbus", 2.0, Text::new("evidence-unit-file-state").with("state", &unit.file), None);
        }
        h.subject = Some(unit.unit.clone());
    }
    Some(h)
}

//! Memory ran out, and the kernel ended it.

use muster_model::cause::Code;
use muster_model::observation::End;
use muster_model::text::Text;

use super::{Hypothesis, Situation};
use crate::host::traces::Touch;

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    let service = &s.watched.service.name;
    let mut h = Hypothesis::new(Code::ResourceMemory, Text::new("verdict-resource-memory").with("service", service));
    let ended = s.ended();
    let kill = s
        .watched
        .traces
        .newest()
        .find(|t| matches!(t.what, Touch::MemoryKill { process, .. } if ended.is_some_and(|e| e.process == process)));
    if let Some(trace) = kill
        && let Touch::MemoryKill { process, limit } = &trace.what
    {
        h.subject = Some(format!("pid {}", process.pid));
        let text = match limit {
            Some(limit) => Text::new("evidence-memory-kill-limit").with("pid", process.pid).with("mib", limit >> 20),
            None => Text::new("evidence-memory-kill").with("pid", process.pid),
        };
        h.weigh(trace.at, &trace.source, 8.0, text, Some(format!("event:{}", trace.seq)));
    } else if let Some(e) = ended.filter(|e| e.end == End::Memory) {
        h.weigh(e.at, "kernel", 7.0, Text::new("evidence-ended-by-memory"), Some(format!("event:{}", e.seq)));
    }
    if let Some(unit) = s.watched.unit.as_ref().filter(|u| u.result == "oom-kill") {
        h.weigh(
            unit.since.unwrap_or(s.incident.lost_at),
            "dbus",
            5.0,
            Text::new("evidence-unit-result").with("result", &unit.result),
            None,
        );
    }
    for (line, means) in s.known_lines(Code::ResourceMemory).into_iter().take(3) {
        h.weigh(line.at, "journal", 1.0, Text::new("evidence-known-line").with("line", &line.text).with_phrase("means", means), None);
    }
    (!h.evidence.is_empty()).then_some(h)
}

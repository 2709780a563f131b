//! The program's own fault: no change, no outside hand.

use muster_model::cause::Code;
use muster_model::loss::Loss;
use muster_model::observation::End;
use muster_model::text::Text;
use muster_model::time::Length;

use super::situation::signal_name;
use super::{Hypothesis, Situation};

/// ILL, ABRT, BUS, FPE, SEGV, SYS: what a program brings upon itself.
const OWN_FAULT: [i32; 6] = [4, 6, 7, 8, 11, 31];
/// A change this long before a loss is suspect.
const SUSPECT: Length = Length::seconds(3600);

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    // What the service manager stops, also for a restart, does not crash.
    let ended = s.ended().filter(|e| s.incident.loss != Loss::Stopped && !s.watched.ended_on_order(*e))?;
    let service = &s.watched.service.name;
    let summary = match ended.end {
        End::Signal(signal) => Text::new("verdict-crash-signal").with("service", service).with("signal", signal_name(signal)),
        End::Code(code) => Text::new("verdict-crash-code").with("service", service).with("code", code),
        End::Memory | End::Unknown => return None,
    };
    let mut h = Hypothesis::new(Code::CrashBug, summary);
    h.subject = Some(format!("pid {}", ended.process.pid));
    let reference = Some(format!("event:{}", ended.seq));
    match ended.end {
        End::Signal(signal) if OWN_FAULT.contains(&signal) => h.weigh(ended.at, "kernel", 5.0, s.end_text(ended.end), reference),
        End::Signal(_) => return None,
        // exit(3) with success says that the program thought it was done.
        End::Code(0) => h.weigh(ended.at, "kernel", 2.0, s.end_text(ended.end), reference),
        End::Code(_) | End::Memory | End::Unknown => h.weigh(ended.at, "kernel", 3.2, s.end_text(ended.end), reference),
    }
    if s.incident.loss == Loss::CrashLoop {
        h.weigh(
            ended.at,
            "guard",
            1.0,
            Text::new("evidence-crash-loop").with("times", s.watched.work.losses.len().max(s.watched.work.attempts as usize)),
            None,
        );
    }
    let outside = s.watched.traces.signals(ended.process).filter_map(|(t, n, a)| a.filter(|a| s.is_outside(a)).map(|a| (t, n, a))).next();
    match outside {
        Some((t, signal, who)) => {
            let text = Text::new("evidence-signal-from").with("signal", signal_name(signal)).with("who", who);
            h.weigh(t.at, &t.source, -6.0, text, Some(format!("event:{}", t.seq)));
        }
        None if s.sees_senders() => h.weigh(ended.at, "guard", 0.5, Text::new("evidence-no-outside-signal"), None),
        None => {}
    }
    match s.validated() {
        Some((false, said, _, at)) => h.weigh(at, "validate", -5.0, Text::new("evidence-validator-refuses").with("said", said), None),
        Some((true, _, _, at)) => h.weigh(at, "validate", 0.5, Text::new("evidence-validator-accepts"), None),
        None => {}
    }
    let altered = s.altered();
    match altered.first().and_then(|a| a.trace) {
        Some((t, change)) if ended.at.since(t.at) < SUSPECT => {
            h.weigh(t.at, &t.source, -2.5, Text::new("evidence-changed-before").with("path", &change.subject), None);
        }
        _ => h.weigh(s.now.at, "guard", 0.5, Text::new("evidence-no-change"), None),
    }
    Some(h)
}

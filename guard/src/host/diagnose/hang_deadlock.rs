//! It stands still by its own fault: no change, no outside hand.

use muster_model::cause::Code;
use muster_model::exam::Finding;
use muster_model::loss::Loss;
use muster_model::text::Text;

use super::situation::signal_name;
use super::{Hypothesis, Situation};

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    if s.incident.loss != Loss::Hung {
        return None;
    }
    let mut h = Hypothesis::new(Code::HangDeadlock, Text::new("verdict-hang").with("service", &s.watched.service.name));
    let silent = s.watched.probes.iter().flatten().find(|p| !p.answer.is_right());
    if let Some(p) = silent {
        let text = Text::new("evidence-silent").with("said", p.answer.text()).with("times", p.times);
        h.weigh(p.at, "probe", 2.5, text, None);
    }
    if let Some((process, _)) = s.watched.main {
        h.subject = Some(format!("pid {}", process.pid));
        if let Some((t, signal, who)) =
            s.watched.traces.signals(process).find_map(|(t, n, a)| a.filter(|_| matches!(n, 19..=22)).map(|a| (t, n, a)))
        {
            let text = Text::new("evidence-signal-from").with("signal", signal_name(signal)).with("who", who);
            h.weigh(t.at, &t.source, -6.0, text, Some(format!("event:{}", t.seq)));
        }
    }
    s.watched
        .work
        .finding(|f| match &f.examined.finding {
            Finding::Process { state: Some(state), wchan, cpu, .. } => Some((f.at, *state, wchan.clone(), *cpu)),
            _ => None,
        })
        .into_iter()
        .for_each(|(at, state, wchan, cpu)| {
            let text = Text::new("evidence-process-state")
                .with("state", state)
                .with("wchan", wchan.unwrap_or_else(|| "-".to_owned()))
                .with("cpu", format!("{:.0}", cpu.unwrap_or(0.0) * 100.0));
            let weight = match state {
                'T' | 't' => -4.0,
                'Z' | 'X' => -4.0,
                _ => 2.0,
            };
            h.weigh(at, "process", weight, text, None);
        });
    if let Some((t, change)) = s.altered().first().and_then(|a| a.trace) {
        h.weigh(t.at, &t.source, -1.5, Text::new("evidence-changed-before").with("path", &change.subject), None);
    }
    (!h.evidence.is_empty()).then_some(h)
}

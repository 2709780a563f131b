//! A person sent it a signal.

use muster_model::cause::Code;
use muster_model::exam::Finding;
use muster_model::loss::Loss;
use muster_model::observation::End;
use muster_model::text::Text;
use muster_model::time::Length;

use super::situation::signal_name;
use super::{Hypothesis, Situation};

/// A signal that a program handles may take it this long to end.
const REACH: Length = Length::seconds(30);
/// HUP, INT, QUIT, ABRT, KILL, USR1, USR2, PIPE, ALRM, TERM end a program that does not handle them.
const ENDING: [i32; 10] = [1, 2, 3, 6, 9, 10, 12, 13, 14, 15];
/// STOP, TSTP, TTIN, TTOU.
const STOPPING: [i32; 4] = [19, 20, 21, 22];
const SIGKILL: i32 = 9;

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    let hung = s.incident.loss == Loss::Hung;
    let ended = s.ended();
    let ended_process = ended.map(|e| e.process);
    let process = if hung { s.watched.main.map(|(p, _)| p).or(ended_process) } else { ended_process };
    let sent = process.and_then(|p| {
        s.watched.traces.signals(p).find(|(t, signal, sender)| {
            let reaches = match ended {
                _ if hung => STOPPING.contains(signal),
                Some(e) => match e.end {
                    End::Signal(n) => n == *signal,
                    End::Code(_) | End::Unknown => ENDING.contains(signal) && e.at.since(t.at) < REACH,
                    End::Memory => false,
                },
                None => false,
            };
            reaches && sender.is_some_and(|a| s.is_outside(a))
        })
    });
    if let Some((trace, signal, Some(sender))) = sent {
        let name = signal_name(signal);
        let mut h = Hypothesis::new(
            Code::OperatorKilled,
            Text::new("verdict-operator-killed").with("service", &s.watched.service.name).with("signal", &name).with("who", sender),
        );
        h.actor = Some(sender.clone());
        h.subject = process.map(|p| format!("pid {}", p.pid));
        let exact = matches!(ended.map(|e| e.end), Some(End::Signal(_))) || hung;
        let weight = if exact { 7.0 } else { 5.0 };
        let text = Text::new("evidence-signal-from").with("signal", &name).with("who", sender);
        h.weigh(trace.at, &trace.source, weight, text, Some(format!("event:{}", trace.seq)));
        if let Some(e) = ended.filter(|_| !hung) {
            h.weigh(e.at, "kernel", 0.5, s.end_text(e.end), Some(format!("event:{}", e.seq)));
        }
        if signal == SIGKILL && s.watched.service.restore_after.is_none() && sender.tty.is_some() {
            h.weigh(
                trace.at,
                &trace.source,
                0.5,
                Text::new("evidence-from-terminal").with("tty", sender.tty.clone().unwrap_or_default()),
                None,
            );
        }
        return Some(h);
    }
    unseen(s, hung)
}

/// The effect of a signal whose sender nobody saw.
fn unseen(s: &Situation<'_>, hung: bool) -> Option<Hypothesis> {
    let mut h = Hypothesis::new(Code::OperatorKilled, Text::new("verdict-killed-unseen").with("service", &s.watched.service.name));
    if hung {
        let (at, state) = s.watched.work.finding(|f| match &f.examined.finding {
            Finding::Process { state, .. } => Some((f.at, *state)),
            _ => None,
        })?;
        if state != Some('T') {
            return None;
        }
        h.weigh(at, "process", 3.0, Text::new("evidence-process-stopped"), None);
        return Some(h);
    }
    let ended = s.ended()?;
    let End::Signal(signal) = ended.end else { return None };
    if !matches!(signal, 1 | 2 | 3 | 9 | 15) {
        return None;
    }
    // The kernel itself sends SIGKILL only for want of memory, and a program hardly ever sends it to itself.
    let weight = if s.sees_senders() && s.watched.watched_since.at < ended.at { 1.0 } else { 1.8 };
    h.weigh(ended.at, "kernel", weight, s.end_text(ended.end), Some(format!("event:{}", ended.seq)));
    h.weigh(ended.at, "guard", 0.0, Text::new("evidence-sender-unseen"), None);
    Some(h)
}

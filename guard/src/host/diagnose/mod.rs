//! Why was it lost? One file per cause: each reads the situation and returns a hypothesis with what speaks for it and
//! against it, or nothing. One ranking makes probabilities of them.

mod blind;
mod config_changed;
mod config_invalid;
mod config_missing;
mod crash_bug;
mod dns_failed;
mod hang_deadlock;
mod host_rebooted;
mod operator_disabled;
mod operator_killed;
mod operator_removed;
mod operator_stopped;
mod port_taken;
mod resource_memory;
mod situation;
mod tls_expired;

use muster_model::actor::Actor;
use muster_model::cause::{Cause, Code, Evidence};
use muster_model::exam::Exam;
use muster_model::id::ChangeId;
use muster_model::loss::Loss;
use muster_model::probe::{Ask, Probe};
use muster_model::roster::Kind;
use muster_model::text::Text;
use muster_model::time::{Length, Mono, Time};

use super::presence::{is_down, only_degrades};
use super::watched::{Probed, Watched};
pub(crate) use operator_stopped::{is_ordered, ordered};
pub(crate) use situation::Situation;

/// The causes that are looked for.
const CAUSES: [fn(&Situation<'_>) -> Option<Hypothesis>; 15] = [
    blind::look,
    config_invalid::look,
    config_changed::look,
    config_missing::look,
    operator_stopped::look,
    operator_killed::look,
    operator_disabled::look,
    operator_removed::look,
    resource_memory::look,
    port_taken::look,
    crash_bug::look,
    hang_deadlock::look,
    host_rebooted::look,
    tls_expired::look,
    dns_failed::look,
];

/// What `unknown` weighs: a cause must have more than a suspicion on its side to outweigh it.
const UNKNOWN_WEIGHT: f64 = 1.5;
/// Causes below this confidence are not told.
const CONFIDENCE_MIN: f64 = 0.02;
/// The kernel counts the start of a process in these (USER_HZ, proc_pid_stat(5)): on every architecture of Linux a hundredth
/// of a second.
pub(crate) const CLOCK_TICK: Length = Length::ms(10);
/// How far before a loss log lines and commands are read.
const LOOK_BACK: Length = Length::seconds(120);

/// A cause that may be it.
pub(crate) struct Hypothesis {
    code: Code,
    summary: Text,
    subject: Option<String>,
    actor: Option<Actor>,
    change: Option<ChangeId>,
    evidence: Vec<Evidence>,
}

impl Hypothesis {
    fn new(code: Code, summary: Text) -> Hypothesis {
        Hypothesis { code, summary, subject: None, actor: None, change: None, evidence: Vec::new() }
    }

    fn weigh(&mut self, at: Time, source: &str, weight: f64, text: Text, reference: Option<String>) {
        self.evidence.push(Evidence { at, source: source.to_owned(), weight, text, reference });
    }

    fn weigh_answer(&mut self, question: &Probe, probed: &Probed, weight: f64) {
        let text = Text::new("evidence-answer").with("target", question.ask.target()).with("said", probed.answer.text());
        self.weigh(probed.at, "probe", weight, text, None);
    }

    fn score(&self) -> f64 {
        self.evidence.iter().map(|e| e.weight).sum()
    }
}

/// All causes that may be it, likeliest first; `unknown` among them. Never empty.
pub(crate) fn causes(s: &Situation<'_>) -> Vec<Cause> {
    let fits = |h: &Hypothesis| h.score() > 0.0 && can_explain(h.code, s.incident.loss);
    let mut looked: Vec<Hypothesis> = CAUSES.iter().filter_map(|look| look(s)).filter(fits).collect();
    looked.push(unknown(s));
    let weight = |h: &Hypothesis| if h.code == Code::Unknown { UNKNOWN_WEIGHT.exp() } else { h.score().min(30.0).exp() };
    let sum: f64 = looked.iter().map(weight).sum();
    let mut causes: Vec<Cause> = looked
        .into_iter()
        .map(|h| {
            // Three digits: more would feign a precision that is not there. Cut, so that they never add up to more than 1.
            let confidence = (weight(&h) / sum * 1000.0).floor() / 1000.0;
            let Hypothesis { code, summary, subject, actor, change, mut evidence } = h;
            evidence.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
            Cause { code, confidence, confirmed: false, summary, subject, actor, change, evidence }
        })
        .filter(|c| c.confidence >= CONFIDENCE_MIN)
        .collect();
    causes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.code.cmp(&b.code)));
    if let Some(first) = causes.first_mut().filter(|_| !s.watched.service.declared) {
        first.evidence.push(has_run(s));
    }
    causes
}

/// Whether a service can be lost in this way by such a cause: what runs was not ended.
pub(crate) const fn can_explain(cause: Code, loss: Loss) -> bool {
    match cause {
        Code::OperatorStopped => is_down(loss),
        Code::OperatorDisabled => is_down(loss) || matches!(loss, Loss::UnitDisabled),
        _ => !(is_up(loss) && takes_down(cause)),
    }
}

/// Whether what is lost in this way runs and does its work.
const fn is_up(loss: Loss) -> bool {
    only_degrades(loss) || matches!(loss, Loss::Unreachable)
}

/// Whether this cause ends a service or makes it stand still: it explains nothing of one that does its work.
const fn takes_down(code: Code) -> bool {
    matches!(code, Code::OperatorKilled | Code::ResourceMemory | Code::CrashBug | Code::HangDeadlock | Code::HostRebooted)
}

/// What nobody has declared is missed because it has always been there.
fn has_run(s: &Situation<'_>) -> Evidence {
    let known = s.incident.lost_at.since(s.watched.known_since);
    let process = s.ended().map(|ended| ended.mono.since(Mono(ended.process.start.saturating_mul(CLOCK_TICK.0))));
    let text = Text::new("evidence-has-run").with("length", known.max(process.unwrap_or_default()));
    Evidence { at: s.incident.lost_at, source: "guard".to_owned(), weight: 0.0, text, reference: None }
}

/// The evidence does not decide: what was looked at.
fn unknown(s: &Situation<'_>) -> Hypothesis {
    if s.watched.service.kind == Kind::Own {
        return blind::unknown(s);
    }
    let looked: Vec<&str> = s.watched.work.found.iter().map(|f| f.examined.exam.code()).collect();
    let list = if looked.is_empty() { "-".to_owned() } else { looked.join(", ") };
    let service = &s.watched.service.name;
    let never_seen = matches!(s.watched.service.kind, Kind::Process(_)) && !s.watched.ever_present && s.watched.ended.is_none();
    let summary = match never_seen {
        true => Text::new("verdict-never-seen").with("service", service),
        false => Text::new("verdict-unknown").with("service", service).with("examined", &list),
    };
    let mut h = Hypothesis::new(Code::Unknown, summary);
    let examined =
        if looked.is_empty() { Text::new("evidence-examined-nothing") } else { Text::new("evidence-examined").with("examined", list) };
    h.weigh(s.incident.lost_at, "guard", 0.0, examined, None);
    for (question, probed) in s.answers().filter(|(_, probed)| !probed.answer.is_right()) {
        h.weigh_answer(question, probed, 0.0);
    }
    if let Some(ended) = s.ended() {
        h.weigh(ended.at, "kernel", 0.0, s.end_text(ended.end), Some(format!("event:{}", ended.seq)));
    }
    h
}

/// What is to be examined.
pub(crate) fn exams(s: &Situation<'_>) -> Vec<Exam> {
    let watched = s.watched;
    let loss = s.incident.loss;
    let mut exams = Vec::new();
    if watched.service.kind == Kind::Own {
        return exams; // what its sensors know they have said
    }
    let outside = matches!(loss, Loss::Killed | Loss::OomKilled | Loss::Hung) && watched.work.attempts == 0;
    if !outside {
        // After an end from outside the service manager has told all there is, and may be busy with a restart: to be
        // asked now would hold it up for milliseconds.
        if let Kind::Unit(unit) = &watched.service.kind {
            exams.push(Exam::Unit { unit: unit.clone() });
        }
        if !watched.good.is_empty() {
            exams.push(Exam::Compare { good: watched.good.iter().map(|(p, v)| (p.clone(), v.clone())).collect() });
        }
        if watched.service.validate.is_some() {
            exams.push(Exam::Validate);
        }
        let ports = wanted_ports(watched);
        if !ports.is_empty() && !matches!(loss, Loss::Stopped | Loss::UnitDisabled) {
            exams.push(Exam::PortHolder { ports });
        }
    }
    if let Some((process, _)) = watched.main.filter(|_| loss == Loss::Hung || watched.stopped().is_some()) {
        exams.push(Exam::Process { process });
    }
    if watched.service.kind.is_brought_back_here() {
        exams.push(Exam::Journal { since: s.incident.lost_at.before(LOOK_BACK) });
    }
    if matches!(loss, Loss::Stopped | Loss::UnitDisabled | Loss::UnitMissing) {
        exams.push(Exam::Commands { since: s.incident.lost_at.before(LOOK_BACK) });
    }
    exams
}

/// The ports that the service should hold.
pub(crate) fn wanted_ports(watched: &Watched) -> Vec<u16> {
    if let Kind::Url(_) = watched.service.kind {
        return Vec::new();
    }
    // Those of UDP and of a place that is not the service's own say nothing about what it holds.
    let probed = watched.questions.iter().filter_map(|p| match &p.ask {
        Ask::Dns { .. } | Ask::Ntp { .. } | Ask::Icmp { .. } => None,
        ask => ask.port(),
    });
    let mut ports: Vec<u16> = watched.wanted_ports().chain(probed).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

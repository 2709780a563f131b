//! A service of the roll call as the pages show it.

use muster_model::health::Health;
use muster_model::probe::Answer;
use muster_model::request::{ProbeStatus, ServiceStatus};
use muster_model::time::{Length, Time};
use muster_tell::Words;

use super::look::{Look, few, mark, moment};

/// A service. Two that are the same show the same, but for lengths that grow and how quickly probes were answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) health: Health,
    pub(super) word: String,
    pub(super) mark: &'static str,
    pub(super) since: Option<Time>,
    pub(super) kind: String,
    pub(super) target: String,
    pub(super) pack: Option<String>,
    pub(super) pids: String,
    pub(super) ports: String,
    pub(super) sources: String,
    pub(super) loss: Option<String>,
    pub(super) paused: Option<String>,
    pub(super) incident: Option<String>,
    pub(super) probes: Vec<Probed>,
}

/// The last answer of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Probed {
    pub(super) asked: String,
    pub(super) tone: &'static str,
    pub(super) verdict: String,
    pub(super) said: String,
    pub(super) took: Took,
}

/// How long an answer took. All are alike: a row is not another one for it.
#[derive(Clone, Debug)]
pub(super) struct Took(pub(super) String);

impl PartialEq for Took {
    fn eq(&self, _: &Took) -> bool {
        true
    }
}
impl Eq for Took {}
impl std::hash::Hash for Took {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

impl Row {
    pub(super) fn new(look: &Look, service: &ServiceStatus) -> Row {
        let until = |(until, reason): &(Time, String)| look.tell("page-paused", &[("until", &moment(until)), ("reason", reason)]);
        Row {
            name: service.name.to_string(),
            health: service.health,
            word: look.health(&service.health),
            mark: mark(service.health),
            since: service.since,
            kind: service.kind.clone(),
            target: service.target.clone(),
            pack: service.pack.clone(),
            pids: few(&service.pids),
            ports: few(&service.ports),
            sources: service.sources.join(" "),
            loss: service.loss.map(|loss| look.word(Words::Loss, loss.code())),
            paused: service.paused.as_ref().map(until),
            incident: service.incident.as_ref().map(ToString::to_string),
            probes: service.probes.iter().map(|probe| Probed::new(look, probe)).collect(),
        }
    }

    /// How quickly its probes were answered, roughly: twice as slow is another pace.
    pub(super) fn pace(service: &ServiceStatus) -> Vec<i32> {
        service.probes.iter().map(|probe| probe.ms.max(0.1).log2().round() as i32).collect()
    }

    /// Where it stands among others: those that are not there first.
    pub(super) const fn rank(health: Health) -> u8 {
        match health {
            Health::Lost => 0,
            Health::Degraded => 1,
            Health::Unknown => 2,
            Health::Paused => 3,
            Health::Present => 4,
        }
    }
}

impl Probed {
    fn new(look: &Look, probe: &ProbeStatus) -> Probed {
        let (key, tone) = match &probe.answer {
            None => ("probe-not-yet", "faint"),
            Some(Answer::Right { .. }) => ("probe-right", "good"),
            Some(Answer::Warning { .. }) => ("probe-warning", "warn"),
            Some(Answer::Late { .. }) => ("probe-late", "warn"),
            Some(Answer::Refused { .. }) => ("probe-refused", "bad"),
            Some(Answer::Unreached { .. }) => ("probe-unreached", "bad"),
            Some(Answer::Unresolved { .. }) => ("probe-unresolved", "bad"),
            Some(Answer::CutOff { .. }) => ("probe-cut-off", "bad"),
            Some(Answer::Expired { .. }) => ("probe-expired", "bad"),
            Some(Answer::Silent { .. }) => ("probe-silent", "bad"),
            Some(Answer::Wrong { .. }) => ("probe-wrong", "bad"),
            Some(Answer::Unasked { .. }) => ("probe-unasked", "warn"),
        };
        let took = probe.answer.as_ref().map(|_| look.length(Length((probe.ms.max(0.0) * 1e6) as u64)));
        Probed {
            asked: if probe.target.starts_with(&probe.kind) { probe.target.clone() } else { format!("{} {}", probe.kind, probe.target) },
            tone,
            verdict: look.say(key),
            said: probe.answer.as_ref().map_or("", Answer::text).to_owned(),
            took: Took(took.unwrap_or_default()),
        }
    }
}

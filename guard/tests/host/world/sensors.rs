//! What Muster is told, and when. Events may come late, twice and in another order than they happened; what a source
//! says of a *state* keeps its order, as D-Bus and polls do.

use muster_model::change::{Altered, Change};
use muster_model::event::Body;
use muster_model::id::ServiceName;
use muster_model::observation::{End, Fact, Observation, Rung};
use muster_model::sight::{Blind, OWN_NAME, Sight};
use muster_model::time::{Length, Time};

use super::manager::SIGSTOP;
use super::truth::Ill;
use super::{Happening, MS, S, World};

/// An observation that comes late comes no later than this.
pub const LATE_MAX: u64 = 2 * S;

impl World {
    /// A sensor sees something.
    pub fn observe(&mut self, name: &ServiceName, source: &str, fact: Fact) {
        self.observe_of(name, source, fact, self.wall());
    }

    /// It sees now what was so, or happened, at this moment.
    fn observe_of(&mut self, name: &ServiceName, source: &str, fact: Fact, at: Time) {
        if self.muster.is_none() || !self.services[name].listed {
            return;
        }
        let usual = match source {
            "ebpf" | "pidfd" => MS / 4,
            "dbus" => 3 * MS,
            _ => 5 * MS,
        };
        let mut delay = self.about(usual);
        if self.chance.likely(self.weather.late) {
            delay += self.chance.below(LATE_MAX);
        }
        let is_state =
            !matches!(fact, Fact::ProcessSeen { .. } | Fact::ProcessExited { .. } | Fact::SignalSent { .. } | Fact::CommandRun { .. });
        let mut when = self.now + delay;
        let t = self.truth(name);
        if is_state {
            when = when.max(t.fifo);
            t.fifo = when;
        }
        let body = Body::Observed(Observation { at, source: source.to_owned(), service: Some(name.clone()), fact });
        let life = self.life;
        if self.chance.likely(self.weather.twice) {
            let again = if is_state { when } else { when + self.chance.below(S) };
            self.at(again, Happening::Arrives { life, body: Box::new(body.clone()) });
        }
        self.at(when, Happening::Arrives { life, body: Box::new(body) });
    }

    /// Muster has just started, or has another roster: its sensors tell how things are.
    pub fn sensors_start(&mut self) {
        let names: Vec<ServiceName> = self.services.values().filter(|t| t.listed).map(|t| t.name()).collect();
        for name in names {
            let known = self.muster.as_ref().and_then(|m| m.guard.service(name.as_str())).map(|w| w.pids()).unwrap_or_default();
            let t = self.truth(&name);
            (t.told_ports, t.told_answer) = (None, None);
            let process = t.process.as_ref().map(|p| p.key);
            let stopped = t.process.as_ref().filter(|p| p.ill == Some(Ill::Stopped) && t.watched != Some(p.key)).map(|p| p.key);
            t.watched = process;
            if t.is_unit() {
                let state = t.unit_state();
                self.observe(&name, "dbus", Fact::Unit(state));
            } else {
                for gone in known.into_iter().filter(|k| Some(*k) != process) {
                    self.observe(&name, "proc", Fact::ProcessExited { process: gone, end: End::Unknown });
                }
                if let Some(process) = process {
                    self.observe(&name, "proc", Fact::ProcessSeen { process, command: name.to_string() });
                }
            }
            if let Some(process) = stopped {
                self.observe(&name, "proc", Fact::SignalSent { process, signal: SIGSTOP, sender: None });
            }
            self.config_compared(&name);
            self.after(100 * MS, Happening::Looks { service: name });
        }
    }

    /// The vault compares the files with what it has.
    fn config_compared(&mut self, name: &ServiceName) {
        let t = self.truth(name);
        if !t.has_config() {
            return;
        }
        let (path, before, now) = (t.config_path(), t.vault.clone(), t.disk.clone());
        t.vault.clone_from(&now);
        let fact = match (before, now) {
            (Some(before), None) => Fact::Changed(Change { subject: path, what: Altered::Deleted { before: Some(before) }, actor: None }),
            (Some(before), Some(now)) if before != now => {
                Fact::Changed(Change { subject: path, what: Altered::Edited { before: Some(before), after: Some(now) }, actor: None })
            }
            (_, Some(version)) => Fact::ConfigSeen { path, version },
            (None, None) => return,
        };
        let written = self.services[name].written;
        self.observe_of(name, "vault", fact, written);
    }

    /// The service is not as it was: probes and sockets will show it when they are next looked at.
    pub fn touched(&mut self, name: &ServiceName) {
        let now = self.now;
        let t = self.truth(name);
        t.absent_since = t.seen_absent().then(|| t.absent_since.unwrap_or(now));
        t.well_since = t.works().then(|| t.well_since.unwrap_or(now));
        let delay = if self.weather.varies { self.chance.below(S) } else { 200 * MS };
        self.after(delay, Happening::Looks { service: name.clone() });
        self.order_may_be_done(name);
    }

    pub(super) fn looks(&mut self, name: &ServiceName) {
        if self.muster.is_none() || !self.services[name].listed {
            return;
        }
        let t = self.truth(name);
        let ports = t.listens();
        if t.told_ports.as_ref() != Some(&ports) {
            t.told_ports = Some(ports.clone());
            self.observe(name, "sock_diag", Fact::Listens { ports, taken: Vec::new() });
        }
        let t = self.truth(name);
        let answer = t.answer();
        if !t.row.probes.is_empty() && t.told_answer.as_ref() != Some(&answer) {
            t.told_answer = Some(answer.clone());
            self.observe(name, "probe", Fact::Probed { probe: 0, answer, took: Length::ms(1), times: 1 });
        }
    }

    /// The loop has compared its sensors' pulses.
    pub fn tells_of_itself(&mut self, sensor: &str, blind: Option<Blind>) {
        if self.muster.is_none() {
            return;
        }
        let sight = Sight { sensor: sensor.to_owned(), facts: vec!["file_change".to_owned()], blind };
        let (at, source, service) = (self.wall(), "pulse".to_owned(), Some(ServiceName::from(OWN_NAME)));
        self.receive(Body::Observed(Observation { at, source, service, fact: Fact::Sight(sight) }));
    }

    /// The unit sensor stands on another rung.
    pub fn rung_changes(&mut self, source: &str) {
        let rung =
            Rung { fact: "unit".to_owned(), source: source.to_owned(), rung: 4, why: Some("the bus closed the connection".to_owned()) };
        let (at, source) = (self.wall(), source.to_owned());
        self.receive(Body::Observed(Observation { at, source, service: None, fact: Fact::Rung(rung) }));
    }

    /// What Muster can see here.
    pub fn rungs() -> Vec<Rung> {
        [("process_end", "ebpf"), ("signal_sender", "ebpf"), ("file_change", "fanotify"), ("unit", "dbus")]
            .map(|(fact, source)| Rung { fact: fact.to_owned(), source: source.to_owned(), rung: 1, why: None })
            .to_vec()
    }
}

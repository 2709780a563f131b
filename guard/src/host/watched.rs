//! What is known of one service.

use std::collections::{BTreeMap, VecDeque};

use muster_model::exam::Exam;
use muster_model::health::Health;
use muster_model::id::{IncidentId, ProcessKey, Seq, ServiceName, VersionId};
use muster_model::incident::{Incident, State};
use muster_model::loss::Loss;
use muster_model::observation::{End, UnitState};
use muster_model::plan::{Done, Outcome, Step};
use muster_model::probe::{Answer, Probe};
use muster_model::roster::{Kind, Service};
use muster_model::time::{Length, Mono, Time};

use super::Now;
use super::diagnose::CLOCK_TICK;
use super::lines::KnownLines;
use super::presence::{Presence, is_down};
use super::sight::Sights;
use super::traces::{BEFORE_BOOT, Traces};
use super::work::Work;

/// From here on ports are given out by the kernel (ip(7), ip_local_port_range); nobody counts on them.
const EPHEMERAL_PORTS: u16 = 32_768;

/// Until when a service, or all acting, is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Until this moment of the wall clock.
    pub until: Time,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
}

/// What the service manager was told, when it takes a unit down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// To stop it.
    Stop,
    /// To stop it and start it again.
    Restart,
}

/// The end of a main process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) process: ProcessKey,
    pub(crate) end: End,
    pub(crate) at: Time,
    /// When it was told.
    pub(crate) mono: Mono,
    /// When it happened: a sensor that is behind tells it later.
    pub(crate) happened: Mono,
    pub(crate) seq: Seq,
}

/// When a file was last altered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileAltered {
    pub(crate) when: Mono,
    /// Muster wrote it: what is told later of the time before was overwritten.
    pub(crate) by_muster: bool,
}

/// The last answer to a probe.
#[derive(Clone, Debug)]
pub(crate) struct Probed {
    pub(crate) answer: Answer,
    pub(crate) took: Length,
    pub(crate) at: Time,
    pub(crate) times: u32,
    /// When it was last told to be right.
    pub(crate) right: Option<Mono>,
}

/// What the validator said of the configuration as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Validated {
    pub(crate) ok: bool,
}

/// One service, with all that the guard knows of it.
#[derive(Debug)]
pub struct Watched {
    pub(crate) service: Service,
    /// What is asked of it, in step with `probes`.
    pub(crate) questions: Vec<Probe>,
    /// What its pack knows it to log.
    pub(crate) known_lines: KnownLines,
    pub(crate) unit: Option<UnitState>,
    /// When the service manager last said something.
    pub(crate) unit_mono: Mono,
    /// Of which moment that was.
    pub(crate) unit_as_of: Mono,
    /// It was set to come up with the machine, as far as Muster has seen.
    pub(crate) was_enabled: bool,
    /// Since when the service manager knows no such unit.
    pub(crate) missing: Option<Time>,
    /// Since when it is set not to.
    pub(crate) disabled: Option<Mono>,
    /// The service manager is taking it down on somebody's order.
    pub(crate) leaving: Option<Leaving>,
    /// Its processes that are there (`run`, `process`), each with when it was first seen.
    pub(crate) processes: BTreeMap<ProcessKey, Mono>,
    pub(crate) main: Option<(ProcessKey, Mono)>,
    /// The main process that was told last, there or not.
    pub(crate) newest_main: Option<ProcessKey>,
    /// The newest examination that found a process of its own running.
    pub(crate) seen_running: Seq,
    /// When the newest main process was first seen.
    pub(crate) started: Mono,
    pub(crate) ended: Option<Ended>,
    /// The end about which the service manager was last asked.
    pub(crate) asked_of: Seq,
    /// Processes that ended lately: what is told late of them is of the past.
    pub(crate) gone: VecDeque<ProcessKey>,
    pub(crate) ports: Vec<u16>,
    /// Ports of its own that somebody else holds.
    pub(crate) taken: Vec<u16>,
    pub(crate) ports_mono: Option<Mono>,
    /// When it was last told to hold all the ports that it should.
    pub(crate) held_ports_at: Option<Mono>,
    /// The ports it held when it was last well for a while.
    pub(crate) learned_ports: Vec<u16>,
    pub(crate) probes: Vec<Option<Probed>>,
    pub(crate) traces: Traces,
    /// Its configuration files as they stand.
    pub(crate) config: BTreeMap<String, VersionId>,
    /// The newest event that told of another content.
    pub(crate) edited: Seq,
    /// When each was last altered.
    pub(crate) altered: BTreeMap<String, FileAltered>,
    /// As they stood when the program last read them.
    pub(crate) loaded: BTreeMap<String, VersionId>,
    /// When that was told.
    pub(crate) loaded_mono: Mono,
    /// When that was; `None` as long as it was never told.
    pub(crate) loaded_as_of: Option<Mono>,
    /// It was told to read them while it ran, and the validator has yet to say whether it can have taken them.
    pub(crate) unproved: bool,
    /// As they stood when it was last well for a while after reading them.
    pub(crate) good: BTreeMap<String, VersionId>,
    /// That `loaded` is good has been said.
    pub(crate) good_said: bool,
    /// A configuration file was altered, and nobody has asked the validator since.
    pub(crate) unvalidated: Option<Mono>,
    pub(crate) validated: Option<Validated>,
    pub(crate) pause: Option<Pause>,
    /// A person closed an incident while the service was lost in this way: so it is meant to be.
    pub(crate) accepted: Option<Loss>,
    pub(crate) incident: Option<IncidentId>,
    pub(crate) work: Work,
    pub(crate) present_since: Option<(Mono, Time)>,
    pub(crate) ever_present: bool,
    /// Since when it is in the roster.
    pub(crate) known_since: Time,
    /// When Muster began to watch it, in this run.
    pub(crate) watched_since: Now,
    /// The machine was booted anew since Muster last saw the service.
    pub(crate) rebooted: Option<Time>,
    pub(crate) sources: Vec<String>,
    /// Of Muster itself: its sensors that do not see all that they should.
    pub(crate) sights: Sights,
}

impl Watched {
    pub(crate) fn new(service: Service, now: Now) -> Watched {
        let questions = service.questions();
        Watched {
            known_lines: KnownLines::new(&service.lines),
            probes: vec![None; questions.len()],
            questions,
            service,
            unit: None,
            unit_mono: now.mono,
            unit_as_of: now.mono,
            was_enabled: false,
            missing: None,
            disabled: None,
            leaving: None,
            processes: BTreeMap::new(),
            main: None,
            seen_running: Seq::default(),
            newest_main: None,
            started: now.mono,
            ended: None,
            asked_of: Seq::default(),
            gone: VecDeque::new(),
            ports: Vec::new(),
            taken: Vec::new(),
            ports_mono: None,
            held_ports_at: None,
            learned_ports: Vec::new(),
            traces: Traces::default(),
            config: BTreeMap::new(),
            edited: Seq::default(),
            altered: BTreeMap::new(),
            loaded: BTreeMap::new(),
            loaded_mono: now.mono,
            loaded_as_of: None,
            unproved: false,
            good: BTreeMap::new(),
            good_said: false,
            unvalidated: None,
            validated: None,
            pause: None,
            accepted: None,
            incident: None,
            work: Work::default(),
            present_since: None,
            ever_present: false,
            known_since: now.at,
            watched_since: now,
            rebooted: None,
            sources: Vec::new(),
            sights: Sights::default(),
        }
    }

    /// The roster's row changed.
    pub(crate) fn set_service(&mut self, service: Service) {
        let questions = service.questions();
        let kept = |(place, question): (usize, &Probe)| {
            let same = self.questions.get(place) == Some(question);
            self.probes.get_mut(place).filter(|_| same).and_then(Option::take)
        };
        self.probes = questions.iter().enumerate().map(kept).collect();
        self.questions = questions;
        if self.service.kind != service.kind {
            self.unit = None;
            self.processes.clear();
            self.main = None;
            self.ended = None;
            self.learned_ports.clear();
        }
        if self.service.lines != service.lines {
            self.known_lines = KnownLines::new(&service.lines);
        }
        self.service = service;
    }

    /// Muster starts anew: what only its sensors could tell is not known until they tell it again.
    pub(crate) fn muster_started(&mut self, now: Now, booted: Option<Time>, lost: bool) {
        self.watched_since = now;
        self.probes.iter_mut().for_each(|p| *p = None);
        self.unit = None;
        self.unit_mono = now.mono;
        self.unit_as_of = now.mono;
        self.leaving = None;
        self.ports_mono = None;
        self.held_ports_at = None;
        self.sights.forget();
        self.work.interrupted(now, booted.is_some(), lost);
        if let Some(at) = booted {
            // What was lost before the boot was not lost by it.
            self.rebooted = (!lost).then_some(at);
            self.processes.clear();
            self.main = None;
            self.ended = None;
            self.present_since = None;
            self.altered.values_mut().for_each(|altered| altered.when = BEFORE_BOOT);
            self.loaded_mono = now.mono;
            self.loaded_as_of = self.loaded_as_of.map(|_| BEFORE_BOOT);
            self.unproved = false;
            self.started = now.mono;
            self.unvalidated = self.unvalidated.map(|_| now.mono);
            self.traces.rebooted();
            self.gone.clear();
            self.newest_main = None;
        }
    }

    /// Muster ended, and took what it ran itself with it.
    pub(crate) fn ended_with_muster(&mut self) {
        if let Kind::Run(_) = self.service.kind {
            self.processes.clear();
            self.main = None;
            self.ended = None;
            self.present_since = None;
        }
    }

    /// Muster itself wrote configuration files: what they hold is known before any sensor says so, and what was said of
    /// the files before is said of them no longer.
    pub(crate) fn written(&mut self, done: &Done, now: Now) {
        let Step::ConfigRestore { files } = &done.order.step else { return };
        if done.outcome != Outcome::Done {
            return;
        }
        if done.order.undo {
            self.validated = None;
            return; // the sensor says what is there now
        }
        self.config.extend(files.iter().cloned());
        // A program that is started next has read them, though the kernel counts its start in ticks, and cuts.
        let when = Mono(now.mono.0 / CLOCK_TICK.0 * CLOCK_TICK.0);
        self.altered.extend(files.iter().map(|(path, _)| (path.clone(), FileAltered { when, by_muster: true })));
        self.unvalidated = None;
        self.validated = done.rehearsed.then_some(Validated { ok: true });
    }

    pub(crate) fn asked(&mut self, for_incident: bool, exams: &[Exam], now: Now) {
        if exams.contains(&Exam::Validate) {
            self.unvalidated = None;
        }
        if for_incident {
            self.work.asked(exams, now);
        } else if let (Some(ended), true) = (self.ended, exams.iter().any(|e| matches!(e, Exam::Unit { .. }))) {
            self.asked_of = ended.seq;
        }
    }

    pub(crate) fn opened(&mut self, id: IncidentId, seq: Seq, now: Now) {
        self.incident = Some(id);
        self.work = Work::opened(seq, now, self.unit.as_ref().map_or(0, |u| u.restarts), self.work.take_grant());
    }

    pub(crate) fn became(&mut self, state: State, now: Now) {
        match state {
            State::Recovered => self.work.recovered(now),
            State::Open => self.work.relapsed(now),
            State::Recovering | State::Escalated | State::Closed => {}
        }
    }

    /// A person closed the incident: what is now is how it is meant to be.
    pub(crate) fn accept(&mut self, incident: &Incident) {
        self.accepted = Some(incident.loss);
        self.was_enabled &= incident.loss != Loss::UnitDisabled;
        self.work.withdraw_grant();
        // What is not there shows neither.
        if self.main.is_some() {
            self.learned_ports.clear(); // learnt anew when it is well
            self.good = self.loaded.clone();
        }
    }

    /// Whether a person said that it is meant to be so. What is down is down, in whatever words it is told.
    pub(crate) fn accepts(&self, loss: Loss) -> bool {
        self.accepted.is_some_and(|accepted| accepted == loss || (is_down(accepted) && is_down(loss)))
    }

    /// Whether its main process had ended by then.
    pub(crate) fn ended_by(&self, moment: Time) -> bool {
        self.main.is_none() && self.ended.is_some_and(|e| e.at <= moment)
    }

    pub(crate) fn learn_ports(&mut self) {
        self.learned_ports = self.held_ports();
    }

    /// The ports that it should hold: those it was seen with, and those that the roster names.
    pub(crate) fn wanted_ports(&self) -> impl Iterator<Item = u16> {
        let declared = self.service.ports.iter().filter(|p| !self.learned_ports.contains(p));
        self.learned_ports.iter().chain(declared).copied()
    }

    /// Since when it is set not to come up with the machine, where it should.
    pub(crate) fn would_not_come_up(&self) -> Option<Mono> {
        self.disabled.filter(|_| self.service.enabled.unwrap_or(self.was_enabled))
    }

    fn held_ports(&self) -> Vec<u16> {
        self.ports.iter().copied().filter(|p| *p < EPHEMERAL_PORTS).collect()
    }

    /// Takes down since when the service has been there without a break.
    pub(crate) fn refresh(&mut self, presence: &Presence, now: Now) {
        match presence {
            Presence::Present | Presence::Degraded { .. } => {
                if self.present_since.is_none() {
                    self.present_since = Some((now.mono, now.at));
                }
                self.ever_present = true;
                self.rebooted = None;
                // What is up again is down no longer as somebody meant it to be, though it may be in danger.
                self.accepted = self.accepted.filter(|accepted| !presence.is_back_from(*accepted));
                if matches!(presence, Presence::Present) {
                    self.work.withdraw_grant();
                }
            }
            Presence::Starting { .. } | Presence::Leaving { .. } | Presence::Unknown { .. } | Presence::NotStarted => {}
            Presence::Lost { .. } => self.present_since = None,
        }
    }

    /// Whether people said to leave it alone at `at`.
    pub fn paused(&self, at: Time) -> Option<&Pause> {
        self.pause.as_ref().filter(|p| p.until > at)
    }

    /// The roster's row.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Its name.
    pub fn name(&self) -> &ServiceName {
        &self.service.name
    }

    /// Its processes: the main one first.
    pub fn pids(&self) -> Vec<ProcessKey> {
        let main = self.main.map(|(p, _)| p);
        main.into_iter().chain(self.processes.keys().copied().filter(|p| Some(*p) != main)).collect()
    }

    /// The TCP ports on which it listens.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// The ports that it should hold: those it was seen with when it was well for a while, and those that the roster names.
    pub fn ports_wanted(&self) -> Vec<u16> {
        self.wanted_ports().collect()
    }

    /// What is asked of it; [`answers`](Self::answers) are in this order.
    pub fn questions(&self) -> &[Probe] {
        &self.questions
    }

    /// Which sources told of it.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// Its configuration files as they stand.
    pub fn config(&self) -> &BTreeMap<String, VersionId> {
        &self.config
    }

    /// The configuration with which it was last well for a while.
    pub fn good(&self) -> &BTreeMap<String, VersionId> {
        &self.good
    }

    /// The last answer to each probe, and how long it took.
    pub fn answers(&self) -> impl Iterator<Item = Option<(&Answer, Length)>> {
        self.probes.iter().map(|p| p.as_ref().map(|p| (&p.answer, p.took)))
    }

    /// How it is, given its open incident.
    pub fn health(&self, open: Option<&Incident>, at: Time) -> Health {
        if self.paused(at).is_some() {
            return Health::Paused;
        }
        match open {
            Some(incident) if super::presence::only_degrades(incident.loss) => Health::Degraded,
            Some(_) => Health::Lost,
            None if self.accepted.is_some() => Health::Paused,
            None if self.present_since.is_some() => {
                let warned = self.probes.iter().flatten().any(|p| matches!(p.answer, Answer::Warning { .. }));
                if warned { Health::Degraded } else { Health::Present }
            }
            None => Health::Unknown,
        }
    }

    /// Since when it has been there without a break.
    pub fn present_since(&self) -> Option<Time> {
        self.present_since.map(|(_, at)| at)
    }
}

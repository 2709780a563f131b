//! One service as it really is, whatever Muster believes.

use std::collections::{BTreeSet, VecDeque};

use muster_model::actor::Actor;
use muster_model::exam::LogLine;
use muster_model::id::{ProcessKey, ServiceName, VersionId};
use muster_model::observation::{End, UnitState};
use muster_model::plan::Order;
use muster_model::probe::Answer;
use muster_model::roster::{Kind, Service};
use muster_model::time::{Length, Time};

use super::MS;

/// What is wrong with a program: for its next so many starts it ends so long after each.
#[derive(Clone, Copy, Debug)]
pub struct Bug {
    pub starts: u32,
    pub after: u64,
    pub end: End,
}

/// What a process does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is up: it listens and answers.
    Ready,
    /// It ends.
    Ends(End),
}

/// Why a process that is there does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ill {
    /// By SIGSTOP.
    Stopped,
    /// By its own fault.
    Deadlocked,
}

/// A running process of a service.
#[derive(Clone, Debug)]
pub struct Process {
    pub key: ProcessKey,
    pub ready: bool,
    pub ill: Option<Ill>,
    /// The configuration that it has read.
    pub loaded: Option<VersionId>,
}

/// Whether a unit is started at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitFile {
    Enabled,
    Disabled,
    Masked,
}

impl UnitFile {
    pub fn word(self) -> &'static str {
        match self {
            UnitFile::Enabled => "enabled",
            UnitFile::Disabled => "disabled",
            UnitFile::Masked => "masked",
        }
    }
}

/// What the service manager has on a unit.
#[derive(Clone, Debug)]
pub struct Unit {
    pub active: &'static str,
    pub sub: &'static str,
    pub job: Option<&'static str>,
    pub file: UnitFile,
    pub result: &'static str,
    pub ended: Option<End>,
    pub main: Option<ProcessKey>,
    pub restarts: u32,
    pub restart: &'static str,
    pub restart_after: u64,
    /// A socket waits in its place when it does not run.
    pub socket: bool,
    /// It says when it is ready (Type=notify).
    pub notify: bool,
    pub since: Time,
    /// Counts what the manager was told: an older plan of it is void.
    pub turn: u32,
    pub starts: VecDeque<u64>,
}

/// What people did to a service, ever: what may be said of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deeds {
    pub signalled: bool,
    pub stopped: bool,
    /// Its users got it late, or with an expired certificate.
    pub endangered: bool,
    pub disabled: bool,
    pub broke_config: bool,
    pub altered_config: bool,
    pub deleted_config: bool,
    pub took_port: bool,
    pub memory: bool,
}

/// An operator's stop that holds.
#[derive(Clone, Copy, Debug)]
pub struct Meant {
    pub since: u64,
    /// Muster was told of the command.
    pub command_told: bool,
    /// Muster was told that the unit is down.
    pub unit_told: bool,
}

/// A service as it is.
pub struct Truth {
    pub row: Service,
    /// It stands in the roster.
    pub listed: bool,
    pub unit: Unit,
    pub process: Option<Process>,
    /// A process of this service is started when the present one ends: by whom its executor was told.
    pub start_next: bool,
    /// The configuration on disk: its version begins with `good`, `bad` (it is refused) or `wrong` (it is taken, and
    /// makes the program listen elsewhere).
    pub disk: Option<VersionId>,
    /// When that was written, by the clock of then.
    pub written: Time,
    /// The last content that Muster's vault has.
    pub vault: Option<VersionId>,
    pub port: u16,
    pub thief: Option<Actor>,
    pub bug: Option<Bug>,
    pub on_term: End,
    pub start_takes: u64,
    pub stop_takes: u64,
    pub journal: Vec<LogLine>,
    pub commands: Vec<(Time, Actor)>,
    /// The order that is being carried out, and the file it overwrote.
    pub order: Option<(u32, Order, u64)>,
    pub deeds: Deeds,
    pub meant_down: Option<Meant>,
    /// How often it was lost in some way.
    pub losses: u32,
    /// What is between it and its users, or what they get: `late`, `expired`, `cut`; empty: it is right.
    pub way: &'static str,
    /// Since when it has been absent so that Muster can see it, and since when well.
    pub absent_since: Option<u64>,
    pub well_since: Option<u64>,
    /// The configurations with which it was well.
    pub well_with: BTreeSet<VersionId>,
    /// The stop signal that it got was told to Muster.
    pub stop_signal_told: bool,
    /// The process that this life of Muster was told to watch when it last looked at everything.
    pub watched: Option<ProcessKey>,
    /// What sensors told last, in this life of Muster.
    pub told_ports: Option<Vec<u16>>,
    pub told_answer: Option<Answer>,
    /// State-like observations keep their order: nothing arrives before this.
    pub fifo: u64,
}

impl Truth {
    pub fn new(row: Service, port: u16, now: Time) -> Truth {
        Truth {
            row,
            listed: true,
            unit: Unit {
                active: "inactive",
                sub: "dead",
                job: None,
                file: UnitFile::Enabled,
                result: "success",
                ended: None,
                main: None,
                restarts: 0,
                restart: "no",
                restart_after: 100 * MS,
                socket: false,
                notify: false,
                since: now,
                turn: 0,
                starts: VecDeque::new(),
            },
            process: None,
            start_next: false,
            disk: Some(VersionId::from("good0")),
            written: Time(0),
            vault: None,
            port,
            thief: None,
            bug: None,
            on_term: End::Code(0),
            start_takes: 40 * MS,
            stop_takes: 20 * MS,
            journal: Vec::new(),
            commands: Vec::new(),
            order: None,
            deeds: Deeds::default(),
            meant_down: None,
            way: "",
            losses: 1, // it is not there before it is first started
            absent_since: None,
            well_since: None,
            well_with: BTreeSet::new(),
            stop_signal_told: false,
            watched: None,
            told_ports: None,
            told_answer: None,
            fifo: 0,
        }
    }

    pub fn name(&self) -> ServiceName {
        self.row.name.clone()
    }

    pub fn is_unit(&self) -> bool {
        matches!(self.row.kind, Kind::Unit(_))
    }

    pub fn config_path(&self) -> String {
        format!("/etc/{}.conf", self.row.name)
    }

    pub fn has_config(&self) -> bool {
        !self.row.config.is_empty()
    }

    pub fn disk_is(&self, sort: &str) -> bool {
        self.disk.as_ref().is_some_and(|v| v.as_str().starts_with(sort))
    }

    /// Whether the program takes its configuration as it stands on disk.
    pub fn validates(&self) -> bool {
        !self.has_config() || self.disk_is("good") || self.disk_is("wrong")
    }

    /// Whether its process has read a configuration that makes it listen elsewhere.
    pub fn reads_wrong(&self) -> bool {
        self.process.as_ref().and_then(|p| p.loaded.as_ref()).is_some_and(|v| v.as_str().starts_with("wrong"))
    }

    /// The ports on which it listens.
    pub fn listens(&self) -> Vec<u16> {
        match &self.process {
            Some(p) if p.ready && self.reads_wrong() => vec![self.port + 1],
            Some(p) if p.ready => vec![self.port],
            _ => Vec::new(),
        }
    }

    /// What a probe of its port gets.
    pub fn answer(&self) -> Answer {
        match &self.process {
            Some(p) if p.ill.is_some() => Answer::Silent { text: "no answer within 500ms".to_owned() },
            _ if self.listens() == [self.port] => match self.way {
                "late" => Answer::Late { text: "it took 300ms, and may take 200ms".to_owned(), perfdata: Vec::new() },
                "expired" => Answer::Expired { text: "its certificate expired on 2026-09-20, 1d ago".to_owned() },
                "cut" => Answer::CutOff { text: "no connection within 500ms; asked at 127.0.0.1 it is right".to_owned() },
                _ => Answer::Right { text: None, perfdata: Vec::new() },
            },
            _ => Answer::Refused { text: "connection refused".to_owned() },
        }
    }

    /// Whether it is there and does its work.
    pub fn works(&self) -> bool {
        let cut = self.way == "cut" && !self.row.probes.is_empty();
        let serves = self.process.as_ref().is_some_and(|p| p.ready && p.ill.is_none()) && self.listens() == [self.port];
        self.rests() || serves && self.unit_is_up() && !cut
    }

    fn unit_is_up(&self) -> bool {
        !self.is_unit() || self.unit.active == "active"
    }

    /// Whether its socket waits in its place, as it should.
    fn rests(&self) -> bool {
        self.is_unit() && self.unit.socket && self.unit.active == "inactive" && self.unit.result == "success"
    }

    /// Whether it is absent in a way that Muster can see.
    pub fn seen_absent(&self) -> bool {
        if self.rests() {
            return false;
        }
        let dead = self.process.is_none() || !self.unit_is_up();
        let stopped = self.process.as_ref().is_some_and(|p| p.ill == Some(Ill::Stopped)) && self.stop_signal_told;
        dead || stopped || (!self.row.probes.is_empty() && !self.answer().is_there())
    }

    /// What systemd would say of it now.
    pub fn unit_state(&self) -> UnitState {
        let Kind::Unit(unit) = &self.row.kind else { return UnitState::default() };
        let u = &self.unit;
        UnitState {
            unit: unit.clone(),
            load: if u.file == UnitFile::Masked { "masked" } else { "loaded" }.to_owned(),
            active: u.active.to_owned(),
            sub: u.sub.to_owned(),
            file: u.file.word().to_owned(),
            main: u.main,
            result: u.result.to_owned(),
            ended: u.ended,
            restarts: u.restarts,
            restart: u.restart.to_owned(),
            restart_after: Length(u.restart_after),
            job: u.job.map(str::to_owned),
            since: Some(u.since),
            on_demand: u.socket && u.active == "inactive",
        }
    }
}

//! A small machine: services, a service manager, people, sensors, executors and a Muster that may die at any instant.
//! Time is a number; nothing here knows the real one.

mod chance;
mod hands;
mod manager;
mod muster;
mod people;
mod promises;
mod sensors;
mod truth;

use std::collections::BTreeMap;

use muster_model::actor::Actor;
use muster_model::event::{Body, Event};
use muster_model::exam::Exam;
use muster_model::id::{BootId, ProcessKey, ServiceName};
use muster_model::plan::Order;
use muster_model::roster::{Limits, Service};
use muster_model::time::{Mono, Time};

pub use chance::Chance;
pub use muster::Muster;
pub use people::Act;
pub use promises::Promises;
pub use truth::{Bug, Fate, Truth, UnitFile};

pub const MS: u64 = 1_000_000;
pub const S: u64 = 1_000 * MS;
pub const MINUTE: u64 = 60 * S;
pub const HOUR: u64 = 60 * MINUTE;

/// When the history begins, on the wall.
const BEGIN: i64 = 1_790_000_000_000_000_000;
/// How long a boot takes until anything runs.
const UPTIME: u64 = 5 * S;

/// How rough the world is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// An observation comes late, up to [`sensors::LATE_MAX`].
    pub late: f64,
    /// An observation comes twice.
    pub twice: f64,
    /// An order fails.
    pub order_fails: f64,
    /// An examination fails, or its answer never comes.
    pub exam_fails: f64,
    /// Muster dies at one of the points between receiving, appending, stepping and dispatching.
    pub dies: f64,
    /// Latencies vary.
    pub varies: bool,
}

/// Something that will happen.
#[derive(Debug)]
pub enum Happening {
    /// Something reaches the Muster of this life.
    Arrives { life: u32, body: Box<Body> },
    /// An examination of this life has its answer.
    Answers { life: u32, service: ServiceName, exam: Box<Exam>, asked: u64 },
    /// An order of this life reaches the machine.
    Acts { life: u32, order: Box<Order> },
    /// An order of this life has run out of time.
    GivesUp { life: u32, order: Box<Order> },
    /// Muster's executor loses its patience with a process.
    Kills { life: u32, service: ServiceName, process: ProcessKey },
    /// Something that a process was going to do.
    Fate { service: ServiceName, process: ProcessKey, fate: Fate },
    /// The service manager reaps a child.
    Reaps { service: ServiceName, process: ProcessKey },
    /// A restart by the service manager is due, unless it was told something else since.
    Restarts { service: ServiceName, turn: u32 },
    /// The service manager loses its patience with a stop.
    StopTimeout { service: ServiceName, turn: u32 },
    /// Probes and sockets are looked at.
    Looks { service: ServiceName },
    /// A person does something.
    Does(Act),
    /// Muster is started.
    MusterStarts,
    /// The machine is up again.
    Boots,
}

/// The machine and everything on it.
pub struct World {
    pub chance: Chance,
    pub weather: Weather,
    pub now: u64,
    /// How far the wall clock is off.
    skew: i64,
    boot: u32,
    boot_since: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    turn: u64,
    last_pid: i32,
    pub services: BTreeMap<ServiceName, Truth>,
    pub limits: Limits,
    pub ledger: Vec<Event>,
    pub muster: Option<Muster>,
    life: u32,
    pub promises: Promises,
}

impl World {
    pub fn new(seed: u64, weather: Weather, limits: Limits, services: impl IntoIterator<Item = Truth>) -> World {
        World {
            chance: Chance::new(seed),
            weather,
            now: 0,
            skew: 0,
            boot: 0,
            boot_since: 0,
            queue: BTreeMap::new(),
            turn: 0,
            last_pid: 1_000,
            services: services.into_iter().map(|t| (t.row.name.clone(), t)).collect(),
            limits,
            ledger: Vec::new(),
            muster: None,
            life: 0,
            promises: Promises::default(),
        }
    }

    /// The moment on the wall.
    pub fn wall(&self) -> Time {
        Time(BEGIN + self.now as i64 + self.skew)
    }

    /// The moment since boot.
    pub fn mono(&self) -> Mono {
        Mono(self.now.saturating_sub(self.boot_since) + UPTIME)
    }

    fn booted_at(&self) -> Time {
        Time(BEGIN + self.boot_since as i64 + self.skew - UPTIME as i64)
    }

    fn boot_id(&self) -> BootId {
        BootId::from(format!("boot-{}", self.boot))
    }

    /// Something will happen after so long.
    pub fn after(&mut self, delay: u64, what: Happening) {
        self.at(self.now + delay, what);
    }

    fn at(&mut self, when: u64, what: Happening) {
        self.turn += 1;
        self.queue.insert((when, self.turn), what);
    }

    /// About `usual`, where latencies vary.
    fn about(&mut self, usual: u64) -> u64 {
        if self.weather.varies { self.chance.between(usual / 4, usual * 4) } else { usual }
    }

    fn truth(&mut self, name: &ServiceName) -> &mut Truth {
        self.services.get_mut(name).expect("people act on services that are there")
    }

    /// The rows in the roster's files.
    fn rows(&self) -> BTreeMap<ServiceName, Service> {
        self.services.values().filter(|t| t.listed).map(|t| (t.row.name.clone(), t.row.clone())).collect()
    }

    /// Lets the world go on until then, or until a promise is broken.
    pub fn run_until(&mut self, end: u64) {
        while self.promises.broken.is_none() {
            let next = self.queue.first_key_value().map(|((when, _), _)| *when);
            let wake =
                self.muster.as_ref().and_then(|m| m.guard.wake()).map(|w| (w.0 + self.boot_since).saturating_sub(UPTIME).max(self.now));
            let Some(when) = next.into_iter().chain(wake).min().filter(|w| *w <= end) else { break };
            self.now = when;
            self.well_with_what();
            if wake == Some(when) && next != Some(when) {
                self.receive(Body::Timer);
            } else if let Some((_, what)) = self.queue.pop_first() {
                self.happens(what);
            }
            self.watch_over();
        }
        if self.promises.broken.is_none() {
            self.now = end;
        }
    }

    fn happens(&mut self, what: Happening) {
        match what {
            Happening::Arrives { life, body } => {
                if self.muster.is_some() && life == self.life {
                    self.arrives(*body);
                }
            }
            Happening::Answers { life, service, exam, asked } => {
                if self.muster.is_some() && life == self.life {
                    self.answers(service, *exam, asked);
                }
            }
            Happening::Acts { life, order } => {
                if self.muster.is_some() && life == self.life {
                    self.acts(*order);
                }
            }
            Happening::GivesUp { life, order } => self.gives_up(life, &order),
            Happening::Kills { life, service, process } => {
                if self.muster.is_some() && life == self.life {
                    self.kills(&service, process);
                }
            }
            Happening::Fate { service, process, fate } => self.fate(&service, process, fate),
            Happening::Reaps { service, process } => self.reaps(&service, process),
            Happening::Restarts { service, turn } => self.restarts(&service, turn),
            Happening::StopTimeout { service, turn } => self.stop_timeout(&service, turn),
            Happening::Looks { service } => self.looks(&service),
            Happening::Does(act) => self.does(act),
            Happening::MusterStarts => self.muster_starts(),
            Happening::Boots => self.boots(),
        }
    }

    /// A person at a terminal.
    pub fn person(&mut self, user: &str, command: String) -> Actor {
        self.last_pid += 1;
        Actor {
            uid: Some(0),
            user: Some("root".to_owned()),
            login_uid: Some(1000),
            login_user: Some(user.to_owned()),
            tty: Some("pts/0".to_owned()),
            pid: Some(self.last_pid),
            exe: Some("/usr/bin/bash".to_owned()),
            command: Some(command),
            parents: vec!["-bash".to_owned(), "sshd".to_owned()],
            parent_pids: vec![700, 600],
        }
    }
}

//! Executors on a host: examine, rehearse, fix, undo. An executor knows nothing of why; it does one thing, within a
//! time limit, and says what came of it. One file per examination (`examine/`), one per step (`step/`).
#![forbid(unsafe_code)]

mod examine;
mod now;
mod rehearse;
mod shell;
mod step;
mod systemd;

use std::sync::Arc;

use muster_model::actor::Actor;
use muster_model::exam::{Exam, Finding, LogLine, PortHolder};
use muster_model::id::{ProcessKey, ServiceName, VersionId};
use muster_model::observation::UnitState;
use muster_model::plan::{Done, Order, Outcome};
use muster_model::roster::Service;
use muster_model::time::{Length, Time};
use muster_vault::Vault;

pub use systemd::SystemdError;

/// A tool's words are kept up to this length.
pub(crate) const SAID_BYTES_MAX: usize = 2 << 10;
/// How long a validator may take.
pub(crate) const VALIDATE_WITHIN: Length = Length::seconds(5);

/// What an examination sees with: the sensors, through whoever holds them.
pub trait Eyes: Send + Sync {
    /// The moment.
    fn now(&self) -> Time;
    /// What a service logged since then, oldest first.
    ///
    /// # Errors
    /// A sentence that says why there are none to be had.
    fn log(&self, service: &Service, since: Time) -> Result<Vec<LogLine>, String>;
    /// Who listens on these TCP ports; `own` where it is one of the service's processes.
    ///
    /// # Errors
    /// A sentence that says why that cannot be seen.
    fn holders(&self, service: &Service, ports: &[u16]) -> Result<Vec<PortHolder>, String>;
    /// What the service manager says of a unit.
    ///
    /// # Errors
    /// A sentence that says why it says nothing.
    fn unit(&self, unit: &str) -> Result<Option<UnitState>, String>;
    /// Commands by people since then that touch the service, oldest first.
    fn commands(&self, service: &Service, since: Time) -> Vec<(Time, Actor)>;
    /// A look at a process.
    fn process(&self, process: ProcessKey) -> Glance;
}

/// A process at one moment (proc_pid_stat(5), proc_pid_status(5)).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glance {
    /// `R`, `S`, `D`, `T`, `Z` …; `None`: it is gone.
    pub state: Option<char>,
    /// The kernel function in which it waits.
    pub wchan: Option<String>,
    /// Its threads.
    pub threads: Option<u32>,
    /// Its open files.
    pub files: Option<u32>,
    /// Memory in use, in bytes.
    pub resident: Option<u64>,
    /// Processor time used so far.
    pub cpu: Option<Length>,
}

/// The services that Muster runs itself.
pub trait Children: Send + Sync {
    /// Starts one, unless it runs.
    ///
    /// # Errors
    /// A sentence that says why it does not run.
    fn start(&self, service: &Service) -> Result<ProcessKey, String>;
    /// Ends one, with SIGKILL after `grace`.
    ///
    /// # Errors
    /// A sentence that says why it still runs.
    fn stop(&self, service: &ServiceName, grace: Length) -> Result<(), String>;
}

/// The executors, with what they work with.
pub struct Hands {
    vault: Vault,
    eyes: Arc<dyn Eyes>,
    children: Arc<dyn Children>,
}

/// What a step came to.
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) rehearsed: bool,
    pub(crate) said: String,
    pub(crate) replaced: Vec<(String, Option<VersionId>)>,
}

impl Ending {
    pub(crate) fn done(said: impl Into<String>) -> Ending {
        Ending { outcome: Outcome::Done, rehearsed: false, said: said.into(), replaced: Vec::new() }
    }

    pub(crate) fn failed(said: impl Into<String>) -> Ending {
        Ending { outcome: Outcome::Failed, ..Ending::done(said) }
    }

    pub(crate) fn skipped(said: impl Into<String>) -> Ending {
        Ending { outcome: Outcome::Skipped, ..Ending::done(said) }
    }

    pub(crate) fn of<E: std::error::Error>(result: Result<String, E>) -> Ending {
        match result {
            Ok(said) => Ending::done(said),
            Err(error) => Ending::failed(chain(&error)),
        }
    }
}

/// An error with all that is behind it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

impl Hands {
    /// Executors that write through `vault`, see through `eyes` and run `children`.
    pub fn new(vault: Vault, eyes: Arc<dyn Eyes>, children: Arc<dyn Children>) -> Hands {
        Hands { vault, eyes, children }
    }

    /// Carries out an order. Blocks, for as long as the step's own limit at most.
    pub fn run(&self, order: &Order, service: &Service) -> Done {
        let began = self.eyes.now();
        self.conclude(order, began, step::run(self, order, service))
    }

    /// Takes back what an order did: writes back what it replaced, and removes what was not there before.
    /// What somebody has altered since is left as it is, and said.
    pub fn undo(&self, order: &Order, service: &Service, replaced: &[(String, Option<VersionId>)]) -> Done {
        let began = self.eyes.now();
        self.conclude(order, began, step::undo(self, order, service, replaced))
    }

    fn conclude(&self, order: &Order, began: Time, result: Ending) -> Done {
        let Ending { outcome, rehearsed, mut said, replaced } = result;
        shell::cut(&mut said, SAID_BYTES_MAX);
        Done { order: order.clone(), outcome, rehearsed, said, replaced, began, took: self.eyes.now().since(began) }
    }

    /// Examines. Alters nothing; blocks for a few seconds at most.
    pub fn examine(&self, exam: &Exam, service: &Service) -> Finding {
        examine::run(self, exam, service)
    }
}

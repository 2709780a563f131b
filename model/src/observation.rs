//! What sensors see.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::change::Change;
use crate::id::{ProcessKey, ServiceName, VersionId};
use crate::probe::Answer;
use crate::sight::Sight;
use crate::time::{Length, Time};

/// A fact that a sensor saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// When it was so, by the kernel's or the service manager's word where they give one; never the moment of noticing
    /// where a better one is known.
    pub at: Time,
    /// Which sensor and rung saw it, such as `ebpf`, `pidfd`, `dbus`, `fanotify`.
    pub source: String,
    /// Of which service; `None`: of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// What was seen.
    pub fact: Fact,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A process of the service is there: of a `run` or `process` service (units tell their main process in `UnitState`).
    ProcessSeen {
        /// Which.
        process: ProcessKey,
        /// Its command line.
        command: String,
    },
    /// A process of the service ended.
    ProcessExited {
        /// Which.
        process: ProcessKey,
        /// How.
        end: End,
    },
    /// A signal was sent to a process of the service. Only those that may end, stop or reload it are reported.
    SignalSent {
        /// To which.
        process: ProcessKey,
        /// signal(7) number.
        signal: i32,
        /// By whom; `None`: the kernel itself.
        sender: Option<Actor>,
    },
    /// The kernel chose the process to be ended for want of memory.
    MemoryKill {
        /// Which.
        process: ProcessKey,
        /// The limit that was hit, in bytes, where it was a control group's.
        limit: Option<u64>,
    },
    /// The service manager's word on a unit, whenever it changes.
    Unit(UnitState),
    /// A person ran a command that touches this service (or, without a service, any).
    CommandRun {
        /// Who, with the command.
        actor: Actor,
    },
    /// Something was altered.
    Changed(Change),
    /// A configuration file as it was found when Muster first looked after a start: the version to compare with.
    ConfigSeen {
        /// The file.
        path: String,
        /// Its content.
        version: VersionId,
    },
    /// The TCP ports on which the service's processes listen, whenever they change.
    Listens {
        /// Ports, ascending.
        ports: Vec<u16>,
        /// Ports that it should hold and that somebody else holds, ascending.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        taken: Vec<u16>,
    },
    /// A probe's answer, when it differs from the one before (right, refused, silent, wrong, unasked).
    Probed {
        /// The probe's place in the service's list, from 0.
        probe: u32,
        /// What came.
        answer: Answer,
        /// How long it took.
        took: Length,
        /// How often in a row it was asked with this kind of answer before it was reported.
        times: u32,
    },
    /// A sensor's rung changed.
    Rung(Rung),
    /// One of Muster's own sensors does its work in another way than before. Its service is Muster itself.
    Sight(Sight),
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// The kernel ended it for want of memory.
    Memory,
    /// It is gone; nobody could say how.
    Unknown,
}

/// What systemd says of a unit (org.freedesktop.systemd1(5)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitState {
    /// Its full name.
    pub unit: String,
    /// LoadState: `loaded`, `not-found`, `masked`, `error`, `bad-setting`.
    pub load: String,
    /// ActiveState: `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`.
    pub active: String,
    /// SubState: `running`, `dead`, `auto-restart` …
    pub sub: String,
    /// UnitFileState: `enabled`, `disabled`, `masked`, `static` …; empty for a unit without a file, and while it is not known.
    pub file: String,
    /// MainPID, with its start time; `None` when there is none (0) or it is not one to be watched (1).
    pub main: Option<ProcessKey>,
    /// Result: `success`, `exit-code`, `signal`, `core-dump`, `oom-kill`, `timeout`, `start-limit-hit` …
    pub result: String,
    /// ExecMainCode and ExecMainStatus of the last main process, as one.
    pub ended: Option<End>,
    /// NRestarts: automatic restarts so far.
    pub restarts: u32,
    /// Restart=: `no`, `always`, `on-failure` …
    pub restart: String,
    /// RestartUSec=.
    pub restart_after: Length,
    /// The kind of the job that is queued for it (`start`, `stop`, `restart`, `reload`), if one is.
    pub job: Option<String>,
    /// When ActiveState last changed (StateChangeTimestamp).
    pub since: Option<Time>,
    /// It does not run, and a socket of its own (TriggeredBy=) waits in its place for the first client.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_demand: bool,
}

/// What the machine allows to be seen of one kind of fact (DESIGN §8).
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// The kind of fact: `process_end`, `signal_sender`, `file_change`, `command`, `unit`, `log`, `port`, `memory_kill`.
    /// `of` in JSON: inside a `Fact` the word `fact` is taken.
    #[serde(rename = "of")]
    pub fact: String,
    /// The source in use: `ebpf`, `pidfd`, `dbus`, …; `none`.
    pub source: String,
    /// Its place on the ladder, 1 is the best.
    pub rung: u8,
    /// Why no better one: the error of the rung above.
    pub why: Option<String>,
}

//! Examinations: what can be asked of a machine about a loss.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::id::{ProcessKey, ServiceName, VersionId};
use crate::observation::UnitState;
use crate::time::{Length, Time};

/// A question put to the machine. Each has a time limit at the edge (`act::examine`), and none alters anything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "exam", rename_all = "snake_case")]
pub enum Exam {
    /// Does the program take its configuration as it stands? Runs the service's validator.
    Validate,
    /// Which configuration files differ from the given versions (the last good ones), or are gone?
    Compare {
        /// Path and last good version of each file.
        good: Vec<(String, VersionId)>,
    },
    /// What did the service log since that moment?
    Journal {
        /// From here on.
        since: Time,
    },
    /// Who listens on these ports?
    PortHolder {
        /// TCP ports.
        ports: Vec<u16>,
    },
    /// What does the process do just now?
    Process {
        /// The process in question.
        process: ProcessKey,
    },
    /// What does the service manager say of the unit?
    Unit {
        /// Its full name.
        unit: String,
    },
    /// Which commands that touch this service did people run since that moment?
    Commands {
        /// From here on.
        since: Time,
    },
}

impl Exam {
    /// A word for it, as the source of evidence.
    pub const fn code(&self) -> &'static str {
        match self {
            Exam::Validate => "validate",
            Exam::Compare { .. } => "compare",
            Exam::Journal { .. } => "journal",
            Exam::PortHolder { .. } => "port_holder",
            Exam::Process { .. } => "process",
            Exam::Unit { .. } => "unit",
            Exam::Commands { .. } => "commands",
        }
    }
}

/// What an examination found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Examined {
    /// Of which service.
    pub service: ServiceName,
    /// What was asked.
    pub exam: Exam,
    /// What came out.
    pub finding: Finding,
    /// How long it took.
    pub took: Length,
}

/// The result of an examination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The validator's answer.
    Validated {
        /// It takes the configuration.
        ok: bool,
        /// What it said (last 2 KiB).
        said: String,
        /// The file and line it blames, where it names one.
        blames: Option<(String, Option<u32>)>,
    },
    /// Files against their last good version.
    Compared {
        /// Those that differ.
        differ: Vec<Difference>,
    },
    /// Log lines, oldest first, at most 50.
    Journal {
        /// The lines.
        lines: Vec<LogLine>,
    },
    /// Holders of the ports asked for. A port without a holder is missing from the list.
    PortHolders {
        /// Who holds what.
        holders: Vec<PortHolder>,
    },
    /// A process as it is.
    Process {
        /// `R`, `S`, `D`, `T`, `Z` … of proc_pid_stat(5); `None`: it is gone.
        state: Option<char>,
        /// The kernel function it waits in.
        wchan: Option<String>,
        /// Its threads.
        threads: Option<u32>,
        /// Its open files.
        files: Option<u32>,
        /// The memory in use, in bytes.
        resident: Option<u64>,
        /// Processor time used between two looks 50 ms apart, as a share of one core, 0 to threads.
        cpu: Option<f64>,
    },
    /// The unit as the service manager has it; `None`: it has none.
    Unit {
        /// Its state.
        state: Option<UnitState>,
    },
    /// Commands by people, oldest first.
    Commands {
        /// When, and who ran what.
        commands: Vec<(Time, Actor)>,
    },
    /// It could not be done.
    Failed {
        /// Why.
        why: String,
    },
}

/// A configuration file that is not as it was when the service was last well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The file.
    pub path: String,
    /// Its last good version.
    pub good: VersionId,
    /// What it is now; `None`: it is gone.
    pub now: Option<VersionId>,
}

/// One line that a service logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: Time,
    /// syslog(3) level, 0 (emergency) to 7 (debug); 6 where unknown.
    pub level: u8,
    /// Which process said it.
    pub pid: Option<i32>,
    /// The line, at most 2 KiB.
    pub text: String,
}

/// Who holds a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortHolder {
    /// The TCP port.
    pub port: u16,
    /// The process that holds it, with who started it; `None` where that cannot be seen (another user's, without root).
    pub holder: Option<Actor>,
    /// Its identity, so that it is told from a service's own processes.
    pub process: Option<ProcessKey>,
    /// It belongs to the service that was asked about.
    pub own: bool,
}

//! Why a service was lost (DESIGN §6), and how sure that is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The code of a cause.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Code {
    /// Its configuration no longer validates.
    #[serde(rename = "config.invalid")]
    ConfigInvalid,
    /// Its configuration validates, but the edit is what broke it.
    #[serde(rename = "config.changed")]
    ConfigChanged,
    /// Its configuration is gone.
    #[serde(rename = "config.missing")]
    ConfigMissing,
    /// The loss follows a new package version.
    #[serde(rename = "update.package")]
    UpdatePackage,
    /// The loss follows a replaced executable.
    #[serde(rename = "update.binary")]
    UpdateBinary,
    /// The loss follows a replaced shared library.
    #[serde(rename = "update.library")]
    UpdateLibrary,
    /// The loss follows a new container image.
    #[serde(rename = "update.image")]
    UpdateImage,
    /// A person stopped it.
    #[serde(rename = "operator.stopped")]
    OperatorStopped,
    /// A person sent it a signal.
    #[serde(rename = "operator.killed")]
    OperatorKilled,
    /// A person disabled or masked it.
    #[serde(rename = "operator.disabled")]
    OperatorDisabled,
    /// A person uninstalled it, or removed the unit or container.
    #[serde(rename = "operator.removed")]
    OperatorRemoved,
    /// A person deleted files it needs.
    #[serde(rename = "operator.deleted")]
    OperatorDeleted,
    /// A person changed owner or mode of what it needs.
    #[serde(rename = "operator.permission")]
    OperatorPermission,
    /// Ended by an actor who has no business there.
    #[serde(rename = "attack.killed")]
    AttackKilled,
    /// Altered by an actor who has no business there.
    #[serde(rename = "attack.tampered")]
    AttackTampered,
    /// An intruder was at work.
    #[serde(rename = "attack.intrusion")]
    AttackIntrusion,
    /// Flooded with requests.
    #[serde(rename = "attack.flood")]
    AttackFlood,
    /// Memory ran out.
    #[serde(rename = "resource.memory")]
    ResourceMemory,
    /// The disk is full.
    #[serde(rename = "resource.disk")]
    ResourceDisk,
    /// The inodes are used up.
    #[serde(rename = "resource.inodes")]
    ResourceInodes,
    /// File descriptors ran out.
    #[serde(rename = "resource.files")]
    ResourceFiles,
    /// Processes ran out.
    #[serde(rename = "resource.processes")]
    ResourceProcesses,
    /// Processor time ran out.
    #[serde(rename = "resource.cpu")]
    ResourceCpu,
    /// What it depends on is lost.
    #[serde(rename = "dependency.lost")]
    DependencyLost,
    /// What it depends on is slow.
    #[serde(rename = "dependency.slow")]
    DependencySlow,
    /// A name it needs does not resolve.
    #[serde(rename = "dns.failed")]
    DnsFailed,
    /// A firewall is in the way.
    #[serde(rename = "network.blocked")]
    NetworkBlocked,
    /// Another process holds its port.
    #[serde(rename = "network.port_taken")]
    NetworkPortTaken,
    /// A link or an address is gone.
    #[serde(rename = "network.interface")]
    NetworkInterface,
    /// A certificate expired.
    #[serde(rename = "tls.expired")]
    TlsExpired,
    /// The clock jumped.
    #[serde(rename = "clock.jumped")]
    ClockJumped,
    /// Its data are damaged.
    #[serde(rename = "data.corrupt")]
    DataCorrupt,
    /// Its data are gone.
    #[serde(rename = "data.missing")]
    DataMissing,
    /// The program's own fault: no change, no outside hand.
    #[serde(rename = "crash.bug")]
    CrashBug,
    /// It stands still by its own fault: no change, no outside hand.
    #[serde(rename = "hang.deadlock")]
    HangDeadlock,
    /// The job's own exit code.
    #[serde(rename = "job.failed")]
    JobFailed,
    /// The schedule entry is gone.
    #[serde(rename = "job.not_scheduled")]
    JobNotScheduled,
    /// The host was restarted.
    #[serde(rename = "host.rebooted")]
    HostRebooted,
    /// The host is gone.
    #[serde(rename = "host.lost")]
    HostLost,
    /// The evidence does not decide.
    #[serde(rename = "unknown")]
    Unknown,
}

impl Code {
    /// All of them, in the order of DESIGN §6.
    pub const ALL: [Code; 40] = [
        Code::ConfigInvalid,
        Code::ConfigChanged,
        Code::ConfigMissing,
        Code::UpdatePackage,
        Code::UpdateBinary,
        Code::UpdateLibrary,
        Code::UpdateImage,
        Code::OperatorStopped,
        Code::OperatorKilled,
        Code::OperatorDisabled,
        Code::OperatorRemoved,
        Code::OperatorDeleted,
        Code::OperatorPermission,
        Code::AttackKilled,
        Code::AttackTampered,
        Code::AttackIntrusion,
        Code::AttackFlood,
        Code::ResourceMemory,
        Code::ResourceDisk,
        Code::ResourceInodes,
        Code::ResourceFiles,
        Code::ResourceProcesses,
        Code::ResourceCpu,
        Code::DependencyLost,
        Code::DependencySlow,
        Code::DnsFailed,
        Code::NetworkBlocked,
        Code::NetworkPortTaken,
        Code::NetworkInterface,
        Code::TlsExpired,
        Code::ClockJumped,
        Code::DataCorrupt,
        Code::DataMissing,
        Code::CrashBug,
        Code::HangDeadlock,
        Code::JobFailed,
        Code::JobNotScheduled,
        Code::HostRebooted,
        Code::HostLost,
        Code::Unknown,
    ];

    /// The code as it stands in JSON, commands and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Code::ConfigInvalid => "config.invalid",
            Code::ConfigChanged => "config.changed",
            Code::ConfigMissing => "config.missing",
            Code::UpdatePackage => "update.package",
            Code::UpdateBinary => "update.binary",
            Code::UpdateLibrary => "update.library",
            Code::UpdateImage => "update.image",
            Code::OperatorStopped => "operator.stopped",
            Code::OperatorKilled => "operator.killed",
            Code::OperatorDisabled => "operator.disabled",
            Code::OperatorRemoved => "operator.removed",
            Code::OperatorDeleted => "operator.deleted",
            Code::OperatorPermission => "operator.permission",
            Code::AttackKilled => "attack.killed",
            Code::AttackTampered => "attack.tampered",
            Code::AttackIntrusion => "attack.intrusion",
            Code::AttackFlood => "attack.flood",
            Code::ResourceMemory => "resource.memory",
            Code::ResourceDisk => "resource.disk",
            Code::ResourceInodes => "resource.inodes",
            Code::ResourceFiles => "resource.files",
            Code::ResourceProcesses => "resource.processes",
            Code::ResourceCpu => "resource.cpu",
            Code::DependencyLost => "dependency.lost",
            Code::DependencySlow => "dependency.slow",
            Code::DnsFailed => "dns.failed",
            Code::NetworkBlocked => "network.blocked",
            Code::NetworkPortTaken => "network.port_taken",
            Code::NetworkInterface => "network.interface",
            Code::TlsExpired => "tls.expired",
            Code::ClockJumped => "clock.jumped",
            Code::DataCorrupt => "data.corrupt",
            Code::DataMissing => "data.missing",
            Code::CrashBug => "crash.bug",
            Code::HangDeadlock => "hang.deadlock",
            Code::JobFailed => "job.failed",
            Code::JobNotScheduled => "job.not_scheduled",
            Code::HostRebooted => "host.rebooted",
            Code::HostLost => "host.lost",
            Code::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Code {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Code::ALL.into_iter().find(|c| c.code() == s).ok_or_else(|| format!("`{s}` is not one of the codes"))
    }
}

/// A possible cause of a loss, with what speaks for it and against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// What it is.
    pub code: Code,
    /// Probability that it is this, 0 to 1. Those of all causes of an incident add up to at most 1.
    pub confidence: f64,
    /// Undoing it brought the service back.
    #[serde(default)]
    pub confirmed: bool,
    /// The verdict in a sentence.
    pub summary: crate::text::Text,
    /// What was altered, killed or used up: a path, a unit, a process, a port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Whose hand it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<crate::actor::Actor>,
    /// The change that did it, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<crate::id::ChangeId>,
    /// What speaks for it (weight above 0) and against it (below 0).
    #[serde(default)]
    pub evidence: Vec<Evidence>,
}

/// One fact that weighs for or against a cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// When the fact was so.
    pub at: crate::time::Time,
    /// Who saw it: a sensor or an examination, such as `ebpf`, `dbus`, `fanotify`, `validate`.
    pub source: String,
    /// How much it weighs, in nats of log-odds; above 0 for the cause, below 0 against it.
    pub weight: f64,
    /// The fact in a sentence.
    pub text: crate::text::Text,
    /// Where to read on: `event:SEQ`, `change:ID`, `file:PATH`.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

//! The ways in which a service is absent (DESIGN §6).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The way in which a service is absent.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Loss {
    /// It ended by itself.
    #[serde(rename = "exited")]
    Exited,
    /// A signal ended it.
    #[serde(rename = "killed")]
    Killed,
    /// The kernel ended it for want of memory.
    #[serde(rename = "oom_killed")]
    OomKilled,
    /// It comes up and ends again and again.
    #[serde(rename = "crash_loop")]
    CrashLoop,
    /// It lives and does not answer.
    #[serde(rename = "hung")]
    Hung,
    /// The service manager stopped it.
    #[serde(rename = "stopped")]
    Stopped,
    /// Its unit file is gone.
    #[serde(rename = "unit_missing")]
    UnitMissing,
    /// It runs, but would not come back at boot.
    #[serde(rename = "unit_disabled")]
    UnitDisabled,
    /// It runs, but would not come up again: its configuration no longer validates.
    #[serde(rename = "cannot_restart")]
    CannotRestart,
    /// Its container is gone.
    #[serde(rename = "container_missing")]
    ContainerMissing,
    /// It lives, but a port it should hold is not open.
    #[serde(rename = "port_closed")]
    PortClosed,
    /// Another process holds its port.
    #[serde(rename = "port_stolen")]
    PortStolen,
    /// It answers, but not what it should.
    #[serde(rename = "endpoint_wrong")]
    EndpointWrong,
    /// It answers later than its limit.
    #[serde(rename = "slow")]
    Slow,
    /// Its certificate is no longer valid.
    #[serde(rename = "tls_expired")]
    TlsExpired,
    /// It did not run when it should have.
    #[serde(rename = "job_missed")]
    JobMissed,
    /// It ran and failed.
    #[serde(rename = "job_failed")]
    JobFailed,
    /// It runs longer than its limit.
    #[serde(rename = "job_overrun")]
    JobOverrun,
    /// What it needs is lost.
    #[serde(rename = "dependency_lost")]
    DependencyLost,
    /// Local and well, cut off from its users.
    #[serde(rename = "unreachable")]
    Unreachable,
    /// The whole host is gone.
    #[serde(rename = "host_lost")]
    HostLost,
}

impl Loss {
    /// All of them, in the order of DESIGN §6.
    pub const ALL: [Loss; 21] = [
        Loss::Exited,
        Loss::Killed,
        Loss::OomKilled,
        Loss::CrashLoop,
        Loss::Hung,
        Loss::Stopped,
        Loss::UnitMissing,
        Loss::UnitDisabled,
        Loss::CannotRestart,
        Loss::ContainerMissing,
        Loss::PortClosed,
        Loss::PortStolen,
        Loss::EndpointWrong,
        Loss::Slow,
        Loss::TlsExpired,
        Loss::JobMissed,
        Loss::JobFailed,
        Loss::JobOverrun,
        Loss::DependencyLost,
        Loss::Unreachable,
        Loss::HostLost,
    ];

    /// The code as it stands in JSON, commands and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Loss::Exited => "exited",
            Loss::Killed => "killed",
            Loss::OomKilled => "oom_killed",
            Loss::CrashLoop => "crash_loop",
            Loss::Hung => "hung",
            Loss::Stopped => "stopped",
            Loss::UnitMissing => "unit_missing",
            Loss::UnitDisabled => "unit_disabled",
            Loss::CannotRestart => "cannot_restart",
            Loss::ContainerMissing => "container_missing",
            Loss::PortClosed => "port_closed",
            Loss::PortStolen => "port_stolen",
            Loss::EndpointWrong => "endpoint_wrong",
            Loss::Slow => "slow",
            Loss::TlsExpired => "tls_expired",
            Loss::JobMissed => "job_missed",
            Loss::JobFailed => "job_failed",
            Loss::JobOverrun => "job_overrun",
            Loss::DependencyLost => "dependency_lost",
            Loss::Unreachable => "unreachable",
            Loss::HostLost => "host_lost",
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Loss {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Loss::ALL.into_iter().find(|c| c.code() == s).ok_or_else(|| format!("`{s}` is not one of the codes"))
    }
}

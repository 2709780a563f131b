//! What may be done to a unit: over D-Bus, and where no bus can be reached through `systemctl`, which can talk to systemd
//! without one. Every call, and the job that it starts, has a time limit.

mod bus;
mod systemctl;

use muster_model::time::Length;

/// Why systemd did not do it.
#[derive(Debug, thiserror::Error)]
pub enum SystemdError {
    /// The bus does not answer.
    #[error("systemd cannot be reached over the system bus; is it running here?")]
    Reach(#[source] zbus::Error),
    /// systemd refused.
    #[error("systemd refuses to {verb} {unit}")]
    Refused {
        /// What was asked.
        verb: &'static str,
        /// The unit.
        unit: String,
        /// Its words.
        source: zbus::Error,
    },
    /// `systemctl` says no.
    #[error("systemctl {verb} {unit}: {said}")]
    Systemctl {
        /// What was asked.
        verb: &'static str,
        /// The unit.
        unit: String,
        /// Its words, or why it has none.
        said: String,
    },
    /// It took too long. A job is cancelled, so that it does not keep the next one waiting.
    #[error("systemd did not {verb} {unit} within {within}")]
    TooLong {
        /// What was asked.
        verb: &'static str,
        /// The unit.
        unit: String,
        /// The limit.
        within: Length,
    },
    /// It does not end when it is told to. The job is cancelled.
    #[error("{unit} is told to stop and has not ended within {within}")]
    StaysUp {
        /// The unit.
        unit: String,
        /// The limit.
        within: Length,
    },
    /// The job ended, and not well.
    #[error("systemd could not {verb} {unit}: the job ended as `{result}`")]
    Job {
        /// What was asked.
        verb: &'static str,
        /// The unit.
        unit: String,
        /// `failed`, `canceled`, `timeout`, `dependency`, `skipped` (JobRemoved in org.freedesktop.systemd1(5)).
        result: String,
    },
    /// Nothing to enable.
    #[error("{unit} has no [Install] section, so nothing can start it at boot; add `WantedBy=multi-user.target` to it")]
    NoInstall {
        /// The unit.
        unit: String,
    },
    /// No event loop to talk with.
    #[error("cannot talk to systemd")]
    Runtime(#[source] std::io::Error),
}

/// A job on a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    Start,
    Restart,
    /// Or a restart, where the unit cannot reload.
    Reload,
}

impl Job {
    /// The method of systemd's manager.
    const fn method(self) -> &'static str {
        match self {
            Job::Start => "StartUnit",
            Job::Restart => "RestartUnit",
            Job::Reload => "ReloadOrRestartUnit",
        }
    }

    /// The word for people and for systemctl(1).
    const fn verb(self) -> &'static str {
        match self {
            Job::Start => "start",
            Job::Restart => "restart",
            Job::Reload => "reload-or-restart",
        }
    }
}

/// Has systemd do a job, and waits until it is done. Earlier failures are forgotten first, so that a start limit does not
/// stand in the way.
pub(crate) fn job(job: Job, unit: &str) -> Result<String, SystemdError> {
    or_systemctl(bus::job(job, unit), || systemctl::job(job, unit))
}

/// Sends SIGKILL to every process of the unit.
pub(crate) fn kill(unit: &str) -> Result<String, SystemdError> {
    or_systemctl(bus::kill(unit), || systemctl::run("kill", &["--signal=SIGKILL"], unit))
}

/// Has the unit started at boot.
pub(crate) fn enable(unit: &str) -> Result<String, SystemdError> {
    or_systemctl(bus::enable(unit), || systemctl::run("enable", &[], unit))
}

/// Takes the mask off, the one in /etc and the one in /run.
pub(crate) fn unmask(unit: &str) -> Result<String, SystemdError> {
    or_systemctl(bus::unmask(unit), || systemctl::run("unmask", &[], unit).and_then(|_| systemctl::run("unmask", &["--runtime"], unit)))
}

/// The bus is nobody's to wait for: it may be what is lost.
fn or_systemctl(
    over_bus: Result<String, SystemdError>,
    otherwise: impl FnOnce() -> Result<String, SystemdError>,
) -> Result<String, SystemdError> {
    match over_bus {
        Err(SystemdError::Reach(_)) => otherwise(),
        done => done,
    }
}

//! The programs of the system that installing needs: systemctl and those for users. Each is bounded in time.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use muster_model::text::Text;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::failure::Failure;

/// The name of Muster's unit.
pub(crate) const UNIT: &str = "muster.service";
/// The user that the hub runs as.
pub(crate) const USER: &str = "muster";

/// Starting takes as long as reading the whole record; the unit gives it two minutes.
const ANSWER_WITHIN: Duration = Duration::from_secs(180);

/// How far systemd can be asked here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Systemd {
    /// It is process 1.
    Running,
    /// It is installed, and will be process 1: an image that is being built.
    Later,
    /// It is not there.
    Absent,
}

impl Systemd {
    /// What is here (sd_booted(3)).
    pub(crate) fn here() -> Systemd {
        if Path::new("/run/systemd/system").is_dir() {
            return Systemd::Running;
        }
        let there = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"].iter().any(|path| Path::new(path).exists());
        if there && run("systemctl", &["--version"]).is_ok() { Systemd::Later } else { Systemd::Absent }
    }
}

/// What a program printed.
///
/// # Errors
/// It is not there, failed, or did not end in time.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<String, Failure> {
    let line = std::iter::once(program).chain(arguments.iter().copied()).collect::<Vec<_>>().join(" ");
    let failed = |error: String| Failure::Failed(Text::new("install-program-failed").with("line", &line).with("error", error));
    let mut child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    // What these say fits into a pipe, so that waiting first keeps nobody waiting.
    if !ended(Pid::from_child(&child), ANSWER_WITHIN).map_err(|error| failed(error.to_string()))? {
        child.kill()?;
        child.wait()?;
        let within = format!("{}s", ANSWER_WITHIN.as_secs());
        return Err(Failure::Failed(Text::new("install-program-late").with("line", &line).with("within", within)));
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(failed(if said.is_empty() { output.status.to_string() } else { said }))
}

/// Whether a process ends within that time.
fn ended(pid: Pid, within: Duration) -> io::Result<bool> {
    let fd = pidfd_open(pid, PidfdFlags::empty())?;
    let within = Timespec { tv_sec: within.as_secs().cast_signed(), tv_nsec: 0 };
    loop {
        match poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&within)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A property of Muster's unit.
///
/// # Errors
/// systemctl fails.
pub(crate) fn property(name: &str) -> Result<String, Failure> {
    run("systemctl", &["show", "--value", "--property", name, UNIT])
}

/// Whether the unit comes up with the machine.
pub(crate) fn enabled() -> bool {
    run("systemctl", &["--quiet", "is-enabled", UNIT]).is_ok()
}

/// Whether the unit runs.
pub(crate) fn active() -> bool {
    run("systemctl", &["--quiet", "is-active", UNIT]).is_ok()
}

/// Whether there is the user, in whatever directory of users.
pub(crate) fn user_exists() -> bool {
    run("id", &["-u", USER]).is_ok()
}

/// Makes the user: no shell, no home, no password. `false` where the machine has no program for it.
///
/// # Errors
/// useradd fails.
pub(crate) fn add_user() -> Result<bool, Failure> {
    let shells = ["/usr/sbin/nologin", "/sbin/nologin", "/bin/false"];
    let shell = shells.into_iter().find(|shell| Path::new(shell).exists()).unwrap_or("/bin/false");
    if matches!(Command::new("useradd").arg("--help").output(), Err(error) if error.kind() == ErrorKind::NotFound) {
        return Ok(false);
    }
    run(
        "useradd",
        &["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", shell, "--comment", "Muster", USER],
    )?;
    Ok(true)
}

/// Removes the user with its group.
///
/// # Errors
/// userdel fails.
pub(crate) fn remove_user() -> Result<(), Failure> {
    run("userdel", &[USER]).map(drop)
}

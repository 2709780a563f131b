//! Commands from rosters and packs: each in a process group of its own, within a time limit, its output bounded.

use std::io::{self, PipeReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use muster_model::time::Length;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};

use crate::SAID_BYTES_MAX;

/// A command that prints more than this is killed.
const PRINTED_BYTES_MAX: u64 = 8 << 20;
/// sh(1): the command was found and could not be run, or was not found.
const NOT_RUN: [i32; 2] = [126, 127];

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    status: ExitStatus,
    /// The end of what it printed, both streams as they came.
    pub(crate) said: String,
}

impl Ran {
    pub(crate) fn ok(&self) -> bool {
        self.status.success()
    }

    /// Whether the shell could run the command at all: if not, its exit code says nothing.
    pub(crate) fn began(&self) -> bool {
        self.status.code().is_none_or(|code| !NOT_RUN.contains(&code))
    }

    /// What it printed, or else how it ended.
    pub(crate) fn words(self) -> String {
        if self.said.is_empty() { self.status.to_string() } else { self.said }
    }
}

/// Why a command has no outcome.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShellError {
    #[error("cannot run `{command}`")]
    Start { command: String, source: io::Error },
    #[error("`{command}` did not end within {within}; it was killed")]
    TooLong { command: String, within: Length },
    #[error("`{command}` printed more than {} MiB; it was killed", PRINTED_BYTES_MAX >> 20)]
    TooMuch { command: String },
}

/// Runs a line of shell, as [`run`] does.
pub(crate) fn sh(line: &str, within: Length) -> Result<Ran, ShellError> {
    run("/bin/sh", &["-c", line], within)
}

/// Runs `program` with `arguments` until it ends, however long what it left behind holds its output open; that is killed
/// with it. So is a program that takes too long or prints too much. Nothing outside its process group is signalled.
pub(crate) fn run(program: &str, arguments: &[&str], within: Length) -> Result<Ran, ShellError> {
    let command = arguments.iter().fold(program.to_owned(), |line, argument| format!("{line} {argument}"));
    match attempt(program, arguments, within) {
        Ok((status, output)) => match output.stopped {
            None => Ok(Ran { status, said: output.text() }),
            Some(Stopped::TooLong) => Err(ShellError::TooLong { command, within }),
            Some(Stopped::TooMuch) => Err(ShellError::TooMuch { command }),
        },
        Err(source) => Err(ShellError::Start { command, source }),
    }
}

fn attempt(program: &str, arguments: &[&str], within: Length) -> io::Result<(ExitStatus, Output)> {
    let (reader, writer) = io::pipe()?;
    fcntl_setfl(&reader, OFlags::NONBLOCK)?;
    // The command, which holds the writing ends, is dropped with this statement.
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/")
        .process_group(0)
        .spawn()?;
    let mut output = Output { reader, printed: 0, last: Vec::new(), stopped: None };
    let followed = output.follow(&child, within);
    // Before the child is waited for, so that its id, which is the group's, cannot be another's yet.
    if let Some(group) = id(&child) {
        // That nobody is left in it is what is wanted.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let status = child.wait()?;
    followed.map(|()| (status, output))
}

/// Its process id. `None` is not to be had: the kernel gives out ids from 1 on.
fn id(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// Why a command was not left to its end.
enum Stopped {
    TooLong,
    TooMuch,
}

/// What a command prints.
struct Output {
    reader: PipeReader,
    printed: u64,
    last: Vec<u8>,
    stopped: Option<Stopped>,
}

impl Output {
    /// Reads until the command ends or must be stopped.
    fn follow(&mut self, child: &Child, within: Length) -> io::Result<()> {
        let pid = id(child).ok_or(io::ErrorKind::NotFound)?;
        let process = pidfd_open(pid, PidfdFlags::empty())?;
        let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::CLOEXEC)?;
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &once(within))?;
        let mut open = true;
        loop {
            let mut fds = vec![PollFd::new(&process, PollFlags::IN), PollFd::new(&timer, PollFlags::IN)];
            if open {
                fds.push(PollFd::new(&self.reader, PollFlags::IN));
            }
            match poll(&mut fds, None) {
                Err(rustix::io::Errno::INTR) => continue,
                polled => polled?,
            };
            let [ended, late] = [0, 1].map(|i: usize| !fds[i].revents().is_empty());
            open = self.read()?;
            if self.printed > PRINTED_BYTES_MAX {
                self.stopped = Some(Stopped::TooMuch);
            } else if late && !ended {
                self.stopped = Some(Stopped::TooLong);
            } else if !ended {
                continue;
            }
            return Ok(());
        }
    }

    /// Reads what is there; `false`: nobody can print any more.
    fn read(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 64 << 10];
        while self.printed <= PRINTED_BYTES_MAX {
            match self.reader.read(&mut bytes) {
                Ok(0) => return Ok(false),
                Ok(n) => {
                    self.printed += n as u64;
                    self.last.extend_from_slice(&bytes[..n]);
                    let surplus = self.last.len().saturating_sub(SAID_BYTES_MAX);
                    self.last.drain(..surplus);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }

    fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.last).trim().to_owned();
        cut(&mut text, SAID_BYTES_MAX);
        text
    }
}

/// A timer that runs out once.
fn once(after: Length) -> Itimerspec {
    let seconds = i64::try_from(after.0 / 1_000_000_000).unwrap_or(i64::MAX);
    // 0 would switch it off.
    let nanoseconds = i64::try_from(after.0 % 1_000_000_000).unwrap_or(0).max(i64::from(seconds == 0));
    let never = Timespec { tv_sec: 0, tv_nsec: 0 };
    Itimerspec { it_interval: never, it_value: Timespec { tv_sec: seconds, tv_nsec: nanoseconds } }
}

/// Shortens a text to at most `bytes_max` and a mark, between characters.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Length = Length::seconds(30);

    #[test]
    fn what_a_command_prints_last_is_kept_from_both_streams() {
        let ran = sh("seq 100000; echo oops >&2; exit 3", LONG).unwrap();
        assert!(!ran.ok() && ran.began());
        assert!(ran.said.len() <= SAID_BYTES_MAX && ran.said.ends_with("99999\n100000\noops"), "{}", ran.said);
        assert_eq!(sh("exit 3", LONG).unwrap().words(), "exit status: 3");
        assert_eq!(sh("kill -9 $$", LONG).unwrap().words(), "signal: 9 (SIGKILL)");
        assert!(!sh("no-such-program-anywhere", LONG).unwrap().began());
    }

    #[test]
    fn a_command_that_does_not_end_is_killed_with_its_children_and_nothing_else() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut bystander = Command::new("sleep").arg("1000").spawn().unwrap();
        let line = format!("sleep 1000 & echo $! > {}; wait", file.path().display());
        assert!(matches!(sh(&line, Length::ms(300)), Err(ShellError::TooLong { .. })));
        let child = std::fs::read_to_string(file.path()).unwrap().trim().parse().ok().and_then(Pid::from_raw).unwrap();
        // Its end is told to whoever waits, also where it stays a zombie for want of somebody who looks.
        if let Ok(left) = pidfd_open(child, PidfdFlags::empty()) {
            let soon = Timespec { tv_sec: 10, tv_nsec: 0 };
            assert_eq!(poll(&mut [PollFd::new(&left, PollFlags::IN)], Some(&soon)), Ok(1), "{child:?} lives");
        }
        assert!(bystander.try_wait().unwrap().is_none());
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    }

    #[test]
    fn what_a_command_leaves_behind_with_its_output_open_holds_nobody_up() {
        let ran = sh("sleep 1000 & echo left", LONG).unwrap();
        assert!(ran.ok());
        assert_eq!(ran.said, "left");
    }

    #[test]
    fn a_command_that_prints_without_end_is_stopped() {
        assert!(matches!(sh("yes", LONG), Err(ShellError::TooMuch { .. })));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run("/nonexistent/program", &["a", "b"], LONG).unwrap_err();
        assert_eq!(error.to_string(), "cannot run `/nonexistent/program a b`");
    }
}

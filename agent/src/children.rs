//! The services that Muster runs itself (`run`). They outlive a restart or an upgrade of Muster: each is in a process
//! group of its own, writes to a file instead of a pipe, and carries a mark in its environment by which a later Muster
//! knows it again.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use muster_model::id::{Pid, ProcessKey, ServiceName};
use muster_model::observation::End;
use muster_model::roster::{Kind, Service};
use muster_model::time::Length;
use muster_sense::proc::{self, MARK_DATA, MARK_SERVICE, Proc, mark_of};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, kill_process_group, prlimit, setrlimit};

/// A log that is larger when its service starts is set aside as `NAME.log.1`.
const LOG_BYTES_MAX: u64 = 16 << 20;

/// More open files than this Muster has no use for.
const OPEN_FILES_MAX: u64 = 20_000;

/// How long a process that was told to have ended may take to close its ports before its successor is started. The loop
/// waits for it; where it takes longer, the start has failed and is tried again.
const LEAVES_WITHIN: Length = Length::ms(200);

/// Why a service could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChildError {
    /// It is not a service that Muster runs.
    #[error("`{0}` is not a service that Muster runs itself")]
    NotOurs(ServiceName),
    /// The program could not be started.
    #[error("`{command}` cannot be started")]
    Start {
        /// The command as the roster has it.
        command: String,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// Its log cannot be written.
    #[error("cannot write the log {path}")]
    Log {
        /// The log's path.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// It ended before it could be looked at.
    #[error("`{command}` ended at once: {end:?}")]
    Gone {
        /// The command as the roster has it.
        command: String,
        /// How it ended.
        end: End,
    },
    /// It does not end.
    #[error("process {0} does not end")]
    Stays(Pid),
}

/// Muster's own children, and those it took over from an earlier Muster.
#[derive(Debug)]
pub(crate) struct Children {
    logs: PathBuf,
    data: PathBuf,
    /// The limit on open files that Muster was given, before it raised its own.
    open_files: Rlimit,
    /// The kernel, where it has no memory left, ends Muster later than others (proc_pid_oom_score_adj(5)).
    protected: bool,
    /// Started by this Muster, and not yet waited for.
    unreaped: Mutex<Vec<(ServiceName, ProcessKey, Child)>>,
    alive: Mutex<BTreeMap<ServiceName, ProcessKey>>,
    /// Told to have ended, and perhaps still closing its files and ports.
    leaving: Mutex<BTreeMap<ServiceName, ProcessKey>>,
}

impl Children {
    /// Children whose logs are in `data/run`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn new(data: &Path) -> std::io::Result<Children> {
        let logs = data.join("run");
        fs::create_dir_all(&logs)?;
        let open_files = raise_open_files();
        Ok(Children {
            logs,
            open_files,
            protected: fs::read_to_string("/proc/self/oom_score_adj").is_ok_and(|score| score.starts_with('-')),
            data: data.to_owned(),
            unreaped: Mutex::default(),
            alive: Mutex::default(),
            leaving: Mutex::default(),
        })
    }

    /// Where a service's output is.
    pub(crate) fn log(&self, service: &ServiceName) -> PathBuf {
        self.logs.join(format!("{service}.log"))
    }

    /// Starts a service, unless it runs.
    ///
    /// # Errors
    /// See [`ChildError`].
    pub(crate) fn start(&self, service: &Service) -> Result<ProcessKey, ChildError> {
        let Kind::Run(line) = &service.kind else { return Err(ChildError::NotOurs(service.name.clone())) };
        if let Some(process) = self.running(&service.name) {
            return Ok(process);
        }
        if let Some(process) = lock(&self.leaving).remove(&service.name)
            && !ended_within(process, LEAVES_WITHIN)
        {
            lock(&self.leaving).insert(service.name.clone(), process);
            return Err(ChildError::Stays(process.pid));
        }
        let (out, err) = self.open_log(&service.name)?;
        let mut child = command(line)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .env(MARK_SERVICE, service.name.as_str())
            .env(MARK_DATA, &self.data)
            .env_remove("NOTIFY_SOCKET")
            .env_remove("WATCHDOG_USEC")
            .env_remove("WATCHDOG_PID")
            .spawn()
            .map_err(|source| ChildError::Start { command: line.clone(), source })?;
        self.give_own_limit(&child);
        let process = i32::try_from(child.id()).ok().and_then(proc::process_key);
        let Some(process) = process else {
            let end = child.wait().map_or(End::Unknown, end_of);
            return Err(ChildError::Gone { command: line.clone(), end });
        };
        lock(&self.unreaped).push((service.name.clone(), process, child));
        lock(&self.alive).insert(service.name.clone(), process);
        Ok(process)
    }

    /// A service gets the limit that Muster was given: some programs grow with theirs, or fail at descriptors above 1,024.
    /// And where memory runs out, it counts as every service does: Muster's own protection is not meant for it.
    fn give_own_limit(&self, child: &Child) {
        let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
        // One that has ended needs none.
        let _ = pid.map(|pid| prlimit(Some(pid), Resource::Nofile, self.open_files));
        if self.protected {
            let _ = fs::write(format!("/proc/{}/oom_score_adj", child.id()), "0");
        }
    }

    fn open_log(&self, service: &ServiceName) -> Result<(File, File), ChildError> {
        let path = self.log(service);
        let failed = |source| ChildError::Log { path: path.clone(), source };
        if fs::metadata(&path).is_ok_and(|m| m.len() > LOG_BYTES_MAX) {
            fs::rename(&path, path.with_extension("log.1")).map_err(failed)?;
        }
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(failed)?;
        let again = file.try_clone().map_err(failed)?;
        Ok((file, again))
    }

    /// A sensor saw the process end. The kernel tells so while the process is still being taken apart: from here on it is
    /// not running, though it may look alive for a moment.
    pub(crate) fn ended(&self, service: &ServiceName, process: ProcessKey) {
        let mut alive = lock(&self.alive);
        if alive.get(service) == Some(&process) {
            alive.remove(service);
            lock(&self.leaving).insert(service.clone(), process);
        }
    }

    /// The service's process, where it lives.
    pub(crate) fn running(&self, service: &ServiceName) -> Option<ProcessKey> {
        self.reap();
        let process = *lock(&self.alive).get(service)?;
        matches!(Proc::here().life(process), Ok(proc::Life::Alive)).then_some(process)
    }

    /// The data folder by which they are known.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Takes over what an earlier Muster started and what still runs.
    pub(crate) fn adopt(&self) -> Vec<(ServiceName, ProcessKey)> {
        let found = kept(&self.data);
        for (service, process) in &found {
            lock(&self.alive).entry(service.clone()).or_insert(*process);
        }
        found
    }

    /// Ends a service: SIGTERM, and SIGKILL after `grace`. Its whole process group is meant.
    ///
    /// # Errors
    /// It does not even end by SIGKILL.
    pub(crate) fn stop(&self, service: &ServiceName, grace: Length) -> Result<(), ChildError> {
        let Some(process) = self.running(service) else { return Ok(()) };
        if !end(process, grace) {
            return Err(ChildError::Stays(process.pid));
        }
        self.reap();
        Ok(())
    }

    /// Waits for those that have ended, and says how.
    pub(crate) fn reap(&self) -> Vec<(ServiceName, ProcessKey, End)> {
        let mut ended = Vec::new();
        lock(&self.unreaped).retain_mut(|(service, process, child)| match child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                ended.push((service.clone(), *process, end_of(status)));
                false
            }
            Err(_) => false,
        });
        let mut alive = lock(&self.alive);
        for (service, process, _) in &ended {
            if alive.get(service) == Some(process) {
                alive.remove(service);
            }
        }
        ended
    }

    /// All that run, for the end of Muster.
    pub(crate) fn all(&self) -> Vec<ServiceName> {
        lock(&self.alive).keys().cloned().collect()
    }
}

/// What the Muster of this data folder runs or ran as `run`, and what still runs: every process that carries the folder's
/// mark and whose parent does not.
pub fn kept(data: &Path) -> Vec<(ServiceName, ProcessKey)> {
    let here = Proc::here();
    let mark = |pid| mark_of(&here, pid).filter(|mark| mark.data == data).map(|mark| ServiceName::from(mark.service.as_str()));
    let marked: BTreeMap<i32, ServiceName> =
        here.pids().unwrap_or_default().into_iter().filter_map(|pid| Some((pid, mark(pid)?))).collect();
    let parent = |pid| here.stat(pid).ok().flatten().map_or(0, |stat| stat.parent);
    let first = marked.iter().filter(|(pid, service)| marked.get(&parent(**pid)) != Some(service));
    first.filter_map(|(pid, service)| Some((service.clone(), proc::process_key(*pid)?))).collect()
}

/// Ends a process of [`kept`] with its group: SIGTERM, and SIGKILL after `grace`. `false` where it stays all the same.
pub fn end(process: ProcessKey, grace: Length) -> bool {
    let Some(pid) = rustix::process::Pid::from_raw(process.pid.get()) else { return true };
    [(Signal::TERM, grace), (Signal::CONT, Length(0)), (Signal::KILL, Length::seconds(5))].into_iter().any(|(signal, within)| {
        // A group that is gone is what is wanted.
        let _ = kill_process_group(pid, signal);
        within > Length(0) && ended_within(process, within)
    })
}

/// Whether a process ends within that time. The kernel wakes the waiter through a pidfd (pidfd_open(2)).
fn ended_within(process: ProcessKey, within: Length) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let Some(pid) = rustix::process::Pid::from_raw(process.pid.get()) else { return true };
    let Ok(fd) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) else { return true };
    if !matches!(Proc::here().life(process), Ok(proc::Life::Alive)) {
        return true;
    }
    let timeout = Timespec {
        tv_sec: i64::try_from(within.0 / 1_000_000_000).unwrap_or(0),
        tv_nsec: i64::try_from(within.0 % 1_000_000_000).unwrap_or(0),
    };
    matches!(poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&timeout)), Ok(n) if n > 0)
}

/// Raises Muster's own limit on open files to what it may be, since each probe under way and each watched process takes one,
/// and returns what it was.
fn raise_open_files() -> Rlimit {
    let given = getrlimit(Resource::Nofile);
    let most = given.maximum.map_or(OPEN_FILES_MAX, |hard| hard.min(OPEN_FILES_MAX));
    if given.current.is_some_and(|soft| soft < most) {
        // Where that is refused, it has to do with what it was given.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: given.maximum });
    }
    given
}

/// A command without a shell's signs is run as it is, which saves the shell's start; every other by `/bin/sh -c`.
fn command(line: &str) -> Command {
    let plain = line.chars().all(|c| c.is_ascii_alphanumeric() || " _./:@%+,-".contains(c));
    let mut words = line.split_whitespace();
    match words.next() {
        Some(program) if plain => {
            let mut command = Command::new(program);
            command.args(words);
            command
        }
        _ => {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", &format!("exec {line}")]);
            command
        }
    }
}

fn end_of(status: std::process::ExitStatus) -> End {
    status.signal().map_or_else(|| status.code().map_or(End::Unknown, End::Code), End::Signal)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

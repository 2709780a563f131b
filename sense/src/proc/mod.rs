//! Small readers of `/proc` (proc(5)): each returns typed values, what is absent is `None`, errors name the path.
//!
//! [`Proc`] takes a root, so that tests can build a tree of their own; the free functions read the machine at hand.

mod actor;
mod error;
pub(crate) mod fuzz;
mod mark;
mod stat;
mod unit;
mod users;

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use muster_model::actor::Actor;
use muster_model::id::{Pid, ProcessKey};
use muster_model::observation::End;

pub(crate) use actor::split_arguments;
pub use actor::{PARENTS_MAX, command_line};
pub use error::ReadError;
pub use mark::{MARK_DATA, MARK_SERVICE, Mark, mark_of};
pub use stat::{Stat, end_of_status, terminal_of_name};
pub(crate) use unit::unit_in;
pub use unit::unit_of;
pub use users::Users;

/// The most that is read of one file.
pub const READ_MAX_BYTES: u64 = 64 * 1024;
/// A start time in [`ProcessKey`] counts these since boot: USER_HZ, a hundred on every architecture Muster runs on.
pub const TICKS_PER_SECOND: u64 = 100;

/// The inode of the initial pid namespace (`PROC_PID_INIT_INO`).
const INITIAL_PID_NAMESPACE: u64 = 0xeffffffc;

/// The processes under a root directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Proc {
    root: Arc<Path>,
    users: Arc<Users>,
}

/// What is left of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Alive,
    /// It ended, and its parent has not yet asked how; this is how.
    Zombie(End),
    /// It is gone, or another process has its id.
    Gone,
}

impl Proc {
    /// The processes whose `/proc` and `/etc/passwd` are under `root`.
    pub fn at(root: &Path) -> Proc {
        Proc { root: root.into(), users: Arc::new(Users::of(&root.join("etc/passwd"))) }
    }

    /// The machine at hand.
    pub fn here() -> Proc {
        static HERE: OnceLock<Proc> = OnceLock::new();
        HERE.get_or_init(|| Proc::at(Path::new("/"))).clone()
    }

    /// The names of users.
    pub fn users(&self) -> &Users {
        &self.users
    }

    fn path(&self, pid: i32, file: &str) -> PathBuf {
        self.root.join(format!("proc/{pid}/{file}"))
    }

    fn text(&self, pid: i32, file: &str) -> Result<Option<String>, ReadError> {
        read_text(&self.path(pid, file))
    }

    /// Every process there is, ascending.
    pub fn pids(&self) -> Result<Vec<i32>, ReadError> {
        let path = self.root.join("proc");
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(e) => return ReadError::absent(&path, e).map(|_: Option<()>| Vec::new()),
        };
        let mut pids: Vec<i32> = entries.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).filter(|pid| *pid > 0).collect();
        pids.sort_unstable();
        Ok(pids)
    }

    /// State, parent, terminal, start time and more of it (proc_pid_stat(5)).
    pub fn stat(&self, pid: i32) -> Result<Option<Stat>, ReadError> {
        let path = self.path(pid, "stat");
        let Some(text) = read_text(&path)? else { return Ok(None) };
        Stat::parse(&text).map(Some).ok_or_else(|| ReadError::unreadable(&path, "not the fields of proc_pid_stat(5)"))
    }

    /// Its identity for good; `None` when it is gone, or is not one to be watched (1 and below).
    pub fn process_key(&self, pid: i32) -> Result<Option<ProcessKey>, ReadError> {
        let Some(id) = Pid::new(pid) else { return Ok(None) };
        Ok(self.stat(pid)?.map(|stat| ProcessKey { pid: id, start: stat.start }))
    }

    /// Whether it is still there, still the same, and not a zombie.
    pub fn life(&self, process: ProcessKey) -> Result<Life, ReadError> {
        Ok(match self.stat(process.pid.get())? {
            Some(stat) if stat.start != process.start => Life::Gone,
            Some(stat) if stat.ended() => Life::Zombie(stat.end),
            Some(_) => Life::Alive,
            None => Life::Gone,
        })
    }

    /// Its real user id (proc_pid_status(5)).
    pub fn uid(&self, pid: i32) -> Result<Option<u32>, ReadError> {
        Ok(self.status_line(pid, "Uid:")?.and_then(|line| line.split_whitespace().next()?.parse().ok()))
    }

    /// The memory it holds (VmRSS), in bytes; `None` also for a kernel thread and a zombie.
    pub fn resident_bytes(&self, pid: i32) -> Result<Option<u64>, ReadError> {
        let kib = |line: String| line.trim_end_matches("kB").trim().parse::<u64>().ok();
        Ok(self.status_line(pid, "VmRSS:")?.and_then(kib).map(|kib| kib.saturating_mul(1024)))
    }

    fn status_line(&self, pid: i32, name: &str) -> Result<Option<String>, ReadError> {
        Ok(self.text(pid, "status")?.and_then(|text| status_line(&text, name)))
    }

    /// The user id that logged in; `None` also when nobody did.
    pub fn login_uid(&self, pid: i32) -> Result<Option<u32>, ReadError> {
        Ok(self.text(pid, "loginuid")?.and_then(|text| text.trim().parse().ok()).filter(|uid| *uid != u32::MAX))
    }

    /// Its arguments. Empty for a kernel thread and a zombie.
    pub fn arguments(&self, pid: i32) -> Result<Option<Vec<String>>, ReadError> {
        Ok(self.text(pid, "cmdline")?.map(|text| actor::split_arguments(text.as_bytes())))
    }

    /// Its command line as people write it; for a process without arguments its name in brackets, as ps(1) shows it.
    pub fn command(&self, pid: i32) -> Result<Option<String>, ReadError> {
        match self.arguments(pid)? {
            Some(arguments) if !arguments.is_empty() => Ok(Some(command_line(&arguments))),
            Some(_) => Ok(self.comm(pid)?.map(|comm| format!("[{comm}]"))),
            None => Ok(None),
        }
    }

    /// Its name: the first 15 bytes of the program's file name, unless it chose another.
    pub fn comm(&self, pid: i32) -> Result<Option<String>, ReadError> {
        Ok(self.text(pid, "comm")?.map(|text| text.trim_end_matches('\n').to_owned()))
    }

    /// Its program file. The kernel adds ` (deleted)` when the file is no longer there.
    pub fn exe(&self, pid: i32) -> Result<Option<PathBuf>, ReadError> {
        let path = self.path(pid, "exe");
        match fs::read_link(&path) {
            Ok(exe) => Ok(Some(exe)),
            Err(e) => ReadError::absent(&path, e),
        }
    }

    /// Its control groups: for each hierarchy its controllers (none for version 2) and the path in it (cgroups(7)).
    pub fn cgroups(&self, pid: i32) -> Result<Option<Vec<(String, String)>>, ReadError> {
        Ok(self.text(pid, "cgroup")?.map(|text| groups(&text)))
    }

    /// How many files it has open.
    pub fn open_files(&self, pid: i32) -> Result<Option<usize>, ReadError> {
        let path = self.path(pid, "fd");
        match fs::read_dir(&path) {
            Ok(entries) => Ok(Some(entries.flatten().count())),
            Err(e) => ReadError::absent(&path, e),
        }
    }

    /// The kernel function in which it waits; `None` when it does not wait or the kernel does not say.
    pub fn wait_channel(&self, pid: i32) -> Result<Option<String>, ReadError> {
        Ok(self.text(pid, "wchan")?.filter(|text| !text.is_empty() && text != "0"))
    }

    /// Who it is: user, login, terminal, command and its parents. `None` when it is gone.
    pub fn actor(&self, pid: i32) -> Option<Actor> {
        actor::of(self, pid)
    }
}

impl Default for Proc {
    fn default() -> Proc {
        Proc::here()
    }
}

/// What a line of `/proc/PID/status` says after its name.
fn status_line(status: &str, name: &str) -> Option<String> {
    status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
}

/// The controllers and the path of each line of `/proc/PID/cgroup`.
fn groups(cgroup: &str) -> Vec<(String, String)> {
    let line = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
    };
    cgroup.lines().filter_map(line).collect()
}

/// The identity of a process of this machine; `None` when it is gone, cannot be read or is not one to be watched.
pub fn process_key(pid: i32) -> Option<ProcessKey> {
    Proc::here().process_key(pid).ok().flatten()
}

/// Who a process of this machine is, with up to [`PARENTS_MAX`] parents; `None` when it is gone.
pub fn actor_of(pid: i32) -> Option<Actor> {
    Proc::here().actor(pid)
}

/// Whether process ids here are those of the initial pid namespace, which some kernel interfaces know alone.
pub(crate) fn in_initial_pid_namespace() -> bool {
    fs::metadata("/proc/self/ns/pid").is_ok_and(|namespace| namespace.ino() == INITIAL_PID_NAMESPACE)
}

/// The first [`READ_MAX_BYTES`] of a file as text, what is not UTF-8 replaced; `None` where it is not there.
pub fn read_text(path: &Path) -> Result<Option<String>, ReadError> {
    let mut bytes = Vec::new();
    // A process that ends while its file is open answers ESRCH on read.
    match File::open(path).and_then(|file| file.take(READ_MAX_BYTES).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))),
        Err(e) => ReadError::absent(path, e),
    }
}

#[cfg(test)]
mod tests;

//! The mark in the environment of what Muster runs itself (proc_pid_environ(5)), by which it is found again.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::Proc;

/// The variable that holds the service's name.
pub const MARK_SERVICE: &str = "MUSTER_SERVICE";
/// The variable that holds the data folder of the Muster that started it.
pub const MARK_DATA: &str = "MUSTER_DATA";

/// What the mark says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The service's name.
    pub service: String,
    /// The data folder of the Muster that started it.
    pub data: PathBuf,
}

/// The mark of a process; `None` where it has none, or its environment may not be read.
pub fn mark_of(proc: &Proc, pid: i32) -> Option<Mark> {
    let environment = fs::read(proc.path(pid, "environ")).ok()?;
    let value = |name: &str| environment.split(|b| *b == 0).find_map(|v| v.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    let service = String::from_utf8_lossy(value(MARK_SERVICE)?).into_owned();
    Some(Mark { service, data: PathBuf::from(OsStr::from_bytes(value(MARK_DATA)?)) })
}

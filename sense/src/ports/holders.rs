//! Who holds a socket: the processes that have it open, found by reading the links in `/proc/PID/fd`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use crate::proc::Proc;

/// At most so many holders of one socket are kept; a server with more workers is known by these.
const HOLDERS_MAX: usize = 64;
/// At most so many children of one process are looked at.
const FAMILY_MAX: usize = 1024;
/// At most so many steps are gone up from a process to its parents.
const PARENTS_MAX: usize = 32;

/// A process that has a socket open, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) pid: i32,
    fd: u32,
}

impl Holder {
    /// Whether it still has the socket there.
    pub(super) fn holds(self, inode: u64) -> bool {
        inode_at(&Path::new("/proc").join(format!("{}/fd/{}", self.pid, self.fd))) == Some(inode)
    }
}

/// Which of these processes have one of these sockets open. A socket that none of them is seen to hold is missing.
pub(super) fn among(pids: impl IntoIterator<Item = i32>, inodes: &BTreeSet<u64>) -> BTreeMap<u64, Vec<Holder>> {
    let mut found: BTreeMap<u64, Vec<Holder>> = BTreeMap::new();
    for pid in pids {
        // It ended meanwhile, or is another user's.
        let Ok(fds) = fs::read_dir(format!("/proc/{pid}/fd")) else { continue };
        for entry in fds.flatten() {
            let Some(inode) = inode_at(&entry.path()).filter(|inode| inodes.contains(inode)) else { continue };
            let Some(fd) = entry.file_name().to_str().and_then(|fd| fd.parse().ok()) else { continue };
            let holders = found.entry(inode).or_default();
            if holders.len() < HOLDERS_MAX && holders.last().is_none_or(|last| last.pid != pid) {
                holders.push(Holder { pid, fd });
            }
        }
    }
    found
}

/// All processes that have one of these sockets open, in one pass over `/proc`. A socket that is missing has its holder
/// outside of this pid namespace, or it is another user's (without root).
pub(super) fn anywhere(proc: &Proc, inodes: &BTreeSet<u64>) -> BTreeMap<u64, Vec<Holder>> {
    if inodes.is_empty() {
        return BTreeMap::new();
    }
    among(proc.pids().unwrap_or_default(), inodes)
}

/// A process and its children at any depth, as far as the kernel lists them (`/proc/PID/task/TID/children`, proc(5)).
pub(super) fn family_of(pid: i32) -> Vec<i32> {
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(pid) = family.get(next) {
        next += 1;
        for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let children = children.split_ascii_whitespace().filter_map(|pid| pid.parse::<i32>().ok());
            family.extend(children.take(FAMILY_MAX.saturating_sub(family.len())));
        }
    }
    family
}

/// `socket:[INODE]`.
fn inode_at(link: &Path) -> Option<u64> {
    let target = rustix::fs::readlink(link, Vec::with_capacity(32)).map_err(io::Error::from).ok()?;
    target.to_str().ok()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// A process and its parents, nearest first.
pub(super) fn line_of(proc: &Proc, pid: i32) -> Vec<i32> {
    let mut line = vec![pid];
    while let Some(last) = line.last().copied()
        && line.len() < PARENTS_MAX
        && let Ok(Some(stat)) = proc.stat(last)
        && stat.parent > 1
    {
        line.push(stat.parent);
    }
    line
}

/// The system unit in whose control group a process is: a `.service`, but not a person's `user@UID.service`.
pub(super) fn unit_of(proc: &Proc, pid: i32) -> Option<String> {
    let groups = proc.cgroups(pid).ok()??;
    // Version 2, or the hierarchy that systemd keeps for itself beside version 1.
    let path = groups
        .iter()
        .find(|(name, path)| name.is_empty() && path != "/")
        .or_else(|| groups.iter().find(|(name, _)| name == "name=systemd"));
    unit_in(&path?.1)
}

/// The unit in a path such as `/system.slice/nginx.service`: the first part that is not a slice.
pub(super) fn unit_in(path: &str) -> Option<String> {
    let name = path.split('/').find(|part| !part.is_empty() && *part != ".." && !part.ends_with(".slice"))?;
    // systemd puts `_` before a name that the kernel might take for one of its own files.
    let name = name.strip_prefix('_').unwrap_or(name);
    (name.ends_with(".service") && !name.starts_with("user@")).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_first_part_that_is_not_a_slice() {
        let check = |path: &str, unit: Option<&str>| assert_eq!(unit_in(path).as_deref(), unit, "{path}");
        check("/system.slice/nginx.service", Some("nginx.service"));
        check("/system.slice/system-postgresql.slice/postgresql@15-main.service", Some("postgresql@15-main.service"));
        check("/system.slice/docker.service/inner/x.service", Some("docker.service"));
        check("/system.slice/_cpu.service", Some("cpu.service"));
        check("/../system.slice/nginx.service", Some("nginx.service"));
        check("/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service", None);
        check("/user.slice/user-0.slice/session-3.scope", None);
        check("/", None);
    }
}

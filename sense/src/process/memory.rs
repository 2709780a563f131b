//! Which memory limit a process hit.

use std::path::{Path, PathBuf};

use crate::proc::{self, Proc};

/// Version 1 writes "no limit" as the largest multiple of the page size that fits; anything near it is none.
const UNLIMITED_V1: u64 = 1 << 62;
const GROUPS: &str = "/sys/fs/cgroup";
/// How far up the tree a limit is looked for.
const DEPTH_MAX: usize = 32;

/// The directory of a process's memory control group, in whichever version of the hierarchy has the controller.
pub(super) fn group_of(proc: &Proc, pid: i32) -> Option<PathBuf> {
    let groups = proc.cgroups(pid).ok()??;
    let path_in =
        |controller: &str| groups.iter().find(|(names, _)| names.split(',').any(|name| name == controller)).map(|(_, path)| path.as_str());
    // Of the unified hierarchy the name is empty; it may be mounted as a whole, or beside version 1.
    let tries =
        [path_in("memory").map(|path| ("memory", path)), path_in("").map(|path| ("", path)), path_in("").map(|path| ("unified", path))];
    tries
        .into_iter()
        .flatten()
        .map(|(mount, path)| Path::new(GROUPS).join(mount).join(path.trim_start_matches('/')))
        .find(|group| group.is_dir())
}

/// The limit of the nearest group, this one or above it, that ran out of memory; `None` when it was the whole machine.
pub(super) fn limit_hit(group: &Path) -> Option<u64> {
    let up = group.ancestors().take_while(|group| group.starts_with(GROUPS)).take(DEPTH_MAX);
    up.into_iter().find_map(|group| limit_of(group).filter(|_| ran_out(group)))
}

fn limit_of(group: &Path) -> Option<u64> {
    let text = |file: &str| proc::read_text(&group.join(file)).ok().flatten();
    limit(&text("memory.max").or_else(|| text("memory.limit_in_bytes"))?)
}

/// `None`: there is none.
pub(super) fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|limit| *limit < UNLIMITED_V1)
}

/// Whether this very group was full: `oom` in `memory.events.local` (version 2), `memory.failcnt` (version 1).
fn ran_out(group: &Path) -> bool {
    let text = |file: &str| proc::read_text(&group.join(file)).ok().flatten();
    if let Some(count) = text("memory.failcnt") {
        return count.trim() != "0";
    }
    text("memory.events.local").or_else(|| text("memory.events")).is_some_and(|events| counts_oom(&events))
}

pub(super) fn counts_oom(events: &str) -> bool {
    events.lines().any(|line| line.strip_prefix("oom ").is_some_and(|count| count != "0"))
}

//! The main process of a unit of which systemd knows none (`GuessMainPID=no`, as Debian's Postfix and what is made of
//! init scripts have it).

use muster_model::id::{Pid, ProcessKey};

use crate::proc::{Proc, unit_of};

/// The eldest daemon of a unit: a child of init's that leads a session of its own. What it leaves behind when it ends, such
/// as its workers, leads none.
pub(super) fn of(unit: &str) -> Option<ProcessKey> {
    among(&Proc::here(), unit)
}

fn among(proc: &Proc, unit: &str) -> Option<ProcessKey> {
    let daemon = |pid: i32| {
        let stat = proc.stat(pid).ok()??;
        let leads = stat.parent == 1 && stat.session == pid && !stat.ended() && unit_of(proc, pid)? == unit;
        leads.then_some(ProcessKey { pid: Pid::new(pid)?, start: stat.start })
    };
    proc.pids().ok()?.into_iter().filter_map(daemon).min_by_key(|p| p.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eldest_child_of_init_that_leads_a_session_is_the_main_process_and_its_workers_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let process = |pid: i32, parent: i32, session: i32, start: u64, unit: &str| {
            let own = dir.path().join(format!("proc/{pid}"));
            std::fs::create_dir_all(&own).unwrap();
            let stat = format!("{pid} (x) S {parent} {pid} {session} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {start} 0 0");
            std::fs::write(own.join("stat"), stat).unwrap();
            std::fs::write(own.join("cgroup"), format!("0::/system.slice/system-postfix.slice/{unit}\n")).unwrap();
        };
        process(1, 0, 1, 1, "init.scope");
        process(40, 1, 40, 90, "postfix@-.service");
        process(50, 1, 50, 80, "postfix@-.service");
        process(51, 50, 50, 81, "postfix@-.service");
        process(52, 1, 30, 70, "postfix@-.service");
        process(60, 1, 60, 60, "other.service");
        let main = |unit: &str| among(&Proc::at(dir.path()), unit).map(|p| p.pid.get());
        assert_eq!(main("postfix@-.service"), Some(50));
        std::fs::remove_dir_all(dir.path().join("proc/50")).unwrap();
        std::fs::remove_dir_all(dir.path().join("proc/40")).unwrap();
        assert_eq!(main("postfix@-.service"), None, "a worker that is left over");
        assert_eq!(main("none.service"), None);
    }
}

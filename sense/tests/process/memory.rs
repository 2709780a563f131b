//! A real memory control group that is too small.

use std::fs;
use std::path::{Path, PathBuf};

use muster_model::observation::{End, Fact};
use muster_sense::process::Ladder;

use crate::support::{Ours, scene};

const LIMIT: u64 = 20 * 1024 * 1024;

/// A control group, removed when dropped.
struct Group(PathBuf);

impl Group {
    /// With version 1 or 2 of the controller, whichever is mounted.
    fn new() -> Option<Group> {
        let name = format!("muster-test-{}", std::process::id());
        let (root, limit) = match Path::new("/sys/fs/cgroup/memory/memory.limit_in_bytes").exists() {
            true => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            false => ("/sys/fs/cgroup", "memory.max"),
        };
        let group = Group(Path::new(root).join(name));
        let made = fs::create_dir(&group.0).and_then(|()| fs::write(group.0.join(limit), LIMIT.to_string()));
        if let Err(why) = made {
            println!("skipped: no memory control group can be made under {root}: {why}");
            return None;
        }
        Some(group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_process_killed_for_want_of_memory_is_told_with_the_limit() {
    told_with_the_limit(Ladder::Ebpf, "ebpf");
}

#[test]
fn the_kernels_log_tells_it_beside_any_other_source_of_ends() {
    for ladder in [Ladder::Connector, Ladder::Pidfd, Ladder::Proc] {
        told_with_the_limit(ladder, "kernel_log");
    }
}

fn told_with_the_limit(ladder: Ladder, source: &str) {
    let Some(scene) = scene(ladder) else { return };
    let rung = scene.rungs.iter().find(|rung| rung.fact == "memory_kill").unwrap();
    if rung.source != source {
        return println!("skipped: {source} is not to be had here: {:?}", rung.why);
    }
    let Some(group) = Group::new() else { return };
    let script = format!("echo $$ > {}/cgroup.procs; echo in; read line; exec python3 -c 'x = bytearray(300 << 20)'", group.0.display());
    let mut eater = Ours::shell(&script);
    let mut ready = [0; 3];
    std::io::Read::read_exact(eater.0.stdout.as_mut().unwrap(), &mut ready).unwrap();
    let key = eater.key();
    scene.processes.watch(&"cache".into(), key);
    drop(eater.0.stdin.take());
    let limit = scene.wait("memory kill", |seen| match seen.fact {
        Fact::MemoryKill { process, limit } if process == key => Some(limit),
        _ => None,
    });
    assert_eq!(limit, Some(LIMIT));
    assert_eq!(scene.end_of(key).0, End::Memory);
    let _ = eater.0.wait();

    // Who is killed by hand in the same group was not.
    let mut killed = Ours::shell(&format!("echo $$ > {}/cgroup.procs; echo in; read line", group.0.display()));
    scene.processes.watch(&"cache".into(), killed.key());
    let key = killed.key();
    killed.0.kill().unwrap();
    assert_eq!(scene.end_of(key).0, End::Signal(9));
}

//! A scene: one source, processes of its own, and what was seen of them.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use muster_model::id::{ProcessKey, ServiceName};
use muster_model::observation::{End, Fact, Observation, Rung};
use muster_model::time::Length;
use muster_sense::process::{Ladder, Processes};
use muster_sense::{clock, proc};

/// Longer than anything takes, even on a busy machine.
const DEADLINE: Length = Length::seconds(20);

pub(crate) struct Scene {
    pub(crate) processes: Processes,
    pub(crate) rungs: Vec<Rung>,
    pub(crate) seen: Receiver<Observation>,
}

/// The scene with this source; `None`, and a word why, where the machine does not have it.
pub(crate) fn scene(ladder: Ladder) -> Option<Scene> {
    let (sink, seen) = bounded(10_000);
    let (processes, rungs) = Processes::start(sink, ladder);
    let (fact, wanted) = match ladder {
        Ladder::Ebpf => ("process_end", "ebpf"),
        Ladder::Audit => ("signal_sender", "audit"),
        Ladder::Connector => ("process_end", "proc_connector"),
        Ladder::Pidfd => ("process_end", "pidfd"),
        Ladder::Proc => ("process_end", "proc"),
    };
    let had = rungs.iter().find(|rung| rung.fact == fact).unwrap();
    if had.source != wanted {
        assert!(!must_be_had(ladder), "{wanted} must work here: {:?}", had.why);
        println!("skipped: {wanted} is not to be had here: {}", had.why.as_deref().unwrap_or("no reason given"));
        return None;
    }
    Some(Scene { processes, rungs, seen })
}

/// Runs `body` in the scene with this source, where the machine has it.
pub(crate) fn with_scene(ladder: Ladder, body: impl FnOnce(&Scene)) {
    if let Some(scene) = scene(ladder) {
        body(&scene);
    }
}

/// Whether this machine has all that a source needs, so that to skip it would hide a fault.
fn must_be_had(ladder: Ladder) -> bool {
    let root = rustix::process::geteuid().is_root();
    match ladder {
        Ladder::Ebpf => root && std::path::Path::new("/sys/kernel/btf/vmlinux").exists(),
        Ladder::Connector => root && std::fs::read_link("/proc/self/ns/pid").is_ok_and(|ns| ns.ends_with("pid:[4026531836]")),
        // Whoever set up the machine may have locked it, or left it out of the kernel: only the running is tested.
        Ladder::Audit => false,
        Ladder::Pidfd | Ladder::Proc => true,
    }
}

impl Scene {
    /// Waits for the first observation that `pick` takes; what comes before is passed over.
    pub(crate) fn wait<T>(&self, what: &str, mut pick: impl FnMut(&Observation) -> Option<T>) -> T {
        let begun = clock::now().1;
        let mut passed = Vec::new();
        loop {
            let left = Length(DEADLINE.0.saturating_sub(clock::now().1.since(begun).0)).std();
            match self.seen.recv_timeout(left) {
                Ok(seen) => match pick(&seen) {
                    Some(found) => return found,
                    None => passed.push(seen),
                },
                Err(_) => panic!("no {what} within {DEADLINE}; seen: {passed:#?}"),
            }
        }
    }

    /// Waits for the end of a process and says how, of which service and when.
    pub(crate) fn end_of(&self, process: ProcessKey) -> (End, ServiceName, Observation) {
        self.wait("end", |seen| match &seen.fact {
            Fact::ProcessExited { process: ended, end } if *ended == process => Some((*end, seen.service.clone().unwrap(), seen.clone())),
            _ => None,
        })
    }
}

/// A process of ours, ended and waited for when dropped.
pub(crate) struct Ours(pub(crate) Child);

impl Ours {
    pub(crate) fn run(command: &mut Command) -> Ours {
        Ours(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())
    }

    /// A process that does nothing for longer than any test.
    pub(crate) fn sleeper() -> Ours {
        Ours::run(Command::new("sleep").arg("1000"))
    }

    pub(crate) fn shell(script: &str) -> Ours {
        Ours::run(Command::new("sh").args(["-c", script]))
    }

    pub(crate) fn pid(&self) -> i32 {
        self.0.id() as i32
    }

    pub(crate) fn key(&self) -> ProcessKey {
        proc::process_key(self.pid()).unwrap()
    }

    /// Waits until it is a zombie, without taking its status.
    pub(crate) fn until_zombie(&self) {
        let id = rustix::process::Pid::from_raw(self.pid()).unwrap();
        let options = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        rustix::process::waitid(rustix::process::WaitId::Pid(id), options).unwrap();
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command to its end.
pub(crate) fn done(command: &mut Command) {
    command.stdin(Stdio::null()).status().unwrap();
}

/// The first end that is seen within a moment, long enough for two rounds of the slowest source; `None` when there is none.
pub(crate) fn late_end(scene: &Scene) -> Option<Observation> {
    let is_end = |seen: &Observation| matches!(seen.fact, Fact::ProcessExited { .. });
    std::iter::from_fn(|| scene.seen.recv_timeout(Duration::from_millis(600)).ok()).find(is_end)
}

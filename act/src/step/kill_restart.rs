//! Take the state of what hangs down, end it with SIGKILL, and start it. A plain restart would wait for the stop that a
//! hung service never answers, for ever where its unit says TimeoutStopSec=0.

use muster_model::id::{Pid, ProcessKey};
use muster_model::roster::{Kind, Service};
use muster_model::time::Length;

use super::{job, only_watched, start};
use crate::systemd::{self, Job};
use crate::{Ending, Glance, Hands, chain};

/// Threads whose place in the kernel is taken down.
const THREADS_MAX: usize = 16;
/// Lines of one kernel stack.
const STACK_LINES_MAX: usize = 12;

pub(super) fn run(hands: &Hands, service: &Service, process: ProcessKey) -> Ending {
    if let Kind::Process(_) = service.kind {
        return only_watched(service);
    }
    let glance = hands.eyes.process(process);
    if glance.state.is_none() {
        // Another may run in its place by now, which hangs no more than any other.
        let ending = start::run(hands, service);
        return Ending { said: format!("process {} is gone already; {}", process.pid, ending.said), ..ending };
    }
    let before = capture(process.pid, &glance);
    let ending = match &service.kind {
        // All its processes: workers that a dead main process leaves behind keep its ports.
        Kind::Unit(unit) => match systemd::kill(unit) {
            Ok(_) => job(hands, Job::Restart, unit),
            Err(error) => Ending::failed(chain(&error)),
        },
        Kind::Run(_) | Kind::Process(_) => match hands.children.stop(&service.name, Length(0)) {
            Ok(()) => start::run(hands, service),
            Err(why) => Ending::failed(why),
        },
    };
    Ending { said: format!("{}\n{before}", ending.said), ..ending }
}

/// What can be seen of the process before it is gone for good: `before: state T, waits in do_signal_stop, …`, and where
/// its threads stand in the kernel, which only root may read and not every kernel tells.
fn capture(pid: Pid, glance: &Glance) -> String {
    let parts = [
        glance.state.map(|s| format!("state {s}")),
        glance.wchan.as_ref().map(|w| format!("waits in {w}")),
        glance.threads.map(|n| format!("{n} threads")),
        glance.files.map(|n| format!("{n} open files")),
        glance.resident.map(|n| format!("{} MiB resident", n >> 20)),
        glance.cpu.map(|t| format!("{t} of processor time")),
    ];
    let seen = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    format!("before: process {pid}, {seen}{}", stacks(pid))
}

fn stacks(pid: Pid) -> String {
    let mut said = String::new();
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    for thread in threads.take(THREADS_MAX) {
        let Ok(stack) = std::fs::read_to_string(thread.path().join("stack")) else { continue };
        let functions: Vec<&str> = stack.lines().take(STACK_LINES_MAX).filter_map(|l| l.split_whitespace().next_back()).collect();
        said.push_str(&format!("\nthread {}: {}", thread.file_name().display(), functions.join(" < ")));
    }
    said
}

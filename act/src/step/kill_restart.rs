//! Take the state of what hangs down, end it with SIGKILL, and start it. A plain restart would wait for the stop that a
//! hung service never answers, for ever where its unit says TimeoutStopSec=0.

use muster_model::id::{Pid, ProcessKey};
use muster_model::roster::{Kind, Service};
use muster_model::time::Length;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, pidfd_open};

use super::{job, only_watched, start};
use crate::systemd::{self, Job};
use crate::{Ending, Glance, Hands, chain};

/// How long the kernel may take to end a process; one that waits for a disk that is gone takes for ever.
const END_WITHIN: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };
/// Threads whose place in the kernel is taken down.
const THREADS_MAX: usize = 16;
/// Lines of one kernel stack.
const STACK_LINES_MAX: usize = 12;

pub(super) fn run(hands: &Hands, service: &Service, process: ProcessKey) -> Ending {
    if !service.kind.is_brought_back_here() {
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
        Kind::Unit(unit) => match end(unit, process.pid) {
            // Not a restart: one that systemd has begun by itself meanwhile is left to come up.
            Ok(()) => job(hands, Job::Start, unit),
            Err(why) => Ending::failed(why),
        },
        Kind::Run(_) | Kind::Process(_) | Kind::Url(_) | Kind::Own => match hands.children.stop(&service.name, Length(0)) {
            Ok(()) => start::run(hands, service),
            Err(why) => Ending::failed(why),
        },
    };
    Ending { said: format!("{}\n{before}", ending.said), ..ending }
}

/// Ends all processes of the unit, since workers that a dead main process leaves behind keep its ports, and waits until
/// its main process is gone: systemd hears of that before it hears of anything that is asked of it afterwards.
fn end(unit: &str, main: Pid) -> Result<(), String> {
    let process = rustix::process::Pid::from_raw(main.get()).map(|pid| pidfd_open(pid, PidfdFlags::empty()));
    systemd::kill(unit).map_err(|e| chain(&e))?;
    match process {
        Some(Ok(process)) => match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&END_WITHIN)) {
            Ok(1..) => Ok(()),
            _ => Err(format!("process {main} does not end, although SIGKILL was sent to it {} s ago", END_WITHIN.tv_sec)),
        },
        _ => Ok(()),
    }
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

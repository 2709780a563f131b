//! Processes: how they end, who signals them, what the kernel kills for want of memory, and which commands people run.
//!
//! Ladders of sources (DESIGN §8) behind one handle, [`Processes`]: eBPF sees everything at the moment it happens; the
//! proc connector sees ends and program starts; process descriptors, and at last `/proc` itself, see ends only. Beside
//! those, the kernel's audit records name who sent a signal, and its log whom it killed for want of memory. A caller
//! need not know which is in use; [`Processes::start`] says it once, for `status`.
//!
//! The story of one end: [`Processes::watch`] enters the process in the `roll` and hands it to the source; the source's
//! own thread hears of the end and calls `Desk::ended`, which takes it off the roll and tells the sink. Whoever takes it
//! off the roll reports, so an end is told once however many saw it.

mod audit;
mod commands;
mod connector;
mod desk;
mod ebpf;
pub(crate) mod fuzz;
mod kernel_log;
mod memory;
mod pidfd;
mod pidfd_info;
mod roll;
mod thread;

use std::collections::BTreeSet;
use std::sync::Arc;

use muster_model::actor::Actor;
use muster_model::id::{ProcessKey, ServiceName};
use muster_model::observation::{End, Rung};
use muster_model::time::Time;

use crate::proc::{Life, Proc};
use crate::pulse::Pulse;
use crate::{Sink, clock};

use desk::Desk;
use thread::Stop;

/// The best source that may be taken. What is below it is tried in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ladder {
    /// eBPF programs on the scheduler's and the signals' tracepoints.
    #[default]
    Ebpf,
    /// The kernel's audit records of signals, beside the best source of ends below.
    Audit,
    /// The kernel's proc connector.
    Connector,
    /// A process descriptor for each process.
    Pidfd,
    /// `/proc`, looked at four times a second.
    Proc,
}

/// A way to hear that a process ended.
trait Source: Send + Sync {
    /// Its name in observations and in `status`.
    fn name(&self) -> &'static str;
    /// From now on this process is watched.
    fn add(&self, process: ProcessKey);
    /// No longer. True when nothing about its end is on the way from this source: then nobody else will report it.
    fn withdraw(&self, process: ProcessKey) -> bool;
    /// Who a process was, where the source remembers.
    fn actor(&self, _pid: i32) -> Option<Actor> {
        None
    }
    /// The program names (comm) whose start is to be reported.
    fn report_starts(&self, _names: &[String]) {}
    /// Observations that the kernel could not hand over.
    fn lost(&self) -> u64 {
        0
    }
}

/// The handle. Cheap to clone; when the last one goes, the source's thread ends.
#[derive(Clone)]
pub struct Processes {
    watch: Arc<Watch>,
}

struct Watch {
    desk: Arc<Desk>,
    source: Box<dyn Source>,
    _stops: [Stop; 2],
}

impl Processes {
    /// Starts the best source that `ladder` allows and the machine has; says which for each kind of fact
    /// (`process_end`, `signal_sender`, `command`, `memory_kill`) and why no better one.
    pub fn start(sink: Sink, ladder: Ladder) -> (Processes, Vec<Rung>) {
        let desk = Arc::new(Desk::new(sink, Proc::here()));
        let mut tried = Tried::default();
        let (source, stop): (Box<dyn Source>, Stop) = 'found: {
            if tried.may(ladder, Ladder::Ebpf) {
                match ebpf::start(&desk) {
                    Ok((source, stop)) => break 'found (Box::new(source), stop),
                    Err(why) => tried.and(&why),
                }
            }
            tried.ebpf = tried.why.clone();
            if tried.may(ladder, Ladder::Connector) {
                match connector::start(&desk) {
                    Ok((source, stop)) => break 'found (Box::new(source), stop),
                    Err(why) => tried.and(&why),
                }
            }
            let descriptors = tried.may(ladder, Ladder::Pidfd);
            match pidfd::start(&desk, descriptors) {
                Ok((source, stop)) => (Box::new(source), stop),
                Err(why) => {
                    tried.and(&why);
                    (Box::new(pidfd::Nothing), Stop::none())
                }
            }
        };
        source.report_starts(&desk.commands().names());
        let (sender, memory, sender_stop) = match source.name() {
            ebpf::NAME => (tried.rung("signal_sender", &SENDER, ebpf::NAME), tried.rung("memory_kill", &MEMORY, ebpf::NAME), Stop::none()),
            _ => {
                let (sender, stop) = signal_sender(&desk, ladder, tried.of_ebpf());
                (sender, memory_kill(&desk, tried.of_ebpf()), stop)
            }
        };
        let ends = tried.rung("process_end", &[ebpf::NAME, connector::NAME, pidfd::NAME, pidfd::NAME_POLLING], source.name());
        let commands = tried.rung("command", &[ebpf::NAME, connector::NAME], source.name());
        let rungs = vec![ends, sender, commands, memory];
        (Processes { watch: Arc::new(Watch { desk, source, _stops: [stop, sender_stop] }) }, rungs)
    }

    /// Watches a process of a service. One that has already ended, a zombie included, is reported as ended at once.
    /// Watching the same process twice is harmless; it may belong to several services.
    pub fn watch(&self, service: &ServiceName, process: ProcessKey) {
        let (desk, source) = (&self.watch.desk, &self.watch.source);
        if !desk.enter(service, process) {
            return;
        }
        source.add(process);
        // It may have ended before the source knew of it, and it may have been stopped.
        desk.look_after(process, |process| source.withdraw(process), source.name());
        desk.tell_if_stopped(process);
    }

    /// Watches the processes of these services only; what is watched for others alone is let go.
    pub fn keep_only(&self, services: &BTreeSet<ServiceName>) {
        for process in self.watch.desk.keep_only(services) {
            self.watch.source.withdraw(process);
        }
    }

    /// No longer watches a process, of whatever service.
    pub fn unwatch(&self, process: ProcessKey) {
        self.watch.desk.strike(process);
        self.watch.source.withdraw(process);
    }

    /// Who a process is or, where the source remembers it, was. With its parents' command lines.
    pub fn actor(&self, pid: i32) -> Option<Actor> {
        let (desk, source) = (&self.watch.desk, &self.watch.source);
        source.actor(pid).or_else(|| desk.proc().actor(pid)).or_else(|| desk.commands().last_by(pid))
    }

    /// The words by which people name services in commands: unit names, configuration paths, program names. A command
    /// one of whose arguments is such a word, with or without `.service`, is reported with that service.
    pub fn mentions(&self, words: Vec<(ServiceName, Vec<String>)>) {
        self.watch.desk.commands().set_mentions(words);
    }

    /// The last commands of people since then, oldest first; at most 4,096.
    pub fn commands(&self, since: Time) -> Vec<(Time, Actor)> {
        self.watch.desk.commands().since(since)
    }

    /// Program names whose start is to be reported as `ProcessSeen`, so that a `process` service is found at once. Names
    /// are cut to the 15 bytes that the kernel keeps.
    pub fn report_programs(&self, names: Vec<String>) {
        let mut commands = self.watch.desk.commands();
        commands.set_programs(names);
        self.watch.source.report_starts(&commands.names());
    }

    /// The pulses of the threads that listen: the rung's own, and that of the audit records where they are read.
    pub fn pulses(&self) -> Vec<Arc<Pulse>> {
        self.watch.desk.pulses()
    }

    /// Observations dropped so far: the sink or a kernel buffer was full.
    pub fn lost(&self) -> u64 {
        self.watch.desk.lost() + self.watch.source.lost()
    }
}

impl Desk {
    /// Looks whether a process is still there, and reports its end if it is not and nothing else will.
    fn look_after(&self, process: ProcessKey, withdraw: impl Fn(ProcessKey) -> bool, source: &str) {
        let end = match self.proc().life(process) {
            Ok(Life::Alive) | Err(_) => return,
            Ok(Life::Zombie(end)) => end,
            Ok(Life::Gone) => End::Unknown,
        };
        if withdraw(process) {
            self.ended(process, clock::now().0, end, source);
        }
    }

    /// Tells the stop of a process that nobody saw happen: before Muster watched it.
    fn tell_if_stopped(&self, process: ProcessKey) {
        let at = clock::now().0; // what makes it go on while it is looked at comes later
        let stat = self.proc().stat(process.pid.get()).ok().flatten().filter(|stat| stat.start == process.start);
        if stat.is_some_and(|stat| stat.state == 'T') {
            self.signalled(process, at, libc::SIGSTOP, None, pidfd::NAME_POLLING);
        }
    }
}

/// The sources of who sent a signal, best first.
const SENDER: [&str; 2] = [ebpf::NAME, audit::NAME];
/// Those of whom the kernel kills for want of memory.
const MEMORY: [&str; 2] = [ebpf::NAME, kernel_log::NAME];

/// Who sent a signal, where eBPF is not to be had.
fn signal_sender(desk: &Arc<Desk>, ladder: Ladder, mut tried: Tried) -> (Rung, Stop) {
    let started = if ladder <= Ladder::Audit { Some(audit::start(desk)) } else { None };
    let (source, stop) = match started {
        Some(Ok((stop, done))) => {
            tried.and(&done);
            (audit::NAME, stop)
        }
        Some(Err(why)) => {
            tried.and(&why);
            ("none", Stop::none())
        }
        None => ("none", Stop::none()),
    };
    (tried.rung("signal_sender", &SENDER, source), stop)
}

/// Whom the kernel kills, where eBPF is not to be had.
fn memory_kill(desk: &Desk, mut tried: Tried) -> Rung {
    let source = match kernel_log::KernelLog::open() {
        Ok(log) => {
            desk.ask_kernel_log(log);
            kernel_log::NAME
        }
        Err(why) => {
            tried.and(&why);
            "none"
        }
    };
    tried.rung("memory_kill", &MEMORY, source)
}

/// Why the better sources are not in use.
#[derive(Clone, Default)]
struct Tried {
    why: Option<String>,
    /// The part of it that is about eBPF.
    ebpf: Option<String>,
}

impl Tried {
    fn may(&mut self, best: Ladder, rung: Ladder) -> bool {
        if rung < best {
            self.why = Some(format!("sources better than {best:?} are switched off"));
        }
        rung >= best
    }

    fn and(&mut self, why: &impl ToString) {
        let why = why.to_string();
        self.why = Some(self.why.take().map_or(why.clone(), |before| format!("{before}; {why}")));
    }

    fn of_ebpf(&self) -> Tried {
        Tried { why: self.ebpf.clone(), ebpf: None }
    }

    fn rung(&self, fact: &str, ladder: &[&str], source: &str) -> Rung {
        let place = ladder.iter().position(|s| *s == source);
        Rung {
            fact: fact.to_owned(),
            source: place.map_or("none", |_| source).to_owned(),
            rung: place.unwrap_or(ladder.len()) as u8 + 1,
            why: self.why.clone(),
        }
    }
}

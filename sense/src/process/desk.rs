//! Where the sources bring what they hear: it is joined with the roll of watched processes and told to the sink.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use muster_model::actor::Actor;
use muster_model::id::{ProcessKey, ServiceName};
use muster_model::observation::{End, Fact, Observation, Rung};
use muster_model::time::Time;

use super::commands::Commands;
use super::kernel_log::{self, KernelLog};
use super::memory;
use super::roll::{Entered, Roll, Watched};
use crate::proc::{Proc, TICKS_PER_SECOND};
use crate::pulse::Pulse;
use crate::{Sink, clock};

/// How long an end waits for room in the sink before it counts as lost. It is the one fact that must not be missed, and
/// meanwhile the kernel keeps the next ones.
const END_WAITS_MAX: Duration = Duration::from_secs(1);

pub(super) struct Desk {
    sink: Sink,
    proc: Proc,
    roll: Mutex<Roll>,
    commands: Mutex<Commands>,
    lost: AtomicU64,
    /// Of the threads that bring what they hear, the first of them that of the ends.
    pulses: Mutex<Vec<Arc<Pulse>>>,
    kernel_log: OnceLock<KernelLog>,
}

/// A program that was started.
pub(super) struct Start {
    pub(super) at: Time,
    pub(super) process: Option<ProcessKey>,
    /// Its name, at most 15 bytes.
    pub(super) comm: String,
    pub(super) arguments: Vec<String>,
    pub(super) actor: Actor,
}

impl Desk {
    pub(super) fn new(sink: Sink, proc: Proc) -> Desk {
        Desk {
            sink,
            proc,
            roll: Mutex::default(),
            commands: Mutex::default(),
            lost: AtomicU64::new(0),
            pulses: Mutex::default(),
            kernel_log: OnceLock::new(),
        }
    }

    pub(super) fn proc(&self) -> &Proc {
        &self.proc
    }

    pub(super) fn commands(&self) -> MutexGuard<'_, Commands> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn roll(&self) -> MutexGuard<'_, Roll> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) fn count_lost(&self, n: u64) {
        self.lost.fetch_add(n, Ordering::Relaxed);
    }

    /// Muster's own queue had no room for it.
    fn crowded(&self) {
        if let Some(pulse) = self.pulses().first() {
            pulse.crowded(1);
        }
        self.count_lost(1);
    }

    /// A thread that brings what it hears.
    pub(super) fn has_pulse(&self, pulse: &Arc<Pulse>) {
        self.pulses.lock().unwrap_or_else(PoisonError::into_inner).push(pulse.clone());
    }

    pub(super) fn pulses(&self) -> Vec<Arc<Pulse>> {
        self.pulses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Enters a process; true when it was not there and has to be watched from now on.
    pub(super) fn enter(&self, service: &ServiceName, process: ProcessKey) -> bool {
        let entered = self.roll().enter(service, process);
        match entered {
            Entered::New => {
                let group = memory::group_of(&self.proc, process.pid.get());
                self.roll().note_memory(process, group);
            }
            Entered::Known => {}
            Entered::Full => self.count_lost(1),
        }
        entered == Entered::New
    }

    /// Takes off all that belong to none of these services, and says which those are.
    pub(super) fn keep_only(&self, services: &BTreeSet<ServiceName>) -> Vec<ProcessKey> {
        self.roll().keep_only(services)
    }

    pub(super) fn strike(&self, process: ProcessKey) {
        self.roll().strike(process);
    }

    /// A process ended: taken off the roll, and told for each of its services.
    pub(super) fn ended(&self, process: ProcessKey, at: Time, end: End, source: &str) {
        let Some(watched) = self.strike_ended(process) else { return };
        let end = self.end_by_memory(process, &watched, at, end);
        for service in watched.services {
            let fact = Fact::ProcessExited { process, end };
            let seen = Observation { at, source: source.to_owned(), service: Some(service), fact };
            if self.sink.send_timeout(seen, END_WAITS_MAX).is_err() {
                self.crowded();
            }
        }
    }

    fn strike_ended(&self, process: ProcessKey) -> Option<Watched> {
        let mut roll = self.roll();
        let watched = roll.strike(process)?;
        roll.depart(process, &watched);
        Some(watched)
    }

    /// Whether it was the kernel, for want of memory: its log says so, where no better source does.
    fn end_by_memory(&self, process: ProcessKey, watched: &Watched, at: Time, end: End) -> End {
        let log = self.kernel_log.get().filter(|_| matches!(end, End::Signal(libc::SIGKILL) | End::Unknown));
        if !log.is_some_and(|log| log.killed(process)) {
            return end;
        }
        let limit = watched.memory.as_deref().and_then(memory::limit_hit);
        for service in &watched.services {
            self.tell(at, kernel_log::NAME, Some(service.clone()), Fact::MemoryKill { process, limit });
        }
        End::Memory
    }

    /// From now on the kernel's log is asked about those that were killed.
    pub(super) fn ask_kernel_log(&self, log: KernelLog) {
        // There is one at most: sources are taken once.
        let _ = self.kernel_log.set(log);
    }

    /// From now on it is remembered for a while who was watched.
    pub(super) fn keep_departed(&self) {
        self.roll().keep_departed();
    }

    /// The process that had this pid then: it is watched, or was until it ended.
    pub(super) fn known_as(&self, pid: i32, then: Time) -> Option<ProcessKey> {
        let since_boot = u64::try_from(then.0.saturating_sub(clock::booted_at().0)).unwrap_or(0);
        self.roll().last_with_pid(pid, since_boot / (1_000_000_000 / TICKS_PER_SECOND))
    }

    /// What is seen of a kind of fact is another from now on.
    pub(super) fn tell_rung(&self, rung: Rung) {
        self.tell(clock::now().0, &rung.source.clone(), None, Fact::Rung(rung));
    }

    /// Whether anybody wants to know what happens to it.
    pub(super) fn watches(&self, process: ProcessKey) -> bool {
        self.roll().get(process).is_some()
    }

    /// Every watched process.
    pub(super) fn watched(&self) -> Vec<ProcessKey> {
        self.roll().all()
    }

    /// The watched processes with this pid.
    pub(super) fn watched_as(&self, pid: i32) -> Vec<ProcessKey> {
        self.roll().with_pid(pid)
    }

    /// A signal was sent to a watched process. What its own children tell it with USR1 and USR2 is its own affair.
    pub(super) fn signalled(&self, process: ProcessKey, at: Time, signal: i32, sender: Option<Actor>, source: &str) {
        let among_themselves = sender.as_ref().is_some_and(|sender| sender.descends_from(process.pid.get()));
        if among_themselves && matches!(signal, libc::SIGUSR1 | libc::SIGUSR2) {
            return;
        }
        self.tell_services(process, at, source, || Fact::SignalSent { process, signal, sender: sender.clone() });
    }

    /// The kernel chose a watched process to be ended for want of memory.
    pub(super) fn memory_kill(&self, process: ProcessKey, at: Time, source: &str) {
        let group = self.roll().get(process).and_then(|watched| watched.memory.clone());
        let limit = group.and_then(|group| memory::limit_hit(&group));
        self.tell_services(process, at, source, || Fact::MemoryKill { process, limit });
    }

    /// A program was started whose name was asked for: kept, and told when it is a reported program or names a service.
    pub(super) fn started(&self, start: Start, source: &str) {
        let mut commands = self.commands();
        let services = commands.mentioned(&start.arguments);
        if commands.is_program(&start.comm)
            && let Some(process) = start.process
        {
            let command = start.actor.command.clone().unwrap_or_default();
            self.tell(start.at, source, None, Fact::ProcessSeen { process, command });
        }
        if !commands.is_command(&start.comm) {
            return;
        }
        for service in services {
            self.tell(start.at, source, Some(service), Fact::CommandRun { actor: start.actor.clone() });
        }
        commands.keep(start.at, start.actor);
    }

    /// A thread cannot go on.
    pub(super) fn blind(&self, pulse: &Pulse, why: &std::io::Error) {
        for fact in pulse.facts() {
            let why = format!("the thread that waits for it failed: {why}; restart Muster");
            self.tell_rung(Rung { fact: (*fact).to_owned(), source: "none".to_owned(), rung: u8::MAX, why: Some(why) });
        }
    }

    fn tell_services(&self, process: ProcessKey, at: Time, source: &str, fact: impl Fn() -> Fact) {
        let services = self.roll().get(process).map(|watched| watched.services.clone()).unwrap_or_default();
        for service in services {
            self.tell(at, source, Some(service), fact());
        }
    }

    fn tell(&self, at: Time, source: &str, service: Option<ServiceName>, fact: Fact) {
        if self.sink.try_send(Observation { at, source: source.to_owned(), service, fact }).is_err() {
            self.crowded();
        }
    }
}

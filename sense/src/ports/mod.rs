//! TCP ports: which a service's processes listen on, who holds a port, and what listens here that nobody watches.
//!
//! The kernel is asked for the listening sockets alone ([`sockets`]). Which process has one open takes a look at every
//! open file of every process ([`holders`]), so that is done once for a new socket, first among the processes that were
//! just started, and no more often than is cheap. One thread does it ([`watcher`]).

pub(crate) mod fuzz;
mod holders;
mod sockets;
mod watcher;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::Sender;
use muster_model::id::ServiceName;
use muster_model::observation::Rung;
use muster_model::request::Unwatched;
use muster_model::time::Length;

use self::sockets::SockDiag;
pub use self::sockets::{SOCKETS_MAX, Socket, listening};
use self::watcher::{Command, Source, Watcher};
use crate::Sink;
use crate::proc::Proc;
use crate::pulse::Pulse;

/// The best rung that may be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ladder {
    /// All of them: sock_diag(7) first.
    #[default]
    SockDiag,
    /// Only `/proc/net/tcp` and `tcp6`.
    Proc,
}

/// Whose processes are looked at.
#[derive(Clone, Debug)]
pub struct Whose {
    /// The service.
    pub service: ServiceName,
    /// Its processes, the main one first.
    pub pids: Vec<i32>,
    /// The ports that it should hold: it is told which of them somebody else holds.
    pub wanted: Vec<u16>,
}

/// The watcher of ports. Dropping it ends its thread.
pub struct Ports {
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
    pulse: Arc<Pulse>,
}

impl Ports {
    /// Starts looking every so often, on the best rung there is, and says which that is.
    pub fn start(sink: Sink, every: Length) -> (Ports, Rung) {
        Ports::start_on(sink, every, Ladder::default())
    }

    /// The same, not above a rung.
    pub fn start_on(sink: Sink, every: Length, ladder: Ladder) -> (Ports, Rung) {
        let rung = |source: &str, rung, why| Rung { fact: "port".to_owned(), source: source.to_owned(), rung, why };
        let proc = || if Path::new("/proc/net/tcp").exists() { rung("proc", 2, None) } else { rung("none", 3, None) };
        let (source, mut rung_taken) = match ladder {
            Ladder::Proc => (Source::Proc, proc()),
            Ladder::SockDiag => match SockDiag::open().and_then(|mut diag| diag.listening().map(|_| diag)) {
                Ok(diag) => (Source::SockDiag(diag), rung("sock_diag", 1, None)),
                Err(error) => (Source::Proc, Rung { why: Some(error.to_string()), ..proc() }),
            },
        };
        // Commands are few and each is answered or followed by the next round.
        let (commands, received) = crossbeam_channel::unbounded();
        let pulse = Pulse::new("ports", &["port"]);
        let watcher = Watcher::new(source, received, sink, pulse.clone(), every);
        let thread = std::thread::Builder::new().name("ports".to_owned()).spawn(move || watcher.run());
        if let Err(error) = &thread {
            rung_taken = rung("none", 3, Some(format!("no thread for it: {error}")));
        }
        (Ports { commands, thread: thread.ok(), pulse }, rung_taken)
    }

    /// Watches these services and no others: the ports on which their processes (these, their children at any depth, and
    /// what else is in the same system unit) listen are told as `Listens`, at once, whenever they change, and anew when the
    /// first of a service's processes is another one than before.
    pub fn watch(&self, whose: Vec<Whose>) {
        // A thread that is gone has said so in the rung.
        let _ = self.commands.send(Command::Watch(whose));
    }

    /// Its thread's pulse; `None`: there is no thread.
    pub fn pulse(&self) -> Option<Arc<Pulse>> {
        self.thread.as_ref().map(|_| self.pulse.clone())
    }

    /// Looks again now, at everything, and gives the ports of one service, ascending.
    pub fn look(&self, service: &ServiceName) -> Vec<u16> {
        self.ask(|reply| Command::Look(service.clone(), reply))
    }

    /// What listens here, by process, and belongs neither to one of these processes (or their children) nor to one of
    /// these systemd units. Which pack knows it is left open.
    pub fn unwatched(&self, pids: &[i32], units: &[String]) -> Vec<Unwatched> {
        let (pids, units) = (pids.iter().copied().collect(), units.iter().cloned().collect());
        self.ask(|reply| Command::Unwatched(pids, units, reply))
    }

    fn ask<T: Default>(&self, command: impl FnOnce(Sender<T>) -> Command) -> T {
        let (reply, answer) = crossbeam_channel::bounded(1);
        if self.commands.send(command(reply)).is_err() {
            return T::default();
        }
        answer.recv().unwrap_or_default()
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Who holds these TCP ports now: every process that has a listening socket on one open, by port and process id. A port
/// whose holder cannot be seen (another user's, without root) is there with `None`; one on which nobody listens is not.
pub fn holders(ports: &[u16]) -> Vec<(u16, Option<i32>)> {
    let sockets = listening(Path::new("/")).unwrap_or_default();
    let wanted: BTreeMap<u64, u16> = sockets.iter().filter(|s| ports.contains(&s.port)).map(|s| (s.inode, s.port)).collect();
    let found = self::holders::anywhere(&Proc::here(), &wanted.keys().copied().collect());
    let mut all = BTreeSet::new();
    for (inode, port) in wanted {
        match found.get(&inode) {
            Some(holders) => all.extend(holders.iter().map(|holder| (port, Some(holder.pid)))),
            None => {
                all.insert((port, None));
            }
        }
    }
    all.into_iter().collect()
}

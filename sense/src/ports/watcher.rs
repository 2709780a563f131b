//! The thread that looks at the listening sockets: *wait → command → look → tell what changed*.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use muster_model::id::ServiceName;
use muster_model::observation::{Fact, Observation};
use muster_model::request::Unwatched;
use muster_model::time::{Length, Mono, Time};

use super::Whose;
use super::holders::{self, Holder, line_of};
use super::sockets::{self, SockDiag, Socket};
use crate::proc::{Proc, unit_of};
use crate::pulse::{Pulse, WAIT_MAX};
use crate::{Sink, clock};

/// Every so many rounds it is checked that the known holders still hold their sockets.
const CHECK_ROUNDS: u32 = 15;
/// A search through all processes is followed by none for so many times as long as it took: it gets 0.1 % of the time.
const SEARCH_SHARE: u64 = 1000;
/// But not for longer than this.
const SEARCH_AGAIN_MAX: Length = Length::seconds(60);
/// How long a process that was newly named, and its children, are the first to be searched.
const YOUNG: Length = Length::seconds(30);
/// How long a socket whose holder cannot be seen is not looked for again.
const UNSEEN_AGAIN: Length = Length::seconds(60);
/// After other processes were named, it is looked again so soon, then in twice that time, and so on up to the usual.
const SOON: Length = Length::ms(10);

/// Where the sockets are asked for.
pub(super) enum Source {
    SockDiag(SockDiag),
    Proc,
}

impl Source {
    fn word(&self) -> &'static str {
        match self {
            Source::SockDiag(_) => "sock_diag",
            Source::Proc => "proc",
        }
    }

    fn listening(&mut self) -> io::Result<Vec<Socket>> {
        match self {
            // A conversation that broke off is no reason to see nothing.
            Source::SockDiag(diag) => diag.listening().or_else(|_| sockets::from_proc(Path::new("/"))),
            Source::Proc => sockets::from_proc(Path::new("/")),
        }
    }
}

/// What the owner asks of the thread.
pub(super) enum Command {
    Watch(Vec<Whose>),
    Look(ServiceName, Sender<Vec<u16>>),
    Unwatched(BTreeSet<i32>, BTreeSet<String>, Sender<Vec<Unwatched>>),
    Stop,
}

pub(super) struct Watcher {
    source: Source,
    commands: Receiver<Command>,
    sink: Sink,
    pulse: Arc<Pulse>,
    every: Length,
    proc: Proc,
    /// The services' own processes.
    whose: BTreeMap<i32, ServiceName>,
    /// The services by the unit their processes are in; `None`: several are in it.
    units: BTreeMap<String, Option<ServiceName>>,
    /// The units of the services' processes, so that each is read once.
    unit_of: BTreeMap<i32, Option<String>>,
    /// Processes that were newly named, and until when they count as such.
    young: BTreeMap<i32, Mono>,
    sockets: BTreeMap<u64, Known>,
    /// When all processes may be searched again.
    search_after: Mono,
    /// What was told last of each watched service.
    told: BTreeMap<ServiceName, Option<Held>>,
    /// The ports that each should hold.
    wanted: BTreeMap<ServiceName, Vec<u16>>,
    rounds: u32,
    /// The time to the next round.
    pause: Length,
}

/// How closely is looked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    /// At what is new.
    New,
    /// Also at whether the known holders still hold their sockets.
    Check,
    /// That too, and all processes are searched if anything is unknown, whatever it costs.
    Search,
}

/// The ports of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Held {
    /// Those that it holds.
    own: BTreeSet<u16>,
    /// Those that it should hold and somebody else does.
    taken: BTreeSet<u16>,
}

/// A listening socket.
struct Known {
    port: u16,
    /// Empty: nobody is seen to hold it.
    holders: Vec<Holder>,
    /// When it was last looked for who holds it.
    looked: Mono,
    /// The watched services that hold it, since these were last named.
    services: BTreeSet<ServiceName>,
}

impl Watcher {
    pub(super) fn new(source: Source, commands: Receiver<Command>, sink: Sink, pulse: Arc<Pulse>, every: Length) -> Watcher {
        Watcher {
            source,
            commands,
            sink,
            pulse,
            every,
            proc: Proc::here(),
            whose: BTreeMap::new(),
            units: BTreeMap::new(),
            unit_of: BTreeMap::new(),
            young: BTreeMap::new(),
            sockets: BTreeMap::new(),
            search_after: Mono(0),
            told: BTreeMap::new(),
            wanted: BTreeMap::new(),
            rounds: 0,
            pause: every,
        }
    }

    pub(super) fn run(mut self) {
        let mut next = clock::now().1.after(self.pause);
        loop {
            self.pulse.beat();
            match self.commands.recv_timeout(next.since(clock::now().1).std().min(WAIT_MAX)) {
                Ok(Command::Watch(whose)) => {
                    self.watch(whose);
                    // In a storm of restarts one look for the last of them is enough.
                    if self.commands.is_empty() {
                        self.round(Round::Check);
                    }
                    self.pause = SOON.min(self.every);
                }
                Ok(Command::Look(service, reply)) => {
                    self.round(Round::Search);
                    let ports = self.told.get(&service).cloned().flatten().unwrap_or_default().own;
                    // Whoever asked may have hung up.
                    let _ = reply.send(ports.into_iter().collect());
                    continue;
                }
                Ok(Command::Unwatched(pids, units, reply)) => {
                    self.round(Round::Search);
                    let _ = reply.send(self.unwatched(&pids, &units));
                    continue;
                }
                Err(RecvTimeoutError::Timeout) if clock::now().1 < next => continue,
                Err(RecvTimeoutError::Timeout) => {
                    self.rounds = self.rounds.wrapping_add(1);
                    self.round(if self.rounds.is_multiple_of(CHECK_ROUNDS) { Round::Check } else { Round::New });
                    self.pause = Length(self.pause.0.saturating_mul(2)).min(self.every);
                }
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            next = clock::now().1.after(self.pause);
        }
    }

    /// Other processes are the services' now.
    fn watch(&mut self, whose: Vec<Whose>) {
        // What another process listens on is news, also where it is the same.
        let main_is = |service: &ServiceName, pids: &[i32]| pids.first().is_some_and(|main| self.whose.get(main) == Some(service));
        let told = whose.iter().map(|Whose { service, pids, .. }| {
            let known = self.told.get(service).cloned().flatten().filter(|_| main_is(service, pids));
            (service.clone(), known)
        });
        self.told = told.collect();
        self.wanted = whose.iter().map(|w| (w.service.clone(), w.wanted.clone())).collect();
        let until = clock::now().1.after(YOUNG);
        let before = std::mem::take(&mut self.whose);
        self.whose = whose.into_iter().flat_map(|w| w.pids.into_iter().map(move |pid| (pid, w.service.clone()))).collect();
        self.young.extend(self.whose.keys().filter(|pid| !before.contains_key(pid)).map(|pid| (*pid, until)));
        self.unit_of.retain(|pid, _| self.whose.contains_key(pid));
        self.units.clear();
        // What Muster runs itself is in Muster's own unit, which says nothing of whose it is.
        let own = i32::try_from(std::process::id()).ok().and_then(|pid| unit_of(&self.proc, pid));
        for (pid, service) in &self.whose {
            let unit = self.unit_of.entry(*pid).or_insert_with(|| unit_of(&self.proc, *pid));
            let Some(unit) = unit.as_ref().filter(|unit| Some(*unit) != own.as_ref()) else { continue };
            let of = self.units.entry(unit.clone()).or_insert_with(|| Some(service.clone()));
            if of.as_ref() != Some(service) {
                *of = None;
            }
        }
        for known in self.sockets.values_mut() {
            known.services = services_of(&self.proc, &self.whose, &self.units, &known.holders);
        }
    }

    /// Looks once, and tells the services whose ports changed.
    fn round(&mut self, round: Round) {
        // What cannot be seen now stays as it was told; the next round may see it.
        let Ok(listening) = self.source.listening() else { return };
        let now = clock::now();
        let ports: BTreeMap<u64, u16> = listening.into_iter().map(|socket| (socket.inode, socket.port)).collect();
        self.sockets.retain(|inode, _| ports.contains_key(inode));
        let unknown = self.unknown(&ports, round, now.1);
        self.find(&unknown, &ports, round, now.1);
        self.tell(now.0);
    }

    /// The sockets whose holders are to be looked for.
    fn unknown(&mut self, ports: &BTreeMap<u64, u16>, round: Round, now: Mono) -> BTreeSet<u64> {
        let mut unknown: BTreeSet<u64> = ports.keys().copied().filter(|inode| !self.sockets.contains_key(inode)).collect();
        for (inode, known) in &mut self.sockets {
            if known.holders.is_empty() {
                if now.since(known.looked) >= UNSEEN_AGAIN {
                    unknown.insert(*inode);
                }
            } else if round != Round::New && !known.holders.iter().all(|holder| holder.holds(*inode)) {
                known.holders.retain(|holder| holder.holds(*inode));
                known.services = services_of(&self.proc, &self.whose, &self.units, &known.holders);
                unknown.insert(*inode);
            }
        }
        unknown
    }

    /// Looks for who holds these sockets: among the newly named processes at once, among all when their turn has come.
    fn find(&mut self, unknown: &BTreeSet<u64>, ports: &BTreeMap<u64, u16>, round: Round, now: Mono) {
        self.young.retain(|_, until| *until > now);
        if unknown.is_empty() {
            return;
        }
        let mut found = BTreeMap::new();
        if round == Round::Search || now >= self.search_after {
            found = holders::anywhere(&self.proc, unknown);
            found.extend(unknown.iter().filter(|inode| !found.contains_key(inode)).map(|inode| (*inode, Vec::new())).collect::<Vec<_>>());
            let took = clock::now().1.since(now);
            self.search_after = now.after(Length(took.0.saturating_mul(SEARCH_SHARE)).min(SEARCH_AGAIN_MAX));
        } else if !self.young.is_empty() {
            let young: BTreeSet<i32> = self.young.keys().flat_map(|pid| holders::family_of(*pid)).collect();
            found = holders::among(young, unknown);
        }
        for (inode, holders) in found {
            let services = services_of(&self.proc, &self.whose, &self.units, &holders);
            self.sockets.insert(inode, Known { port: ports[&inode], holders, looked: now, services });
        }
    }

    /// Tells the services whose ports changed.
    fn tell(&mut self, at: Time) {
        let mut by_service: BTreeMap<&ServiceName, Held> = self.told.keys().map(|service| (service, Held::default())).collect();
        for known in self.sockets.values() {
            for service in &known.services {
                by_service.entry(service).or_default().own.insert(known.port);
            }
        }
        for (service, held) in &mut by_service {
            let missing = self.wanted.get(*service).into_iter().flatten().filter(|port| !held.own.contains(port));
            // A socket whose holder cannot be seen may be the service's own.
            let others = |port: &u16| self.sockets.values().any(|known| known.port == *port && !known.holders.is_empty());
            held.taken = missing.copied().filter(others).collect();
        }
        let changed: Vec<(ServiceName, Held)> = by_service
            .into_iter()
            .filter(|(service, held)| self.told.get(*service).is_some_and(|told| told.as_ref() != Some(held)))
            .map(|(service, held)| (service.clone(), held))
            .collect();
        for (service, held) in changed {
            let fact = Fact::Listens { ports: held.own.iter().copied().collect(), taken: held.taken.iter().copied().collect() };
            let seen = Observation { at, source: self.source.word().to_owned(), service: Some(service.clone()), fact };
            // Where there is no room, it is told in the next round.
            match self.sink.try_send(seen) {
                Ok(()) => drop(self.told.insert(service, Some(held))),
                Err(_) => self.pulse.crowded(1),
            }
        }
    }

    /// The listening processes that belong to none of these processes and units, by process.
    fn unwatched(&self, pids: &BTreeSet<i32>, units: &BTreeSet<String>) -> Vec<Unwatched> {
        let mut by_process: BTreeMap<Option<i32>, BTreeSet<u16>> = BTreeMap::new();
        for known in self.sockets.values() {
            let lines: Vec<Vec<i32>> = known.holders.iter().map(|holder| line_of(&self.proc, holder.pid)).collect();
            let watched = lines.iter().any(|line| line.iter().any(|pid| pids.contains(pid)))
                || known.holders.iter().any(|holder| unit_of(&self.proc, holder.pid).is_some_and(|unit| units.contains(&unit)));
            if !watched {
                by_process.entry(first_of(&lines)).or_default().insert(known.port);
            }
        }
        by_process.into_iter().map(|(pid, ports)| self.describe(pid, ports)).collect()
    }

    fn describe(&self, pid: Option<i32>, ports: BTreeSet<u16>) -> Unwatched {
        let exe = pid.and_then(|pid| self.proc.exe(pid).ok().flatten());
        let name = exe.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().trim_end_matches(" (deleted)").to_owned());
        let comm = || pid.and_then(|pid| self.proc.comm(pid).ok().flatten());
        Unwatched {
            program: name.or_else(comm).unwrap_or_else(|| "?".to_owned()),
            pid,
            command: pid.and_then(|pid| self.proc.command(pid).ok().flatten()).unwrap_or_default(),
            ports: ports.into_iter().collect(),
            unit: pid.and_then(|pid| unit_of(&self.proc, pid)),
            pack: None,
        }
    }
}

/// The services that hold a socket: those of whose processes (or of whose processes' children) one has it open, and those
/// in whose unit one of its holders is, such as the workers of a master that is gone.
fn services_of(
    proc: &Proc,
    whose: &BTreeMap<i32, ServiceName>,
    units: &BTreeMap<String, Option<ServiceName>>,
    holders: &[Holder],
) -> BTreeSet<ServiceName> {
    let by_line = |holder: &Holder| match whose.get(&holder.pid) {
        Some(service) => Some(service.clone()),
        None => line_of(proc, holder.pid).iter().find_map(|pid| whose.get(pid)).cloned(),
    };
    let by_unit = |holder: &Holder| units.get(&unit_of(proc, holder.pid)?).cloned().flatten();
    if whose.is_empty() {
        return BTreeSet::new();
    }
    holders.iter().filter_map(|holder| by_line(holder).or_else(|| by_unit(holder))).collect()
}

/// Of the processes that share a socket, the one that the others come from.
fn first_of(lines: &[Vec<i32>]) -> Option<i32> {
    let holders: BTreeSet<i32> = lines.iter().filter_map(|line| line.first().copied()).collect();
    let from = |line: &Vec<i32>| line.iter().rev().find(|pid| holders.contains(pid)).copied();
    lines.iter().filter_map(from).min()
}

//! The watched processes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use muster_model::id::{ProcessKey, ServiceName};

/// The most processes that are watched; the kernel's table (`WATCHED` in `bpf/muster.bpf.c`) has as many places.
pub(super) const WATCHED_MAX: usize = 65_536;

/// What is known of one.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    /// The services it belongs to.
    pub(super) services: Vec<ServiceName>,
    /// Its memory control group, noted while it lived.
    pub(super) memory: Option<PathBuf>,
}

/// How many that have ended are remembered, where they are.
const DEPARTED_MAX: usize = 4_096;

/// All of them. A pid that is used again is another entry, since the start time differs.
#[derive(Debug, Default)]
pub(super) struct Roll {
    watched: BTreeMap<ProcessKey, Watched>,
    /// Those that ended last, for a source that tells who signalled them only afterwards. `None`: there is none such.
    departed: Option<VecDeque<(ProcessKey, Watched)>>,
}

/// What entering did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entered {
    New,
    Known,
    Full,
}

impl Roll {
    pub(super) fn enter(&mut self, service: &ServiceName, process: ProcessKey) -> Entered {
        if let Some(watched) = self.watched.get_mut(&process) {
            if !watched.services.contains(service) {
                watched.services.push(service.clone());
            }
            return Entered::Known;
        }
        if self.watched.len() >= WATCHED_MAX {
            return Entered::Full;
        }
        self.watched.insert(process, Watched { services: vec![service.clone()], memory: None });
        Entered::New
    }

    pub(super) fn note_memory(&mut self, process: ProcessKey, group: Option<PathBuf>) {
        if let Some(watched) = self.watched.get_mut(&process) {
            watched.memory = group;
        }
    }

    /// From now on those that have ended are remembered for a while.
    pub(super) fn keep_departed(&mut self) {
        self.departed.get_or_insert_default();
    }

    /// One that was taken off because it ended.
    pub(super) fn depart(&mut self, process: ProcessKey, watched: &Watched) {
        let Some(departed) = &mut self.departed else { return };
        if departed.len() >= DEPARTED_MAX {
            departed.pop_front();
        }
        departed.push_back((process, watched.clone()));
    }

    /// The last to start of those with this pid that are watched, or were when they ended.
    pub(super) fn last_with_pid(&self, pid: i32, started_by: u64) -> Option<ProcessKey> {
        let departed = self.departed.iter().flatten().map(|(process, _)| *process).filter(|process| process.pid.get() == pid);
        self.with_pid(pid).into_iter().chain(departed).filter(|process| process.start <= started_by).max()
    }

    /// Strikes all that belong to none of these services.
    pub(super) fn keep_only(&mut self, services: &BTreeSet<ServiceName>) -> Vec<ProcessKey> {
        self.watched.values_mut().for_each(|w| w.services.retain(|s| services.contains(s)));
        let struck: Vec<ProcessKey> = self.watched.iter().filter(|(_, w)| w.services.is_empty()).map(|(p, _)| *p).collect();
        struck.iter().for_each(|process| drop(self.watched.remove(process)));
        struck
    }

    pub(super) fn strike(&mut self, process: ProcessKey) -> Option<Watched> {
        self.watched.remove(&process)
    }

    /// Also of one that has ended, as long as it is remembered.
    pub(super) fn get(&self, process: ProcessKey) -> Option<&Watched> {
        let departed = || self.departed.iter().flatten().rev().find(|(gone, _)| *gone == process).map(|(_, watched)| watched);
        self.watched.get(&process).or_else(departed)
    }

    pub(super) fn all(&self) -> Vec<ProcessKey> {
        self.watched.keys().copied().collect()
    }

    /// Those with this pid: one, or two while the end of the earlier is on its way.
    pub(super) fn with_pid(&self, pid: i32) -> Vec<ProcessKey> {
        let Some(pid) = muster_model::id::Pid::new(pid) else { return Vec::new() };
        self.watched.range(ProcessKey { pid, start: 0 }..=ProcessKey { pid, start: u64::MAX }).map(|(process, _)| *process).collect()
    }
}

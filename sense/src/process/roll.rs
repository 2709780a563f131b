//! The watched processes.

use std::collections::BTreeMap;
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

/// All of them. A pid that is used again is another entry, since the start time differs.
#[derive(Debug, Default)]
pub(super) struct Roll(BTreeMap<ProcessKey, Watched>);

/// What entering did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entered {
    New,
    Known,
    Full,
}

impl Roll {
    pub(super) fn enter(&mut self, service: &ServiceName, process: ProcessKey) -> Entered {
        if let Some(watched) = self.0.get_mut(&process) {
            if !watched.services.contains(service) {
                watched.services.push(service.clone());
            }
            return Entered::Known;
        }
        if self.0.len() >= WATCHED_MAX {
            return Entered::Full;
        }
        self.0.insert(process, Watched { services: vec![service.clone()], memory: None });
        Entered::New
    }

    pub(super) fn note_memory(&mut self, process: ProcessKey, group: Option<PathBuf>) {
        if let Some(watched) = self.0.get_mut(&process) {
            watched.memory = group;
        }
    }

    pub(super) fn strike(&mut self, process: ProcessKey) -> Option<Watched> {
        self.0.remove(&process)
    }

    pub(super) fn get(&self, process: ProcessKey) -> Option<&Watched> {
        self.0.get(&process)
    }

    pub(super) fn all(&self) -> Vec<ProcessKey> {
        self.0.keys().copied().collect()
    }

    /// Those with this pid: one, or two while the end of the earlier is on its way.
    pub(super) fn with_pid(&self, pid: i32) -> Vec<ProcessKey> {
        let Some(pid) = muster_model::id::Pid::new(pid) else { return Vec::new() };
        self.0.range(ProcessKey { pid, start: 0 }..=ProcessKey { pid, start: u64::MAX }).map(|(process, _)| *process).collect()
    }
}

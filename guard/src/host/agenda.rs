//! Which services are to be looked at, now and later. It follows from the state and is no part of the fold: a replay
//! does without it, and a start puts every service on it.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::id::ServiceName;
use muster_model::time::Mono;

/// The guard's own appointments.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    /// Touched by an event, and not looked at since.
    now: BTreeSet<ServiceName>,
    later: BTreeSet<(Mono, ServiceName)>,
    /// The moment under which each stands in `later`.
    moments: BTreeMap<ServiceName, Mono>,
}

impl Agenda {
    /// This service is to be looked at now.
    pub(crate) fn touch(&mut self, name: ServiceName) {
        self.now.insert(name);
    }

    /// Those whose moment has come are to be looked at now.
    pub(crate) fn due(&mut self, now: Mono) {
        while self.later.first().is_some_and(|(when, _)| *when <= now) {
            if let Some((_, name)) = self.later.pop_first() {
                self.moments.remove(&name);
                self.now.insert(name);
            }
        }
    }

    /// The next to be looked at.
    pub(crate) fn first(&self) -> Option<ServiceName> {
        self.now.first().cloned()
    }

    /// It was looked at, and nothing follows; it wants to be looked at again then.
    pub(crate) fn looked(&mut self, name: &ServiceName, again: Option<Mono>) {
        self.now.remove(name);
        if self.moments.get(name) == again.as_ref() {
            return;
        }
        if let Some(old) = self.moments.remove(name) {
            self.later.remove(&(old, name.clone()));
        }
        if let Some(again) = again {
            self.moments.insert(name.clone(), again);
            self.later.insert((again, name.clone()));
        }
    }

    /// When to look next, if nothing happens before: at once, where one is still to be looked at.
    pub(crate) fn wake(&self) -> Option<Mono> {
        if !self.now.is_empty() {
            return Some(Mono(0));
        }
        self.later.first().map(|(when, _)| *when)
    }
}

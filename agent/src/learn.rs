//! With no service declared, Muster watches what runs here: whatever has held a port for two looks in a row, and every
//! service that comes up with the machine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_model::id::ServiceName;
use muster_model::roster::{Roster, Service};
use muster_sense::units::Running;

use crate::discover;
use crate::host::Host;
use crate::inbox::Input;

/// The loop's rounds between two looks.
const LOOK_ROUNDS: u32 = 5;
/// Looks between two questions to the service manager: a minute where services are learned, an hour where they are declared.
const RUNNING_LOOKS: u32 = 12;
const RUNNING_LOOKS_DECLARED: u32 = 720;
/// At most so many services are learned; the rest is listed as unwatched.
const LEARNED_MAX: usize = 500;

/// What was learned.
#[derive(Default)]
pub(crate) struct Learner {
    rounds: u32,
    /// What the service manager runs, by its last word.
    running: Vec<Running>,
    /// Seen once, to be seen again before they count.
    candidates: BTreeSet<ServiceName>,
    services: BTreeMap<ServiceName, Service>,
}

impl Learner {
    /// What an earlier Muster learned, from the roster that was in force.
    pub(crate) fn of(roster: &Roster) -> Learner {
        let services = roster.services.iter().filter(|(_, s)| !s.declared).map(|(n, s)| (n.clone(), s.clone())).collect();
        Learner { services, ..Learner::default() }
    }

    /// The services that were learned.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// What the service manager runs.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Running> {
        self.running.iter()
    }

    /// The service manager said what it runs.
    pub(crate) fn heard(&mut self, running: Vec<Running>) {
        self.running = running;
    }
}

/// Looks around, now and then.
pub(crate) fn round(host: &mut Host) {
    host.learned.rounds = host.learned.rounds.wrapping_add(1);
    if host.learned.rounds % LOOK_ROUNDS != 1 {
        return;
    }
    let every = if host.config.services.is_empty() { RUNNING_LOOKS } else { RUNNING_LOOKS_DECLARED };
    if (host.learned.rounds / LOOK_ROUNDS).is_multiple_of(every) {
        ask_what_runs(host);
    }
    if !host.config.services.is_empty() {
        return;
    }
    let mut candidates = BTreeSet::new();
    let mut news = false;
    for (service, ..) in discover::unwatched(host) {
        if host.learned.candidates.contains(&service.name) && host.learned.services.len() < LEARNED_MAX {
            host.learned.services.insert(service.name.clone(), service);
            news = true;
        } else {
            candidates.insert(service.name);
        }
    }
    host.learned.candidates = candidates;
    if news {
        host.furnish_anew();
    }
}

/// The service manager may take seconds to answer: the answer comes through the inbox.
fn ask_what_runs(host: &Host) {
    let (units, inbox) = (Arc::clone(&host.sensors.units), host.inbox.clone());
    let watched = host.guard.services().filter_map(|w| w.service().kind.unit().map(str::to_owned));
    let watched: BTreeSet<String> = watched.collect();
    let asks = move || {
        // Where nobody can say, what was said before stands; `status` has why.
        if let Ok(running) = units.running(watched) {
            let _ = inbox.send(Input::Running(running));
        }
    };
    // Without a thread now there will be one at the next look.
    let _ = std::thread::Builder::new().name("muster-running".to_owned()).spawn(asks);
}

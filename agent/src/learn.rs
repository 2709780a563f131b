//! With no service declared, Muster watches what listens here: whatever has held a port for two looks in a row.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use muster_model::id::{Pid, ServiceName};
use muster_model::request::Unwatched;
use muster_model::roster::{Count, Kind, Match, Recover, Roster, Service, Tier};
use muster_sense::proc::Proc;

use crate::host::Host;

/// The loop's rounds between two looks.
const LOOK_ROUNDS: u32 = 5;
/// At most so many services are learned; the rest is listed as unwatched.
const LEARNED_MAX: usize = 500;

/// What was learned.
#[derive(Default)]
pub(crate) struct Learner {
    rounds: u32,
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
}

/// Looks around, now and then.
pub(crate) fn round(host: &mut Host) {
    host.learned.rounds += 1;
    if !host.config.services.is_empty() || host.learned.rounds % LOOK_ROUNDS != 1 {
        return;
    }
    let mut candidates = BTreeSet::new();
    let mut news = false;
    for seen in unwatched(host) {
        let Some(service) = service_of(&seen, host.guard.rungs().any(|r| r.fact == "unit" && r.source != "none")) else { continue };
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

/// What listens here and belongs to no service of the roster.
pub(crate) fn unwatched(host: &Host) -> Vec<Unwatched> {
    let pids: Vec<i32> = host.guard.services().flat_map(|w| w.pids()).map(|p| p.pid.get()).chain([own_pid()]).collect();
    let units: Vec<String> = host
        .guard
        .services()
        .filter_map(|w| match &w.service().kind {
            Kind::Unit(unit) => Some(unit.clone()),
            Kind::Run(_) | Kind::Process(_) => None,
        })
        .collect();
    host.sensors.ports.unwatched(&pids, &units)
}

fn own_pid() -> i32 {
    i32::try_from(std::process::id()).unwrap_or(0)
}

/// The row that a listening process makes.
fn service_of(seen: &Unwatched, units: bool) -> Option<Service> {
    let pid = Pid::new(seen.pid?)?;
    let port = seen.ports.first()?;
    let (name, kind) = match seen.unit.as_ref().filter(|u| units && u.ends_with(".service")) {
        Some(unit) => (unit.trim_end_matches(".service").to_owned(), Kind::Unit(unit.clone())),
        None => {
            let here = Proc::here();
            let exe = here.exe(pid.get()).ok().flatten()?;
            let arguments = here.arguments(pid.get()).ok().flatten()?.join(" ");
            let args = Some(format!("^{}$", regex::escape(&arguments)));
            let program = Path::new(&seen.program).file_name().map_or(seen.program.clone(), |n| n.to_string_lossy().into_owned());
            (format!("{program}-{port}"), Kind::Process(Match { exe: Some(exe.display().to_string()), args, count: Count::default() }))
        }
    };
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "._@-".contains(c) { c } else { '-' }).take(64).collect();
    Some(Service {
        name: ServiceName::from(name),
        kind,
        pack: seen.pack.clone(),
        probes: Vec::new(),
        config: Vec::new(),
        validate: None,
        reload: None,
        data: Vec::new(),
        depends: Vec::new(),
        // What nobody declared is told, not touched.
        recover: Recover::Ask,
        owner: None,
        tier: Tier::Normal,
        restore_after: None,
        lines: Vec::new(),
        declared: false,
    })
}

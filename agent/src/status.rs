//! The roll call.

use muster_model::incident::{Incident, State};
use muster_model::probe::Answer;
use muster_model::request::{Measures, ProbeStatus, ServiceStatus, Status};
use muster_model::roster::Kind;
use muster_model::sight::OWN_NAME;
use muster_model::time::Length;
use muster_sense::clock;
use muster_sense::proc::Proc;
use rustix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;

use muster_guard::host::Watched;

use crate::host::Host;

/// How everything is just now.
pub(crate) fn of(host: &Host) -> Status {
    let (at, _) = clock::now();
    let is_lost = |w: &&Watched| host.guard.incident_of(w.name().as_str()).is_some_and(|i| i.state.is_open());
    let own = host.guard.service(OWN_NAME).filter(is_lost);
    let mut services: Vec<ServiceStatus> = host.guard.services().chain(own).map(|w| service(host, w, at)).collect();
    services.sort_by(|a, b| a.name.cmp(&b.name));
    Status {
        at,
        host: host.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        up_since: host.up_since,
        data: host.data.display().to_string(),
        services,
        unwatched: crate::discover::listening(host),
        rungs: host.guard.rungs().cloned().collect(),
        troubles: host.troubles.values().cloned().collect(),
        paused: host.guard.pause().map(|p| (p.until, p.reason.clone())),
        blind: host.guard.blind(),
        lateness: host.sensors.prober.lateness(),
        addresses: host.addresses.clone(),
    }
}

/// How Muster itself is doing, in numbers.
pub(crate) fn measures(host: &Host) -> Measures {
    let ledger = host.ledger.state();
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let mut incidents: BTreeMap<State, u64> = BTreeMap::new();
    for incident in host.guard.incidents() {
        *incidents.entry(incident.state).or_default() += 1;
    }
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let mut measures = Measures {
        events: host.ledger.newest().0,
        events_lost: ledger.lost,
        commit_p50: ledger.commits.median,
        commit_p99: ledger.commits.p99,
        lag: host.lag,
        lost: host.sights.lost(),
        incidents: incidents.into_iter().collect(),
        resident: Proc::here().resident_bytes(own).ok().flatten().unwrap_or_default(),
        cpu: Length(used.tv_sec.cast_unsigned() * 1_000_000_000 + used.tv_nsec.cast_unsigned()),
        hub_restarts: host.hub_restarts,
        ..Measures::default()
    };
    host.tally.fill(&mut measures);
    measures
}

fn service(host: &Host, watched: &Watched, at: muster_model::time::Time) -> ServiceStatus {
    let row = watched.service();
    let open: Option<&Incident> = host.guard.incident_of(row.name.as_str()).filter(|i| i.state.is_open());
    let target = match &row.kind {
        Kind::Url(url) => url.as_str().to_owned(),
        Kind::Unit(unit) => unit.clone(),
        Kind::Run(command) => command.clone(),
        Kind::Own => String::new(),
        Kind::Process(wanted) => wanted.exe.clone().or_else(|| wanted.args.clone()).unwrap_or_default(),
    };
    let answers: Vec<Option<(Answer, f64)>> =
        host.sensors.prober.last(&row.name).into_iter().map(|last| last.map(|(answer, took)| (answer, took.as_ms()))).collect();
    let probes = watched.questions().iter().enumerate().map(|(i, probe)| {
        let last = answers.get(i).cloned().flatten();
        let ms = last.as_ref().map_or(0.0, |(_, ms)| *ms);
        ProbeStatus { kind: probe.ask.kind().to_owned(), target: probe.ask.target().to_owned(), answer: last.map(|(a, _)| a), ms }
    });
    let paused = watched.paused(at).map(|p| (p.until, p.reason.clone()));
    ServiceStatus {
        name: row.name.clone(),
        kind: row.kind.code().to_owned(),
        target,
        pack: row.pack.clone(),
        health: watched.health(open, at),
        since: open.map(|i| i.lost_at).or_else(|| watched.present_since()),
        pids: watched.pids().iter().map(|p| p.pid.get()).collect(),
        ports: watched.ports().to_vec(),
        loss: open.map(|i| i.loss),
        incident: open.map(|i| i.id.clone()),
        sources: watched.sources().to_vec(),
        paused,
        probes: probes.collect(),
    }
}

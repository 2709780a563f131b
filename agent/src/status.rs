//! The roll call.

use muster_model::incident::Incident;
use muster_model::probe::Answer;
use muster_model::request::{ProbeStatus, Probing, ServiceStatus, Status};
use muster_model::roster::Kind;
use muster_sense::clock;
use muster_sense::probe::Prober;

use muster_guard::host::Watched;

use crate::host::Host;

/// How everything is just now.
pub(crate) fn of(host: &Host) -> Status {
    let (at, _) = clock::now();
    let mut services: Vec<ServiceStatus> = host.guard.services().map(|w| service(host, w, at)).collect();
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
        probing: probing(&host.sensors.prober),
    }
}

fn probing(prober: &Prober) -> Probing {
    let late = prober.lateness();
    Probing { asked: late.asked, held_back: prober.lost(), late_p50: late.p50, late_p99: late.p99, late_max: late.max }
}

fn service(host: &Host, watched: &Watched, at: muster_model::time::Time) -> ServiceStatus {
    let row = watched.service();
    let open: Option<&Incident> = host.guard.incident_of(row.name.as_str()).filter(|i| i.state.is_open());
    let target = match &row.kind {
        Kind::Unit(unit) => unit.clone(),
        Kind::Run(command) => command.clone(),
        Kind::Process(wanted) => wanted.exe.clone().or_else(|| wanted.args.clone()).unwrap_or_default(),
    };
    let answers: Vec<Option<(Answer, f64)>> =
        host.sensors.prober.last(&row.name).into_iter().map(|last| last.map(|(answer, took)| (answer, took.as_ms()))).collect();
    let probes = row.probes.iter().enumerate().map(|(i, probe)| {
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

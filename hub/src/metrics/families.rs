//! The metrics of the services, and of Muster itself.

use muster_model::health::Health;
use muster_model::request::{LASTED, Measures, Status};
use muster_model::time::Length;
use rustix::time::{ClockId, clock_gettime};

use super::exposition::{Exposition, Kind};

const HEALTHS: [Health; 5] = [Health::Present, Health::Degraded, Health::Lost, Health::Paused, Health::Unknown];

/// How the services are, and were.
pub(super) fn of_services(out: &mut Exposition, status: &Status, measures: &Measures) {
    out.family("muster_service_health", Kind::Gauge, "1 for how the service is now, 0 for how it is not.");
    for service in &status.services {
        for health in HEALTHS {
            out.sample("muster_service_health", &[("service", &service.name), ("health", &health)], u8::from(service.health == health));
        }
    }
    out.family("muster_service_since_seconds", Kind::Gauge, "For how long it has been so.");
    for service in &status.services {
        if let Some(since) = service.since {
            out.sample("muster_service_since_seconds", &[("service", &service.name)], seconds(status.at.since(since)));
        }
    }
    out.family("muster_losses", Kind::Counter, "How often it was lost, as far back as the record goes, by the loss as it was first seen.");
    for count in &measures.losses {
        for (loss, n) in &count.losses {
            out.sample("muster_losses_total", &[("service", &count.service), ("loss", loss)], n);
        }
    }
    out.family("muster_service_lost_seconds", Kind::Counter, "How long it was lost in all; a loss counts when it is over.");
    for count in &measures.losses {
        out.sample("muster_service_lost_seconds_total", &[("service", &count.service)], seconds(count.lasted));
    }
    out.family("muster_loss_duration_seconds", Kind::Histogram, "How long losses lasted that are over.");
    let bounds = LASTED.map(f64::from);
    out.histogram("muster_loss_duration_seconds", &[], &bounds, &measures.lasted, seconds(measures.lasted_sum));
    out.family("muster_probe_duration_seconds", Kind::Gauge, "How long the last answer of a probe took.");
    for service in &status.services {
        for (place, probe) in service.probes.iter().enumerate().filter(|(_, probe)| probe.answer.is_some()) {
            let name = format!("{} {}", probe.kind, probe.target);
            let labels: [(&str, &dyn std::fmt::Display); 3] = [("service", &service.name), ("probe", &name), ("place", &(place + 1))];
            out.sample("muster_probe_duration_seconds", &labels, probe.ms / 1_000.0);
        }
    }
    out.family("muster_incidents", Kind::Gauge, "Incidents that are kept, by state.");
    for (state, n) in &measures.incidents {
        out.sample("muster_incidents", &[("state", state)], n);
    }
    let open: u64 = measures.incidents.iter().filter(|(state, _)| state.is_open()).map(|(_, n)| n).sum();
    out.gauge("muster_incidents_open", "Incidents in which the service is still missing.", open);
    out.gauge("muster_unwatched", "Programs that listen here and that nobody watches.", status.unwatched.len());
}

/// How Muster itself is.
pub(super) fn of_muster(out: &mut Exposition, status: &Status, measures: &Measures) {
    out.family("muster_build_info", Kind::Gauge, "Muster's version.");
    out.sample("muster_build_info", &[("version", &status.version)], 1);
    out.gauge("muster_up_seconds", "Since the agent was started.", seconds(status.at.since(status.up_since)));
    out.gauge("muster_paused", "1 while all acting is paused.", u8::from(status.paused.is_some()));
    out.gauge("muster_troubles", "What is wrong with Muster itself; status says what.", status.troubles.len());
    out.family("muster_rung", Kind::Gauge, "By which source a kind of fact is seen: its place on the ladder, 1 is the best.");
    for rung in &status.rungs {
        out.sample("muster_rung", &[("fact", &rung.fact), ("source", &rung.source)], rung.rung);
    }
    out.family("muster_blind", Kind::Gauge, "1 for every kind of fact that is not seen now, or not all of it.");
    for fact in status.blind.iter().flat_map(|spot| &spot.facts) {
        out.sample("muster_blind", &[("fact", fact)], 1);
    }
    out.family(
        "muster_observations_lost",
        Kind::Counter,
        "What a sensor could not keep, for want of room in the kernel's queue or in Muster's.",
    );
    for lost in &measures.lost {
        out.sample("muster_observations_lost_total", &[("sensor", &lost.sensor), ("where", &"kernel")], lost.kernel);
        out.sample("muster_observations_lost_total", &[("sensor", &lost.sensor), ("where", &"muster")], lost.muster);
    }
    out.gauge("muster_loop_lag_seconds", "How late the agent's loop came round the last time.", seconds(measures.lag));
    out.family("muster_probe_lateness_seconds", Kind::Gauge, "How late probes were asked since the start.");
    let late = status.lateness;
    for (percentile, late) in [(50, late.p50), (99, late.p99), (100, late.max)] {
        out.sample("muster_probe_lateness_seconds", &[("percentile", &percentile)], seconds(late));
    }
    out.counter("muster_ledger_events", "Events that were put on record.", measures.events);
    out.counter("muster_ledger_events_lost", "Events of this run that found no room and are not on record.", measures.events_lost);
    out.family("muster_ledger_commit_seconds", Kind::Gauge, "How long the last events took to be on record.");
    for (percentile, took) in [(50, measures.commit_p50), (99, measures.commit_p99)] {
        out.sample("muster_ledger_commit_seconds", &[("percentile", &percentile)], seconds(took));
    }
    out.counter("muster_hub_restarts", "How often the hub had to be started again.", measures.hub_restarts);
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let own = Length(used.tv_sec.cast_unsigned() * 1_000_000_000 + used.tv_nsec.cast_unsigned());
    out.family("muster_process_resident_bytes", Kind::Gauge, "Memory.");
    out.sample("muster_process_resident_bytes", &[("process", &"agent")], measures.resident);
    out.family("muster_process_cpu_seconds", Kind::Counter, "Processor time.");
    out.sample("muster_process_cpu_seconds_total", &[("process", &"agent")], seconds(measures.cpu));
    out.sample("muster_process_cpu_seconds_total", &[("process", &"hub")], seconds(own));
}

fn seconds(length: Length) -> f64 {
    length.0 as f64 / 1e9
}

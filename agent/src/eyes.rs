//! What examinations see with: the sensors.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use muster_act::Glance;
use muster_model::actor::Actor;
use muster_model::exam::{LogLine, PortHolder};
use muster_model::id::{Pid, ProcessKey, ServiceName};
use muster_model::observation::UnitState;
use muster_model::roster::{Kind, Service};
use muster_model::time::{Length, Time};
use muster_sense::clock;
use muster_sense::journal;
use muster_sense::ports::{self, Ports};
use muster_sense::proc::{self, Life, Proc};
use muster_sense::process::Processes;
use muster_sense::units::Units;

use crate::children::Children;
use crate::record::chain;
use crate::sensors::Sensors;

/// The sensors, as far as examinations need them.
pub(crate) struct Eyes {
    processes: Processes,
    units: Arc<Units>,
    ports: Arc<Ports>,
    children: Arc<Children>,
}

impl Eyes {
    pub(crate) fn new(sensors: &Sensors, children: Arc<Children>) -> Eyes {
        Eyes { processes: sensors.processes.clone(), units: Arc::clone(&sensors.units), ports: Arc::clone(&sensors.ports), children }
    }

    fn log_file(&self, service: &ServiceName) -> PathBuf {
        self.children.log(service)
    }
}

impl muster_act::Eyes for Eyes {
    fn now(&self) -> Time {
        clock::now().0
    }

    fn log(&self, service: &Service, since: Time) -> Result<Vec<LogLine>, String> {
        match &service.kind {
            Kind::Unit(unit) => journal::lines(unit, since, Path::new("/")).map_err(|e| chain(&e)),
            Kind::Run(_) => journal::tail(&self.log_file(&service.name), 0).map_err(|e| chain(&e)),
            Kind::Process(_) | Kind::Url(_) | Kind::Own => Err("nobody knows where it logs to".to_owned()),
        }
    }

    fn holders(&self, service: &Service, wanted: &[u16]) -> Result<Vec<PortHolder>, String> {
        let own = self.ports.look(&service.name);
        Ok(ports::holders(wanted)
            .into_iter()
            .map(|(port, pid)| {
                let holder = pid.and_then(|pid| self.processes.actor(pid).or_else(|| proc::actor_of(pid)));
                let process = pid.and_then(Pid::new).and_then(|pid| proc::process_key(pid.get()));
                PortHolder { port, holder, process, own: own.contains(&port) }
            })
            .collect())
    }

    fn unit(&self, unit: &str) -> Result<Option<UnitState>, String> {
        self.units.state(unit).map_err(|e| chain(&e))
    }

    fn commands(&self, service: &Service, since: Time) -> Vec<(Time, Actor)> {
        let mut names = vec![service.name.as_str()];
        if let Kind::Unit(unit) = &service.kind {
            names.extend([unit.as_str(), unit.trim_end_matches(".service")]);
        }
        let touches = |actor: &Actor| actor.command.as_deref().is_some_and(|c| c.split_whitespace().any(|word| names.contains(&word)));
        self.processes.commands(since).into_iter().filter(|(_, actor)| touches(actor)).collect()
    }

    fn process(&self, process: ProcessKey) -> Glance {
        let here = Proc::here();
        let pid = process.pid.get();
        if matches!(here.life(process), Ok(Life::Gone) | Err(_)) {
            return Glance::default();
        }
        // Each line of it may be missing: another user's process, an older kernel.
        let stat = here.stat(pid).ok().flatten();
        Glance {
            state: stat.as_ref().map(|s| s.state),
            wchan: here.wait_channel(pid).ok().flatten(),
            threads: stat.as_ref().map(|s| s.threads),
            files: here.open_files(pid).ok().flatten().and_then(|n| u32::try_from(n).ok()),
            resident: here.resident_bytes(pid).ok().flatten(),
            cpu: stat.as_ref().map(|s| Length(s.cpu * (1_000_000_000 / rustix::param::clock_ticks_per_second().max(1)))),
        }
    }
}

impl muster_act::Children for Children {
    fn start(&self, service: &Service) -> Result<ProcessKey, String> {
        Children::start(self, service).map_err(|e| chain(&e))
    }

    fn stop(&self, service: &ServiceName, grace: Length) -> Result<(), String> {
        Children::stop(self, service, grace).map_err(|e| chain(&e))
    }
}

//! The steps, one file each.

mod config_restore;
mod enable;
mod kill_restart;
mod reload;
mod restart;
mod start;
mod unmask;

use muster_model::id::VersionId;
use muster_model::observation::End;
use muster_model::plan::{Order, Step};
use muster_model::roster::Service;
use muster_model::time::Length;

use crate::systemd::{self, Job};
use crate::{Ending, Hands, chain};

/// How long a service that Muster runs may take to end by itself.
const STOP_GRACE: Length = Length::seconds(10);

pub(crate) fn run(hands: &Hands, order: &Order, service: &Service) -> Ending {
    match &order.step {
        Step::Start => start::run(hands, service),
        Step::Restart => restart::run(hands, service),
        Step::Reload => reload::run(hands, service),
        Step::KillRestart { process } => kill_restart::run(hands, service, *process),
        Step::Enable => enable::run(service),
        Step::Unmask => unmask::run(service),
        Step::ConfigRestore { files } => config_restore::run(hands, service, files),
        Step::Await { .. } => Ending::done("nothing to do but wait"),
    }
}

pub(crate) fn undo(hands: &Hands, order: &Order, service: &Service, replaced: &[(String, Option<VersionId>)]) -> Ending {
    match &order.step {
        Step::ConfigRestore { files } => config_restore::undo(hands, service, files, replaced),
        step => Ending::skipped(format!("`{}` leaves nothing to take back", step.code())),
    }
}

/// Has systemd do a job, and says how the unit is where that failed.
fn job(hands: &Hands, job: Job, unit: &str) -> Ending {
    match systemd::job(job, unit) {
        Ok(said) => Ending::done(said),
        Err(error) => Ending::failed(format!("{}{}", chain(&error), because(hands, unit))),
    }
}

/// `; nginx.service is failed (exit-code: its process exited with 1)`.
fn because(hands: &Hands, unit: &str) -> String {
    let Ok(Some(state)) = hands.eyes.unit(unit) else { return String::new() };
    let end = match state.ended {
        Some(End::Code(code)) => format!(": its process exited with {code}"),
        Some(End::Signal(signal)) => format!(": signal {signal} ended its process"),
        Some(End::Memory) => ": its process was ended for want of memory".to_owned(),
        Some(End::Unknown) | None => String::new(),
    };
    format!("; {unit} is {} ({}{end})", state.active, state.result)
}

/// The step is not for a service of this kind.
fn only_watched(service: &Service) -> Ending {
    Ending::failed(format!("{} is of kind `{}`: Muster only watches it", service.name, service.kind.code()))
}

/// The unit, where it is one.
fn unit(service: &Service) -> Result<&str, Ending> {
    service.kind.unit().ok_or_else(|| {
        let (name, kind) = (&service.name, service.kind.code());
        Ending::failed(format!("{name} is of kind `{kind}`: only a systemd unit can be enabled or masked"))
    })
}

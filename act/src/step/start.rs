//! Start what is not running.

use muster_model::roster::{Kind, Service};

use super::{job, only_watched};
use crate::systemd::Job;
use crate::{Ending, Hands};

pub(super) fn run(hands: &Hands, service: &Service) -> Ending {
    match &service.kind {
        Kind::Unit(unit) => job(hands, Job::Start, unit),
        Kind::Run(_) => match hands.children.start(service) {
            Ok(process) => Ending::done(format!("pid {}", process.pid)),
            Err(why) => Ending::failed(why),
        },
        Kind::Process(_) | Kind::Url(_) | Kind::Own => only_watched(service),
    }
}

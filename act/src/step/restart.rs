//! Stop and start.

use muster_model::roster::{Kind, Service};

use super::{STOP_GRACE, job, only_watched, start};
use crate::systemd::Job;
use crate::{Ending, Hands};

pub(super) fn run(hands: &Hands, service: &Service) -> Ending {
    match &service.kind {
        Kind::Unit(unit) => job(hands, Job::Restart, unit),
        Kind::Run(_) => match hands.children.stop(&service.name, STOP_GRACE) {
            Ok(()) => start::run(hands, service),
            Err(why) => Ending::failed(why),
        },
        Kind::Process(_) | Kind::Url(_) | Kind::Own => only_watched(service),
    }
}

//! Make it read its configuration again; what cannot is restarted.

use muster_model::roster::{Kind, Service};
use muster_model::time::Length;

use super::{job, only_watched, restart};
use crate::systemd::Job;
use crate::{Ending, Hands, chain, shell};

/// How long a roster's or pack's command may take.
const WITHIN: Length = Length::seconds(10);

pub(super) fn run(hands: &Hands, service: &Service) -> Ending {
    match (&service.reload, &service.kind) {
        (_, Kind::Process(_) | Kind::Url(_) | Kind::Own) => only_watched(service),
        (Some(command), _) => match shell::sh(command, WITHIN) {
            Ok(ran) if ran.ok() => Ending::done(ran.said),
            Ok(ran) => Ending::failed(format!("`{command}`: {}", ran.words())),
            Err(error) => Ending::failed(chain(&error)),
        },
        (None, Kind::Unit(unit)) => job(hands, Job::Reload, unit),
        (None, Kind::Run(_)) => restart::run(hands, service),
    }
}

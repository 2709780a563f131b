//! Which commands that touch it did people run?

use muster_model::exam::Finding;
use muster_model::roster::Service;
use muster_model::time::Time;

use crate::Hands;

pub(super) fn run(hands: &Hands, service: &Service, since: Time) -> Finding {
    Finding::Commands { commands: hands.eyes.commands(service, since) }
}

//! Who listens on its ports?

use muster_model::exam::Finding;
use muster_model::roster::Service;

use crate::Hands;

pub(super) fn run(hands: &Hands, service: &Service, ports: &[u16]) -> Finding {
    match hands.eyes.holders(service, ports) {
        Ok(holders) => Finding::PortHolders { holders },
        Err(why) => Finding::Failed { why },
    }
}

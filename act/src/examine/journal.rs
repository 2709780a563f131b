//! What did it log?

use muster_model::exam::Finding;
use muster_model::roster::Service;
use muster_model::time::Time;

use crate::Hands;

pub(super) fn run(hands: &Hands, service: &Service, since: Time) -> Finding {
    match hands.eyes.log(service, since) {
        Ok(lines) => Finding::Journal { lines },
        Err(why) => Finding::Failed { why },
    }
}

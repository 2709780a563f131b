//! What does the service manager say of the unit?

use muster_model::exam::Finding;

use crate::Hands;

pub(super) fn run(hands: &Hands, unit: &str) -> Finding {
    match hands.eyes.unit(unit) {
        Ok(state) => Finding::Unit { state },
        Err(why) => Finding::Failed { why },
    }
}

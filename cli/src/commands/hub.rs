//! `hub`: the process that has the pages and the API. `up` starts it; it cannot be started by hand.

use muster_model::text::Text;

use crate::failure::{DONE, Failure, Outcome};

pub(super) fn run() -> Outcome {
    muster_hub::run().map(|()| DONE).map_err(|error| match error {
        muster_hub::HubError::NoAgent(_) => Failure::Usage(Text::new("hub-by-hand")),
        other => Failure::Other(other.into()),
    })
}

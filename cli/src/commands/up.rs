//! `up`: run here until told to end.

use muster_agent::{Options, UpError};

use crate::context::Context;
use crate::failure::{DONE, Failure, Outcome};
use crate::places;

pub(super) fn run(context: &Context) -> Outcome {
    let options = Options { config: places::config_in_force(context.config.as_deref()), data: context.data.clone(), announce: true };
    match muster_agent::up(&options) {
        Ok(()) => Ok(DONE),
        Err(UpError::Config(error)) => Err(super::config::failure(error)),
        Err(error) => Err(Failure::Other(error.into())),
    }
}

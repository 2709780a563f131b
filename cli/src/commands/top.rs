//! `top`: the roll call, live in the terminal.

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::top;

pub(super) fn run(context: &Context) -> Outcome {
    match top::refusal(context) {
        Some(why) => Err(Failure::Usage(why)),
        None => top::run(context, super::status::ask(context)?),
    }
}

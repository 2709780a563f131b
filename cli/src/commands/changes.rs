//! `changes`: what was altered, by whom.

use muster_model::id::ServiceName;
use muster_model::request::{Reply, Request};
use muster_tell::document::Changes;

use crate::arguments;
use crate::context::Context;
use crate::failure::Outcome;
use crate::screen;
use crate::socket::odd;

pub(super) fn run(context: &Context, typed: arguments::Changes) -> Outcome {
    let request = Request::Changes {
        service: typed.service.map(ServiceName::from),
        since: typed.since.map(|since| since.moment(context.now())),
        before: None,
        limit: None,
    };
    match context.agent().ask(&request)? {
        Reply::Changes(changes) => context.show(|| Changes::new(&changes), |look| screen::changes::page(look, &changes)),
        other => Err(odd(&other)),
    }
}

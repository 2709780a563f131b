//! `incidents`: the stories, newest first.

use muster_model::request::{IncidentQuery, Reply, Request};
use muster_tell::document::Incidents;

use crate::context::Context;
use crate::failure::Outcome;
use crate::screen;
use crate::socket::odd;

pub(super) fn run(context: &Context) -> Outcome {
    match context.agent().ask(&Request::Incidents(IncidentQuery::default()))? {
        Reply::Incidents(incidents) => {
            context.show(|| Incidents::new(context.language, &incidents), |look| screen::incidents::page(look, &incidents))
        }
        other => Err(odd(&other)),
    }
}

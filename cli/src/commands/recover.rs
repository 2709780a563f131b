//! `recover SERVICE [--dry-run]`: bring it back now, or say what would be done.

use muster_model::event::Command;
use muster_model::id::ServiceName;
use muster_model::request::{Reply, Request};
use muster_model::text::Text;
use muster_tell::document::PlanDocument;
use serde::Serialize;

use crate::arguments;
use crate::context::Context;
use crate::failure::Outcome;
use crate::screen;
use crate::socket::odd;

/// The document of a rehearsal.
#[derive(Serialize)]
struct Rehearsal<'a> {
    service: &'a str,
    /// `null`: there is nothing to do.
    plan: Option<PlanDocument>,
}

pub(super) fn run(context: &Context, typed: &arguments::Recover) -> Outcome {
    let service = ServiceName::from(typed.service.as_str());
    if !typed.dry_run {
        return super::tell(context, Command::Recover { service }, &Text::new("recover-taken").with("service", &typed.service));
    }
    match context.agent().ask(&Request::Rehearse { service })? {
        Reply::Plan(plan) => context.show(
            || Rehearsal { service: &typed.service, plan: plan.as_ref().map(|plan| PlanDocument::new(context.language, plan)) },
            |look| screen::plan::page(look, &typed.service, plan.as_ref()),
        ),
        other => Err(odd(&other)),
    }
}

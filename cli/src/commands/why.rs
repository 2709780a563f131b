//! `why SERVICE|INCIDENT`: cause, evidence, timeline, actions, in plain words.

use muster_model::id::ChangeId;
use muster_model::incident::Incident;
use muster_model::request::{DiffReport, Reply, Request};
use muster_model::text::Text;
use muster_tell::document::IncidentDocument;
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::screen;
use crate::socket::{Agent, odd};

/// The document where there is no incident.
#[derive(Serialize)]
struct Never<'a> {
    service: &'a str,
    incident: Option<()>,
}

pub(super) fn run(context: &Context, of: String) -> Outcome {
    let Some(incident) = ask(&context.agent(), &of)? else {
        let never = Text::new("why-never").with("service", &of);
        return context
            .show(|| Never { service: &of, incident: None }, |look| screen::Page::of_text(look, &muster_tell::say(look.language, &never)));
    };
    context.show(
        || IncidentDocument::new(context.language, &incident),
        |look| {
            let change = incident.cause().and_then(|cause| cause.change.as_ref());
            // The story is whole without the change's contents, which may be gone from the record by now.
            let diff = change.and_then(|change| diff(&context.agent(), change).ok());
            screen::why::page(look, &incident, diff.as_ref())
        },
    )
}

/// An incident by its id or its service; `None`: the service never had one.
pub(crate) fn ask(agent: &Agent, of: &str) -> Result<Option<Incident>, Failure> {
    match agent.ask(&Request::Incident { of: of.to_owned() })? {
        Reply::Incident(incident) => Ok(*incident),
        other => Err(odd(&other)),
    }
}

/// A change with its contents.
pub(crate) fn diff(agent: &Agent, change: &ChangeId) -> Result<DiffReport, Failure> {
    match agent.ask(&Request::Diff { change: change.clone() })? {
        Reply::Diff(report) => Ok(*report),
        other => Err(odd(&other)),
    }
}

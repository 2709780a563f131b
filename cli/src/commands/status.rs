//! `status [SERVICE]`: the roll call.

use muster_model::request::{Reply, Request, Status};
use muster_tell::document::StatusDocument;

use crate::arguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::screen;
use crate::socket::odd;

pub(super) fn run(context: &Context, typed: &arguments::Status) -> Outcome {
    let mut status = ask(context)?;
    if let Some(name) = &typed.service {
        status.services.retain(|service| service.name.as_str() == name);
        let Some(service) = status.services.first() else { return Err(super::no_such_service(name)) };
        return context.show(|| StatusDocument::new(context.language, &status), |look| screen::service::page(look, service));
    }
    context.show(|| StatusDocument::new(context.language, &status), |look| screen::status::page(look, &status))
}

/// Takes the roll call.
pub(super) fn ask(context: &Context) -> Result<Status, Failure> {
    match context.agent().ask(&Request::Status)? {
        Reply::Status(status) => Ok(*status),
        other => Err(odd(&other)),
    }
}

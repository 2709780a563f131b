//! `pause SERVICE|--all --for D --reason TEXT`: leave it alone for a while.

use muster_model::event::Command;
use muster_model::id::ServiceName;
use muster_model::text::Text;

use crate::arguments;
use crate::context::Context;
use crate::failure::Outcome;

pub(super) fn run(context: &Context, typed: &arguments::Pause) -> Outcome {
    let taken = match &typed.service {
        Some(service) => Text::new("pause-taken").with("service", service).with("length", typed.length),
        None => Text::new("pause-taken-all").with("length", typed.length),
    };
    let service = typed.service.as_deref().map(ServiceName::from);
    super::tell(context, Command::Pause { service, length: typed.length, reason: typed.reason.clone() }, &taken)
}

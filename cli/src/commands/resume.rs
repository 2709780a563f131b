//! `resume SERVICE|--all`: the pause is over.

use muster_model::event::Command;
use muster_model::id::ServiceName;
use muster_model::text::Text;

use crate::arguments;
use crate::context::Context;
use crate::failure::Outcome;

pub(super) fn run(context: &Context, typed: &arguments::Resume) -> Outcome {
    let taken = match &typed.service {
        Some(service) => Text::new("resume-taken").with("service", service),
        None => Text::new("resume-taken-all"),
    };
    super::tell(context, Command::Resume { service: typed.service.as_deref().map(ServiceName::from) }, &taken)
}

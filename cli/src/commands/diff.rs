//! `diff CHANGE`: a change, line by line.

use muster_model::id::ChangeId;
use muster_tell::document::DiffDocument;

use crate::arguments;
use crate::context::Context;
use crate::failure::Outcome;
use crate::screen;

pub(super) fn run(context: &Context, typed: &arguments::Diff) -> Outcome {
    let report = super::why::diff(&context.agent(), &ChangeId::from(typed.change.as_str()))?;
    context.show(|| DiffDocument::new(&report), |look| screen::diff::page(look, &report))
}

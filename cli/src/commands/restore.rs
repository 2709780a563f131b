//! `restore PATH --to VERSION`: an older version of a file back in its place.

use muster_model::request::{Reply, Request};
use muster_model::text::Text;

use crate::arguments;
use crate::context::Context;
use crate::failure::Outcome;
use crate::socket::odd;

pub(super) fn run(context: &Context, typed: &arguments::Restore) -> Outcome {
    // The agent's working directory is another one.
    let path = std::path::absolute(&typed.path)?.display().to_string();
    let restored = Text::new("restore-done").with("path", &path).with("version", &typed.to);
    match context.agent().ask(&Request::Restore { path, to: typed.to.clone() })? {
        Reply::Taken => context.tell(&restored),
        other => Err(odd(&other)),
    }
}

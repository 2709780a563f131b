//! One file for each command.

mod changes;
mod check;
mod completions;
mod config;
mod demo;
mod diff;
mod discover;
mod down;
mod events;
mod hub;
mod incident;
mod incidents;
mod install;
mod ledger;
mod man;
mod pack;
mod pause;
mod recover;
mod restore;
mod resume;
mod status;
mod support;
mod top;
mod uninstall;
mod up;
mod user;
pub(crate) mod why;

pub(crate) use check::unknown as unknown_to_a_plugin;
pub(crate) use completions::Shell;
pub(crate) use install::report::{Did, Difference};
pub(crate) use pack::Row as PackRow;
pub(crate) use support::Gathered;

use muster_model::event;
use muster_model::request::{Reply, Request};
use muster_model::text::Text;

use crate::arguments::Command;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::socket::odd;

/// Runs what was typed.
pub(crate) fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Up => up::run(context),
        Command::Down(typed) => down::run(context, &typed),
        Command::Demo(typed) => demo::run(context, &typed),
        Command::Config(typed) => config::run(context, typed),
        Command::Status(typed) => status::run(context, &typed),
        Command::Top => top::run(context),
        Command::Discover(typed) => discover::run(context, &typed),
        Command::Why(typed) => why::run(context, typed.of),
        Command::Incidents => incidents::run(context),
        Command::Incident(typed) => incident::run(context, typed),
        Command::Events(typed) => events::run(context, typed),
        Command::Changes(typed) => changes::run(context, typed),
        Command::Diff(typed) => diff::run(context, &typed),
        Command::Restore(typed) => restore::run(context, &typed),
        Command::Recover(typed) => recover::run(context, &typed),
        Command::Pause(typed) => pause::run(context, &typed),
        Command::Resume(typed) => resume::run(context, &typed),
        Command::Check(typed) => check::run(context, &typed),
        Command::Ledger(typed) => ledger::run(context, &typed),
        Command::Pack(typed) => pack::run(context, &typed),
        Command::User(typed) => user::run(context, typed),
        Command::Hub => hub::run(),
        Command::Completions(typed) => completions::run(typed.shell),
        Command::Man(typed) => man::run(context, &typed),
        Command::Complete(typed) => completions::complete(context, &typed),
        Command::Support(typed) => support::run(context, &typed),
        Command::Install(typed) => install::run(context, &typed),
        Command::Uninstall(typed) => uninstall::run(context, &typed),
        Command::SampleService(typed) => demo::sample::run(&typed),
    }
}

/// Tells the running Muster something, and says that it was taken.
fn tell(context: &Context, command: event::Command, taken: &Text) -> Outcome {
    match context.agent().ask(&Request::Tell(command))? {
        Reply::Taken => context.tell(taken),
        other => Err(odd(&other)),
    }
}

/// A service that the roster does not have.
fn no_such_service(name: &str) -> Failure {
    Failure::Failed(Text::new("error-no-such-service").with("service", name))
}

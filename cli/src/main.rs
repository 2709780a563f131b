//! The `muster` program: what was typed (`arguments`, `usage`) goes to one file of `commands`, which asks the running
//! Muster (`socket`) and shows the answer (`screen`), or its document (`muster_tell::document`).
#![forbid(unsafe_code)]

mod arguments;
mod commands;
mod context;
mod failure;
mod places;
#[cfg(test)]
mod reference;
mod screen;
mod since;
mod socket;
mod top;
mod usage;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;

use crate::arguments::Arguments;
use crate::context::Context;
use crate::failure::{DONE, WRONG_USAGE};

fn main() -> ExitCode {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let spoken = usage::spoken(&typed);
    let language = spoken.unwrap_or_default();
    let parsed = usage::command(language).try_get_matches_from(&typed).and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => return ExitCode::from(not_parsed(language, usage::is_check(&typed), &error)),
    };
    let context = Context::new(arguments.global, spoken);
    ExitCode::from(commands::run(&context, arguments.command).unwrap_or_else(|failure| {
        context.fail(&failure);
        failure.exit()
    }))
}

/// Help and the version go to standard output; what was typed wrong goes to standard error.
fn not_parsed(language: muster_tell::Language, plugin: bool, error: &clap::Error) -> u8 {
    match usage::wrong(language, error) {
        // A monitoring system takes exit code 2 for CRITICAL.
        Some(said) if plugin => commands::unknown_to_a_plugin(&said),
        Some(said) => {
            eprintln!("{said}");
            WRONG_USAGE
        }
        None => {
            // Nobody is left to be told when standard output is gone.
            let _ = error.print();
            DONE
        }
    }
}

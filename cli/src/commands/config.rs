//! `config check`: is the configuration one that Muster takes?

use std::io;
use std::path::{Path, PathBuf};

use muster_agent::LoadError;
use muster_model::config::{Config, ConfigError};
use muster_model::text::Text;
use serde::Serialize;

use crate::arguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::places;

/// The document of a check.
#[derive(Serialize)]
struct Checked {
    valid: bool,
    file: PathBuf,
    services: usize,
    errors: Vec<Mistake>,
}

/// A mistake, with its place.
#[derive(Serialize)]
pub(super) struct Mistake {
    file: String,
    line: u32,
    column: u32,
    what: String,
    hint: Option<String>,
}

pub(super) fn run(context: &Context, typed: arguments::Config) -> Outcome {
    let arguments::Config::Check(typed) = typed;
    let named = typed.file.as_deref().or(context.config.as_deref());
    let Some(file) = places::config_in_force(named) else {
        return context.tell(&Text::new("config-none").with("file", places::config().display()));
    };
    match read(&file) {
        Ok(config) => {
            let good = Text::new("config-good").with("file", file.display()).with("services", config.services.len());
            let services = config.services.len();
            context.show(
                || Checked { valid: true, file: file.clone(), services, errors: Vec::new() },
                |look| crate::screen::Page::of_text(look, &muster_tell::say(look.language, &good)),
            )
        }
        Err(Failure::Config(mistakes)) if context.json => {
            context.json(&Checked { valid: false, file, services: 0, errors: mistakes.iter().map(Mistake::new).collect() })?;
            Ok(crate::failure::WRONG_USAGE)
        }
        Err(failure) => Err(failure),
    }
}

impl Mistake {
    pub(super) fn new(error: &ConfigError) -> Mistake {
        let ConfigError { file, line, column, what, hint } = error.clone();
        Mistake { file, line, column, what, hint }
    }
}

/// Reads and checks a configuration with what stands in `services.d` and `packs.d` beside it.
pub(super) fn read(main: &Path) -> Result<Config, Failure> {
    let config = muster_agent::load(Some(main)).map_err(failure)?;
    muster_agent::own_packs(Some(main)).map_err(failure)?;
    Ok(config)
}

/// Why a configuration cannot be used.
pub(super) fn failure(error: LoadError) -> Failure {
    match error {
        LoadError::Wrong(mistakes) => Failure::Config(mistakes),
        LoadError::Read { path, source } if source.kind() == io::ErrorKind::NotFound => {
            Failure::Usage(Text::new("error-config-absent").with("file", path.display()))
        }
        LoadError::Read { path, source } => {
            Failure::Usage(Text::new("error-config-unread").with("file", path.display()).with("error", source))
        }
    }
}

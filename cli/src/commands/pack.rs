//! `pack check`: is the file a pack that Muster takes? `pack list`: the packs there are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use muster_agent::LoadError;
use muster_model::text::Text;
use muster_packs::Pack;
use serde::Serialize;

use super::config::Mistake;
use crate::arguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome, WRONG_USAGE};
use crate::places;
use crate::screen::Page;

/// The document of a check.
#[derive(Serialize)]
struct Checked<'a> {
    valid: bool,
    file: &'a Path,
    pack: Option<&'a str>,
    errors: Vec<Mistake>,
}

/// The document of the list.
#[derive(Serialize)]
pub(super) struct Listed {
    packs: Vec<Row>,
}

/// A pack in the list.
#[derive(Serialize)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) name: String,
    /// Its file; none where it came with Muster.
    pub(crate) file: Option<PathBuf>,
    /// The program's file names.
    pub(crate) exes: Vec<String>,
    units: Vec<String>,
    packages: Vec<String>,
    config: Vec<String>,
    data: Vec<String>,
    logs: Vec<String>,
    peers: Vec<String>,
    /// It has a validator.
    pub(crate) validates: bool,
    reloads: bool,
    /// How many probes it has.
    pub(crate) probes: usize,
    /// How many error lines it knows.
    pub(crate) lines: usize,
}

pub(super) fn run(context: &Context, typed: &arguments::Pack) -> Outcome {
    match typed {
        arguments::Pack::Check(typed) => check(context, &typed.file),
        arguments::Pack::List => list(context),
    }
}

fn check(context: &Context, file: &Path) -> Outcome {
    match muster_agent::load_pack(file) {
        Ok(pack) => {
            let good = Text::new("pack-good").with("file", file.display()).with("pack", &pack.name).with("lines", pack.lines.len());
            context.show(
                || Checked { valid: true, file, pack: Some(&pack.name), errors: Vec::new() },
                |look| Page::of_text(look, &muster_tell::say(look.language, &good)),
            )
        }
        Err(LoadError::Wrong(mistakes)) if context.json => {
            context.json(&Checked { valid: false, file, pack: None, errors: mistakes.iter().map(Mistake::new).collect() })?;
            Ok(WRONG_USAGE)
        }
        Err(error) => Err(failure(error)),
    }
}

fn failure(error: LoadError) -> Failure {
    match error {
        LoadError::Wrong(mistakes) => Failure::Config(mistakes),
        LoadError::Read { path, source } => {
            Failure::Usage(Text::new("error-pack-unread").with("file", path.display()).with("error", source))
        }
    }
}

/// The packs in force.
pub(super) fn listed(context: &Context) -> Result<Listed, Failure> {
    let own = muster_agent::own_packs(places::config_in_force(context.config.as_deref()).as_deref()).map_err(failure)?;
    let built_in = muster_packs::builtin().into_iter().map(|pack| (None, pack));
    let all = built_in.chain(own.into_iter().map(|(file, pack)| (Some(file), pack)));
    // Of two with the same name the later one is in force.
    let rows: BTreeMap<String, Row> = all.map(|(file, pack)| (pack.name.clone(), Row::new(file, pack))).collect();
    Ok(Listed { packs: rows.into_values().collect() })
}

fn list(context: &Context) -> Outcome {
    let listed = listed(context)?;
    if context.json { context.json(&listed) } else { context.page(|look| crate::screen::packs::page(look, &listed.packs)) }
}

impl Row {
    fn new(file: Option<PathBuf>, pack: Pack) -> Row {
        Row {
            name: pack.name,
            file,
            exes: pack.exes,
            units: pack.units.iter().map(ToString::to_string).collect(),
            packages: pack.packages,
            config: pack.config,
            data: pack.data,
            logs: pack.logs,
            peers: pack.peers,
            validates: pack.validate.is_some(),
            reloads: pack.reload.is_some(),
            probes: pack.probes.len(),
            lines: pack.lines.len(),
        }
    }
}

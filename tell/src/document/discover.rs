//! `discover`: what runs here.

use muster_model::id::ServiceName;
use muster_model::request::{Discovered, Watching};
use muster_model::roster::Kind;
use serde::Serialize;
use utoipa::ToSchema;

/// All that was discovered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiscoverDocument {
    /// By name.
    pub discovered: Vec<DiscoveredDocument>,
}

/// One thing that runs here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiscoveredDocument {
    /// Its name, or the one it would have.
    pub name: ServiceName,
    /// `unit`, `run`, `process`.
    pub kind: String,
    /// What it is found by: the unit, the command, the program.
    pub target: String,
    /// The pattern that its arguments fit (`process`).
    pub args: Option<String>,
    /// The program of its main process.
    pub program: String,
    /// The command line of its main process, with secrets masked.
    pub command: Option<String>,
    /// The pack that knows it.
    pub pack: Option<String>,
    /// Its processes, the main one first.
    pub pids: Vec<i32>,
    /// Where it listens.
    pub ports: Vec<u16>,
    /// The user it runs as.
    pub user: Option<String>,
    /// Its configuration files, as patterns.
    pub config: Vec<String>,
    /// What tells whether they are valid.
    pub validate: Option<String>,
    /// Where its data is.
    pub data: Vec<String>,
    /// `declared`, `learned`, `nobody`.
    pub watched: Watching,
}

impl DiscoverDocument {
    /// The document.
    pub fn new(all: &[Discovered]) -> DiscoverDocument {
        let row = |found: &Discovered| {
            let (target, args) = match &found.service.kind {
                Kind::Unit(unit) => (unit.clone(), None),
                Kind::Run(command) => (command.clone(), None),
                Kind::Url(url) => (url.as_str().to_owned(), None),
                Kind::Own => (String::new(), None),
                Kind::Process(wanted) => (wanted.exe.clone().unwrap_or_default(), wanted.args.clone()),
            };
            DiscoveredDocument {
                name: found.service.name.clone(),
                kind: found.service.kind.code().to_owned(),
                target,
                args,
                program: found.program.clone(),
                command: found.command.clone(),
                pack: found.service.pack.clone(),
                pids: found.pids.clone(),
                ports: found.ports.clone(),
                user: found.user.clone(),
                config: found.service.config.clone(),
                validate: found.service.validate.clone(),
                data: found.service.data.clone(),
                watched: found.watched,
            }
        };
        DiscoverDocument { discovered: all.iter().map(row).collect() }
    }
}

//! `support`: what a bug report needs in one archive, with the secrets masked. What cannot be had is named, with why, and
//! holds nothing up: neither that no Muster runs, nor that the person may not read a file.

mod archive;
mod bundle;
mod machine;
mod record;

use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_model::mask::mask;
use muster_model::request::{EventQuery, IncidentQuery, Reply, Request, Status};
use muster_model::text::Text;
use muster_tell::Language;
use muster_tell::document::{EventDocument, Incidents, StatusDocument};
use serde::Serialize;
use serde_json::Value;

use self::bundle::{Bundle, Raw, why};
use crate::arguments;
use crate::context::Context;
use crate::failure::Outcome;
use crate::places;
use crate::screen;
use crate::socket::odd;

/// The newest so many events.
const EVENTS: u32 = 2_000;
/// The newest so many lines of Muster's own log.
const LOG_LINES: &str = "5000";
/// The running Muster may take so long for one answer; for verifying its record, longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const VERIFY_WITHIN: Duration = Duration::from_secs(40);

/// The document of what was gathered.
#[derive(Serialize)]
pub(crate) struct Gathered {
    /// The archive; none where it was only to be listed.
    pub(crate) file: Option<PathBuf>,
    /// Its size in bytes.
    pub(crate) bytes: Option<u64>,
    /// What is in it.
    pub(crate) parts: Vec<PartRow>,
    /// What could not be had.
    pub(crate) missing: Vec<MissingRow>,
}

/// A file in the archive.
#[derive(Serialize)]
pub(crate) struct PartRow {
    pub(crate) name: String,
    pub(crate) bytes: usize,
    pub(crate) cut: bool,
    pub(crate) what: String,
}

/// A file that could not be had.
#[derive(Serialize)]
pub(crate) struct MissingRow {
    pub(crate) name: String,
    pub(crate) what: String,
    pub(crate) why: String,
}

pub(super) fn run(context: &Context, typed: &arguments::Support) -> Outcome {
    let at = context.now();
    let bundle = gather(context);
    let mut gathered = Gathered::new(context.language, &bundle);
    if !typed.list {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let stamp: String = at.to_string().chars().take("2026-11-23T10:11:12".len()).filter(char::is_ascii_alphanumeric).collect();
        let folder = format!("muster-support-{host}-{stamp}");
        let file = typed.output.clone().unwrap_or_else(|| PathBuf::from(format!("{folder}.tar.gz")));
        let about = screen::support::readme(context.language, at, &gathered);
        let readme = [("README.txt".to_owned(), about.as_bytes())];
        let parts = bundle.parts.iter().map(|part| (part.name.clone(), part.content.as_slice()));
        let files: Vec<(String, &[u8])> = readme.into_iter().chain(parts).collect();
        gathered.bytes = Some(archive::write(&file, &folder, &files, at)?);
        gathered.file = Some(file);
    }
    if context.json { context.json(&gathered) } else { context.page(|look| screen::support::page(look, &gathered)) }
}

impl Gathered {
    fn new(language: Language, bundle: &Bundle) -> Gathered {
        let what = |text: &Text| muster_tell::say(language, text);
        let why = |all: &[Text]| mask(&all.iter().map(what).collect::<Vec<_>>().join("; "));
        Gathered {
            file: None,
            bytes: None,
            parts: bundle
                .parts
                .iter()
                .map(|part| PartRow { name: part.name.clone(), bytes: part.content.len(), cut: part.cut, what: what(&part.what) })
                .collect(),
            missing: bundle
                .missing
                .iter()
                .map(|part| MissingRow { name: part.name.clone(), what: what(&part.what), why: why(&part.why) })
                .collect(),
        }
    }
}

/// All that can be had, in the order of the archive.
fn gather(context: &Context) -> Bundle {
    let mut bundle = Bundle::new();
    bundle.add("version.json", Text::new("support-what-version"), |_| Ok(Raw::Document(version())));
    bundle.add("system.txt", Text::new("support-what-system"), |_| Ok(machine::system()));
    running(context, &mut bundle);
    bundle.add("packs.json", Text::new("support-what-packs"), |_| {
        document(&super::pack::listed(context).map_err(|e| why(context.said(&e)))?)
    });
    configuration(context, &mut bundle);
    let unit = context.agent().open().ok().and_then(|line| machine::unit_of(line.process().ok()?));
    let unit = unit.unwrap_or_else(|| "muster.service".to_owned());
    let programs: [(&str, Text, &[&str]); 4] = [
        ("unit.txt", Text::new("support-what-unit"), &["systemctl", "--no-pager", "cat", &unit]),
        ("unit-state.txt", Text::new("support-what-unit-state"), &["systemctl", "--no-pager", "show", &unit]),
        ("systemd.txt", Text::new("support-what-systemd"), &["systemctl", "--version"]),
        (
            "journal.txt",
            Text::new("support-what-journal"),
            &["journalctl", "--no-pager", "--output=short-iso-precise", "--lines", LOG_LINES, "--unit", &unit],
        ),
    ];
    for (name, what, words) in programs {
        bundle.add(name, what, |left| machine::program(words, left).map(Raw::Text));
    }
    bundle.add("processes.txt", Text::new("support-what-processes"), |_| machine::processes());
    bundle.add("data.txt", Text::new("support-what-data"), |_| machine::sizes(&context.data));
    bundle
}

fn version() -> Value {
    let program = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "optimised": !cfg!(debug_assertions),
        "target": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        "libc": if cfg!(target_env = "musl") { "musl" } else { "gnu" },
        "program": program,
    })
}

/// What the running Muster says of itself.
fn running(context: &Context, bundle: &mut Bundle) {
    let language = context.language;
    let asked = |request: &Request, within: Duration, left: Duration| -> Result<Reply, Text> {
        let answer = context.agent().open().and_then(|mut line| {
            line.wait(within.min(left))?;
            line.ask(request)
        });
        answer.map_err(|failure| why(context.said(&failure)))
    };
    let unexpected = |reply: &Reply| why(context.said(&odd(reply)));
    let mut status: Option<Status> = None;
    bundle.add("status.json", Text::new("support-what-status"), |left| match asked(&Request::Status, ANSWER_WITHIN, left)? {
        Reply::Status(answer) => document(&StatusDocument::new(language, status.insert(*answer))),
        other => Err(unexpected(&other)),
    });
    if let Some(status) = &status {
        let troubles: Vec<String> = status.troubles.iter().map(|text| muster_tell::say(language, text)).collect();
        bundle.add("troubles.txt", Text::new("support-what-troubles"), |_| Ok(Raw::Text(troubles.join("\n"))));
    }
    bundle.add("incidents.json", Text::new("support-what-incidents"), |left| {
        match asked(&Request::Incidents(IncidentQuery::default()), ANSWER_WITHIN, left)? {
            Reply::Incidents(incidents) => document(&Incidents::new(language, &incidents)),
            other => Err(unexpected(&other)),
        }
    });
    let query = EventQuery { limit: Some(EVENTS), ..EventQuery::default() };
    bundle.add("events.jsonl", Text::new("support-what-events").with("n", EVENTS), |left| {
        match asked(&Request::Events(query), ANSWER_WITHIN, left)? {
            Reply::Events(records) => {
                let lines = records.iter().map(|record| serde_json::to_value(EventDocument::new(language, record)));
                lines.collect::<Result<_, _>>().map(Raw::Lines).map_err(why)
            }
            other => Err(unexpected(&other)),
        }
    });
    // What is on disk can be read without a running Muster.
    bundle.or("events.jsonl", |left| record::newest(&context.data, EVENTS as usize, left).map(Raw::Lines));
    bundle.add("verify.json", Text::new("support-what-verify"), |left| match asked(&Request::Verify, VERIFY_WITHIN, left)? {
        Reply::Verified(verified) => document(&verified),
        other => Err(unexpected(&other)),
    });
    bundle.or("verify.json", |_| document(&record::verified(&context.data)?));
}

/// The configuration's files, as the person who asks may read them.
fn configuration(context: &Context, bundle: &mut Bundle) {
    let main = places::config_in_force(context.config.as_deref());
    let files = muster_agent::configuration_files(main.as_deref());
    if files.is_empty() {
        let none = Text::new("config-none").with("file", places::config().display());
        bundle.add("config/muster.toml", Text::new("support-what-config"), |_| Err(none));
    }
    for file in files {
        bundle.add(&format!("config{}", absolute(&file).display()), Text::new("support-what-config"), |_| {
            machine::read(&file).map(Raw::Text)
        });
    }
    bundle.add("config-check.txt", Text::new("support-what-check"), |_| {
        let checked = muster_agent::load(main.as_deref());
        let mistakes = checked
            .map_or_else(|error| context.said(&super::config::failure(error)), |config| format!("{} services", config.services.len()));
        Ok(Raw::Text(mistakes))
    });
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn document(of: &impl Serialize) -> Result<Raw, Text> {
    serde_json::to_value(of).map(Raw::Document).map_err(why)
}

//! `demo`: services are broken one after another, and what Muster saw and did is shown. Without root, without set-up, and
//! nothing needs to be installed: the services are this program's own (`sample`), on a stage of their own (`stage`).

pub(super) mod sample;
mod stage;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use muster_model::health::Health;
use muster_model::id::IncidentId;
use muster_model::incident::Incident;
use muster_model::loss::Loss;
use muster_model::request::{Record, Reply, Request};
use muster_model::time::Length;
use muster_tell::document::IncidentDocument;
use serde::Serialize;

use self::stage::{SERVICES, Stage, Watch};
use super::why;
use crate::arguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::screen::{self, Page, Style};
use crate::socket::odd;

/// The services may take this long to be there, and their settings to be known as good.
const READY_WITHIN: Length = Length::seconds(20);
/// A loss may take this long to be seen, explained and mended; after it what is known is shown.
const MENDED_WITHIN: Length = Length::seconds(15);

/// The document of a demo.
#[derive(Serialize)]
struct Shown {
    /// Where the record is.
    data: PathBuf,
    /// What was broken, and what Muster saw and did.
    incidents: Vec<IncidentDocument>,
}

/// One thing that is broken.
struct Act {
    service: &'static str,
    title: &'static str,
    /// Done by a shell in the stage's folder, as a person would; `PID` is the service's process.
    command: &'static str,
}

const ACTS: [Act; 3] = [
    Act { service: "web", title: "demo-act-kill", command: "kill -9 PID" },
    Act { service: "api", title: "demo-act-config", command: "echo workers = many >> api.conf" },
    Act { service: "queue", title: "demo-act-hang", command: "kill -STOP PID" },
];

pub(super) fn run(context: &Context, typed: &arguments::Demo) -> Outcome {
    let folder = match &typed.keep {
        Some(folder) => std::path::absolute(folder)?,
        None => tempfile::Builder::new().prefix("muster-demo-").tempdir().context("cannot create a scratch folder")?.keep(),
    };
    say(context, Style::Plain, "demo-setting", &folder)?;
    let stage = Stage::set(folder, context.language)?;
    let mut watch = stage.watch()?;
    ready(&stage, &mut watch)?;
    if !context.json {
        let status = status(&stage)?;
        context.page(|look| screen::status::services(look, &status.services))?;
    }
    let mut incidents = Vec::new();
    for act in &ACTS {
        let incident = play(context, &stage, &mut watch, act)?;
        incidents.push(incident);
    }
    let data = stage::data(&stage.strike());
    if context.json {
        let told = |incident: &Incident| IncidentDocument::new(context.language, incident);
        return context.json(&Shown { incidents: incidents.iter().flatten().map(told).collect(), data });
    }
    say(context, Style::Plain, "demo-end", &data)
}

/// Waits until all services are there, and their settings have proved good.
fn ready(stage: &Stage, watch: &mut Watch) -> Result<(), Failure> {
    let all_there = || {
        let present = status(stage)?.services.iter().all(|service| service.health == Health::Present);
        let good = kinds(stage, "config.good")?.len() >= SERVICES.len();
        Ok((present && good).then_some(()))
    };
    // What is not there by then shows as such in what follows.
    watch.until(READY_WITHIN, all_there).map(|_| ())
}

/// Breaks a service, and shows what came of it.
fn play(context: &Context, stage: &Stage, watch: &mut Watch, act: &Act) -> Result<Option<Incident>, Failure> {
    let before = latest(stage, act.service)?.map(|incident| incident.id);
    let pid = status(stage)?
        .services
        .iter()
        .find(|service| service.name.as_str() == act.service)
        .and_then(|service| service.pids.first().copied());
    let Some(pid) = pid else { return Ok(None) };
    let command = act.command.replace("PID", &pid.to_string());
    if !context.json {
        context.page(|look| screen::headline(look, act.title, act.service, &command))?;
    }
    Command::new("/bin/sh").args(["-c", &command]).current_dir(&stage.folder).status()?;
    let told = watch.until(MENDED_WITHIN, || Ok(latest(stage, act.service)?.filter(|incident| is_over(incident, before.as_ref()))))?;
    let incident = match told {
        Some(incident) => Some(incident),
        None => latest(stage, act.service)?.filter(|incident| Some(&incident.id) != before.as_ref()),
    };
    if let Some(incident) = incident.as_ref().filter(|_| !context.json) {
        let diff = incident.cause().and_then(|cause| cause.change.as_ref()).and_then(|change| why::diff(&stage.agent(), change).ok());
        context.page(|look| screen::why::page(look, incident, diff.as_ref()))?;
    }
    Ok(incident)
}

/// A new incident that is explained and mended. A danger that was seen before the loss has an incident of its own.
fn is_over(incident: &Incident, before: Option<&IncidentId>) -> bool {
    Some(&incident.id) != before && incident.loss != Loss::CannotRestart && !incident.state.is_open() && incident.settled_at.is_some()
}

fn latest(stage: &Stage, service: &str) -> Result<Option<Incident>, Failure> {
    why::ask(&stage.agent(), service)
}

fn status(stage: &Stage) -> Result<muster_model::request::Status, Failure> {
    match stage.agent().ask(&Request::Status)? {
        Reply::Status(status) => Ok(*status),
        other => Err(odd(&other)),
    }
}

fn kinds(stage: &Stage, kind: &str) -> Result<Vec<Record>, Failure> {
    let query = muster_model::request::EventQuery { kind: Some(kind.to_owned()), ..Default::default() };
    match stage.agent().ask(&Request::Events(query))? {
        Reply::Events(records) => Ok(records),
        other => Err(odd(&other)),
    }
}

/// A sentence about a folder, for people only.
fn say(context: &Context, style: Style, key: &'static str, folder: &Path) -> Outcome {
    if context.json {
        return Ok(crate::failure::DONE);
    }
    context.page(|look| Page::of_styled(look, &muster_tell::say_key(look.language, key, &[("folder", &folder.display())]), style))
}

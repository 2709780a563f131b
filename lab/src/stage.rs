//! A scenario on stage: its box, its services, Muster among them, and the hands that do something.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use muster_model::time::{Length, Time};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::clock::{Deadline, look_until, now};
use crate::document::{Event, Events, Incident, Incidents, Status};
use crate::roll_call;
use crate::scenario::{Cast, Deed, Scenario};
use crate::score::{Seen, Verdicts};
use crate::systemd_box::{Said, SystemdBox, finish};

const MUSTER_UNIT: &str = include_str!("../../packaging/muster.service");
const MUSTER: &str = "/usr/bin/muster --config /etc/muster/muster.toml --data /var/lib/muster";

/// One command of a scenario; a start that waits for its time limit is among them.
const DEED_WITHIN: Length = Length::seconds(60);
const ASK_WITHIN: Length = Length::seconds(15);
/// The promise: what runs is known a minute after the start.
const LEARN_WITHIN: Length = Length::seconds(60);
const STEADY_WITHIN: Length = Length::seconds(90);
/// Between two looks at what gives no sign.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A scenario on stage.
pub(crate) struct Stage<'a> {
    place: SystemdBox,
    scenario: &'a Scenario,
    cast: Cast,
    /// What goes on beside the rest, each with the keyboard it reads from.
    background: Vec<(Child, ChildStdin)>,
}

/// How things were before the fault.
#[derive(Debug)]
pub(crate) struct Before {
    runs: BTreeMap<String, String>,
    files: BTreeMap<String, Vec<u8>>,
}

impl<'a> Stage<'a> {
    /// Boots the box and sets the scenario up in it, without Muster.
    pub(crate) fn set(root: &Path, scenario: &'a Scenario) -> Result<Stage<'a>> {
        let stage = Stage { place: SystemdBox::boot(root)?, scenario, cast: scenario.cast()?, background: Vec::new() };
        stage.place.write("/etc/muster/muster.toml", scenario.roster.as_bytes())?;
        for (path, content) in &scenario.files {
            stage.place.write(path, content.as_bytes())?;
        }
        for line in &scenario.setup {
            stage.sh(line)?.ok().with_context(|| format!("setting up failed: {line}"))?;
        }
        Ok(stage)
    }

    /// Starts Muster as a service of the box, and waits until every service of the roster is steady.
    pub(crate) fn start_muster(&self, program: &Path) -> Result<()> {
        self.place.install(program, "/usr/bin/muster")?;
        self.place.write("/etc/systemd/system/muster.service", MUSTER_UNIT.as_bytes())?;
        let started = self.sh("systemctl daemon-reload && systemctl enable --now --quiet muster.service")?.ok();
        started.with_context(|| format!("muster.service does not start:\n{}", self.journal("muster.service")))?;
        self.wait(LEARN_WITHIN, roll_call::not_learned)?;
        self.wait(STEADY_WITHIN, roll_call::not_steady)?;
        let incidents = self.incidents()?;
        let names: Vec<_> = incidents.iter().map(|i| format!("{} {}", i.service, i.loss)).collect();
        ensure!(names.is_empty(), "before the fault there are incidents: {}", names.join(", "));
        Ok(())
    }

    /// Waits until the roll call lacks nothing.
    fn wait(&self, within: Length, lacks: fn(&Cast, &Status) -> Vec<String>) -> Result<()> {
        let mut last = String::new();
        let complete = look_until(Deadline::after(within), LOOK_EVERY, || match self.status() {
            Ok(status) => {
                last = lacks(&self.cast, &status).join(", ");
                last.is_empty().then_some(())
            }
            Err(e) => {
                last = format!("{e:#}");
                None
            }
        });
        complete.with_context(|| format!("before the fault, after {within}: {last}"))
    }

    /// Takes down what must be as it is now.
    pub(crate) fn before(&self) -> Result<Before> {
        let read = |path: &String| {
            let content = fs::read(self.place.path(path)).with_context(|| format!("cannot read {path} in the box"))?;
            Ok((path.clone(), content))
        };
        Ok(Before { runs: self.runs()?, files: self.scenario.restored.iter().map(read).collect::<Result<_>>()? })
    }

    /// What tells one run of each unit from the next.
    fn runs(&self) -> Result<BTreeMap<String, String>> {
        let identity = |(name, unit): (&String, &Option<String>)| {
            let unit = unit.as_ref()?;
            let line = format!("systemctl show --value -p InvocationID,MainPID,NRestarts {unit}");
            let run = self.sh(&line).and_then(Said::ok).map(|out| out.split_whitespace().collect::<Vec<_>>().join(" "));
            Some(run.map(|run| (name.clone(), run)))
        };
        self.cast.services.iter().filter_map(identity).collect()
    }

    /// Does one thing by somebody's hand. Events are waited for that are newer than `since`.
    pub(crate) fn act(&mut self, deed: &Deed, since: Time) -> Result<()> {
        if let Some(kind) = &deed.on_event {
            // Not a pipe: the shell would wait for the follower, which ends only when it has something else to say.
            let line = format!("read -r _ < <({MUSTER} --json events --follow --since {since} --kind {kind})");
            self.sh(&line)?.ok().with_context(|| format!("waiting for an event {kind}"))?;
        }
        if let Some(until) = &deed.until {
            look_until(Deadline::after(DEED_WITHIN), LOOK_EVERY, || self.sh(until).and_then(Said::ok).ok())
                .with_context(|| format!("after {DEED_WITHIN} it was not so: {until}"))?;
        }
        let Some(line) = &deed.run else { return Ok(()) };
        let (mut command, typed) = deed.hand.take(&self.place, line);
        if deed.background {
            let quiet = || Stdio::null();
            let mut child = command.stdin(Stdio::piped()).stdout(quiet()).stderr(quiet()).spawn().context("cannot run nsenter")?;
            let mut keyboard = child.stdin.take().context("no keyboard")?;
            keyboard.write_all(typed.as_bytes())?;
            self.background.push((child, keyboard));
            return Ok(());
        }
        let said = finish(command, &typed, DEED_WITHIN).with_context(|| line.clone())?;
        if !deed.may_fail {
            let words = format!("{line}: {}: {} {}", said.status, said.out.trim(), said.err.trim());
            ensure!(said.status.success(), words);
        }
        Ok(())
    }

    /// Looks at all that is judged, except the checks.
    pub(crate) fn look(&self, before: &Before) -> Result<Seen> {
        let incidents = self.incidents()?;
        let now = self.runs()?;
        let runs = before.runs.iter().map(|(name, run)| (name.clone(), (run.clone(), now.get(name).cloned().unwrap_or_default())));
        let verdicts = verdicts(&incidents, &self.events("verdict")?);
        Ok(Seen { status: self.status()?, runs: runs.collect(), altered: Vec::new(), failed: Vec::new(), verdicts, incidents })
    }

    /// Adds to what was seen which files are not as before, and which checks fail.
    pub(crate) fn check(&self, before: &Before, seen: &mut Seen) -> Result<()> {
        let same = |path: &str, content: &[u8]| fs::read(self.place.path(path)).is_ok_and(|now| now == content);
        seen.altered = before.files.iter().filter(|(path, content)| !same(path, content)).map(|(path, _)| path.clone()).collect();
        for line in self.scenario.checks(&self.cast) {
            if let Err(e) = self.sh(line)?.ok() {
                seen.failed.push((line.to_owned(), e.to_string()));
            }
        }
        Ok(())
    }

    /// Keeps what tells why a scenario failed.
    pub(crate) fn keep(&self, dir: &Path) -> Result<()> {
        if dir.exists() {
            fs::remove_dir_all(dir)?;
        }
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let documents = self.ask_value("incidents").map(|v| format!("{v:#}")).unwrap_or_else(|e| format!("{e:#}"));
        fs::write(dir.join("incidents.json"), documents)?;
        let said = |line: &str| self.sh(line).map(|s| s.out + &s.err).unwrap_or_else(|e| format!("{e:#}"));
        fs::write(dir.join("muster.log"), self.journal("muster.service"))?;
        fs::write(dir.join("journal.log"), said("journalctl --no-pager --output=short-precise"))?;
        fs::write(dir.join("status.json"), said(&format!("{MUSTER} --json status")))?;
        fs::write(dir.join("events.json"), said(&format!("{MUSTER} --json events")))?;
        let ids = self.listed().unwrap_or_default();
        for id in ids {
            fs::write(dir.join(format!("incident-{id}.json")), said(&format!("{MUSTER} --json incident {id}")))?;
            fs::write(dir.join(format!("incident-{id}.txt")), said(&format!("{MUSTER} why {id}")))?;
        }
        Ok(())
    }

    /// How systemd sees the units of the roster, for `lab try`.
    pub(crate) fn units(&self) -> Result<String> {
        let units: Vec<&str> = self.cast.services.values().flatten().map(String::as_str).collect();
        if units.is_empty() {
            return Ok("no units in the roster\n".to_owned());
        }
        let columns = "Id,ActiveState,SubState,Result,MainPID,NRestarts,UnitFileState";
        self.sh(&format!("for u in {}; do systemctl show --value -p {columns} $u | paste -sd ' '; done", units.join(" ")))?.ok()
    }

    /// Runs the checks one by one, for `lab try`: each line with what it said.
    pub(crate) fn checks(&self) -> Result<Vec<(String, String)>> {
        let said = |line: &str| Ok((line.to_owned(), self.sh(line)?.ok().map_or_else(|e| e.to_string(), |_| "ok".to_owned())));
        self.scenario.checks(&self.cast).into_iter().map(said).collect()
    }

    /// The end of the box's journal, for `lab try`.
    pub(crate) fn tail(&self, since: Time) -> Result<String> {
        self.sh(&format!("journalctl --no-pager --output=short-precise --since=@{}", since.0 / 1_000_000_000))?.ok()
    }

    fn journal(&self, unit: &str) -> String {
        self.sh(&format!("journalctl --no-pager --output=short-precise -u {unit}")).map(|s| s.out).unwrap_or_default()
    }

    fn sh(&self, line: &str) -> Result<Said> {
        self.place.sh(line, DEED_WITHIN)
    }

    fn status(&self) -> Result<Status> {
        self.ask("status")
    }

    fn listed(&self) -> Result<Vec<String>> {
        Ok(self.ask::<Incidents>("incidents")?.incidents.into_iter().map(|i| i.id).collect())
    }

    /// Every incident with all that is known of it, oldest first.
    fn incidents(&self) -> Result<Vec<Incident>> {
        let read = |id: String| Incident::read(self.ask_value(&format!("incident {id}"))?);
        let mut incidents = self.listed()?.into_iter().map(read).collect::<Result<Vec<_>>>()?;
        incidents.sort_by_key(|i| i.detected_at);
        Ok(incidents)
    }

    fn events(&self, kind: &str) -> Result<Vec<Event>> {
        Ok(self.ask::<Events>(&format!("events --kind {kind}"))?.events)
    }

    fn ask<T: DeserializeOwned>(&self, what: &str) -> Result<T> {
        serde_json::from_value(self.ask_value(what)?).with_context(|| format!("`muster --json {what}` is not as the contract has it"))
    }

    fn ask_value(&self, what: &str) -> Result<Value> {
        let said = self.place.sh(&format!("{MUSTER} --json {what}"), ASK_WITHIN)?;
        match serde_json::from_str(&said.out) {
            Ok(value) if said.status.success() => Ok(value),
            Ok(_) | Err(_) => bail!("`muster --json {what}` ended with {}: {} {}", said.status, said.out.trim(), said.err.trim()),
        }
    }

    /// The moment from which events count as new.
    pub(crate) fn moment() -> Time {
        now()
    }
}

/// How long after its detection the first verdict on each incident came, and the first that was settled.
fn verdicts(incidents: &[Incident], events: &[Event]) -> BTreeMap<String, Verdicts> {
    let of = |incident: &Incident| {
        let own = || events.iter().filter(|e| e.kind == "verdict" && e.subject == incident.id);
        let ms = |event: Option<&Event>| event.map(|e| e.at.since(incident.detected_at).as_ms());
        let settled = |e: &&Event| e.body.get("settled").and_then(Value::as_bool) == Some(true);
        (incident.id.clone(), Verdicts { first_ms: ms(own().next()), settled_ms: ms(own().find(settled)) })
    };
    incidents.iter().map(of).collect()
}

//! `systemctl show` at a pace: the rung where no D-Bus connection can be had, such as for want of rights.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use muster_model::observation::UnitState;
use tokio::process::Command;
use tokio::sync::mpsc;

use super::read::{self, General, Properties, Shown};
use super::roll::{Roll, Seen};
use super::{End, Error, RUNNING_MAX, Running, Wish};

pub(super) const NAME: &str = "systemctl";
/// The pace for few units. Many are asked about in groups, one group a second, so that the cost stays the same.
const EVERY: Duration = Duration::from_secs(1);
/// Units in one question.
const UNITS_AT_ONCE: usize = 50;
/// How long one run of `systemctl` may take.
const RUN_WITHIN: Duration = Duration::from_secs(5);
const SHOWN: &str = "--property=Id,LoadState,ActiveState,SubState,UnitFileState,MainPID,Result,ExecMainCode,ExecMainStatus,\
                          ExecMainExitTimestamp,NRestarts,Restart,RestartUSec,StateChangeTimestamp,Job,TriggeredBy";

/// A `systemctl` that works here.
pub(super) struct Systemctl {
    program: PathBuf,
    /// `--timestamp=us+utc`, which systemd before 247 does not know; times are whole seconds there.
    fine: bool,
}

impl Systemctl {
    /// Tries it.
    pub(super) async fn open(program: &Path) -> Result<Systemctl, String> {
        let mut systemctl = Systemctl { program: program.to_owned(), fine: true };
        let said = systemctl.run(&["show", "--property=Version"]).await;
        if said.as_ref().is_err_and(|e| e.contains("timestamp")) {
            systemctl.fine = false;
            return systemctl.run(&["show", "--property=Version"]).await.map(|_| systemctl);
        }
        said.map(|_| systemctl)
    }

    /// Tells every change that it finds, until the handle is dropped, `systemctl` fails, or `delay` is over.
    pub(super) async fn follow(&mut self, roll: &mut Roll, wishes: &mut mpsc::Receiver<Wish>, delay: Duration) -> End {
        let mut retry = tokio::time::interval(delay);
        let mut pace = tokio::time::interval(EVERY);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        retry.reset();
        let mut next = 0;
        loop {
            roll.beat();
            tokio::select! {
                wish = wishes.recv() => match wish {
                    Some(Wish::Watch(units)) => {
                        roll.replace(units);
                        (next, _) = (0, pace.reset_immediately());
                    }
                    Some(Wish::State(unit, answer)) => drop(answer.try_send(self.state(unit).await)),
                    Some(Wish::Running(but, answer)) => drop(answer.try_send(self.running(&but).await)),
                    None => return End::Dropped,
                },
                _ = pace.tick() => {
                    let units: Vec<String> = roll.units().skip(next).take(UNITS_AT_ONCE).cloned().collect();
                    match self.show(&units).await {
                        // What finds no room is seen again at the next turn.
                        Ok(all) => for seen in all { let _ = roll.see(&seen.state.unit, &seen, NAME); },
                        Err(e) => return End::Lost(e),
                    }
                    next = if units.len() < UNITS_AT_ONCE { 0 } else { next + UNITS_AT_ONCE };
                },
                _ = retry.tick() => return End::Retry,
            }
        }
    }

    async fn running(&self, but: &BTreeSet<String>) -> Result<Vec<Running>, Error> {
        let refused = |why| Error::Refused { unit: "*.service".to_owned(), why };
        let all =
            self.run(&["list-units", "--type=service", "--state=running", "--plain", "--full", "--no-legend"]).await.map_err(refused)?;
        let units: Vec<String> = all
            .lines()
            .filter_map(|l| Some(l.split_whitespace().next()?.to_owned()))
            .filter(|u| !but.contains(u))
            .take(RUNNING_MAX)
            .collect();
        let seen = self.show(&units).await.map_err(refused)?;
        Ok(seen.into_iter().map(|s| Running { unit: s.state.unit, file: s.state.file, main: s.state.main }).collect())
    }

    async fn state(&self, unit: String) -> Result<Option<UnitState>, Error> {
        match self.show(std::slice::from_ref(&unit)).await {
            Ok(mut all) => Ok(all.pop().map(|seen| seen.state).filter(|s| s.load != "not-found")),
            Err(why) => Err(Error::Refused { unit, why }),
        }
    }

    /// The states of these units, in their order.
    async fn show(&self, units: &[String]) -> Result<Vec<Seen>, String> {
        if units.is_empty() {
            return Ok(Vec::new());
        }
        let mut arguments = vec!["show", SHOWN, "--"];
        arguments.extend(units.iter().map(String::as_str));
        let shown = self.run(&arguments).await?;
        let jobs = match blocks(&shown).any(|b| b.get("Job").is_some_and(|job| !job.is_empty() && *job != "0")) {
            true => self.run(&["list-jobs", "--no-legend", "--plain"]).await?,
            false => String::new(),
        };
        let blocks: Vec<BTreeMap<&str, &str>> = blocks(&shown).collect();
        let resting = blocks.iter().filter(|b| b.get("ActiveState") == Some(&"inactive"));
        let waiting = self.active(resting.filter_map(|b| b.get("TriggeredBy")).flat_map(|by| sockets(by)).collect()).await?;
        Ok(read_shown(units, &shown, &jobs, &waiting))
    }

    /// Which of these units are active.
    async fn active(&self, units: BTreeSet<&str>) -> Result<BTreeSet<String>, String> {
        if units.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut arguments = vec!["show", "--property=Id,ActiveState", "--"];
        arguments.extend(units);
        let shown = self.run(&arguments).await?;
        let active = shown.split("\n\n").filter(|block| block.lines().any(|l| l == "ActiveState=active"));
        Ok(active.filter_map(|block| block.lines().find_map(|l| l.strip_prefix("Id="))).map(str::to_owned).collect())
    }

    /// Runs it with these arguments and returns what it prints.
    async fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        command.arg("--no-pager").args(self.fine.then_some("--timestamp=us+utc")).args(arguments);
        command.env("TZ", "UTC").env("LC_ALL", "C").stdin(Stdio::null()).kill_on_drop(true);
        let program = self.program.display();
        match tokio::time::timeout(RUN_WITHIN, command.output()).await {
            Ok(Ok(Output { status, stdout, .. })) if status.success() => Ok(String::from_utf8_lossy(&stdout).into_owned()),
            Ok(Ok(Output { status, stderr, .. })) => {
                let said = String::from_utf8_lossy(&stderr);
                let first = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
                Err(format!("{program}: {status}: {first}"))
            }
            Ok(Err(e)) => Err(format!("{program}: {e}")),
            Err(_) => Err(format!("{program}: no answer within {} s", RUN_WITHIN.as_secs())),
        }
    }
}

/// The sockets among the units that start one.
fn sockets(triggered_by: &str) -> impl Iterator<Item = &str> {
    triggered_by.split_whitespace().filter(|unit| unit.ends_with(".socket"))
}

/// What `systemctl show` prints of these units, in their order, what `systemctl list-jobs` prints, and which sockets wait.
pub(super) fn read_shown(units: &[String], shown: &str, jobs: &str, waiting: &BTreeSet<String>) -> Vec<Seen> {
    // `123 nginx.service start running`
    let jobs: BTreeMap<&str, &str> = jobs.lines().filter_map(|l| l.split_whitespace().nth(1).zip(l.split_whitespace().nth(2))).collect();
    let seen = |(unit, block): (&String, BTreeMap<&str, &str>)| {
        let job = block.get("Id").and_then(|id| jobs.get(id)).map(|&kind| kind.to_owned());
        let shown = Shown(block);
        let [load, active, sub, file] = ["LoadState", "ActiveState", "SubState", "UnitFileState"].map(|name| shown.text(name));
        let mut general = General { load, active, sub, job, file, on_demand: false };
        general.on_demand = general.rests() && sockets(&shown.text("TriggeredBy")).any(|socket| waiting.contains(socket));
        read::seen(unit, general, &shown)
    };
    units.iter().zip(blocks(shown)).map(seen).collect()
}

/// The properties of each unit.
fn blocks(shown: &str) -> impl Iterator<Item = BTreeMap<&str, &str>> {
    shown.split("\n\n").map(|block| block.lines().filter_map(|line| line.split_once('=')).collect())
}

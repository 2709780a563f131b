//! The guardians that are compared, and how each is made to keep a number of victims.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use muster_model::time::Length;
use rustix::process::Pid;
use serde_json::Value;

use super::Programs;
use super::victims::{SOCKET, Victims};
use crate::clock::{Deadline, look_until};
use crate::systemd_box::SystemdBox;

/// A thousand units take about eight seconds, a thousand processes of Muster's own less.
const STARTED_WITHIN: Length = Length::seconds(180);
const COMMAND_WITHIN: Length = Length::seconds(120);
pub(super) const MUSTER_UNIT: &str = include_str!("../../../packaging/muster.service");
pub(super) const MUSTER: &str = "/usr/bin/muster --config /etc/muster/muster.toml --data /var/lib/muster";

/// The blast-radius limits are as wide as they go: here, every loss is meant.
const MUSTER_LIMITS: &str = "[muster]\nsteady = \"1s\"\nat_once = 64\nsteps_an_hour = 10000\n";

/// Who keeps the victims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Guardian {
    /// Muster, as its own children (`run`).
    MusterRun,
    /// systemd with RestartSec=0, and Muster watching the units.
    MusterUnit,
    /// systemd alone, with RestartSec=0.
    Systemd,
    /// runsvdir with a runsv for each.
    Runit,
    /// monit, looking every second.
    Monit,
}

impl Guardian {
    pub(super) fn name(self) -> &'static str {
        match self {
            Guardian::MusterRun => "Muster, `run`",
            Guardian::MusterUnit => "Muster, `unit` (systemd restarts, RestartSec=0)",
            Guardian::Systemd => "systemd alone, RestartSec=0",
            Guardian::Runit => "runit",
            Guardian::Monit => "monit, every 1 s",
        }
    }

    pub(super) fn is_muster(self) -> bool {
        matches!(self, Guardian::MusterRun | Guardian::MusterUnit)
    }

    /// The names of its own processes (`/proc/PID/comm`); what it keeps is not among them.
    fn own(self) -> &'static [&'static str] {
        match self {
            Guardian::MusterRun | Guardian::MusterUnit => &["muster"],
            Guardian::Systemd => &["systemd"],
            Guardian::Runit => &["runsvdir", "runsv"],
            Guardian::Monit => &["monit"],
        }
    }

    /// Its processes in the box, as seen from here.
    pub(super) fn processes(self, place: &SystemdBox) -> Result<Vec<Pid>> {
        if self == Guardian::Systemd {
            return Ok(vec![place.init()]);
        }
        processes_named(place, self.own())
    }

    /// Has it keep `number` victims in the box, and waits until all are there and it says that it watches them.
    pub(super) fn keep(self, place: &SystemdBox, number: usize, programs: &Programs) -> Result<Victims> {
        let mut victims = Victims::listen(place, &programs.victim)?;
        let names: Vec<String> = (1..=number).map(|n| format!("v{n:04}")).collect();
        match self {
            Guardian::MusterRun => {
                let row = |name: &String| format!("\n[[service]]\nname = \"{name}\"\nrun = \"/usr/bin/victim {SOCKET} {name}\"\n");
                start_muster(place, &programs.muster, names.iter().map(row).collect())?;
            }
            Guardian::MusterUnit => {
                start_units(place, &names)?;
                let row = |name: &String| format!("\n[[service]]\nname = \"{name}\"\nunit = \"victim@{name}.service\"\n");
                start_muster(place, &programs.muster, names.iter().map(row).collect())?;
            }
            Guardian::Systemd => start_units(place, &names)?,
            Guardian::Runit => start_runit(place, &names)?,
            Guardian::Monit => start_monit(place, &names)?,
        }
        victims.wait_for(number, STARTED_WITHIN)?;
        if self.is_muster() {
            wait_until_watched(place, number)?;
        }
        Ok(victims)
    }
}

/// The processes in the box with one of these names, as seen from here.
pub(super) fn processes_named(place: &SystemdBox, names: &[&str]) -> Result<Vec<Pid>> {
    let namespace = |pid: Pid| fs::read_link(format!("/proc/{}/ns/pid", pid.as_raw_nonzero())).ok();
    let home = namespace(place.init());
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot read /proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()).and_then(Pid::from_raw) else { continue };
        let Ok(comm) = fs::read_to_string(entry.path().join("comm")) else { continue };
        if names.contains(&comm.trim()) && namespace(pid) == home {
            found.push(pid);
        }
    }
    Ok(found)
}

/// Runs a line of shell in the box.
pub(super) fn sh(place: &SystemdBox, line: &str) -> Result<String> {
    place.sh(line, COMMAND_WITHIN)?.ok().with_context(|| line.chars().take(200).collect::<String>())
}

fn start_muster(place: &SystemdBox, program: &Path, services: String) -> Result<()> {
    place.install(program, "/usr/bin/muster")?;
    place.write("/etc/muster/muster.toml", format!("{MUSTER_LIMITS}{services}").as_bytes())?;
    place.write("/etc/systemd/system/muster.service", MUSTER_UNIT.as_bytes())?;
    sh(place, "systemctl daemon-reload && systemctl start muster").map(|_| ())
}

/// Muster watches a service when the roll call has it as present.
fn wait_until_watched(place: &SystemdBox, number: usize) -> Result<()> {
    let mut there = 0;
    let look = || {
        let said = place.sh(&format!("{MUSTER} --json status"), COMMAND_WITHIN).ok()?;
        let status: Value = serde_json::from_str(&said.out).ok()?;
        there = status.get("services")?.as_array()?.iter().filter(|s| s.get("health").and_then(Value::as_str) == Some("present")).count();
        (there >= number).then_some(())
    };
    look_until(Deadline::after(STARTED_WITHIN), std::time::Duration::from_millis(500), look)
        .with_context(|| format!("Muster has {there} of {number} services as present"))
}

fn start_units(place: &SystemdBox, names: &[String]) -> Result<()> {
    let unit = format!(
        "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/usr/bin/victim {SOCKET} %i\nRestart=always\nRestartSec=0\n\
         [Install]\nWantedBy=multi-user.target\n"
    );
    place.write("/etc/systemd/system/victim@.service", unit.as_bytes())?;
    let units: Vec<String> = names.iter().map(|name| format!("victim@{name}.service")).collect();
    sh(place, "systemctl daemon-reload")?;
    // Enabled by hand: `systemctl enable` of a thousand instances would reload the manager for each.
    let wants = "/etc/systemd/system/multi-user.target.wants";
    sh(place, &format!("cd {wants} && for u in {}; do ln -s ../victim@.service $u; done; systemctl daemon-reload", units.join(" ")))?;
    sh(place, &format!("systemctl start {}", units.join(" "))).map(|_| ())
}

fn start_runit(place: &SystemdBox, names: &[String]) -> Result<()> {
    for name in names {
        place.write(&format!("/run/sv/{name}/run"), format!("#!/bin/sh\nexec /usr/bin/victim {SOCKET} {name}\n").as_bytes())?;
    }
    sh(place, "systemd-run --quiet --unit=peer runsvdir -P /run/sv").map(|_| ())
}

fn start_monit(place: &SystemdBox, names: &[String]) -> Result<()> {
    let mut rules = "set daemon 1\nset logfile /run/monit.log\nset pidfile /run/monit.pid\nset statefile /run/monit.state\n".to_owned();
    for name in names {
        place.write(
            &format!("/run/start/{name}"),
            format!("#!/bin/sh\n/usr/bin/victim {SOCKET} {name} </dev/null >/dev/null 2>&1 &\necho $! > /run/{name}.pid\n").as_bytes(),
        )?;
        let _ = writeln!(rules, "check process {name} with pidfile /run/{name}.pid\n  start program = \"/run/start/{name}\"");
    }
    place.write("/run/monitrc", rules.as_bytes())?;
    sh(place, "chmod 600 /run/monitrc && systemd-run --quiet --unit=peer monit -I -c /run/monitrc").map(|_| ())
}

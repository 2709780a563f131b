//! The machine on which Muster is installed: asked by commands, as its administrator would.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use muster_model::time::Length;
use serde_json::Value;

use crate::clock::{Deadline, look_until};
use crate::systemd_box::{Said, SystemdBox};

/// One command; starting Muster and dpkg are among them.
const WITHIN: Length = Length::seconds(120);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Everything that an installation could leave behind, one line each: paths with type, mode, owner and where they lead to;
/// the contents of /etc; what systemd has to do with Muster. Left out is what other programs write while they run, and the
/// copies (`passwd-`) that the programs for users make of what they alter.
const LIKENESS: &str = r#"
find / -xdev \( -path /root -o -path /var/log -o -path /var/lib/redis -o -path /var/lib/postgresql -o -path /var/lib/systemd/timers \
  -o -path /var/lib/nginx -o -path /var/backups \) -prune -o ! -path '/etc/*-' ! -path '/var/lib/dpkg/*-old' ! -path '/var/lib/dpkg/triggers/*' \
  ! -path /var/lib/systemd/random-seed -printf '%p %y %m %u %g %l\n'
find /etc -xdev -type f ! -name '*-' -exec md5sum {} +
systemctl list-unit-files --no-legend 'muster*'
systemctl list-units --all --no-legend 'muster*'
getent passwd
getent group
"#;

/// The machine.
pub(super) struct Machine {
    pub(super) place: SystemdBox,
}

impl Machine {
    /// Runs a line of shell and gives what it printed; it must succeed.
    pub(super) fn run(&self, line: &str) -> Result<String> {
        self.try_run(line)?.ok().with_context(|| line.to_owned())
    }

    /// Runs a line of shell.
    pub(super) fn try_run(&self, line: &str) -> Result<Said> {
        self.place.sh(line, WITHIN)
    }

    /// Runs a line that must fail with this exit code, and gives all that it said.
    pub(super) fn refused(&self, line: &str, code: i32) -> Result<String> {
        let said = self.try_run(line)?;
        let words = said.out + &said.err;
        ensure!(said.status.code() == Some(code), "{line}: {}, not {code}: {words}", said.status);
        Ok(words)
    }

    /// Puts a file of this machine into the box.
    pub(super) fn copy(&self, from: &Path, to: &str) -> Result<()> {
        self.place.install(from, to)
    }

    /// What `muster` answers in JSON.
    pub(super) fn ask(&self, what: &str) -> Result<Value> {
        let said = self.run(&format!("muster --json {what}"))?;
        serde_json::from_str(&said).with_context(|| format!("`muster --json {what}` said {said}"))
    }

    /// Looks until there is something; fails with what was last seen.
    pub(super) fn until<T>(&self, what: &str, look: impl Fn() -> Result<T>) -> Result<T> {
        let mut last = None;
        let found = look_until(Deadline::after(WITHIN), LOOK_EVERY, || look().map_err(|error| last = Some(error)).ok());
        match (found, last) {
            (Some(found), _) => Ok(found),
            (None, Some(last)) => Err(last.context(format!("after {WITHIN} it was not so: {what}"))),
            (None, None) => Err(anyhow::anyhow!("{what}: nobody looked")),
        }
    }

    /// Waits until these services, and no others, are watched and there.
    pub(super) fn present(&self, names: &[&str]) -> Result<()> {
        self.until(&format!("{names:?} are there"), || {
            let status = self.ask("status")?;
            let rows = status["services"].as_array().context("no services")?;
            let there: Vec<&str> = rows.iter().filter(|row| row["health"] == "present").filter_map(|row| row["name"].as_str()).collect();
            ensure!(there == names && rows.len() == names.len(), "{}", status["services"]);
            Ok(())
        })
    }

    /// The process of a service.
    pub(super) fn pid(&self, service: &str) -> Result<i64> {
        self.ask(&format!("status {service}"))?["services"][0]["pids"][0].as_i64().with_context(|| format!("{service} has no process"))
    }

    /// Muster's own process.
    pub(super) fn muster_pid(&self) -> Result<String> {
        self.run("systemctl show --value -p MainPID muster.service")
    }

    /// Kills a unit's main process after `first`, and waits until it is back since then; gives the incident and its loss.
    /// A loss soon after another is told as the same incident.
    pub(super) fn killed(&self, unit: &str, service: &str, first: &str, then: impl FnOnce() -> Result<()>) -> Result<(String, String)> {
        let since = self.run(&format!("{first} && date -u +%FT%T.%NZ && kill -9 $(systemctl show --value -p MainPID {unit})"))?;
        then()?;
        self.until(&format!("{service} was lost and is back"), || {
            let all = self.ask("incidents")?;
            let text = |incident: &Value, key: &str| incident[key].as_str().unwrap_or_default().to_owned();
            let mut own = all["incidents"].as_array().context("no incidents")?.iter().filter(|i| text(i, "service") == service);
            let back = own.find(|i| text(i, "recovered_at").as_str() > since.trim());
            let back = back.with_context(|| format!("since {}: {all}", since.trim()))?;
            Ok((text(back, "id"), text(back, "loss")))
        })
    }

    /// What the machine is like, by lines.
    pub(super) fn likeness(&self) -> Result<BTreeSet<String>> {
        Ok(self.run(LIKENESS)?.lines().map(str::to_owned).collect())
    }

    /// Fails unless the machine is as it was.
    pub(super) fn is_as(&self, before: &BTreeSet<String>) -> Result<()> {
        let now = self.likeness()?;
        let more: Vec<&String> = now.difference(before).collect();
        let less: Vec<&String> = before.difference(&now).collect();
        ensure!(more.is_empty() && less.is_empty(), "the machine is not as it was: more {more:#?}, less {less:#?}");
        Ok(())
    }

    /// The end of what Muster said.
    pub(super) fn journal(&self) -> String {
        self.try_run("journalctl --no-pager -n 40 -u muster.service").map(|said| said.out).unwrap_or_default()
    }
}

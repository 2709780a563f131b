//! What Muster altered in the kernel's auditing, and putting it back.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::{FlockOperation, flock};

use super::Error;
use super::netlink::{Control, Status};
use super::owner::{Before, Owner};
use super::rule::{self, Rule};
use crate::proc;

/// Held while one of several Musters comes or goes, since the switch and the rules cannot be altered at once.
const LOCK: &str = "/run/muster-audit.lock";
/// So many records may wait for the kernel's thread while Muster has auditing switched on.
const BACKLOG_LIMIT: u32 = 4096;
/// `audit_failure` is set to panic.
const PANIC: u32 = 2;
/// `audit_enabled` cannot be altered any more.
const LOCKED: u32 = 2;

/// The rules that were added, and the switch.
pub(super) struct Claim {
    pub(super) control: Control,
    pub(super) owner: Owner,
    architecture: u32,
    rules: Vec<Rule>,
}

impl Claim {
    /// Clears away what a killed Muster has left, and sees to it that auditing is on.
    pub(super) fn make(mut control: Control, purpose: &str, architecture: u32) -> Result<Claim, Error> {
        let lock = lock();
        let status = control.status().map_err(Error::Control)?;
        if status.enabled >= LOCKED {
            return Err(Error::Locked);
        }
        if status.failure == PANIC {
            return Err(Error::Panics);
        }
        let us = proc::process_key(std::process::id().cast_signed()).ok_or(Error::OtherNamespace)?;
        let mut owner = Owner::new(purpose, us);
        let listed = control.rules().map_err(Error::Control)?;
        if listed.iter().any(|listed| rule::keeps_all_out(listed)) {
            return Err(Error::NeverTask);
        }
        if status.enabled == 0 && status.daemon != 0 {
            return Err(Error::SwitchedOff(status.daemon));
        }
        for listed in &listed {
            let Some(other) = rule::key(listed).as_deref().and_then(Owner::parse) else { continue };
            // Whoever switched auditing on, the last to go switches it off.
            owner.before = owner.before.or(other.before);
            if !other.lives() {
                control.delete(listed).map_err(Error::Control)?;
            }
        }
        if status.enabled == 0 {
            owner.before = owner.before.or(Some(Before::from(status)));
        }
        let mut claim = Claim { control, owner, architecture, rules: Vec::new() };
        claim.take_effect(status).map_err(|error| {
            drop(lock); // `claim` takes it again to put back what was altered
            Error::Control(error)
        })?;
        Ok(claim)
    }

    /// The marker first: what is to be put back is on record before it is altered.
    fn take_effect(&mut self, status: Status) -> io::Result<()> {
        self.add(Rule::marker())?;
        if status.enabled == 0 {
            // A record that has no room is lost; no process is held up for it.
            self.control.set(1, BACKLOG_LIMIT.max(status.backlog_limit), 0)?;
            // While it was off, nothing was said of the marker: it is to prove that records arrive.
            self.remove(&Rule::marker())?;
            self.add(Rule::marker())?;
        }
        Ok(())
    }

    pub(super) fn key(&self) -> String {
        self.owner.to_string()
    }

    pub(super) fn add(&mut self, rule: Rule) -> io::Result<()> {
        self.control.add(&rule.encode(self.architecture, &self.key()))?;
        if !self.rules.contains(&rule) {
            self.rules.push(rule);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, rule: &Rule) -> io::Result<()> {
        self.rules.retain(|other| other != rule);
        self.control.delete(&rule.encode(self.architecture, &self.key()))
    }

    /// Takes the rules out for a while, but for the marker: by it others know that somebody is there.
    pub(super) fn rest(&mut self) {
        self.withdraw(|rule| *rule != Rule::marker());
    }

    /// Adds what [`Claim::rest`] took out, but for rules whose folder is gone meanwhile.
    pub(super) fn put_back(&mut self) -> io::Result<()> {
        for rule in self.rules.clone() {
            match self.add(rule) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes out those that are meant; what cannot be taken out stays for the next start.
    fn withdraw(&mut self, meant: impl Fn(&Rule) -> bool) {
        for rule in self.rules.iter().filter(|rule| meant(rule)) {
            let _ = self.control.delete(&rule.encode(self.architecture, &self.owner.to_string()));
        }
    }

    /// Whether the rules are all there. One on a folder goes with the folder.
    pub(super) fn in_force(&mut self) -> io::Result<bool> {
        let lasting = self.rules.iter().filter(|rule| !rule.is_on_folder()).count();
        let ours = self.others()?.into_iter().filter(|owner| owner.is(&self.owner)).count();
        Ok(ours >= lasting)
    }

    /// The living owners of Muster's rules, one for each rule.
    fn others(&mut self) -> io::Result<Vec<Owner>> {
        let rules = self.control.rules()?;
        let owners = rules.iter().filter_map(|rule| Owner::parse(&rule::key(rule)?));
        Ok(owners.filter(Owner::lives).collect())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _lock = lock();
        self.withdraw(|_| true);
        let Some(before) = self.owner.before else { return };
        // Left on where it cannot be known that nobody needs it.
        let alone = self.others().is_ok_and(|owners| owners.iter().all(|owner| owner.is(&self.owner)));
        let unclaimed = self.control.status().is_ok_and(|status| status.enabled == 1 && status.daemon == 0);
        if alone && unclaimed {
            let _ = self.control.set(0, before.backlog_limit, before.wait_time);
        }
    }
}

/// Waits until no other Muster is coming or going. `None` where there is no place for it: then it is only less certain
/// that the last to go puts auditing back.
fn lock() -> Option<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(LOCK).ok()?;
    flock(&file, FlockOperation::LockExclusive).ok()?;
    Some(file)
}

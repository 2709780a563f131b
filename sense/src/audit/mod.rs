//! The kernel's audit records: the second rung of who sent a signal and of who changed a file.
//!
//! [`Audit::open`] adds rules of Muster's own, reads along in the multicast group (an audit daemon or journald is not
//! disturbed), and takes back at the end what it did. The key of a rule says whose it is, so that the next start finds
//! what a killed Muster has left.
//!
//! Where auditing is off, it is switched on only if no audit daemon runs, and off again by the last Muster to go. While
//! it is on, the kernel notes in its log what no daemon takes (ten lines in five seconds at most), and every system call of
//! every program started from then on costs more: a quarter of a microsecond where it was measured. Programs that were running before have no audit records
//! unless auditing was on when they were started; neither have those for other architectures, such as 32-bit ones.

mod actor;
mod claim;
mod event;
pub(crate) mod fuzz;
mod netlink;
mod owner;
mod record;
mod rule;
mod storm;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use muster_model::time::{Length, Mono};
use netlink_sys::Socket;

pub(crate) use actor::TICK;
use claim::Claim;
pub(crate) use event::Call;
#[cfg(test)]
pub(crate) use event::Item;
use event::{Heard, Joiner};
use netlink::{Control, HEADER_BYTES, MESSAGE_MAX_BYTES};
use owner::Owner;
use rule::ARCHITECTURE;
pub(crate) use rule::Rule;
use storm::Storm;

use crate::{clock, proc};

/// How often the start is tried again when another Muster switched auditing off meanwhile.
const TRIES_MAX: u32 = 3;
/// How soon the kernel must have told of the first rule, as proof that records arrive.
const PROOF_WITHIN: Length = Length::seconds(2);
/// How many records are taken before the caller may look at something else.
const RECORDS_PER_READ_MAX: usize = 4096;
/// How often it is looked whether the rules are still there.
const CHECK_EVERY: Length = Length::seconds(60);

/// Why audit records are not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("audit records have the process ids of the initial pid namespace, and Muster runs in another")]
    OtherNamespace,
    #[error("Muster does not know the audit numbers of this processor")]
    Architecture,
    #[error("the kernel has no auditing here: {0}; it needs CONFIG_AUDITSYSCALL, no audit=0 at boot, and the initial user namespace")]
    Absent(io::Error),
    #[error("audit rules cannot be set: {0}; it needs CAP_AUDIT_CONTROL")]
    Control(io::Error),
    #[error("audit records cannot be read: {0}; it needs CAP_AUDIT_READ")]
    Read(io::Error),
    #[error("the audit rules are locked until the next boot (auditctl -e 2)")]
    Locked,
    #[error("a lost audit record would make the kernel panic (auditctl -f 2): no rules are added")]
    Panics,
    #[error("auditing is switched off, and the audit daemon (pid {0}) decides about that")]
    SwitchedOff(u32),
    #[error("an audit rule (-a never,task) keeps every new process out of auditing")]
    NeverTask,
    #[error("the kernel did not tell of Muster's own audit rule: in another network namespace records do not arrive")]
    NoProof,
    #[error("somebody took Muster's audit rules away (auditctl -D); restart Muster to have them back")]
    RulesGone,
    #[error("somebody switched auditing off; restart Muster to have it back")]
    Off,
}

/// Muster's place among those who hear of audit records. Dropping it puts back what it altered.
pub(crate) struct Audit {
    records: Socket,
    joiner: Joiner,
    claim: Claim,
    overrun: u64,
    /// The kernel's own count of lost records at the start.
    lost_before: u32,
    lost_since: u64,
    storm: Storm,
    next_check: Mono,
}

impl Audit {
    /// Adds the rules and hears what they bring. `purpose` is a word for the rules' key.
    pub(crate) fn open(purpose: &str, rules: Vec<Rule>) -> Result<Audit, Error> {
        let architecture = ARCHITECTURE.ok_or(Error::Architecture)?;
        if !proc::in_initial_pid_namespace() {
            return Err(Error::OtherNamespace);
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match Audit::try_open(purpose, &rules, architecture) {
                // Another Muster that was the last to go has just switched it off.
                Err(Error::Off) if tries < TRIES_MAX => {}
                done => return done,
            }
        }
    }

    fn try_open(purpose: &str, rules: &[Rule], architecture: u32) -> Result<Audit, Error> {
        let mut control = Control::open().map_err(Error::Absent)?;
        let status = control.status().map_err(|error| match error.raw_os_error() {
            Some(libc::EPERM) => Error::Control(error),
            _ => Error::Absent(error),
        })?;
        let records = netlink::listen().map_err(Error::Read)?;
        let mut claim = Claim::make(control, purpose, architecture)?;
        for rule in rules {
            claim.add(rule.clone()).map_err(Error::Control)?;
        }
        let now = clock::now().1;
        let mut audit = Audit {
            records,
            joiner: Joiner::default(),
            claim,
            overrun: 0,
            lost_before: status.lost,
            lost_since: 0,
            storm: Storm::default(),
            next_check: now.after(CHECK_EVERY),
        };
        audit.proof(now.after(PROOF_WITHIN))?;
        Ok(audit)
    }

    /// Waits for the word of the kernel that our rule was added.
    fn proof(&mut self, until: Mono) -> Result<(), Error> {
        let key = self.claim.key();
        loop {
            let message = self.next_record().map_err(Error::Read)?;
            if let Some(message) = message {
                if let Some(Heard::Altered(Some(heard))) = self.take(&message)
                    && heard == key.as_bytes()
                {
                    return Ok(());
                }
                continue;
            }
            let left = until.since(clock::now().1);
            if left.0 == 0 || !netlink::readable(&self.records, left).map_err(Error::Read)? {
                let off = self.claim.control.status().is_ok_and(|status| status.enabled == 0);
                return Err(if off { Error::Off } else { Error::NoProof });
            }
        }
    }

    /// What was done to have records, for people.
    pub(crate) fn words(&self) -> String {
        let what = match self.claim.owner.before {
            Some(_) => "auditing was off; Muster switched it on and puts it off again when it ends",
            None => "auditing was on; Muster added rules and takes them out when it ends",
        };
        format!("{what}; programs that were started with auditing off are not seen, and every system call costs a little more")
    }

    /// Takes the calls that are there, without waiting.
    pub(crate) fn read(&mut self) -> Result<Vec<Call>, Error> {
        let mut calls = Vec::new();
        let mut altered = false;
        for _ in 0..RECORDS_PER_READ_MAX {
            let Some(message) = self.next_record().map_err(Error::Read)? else { break };
            match self.take(&message) {
                Some(Heard::Call(call)) => calls.push(*call),
                Some(Heard::Altered(key)) => altered |= key.is_none_or(|key| key == self.claim.key().as_bytes()),
                None => {}
            }
        }
        let now = clock::now().1;
        if self.storm.comes(calls.len() as u32, now) {
            self.claim.rest();
        } else if altered {
            self.check()?;
        }
        Ok(calls)
    }

    /// Puts the rules back after a storm, and looks now and then whether they are still there. Calls for the next time.
    pub(crate) fn tend(&mut self) -> Result<Mono, Error> {
        let now = clock::now().1;
        if self.storm.is_over(now) {
            self.claim.put_back().map_err(Error::Control)?;
        }
        if now >= self.next_check {
            self.next_check = now.after(CHECK_EVERY);
            self.check()?;
        }
        Ok(self.storm.until.map_or(self.next_check, |over| over.min(self.next_check)))
    }

    /// Whether the rules are out because of a storm.
    pub(crate) fn rests(&self) -> bool {
        self.storm.until.is_some()
    }

    /// Records that were lost on the way, as far as it is known.
    pub(crate) fn lost(&self) -> u64 {
        self.overrun + self.lost_since + self.joiner.given_up()
    }

    /// Adds a rule. That it is there already is no error.
    pub(crate) fn add(&mut self, rule: Rule) -> io::Result<()> {
        self.claim.add(rule)
    }

    /// Takes a rule out. That it is gone is no error.
    pub(crate) fn remove(&mut self, rule: &Rule) -> io::Result<()> {
        self.claim.remove(rule)
    }

    /// Whether a call was heard of through a rule of Muster's.
    pub(crate) fn is_ours(call: &Call) -> bool {
        call.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()).is_some_and(|key| Owner::parse(key).is_some())
    }

    /// Whether a call's number is to be understood as this machine's own.
    pub(crate) fn is_native(call: &Call) -> bool {
        ARCHITECTURE.is_some_and(|ours| call.arch == u64::from(ours))
    }

    fn check(&mut self) -> Result<(), Error> {
        let status = self.claim.control.status().map_err(Error::Control)?;
        self.lost_since = u64::from(status.lost.wrapping_sub(self.lost_before));
        if status.enabled == 0 {
            return Err(Error::Off);
        }
        if !self.rests() && !self.claim.in_force().map_err(Error::Control)? {
            return Err(Error::RulesGone);
        }
        Ok(())
    }

    fn next_record(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut message = Vec::with_capacity(MESSAGE_MAX_BYTES);
        match self.records.recv(&mut message, 0) {
            Ok(_) => Ok(Some(message)),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                self.overrun += 1;
                Ok(Some(Vec::new())) // what is left can be read on
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn take(&mut self, message: &[u8]) -> Option<Heard> {
        let (kind, _) = netlink::head(message)?;
        self.joiner.take(kind, &message[HEADER_BYTES..])
    }
}

impl AsFd for Audit {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.records.as_fd()
    }
}

#[cfg(test)]
mod tests;

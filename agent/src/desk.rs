//! What can be asked of a running agent, whichever way the question comes.

use crossbeam_channel::{Sender, bounded};
use muster_ledger::Ledger;
use muster_model::actor::Actor;
use muster_model::event::Command;
use muster_model::request::{EventQuery, Reply, Request};
use muster_model::text::Text;
use muster_model::time::{Length, Time};
use muster_model::user::Admission;
use muster_sense::clock;
use muster_sense::process::Processes;
use muster_vault::Vault;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::inbox::Input;
use crate::record;
use crate::users::Users;

/// The loop answers within this time, or something is very wrong with it.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Who follows is told this often that there is still somebody here.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// How soon it is seen that nobody follows any more.
const LOOK_UP: Duration = Duration::from_millis(200);

/// What the answers are made from.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) inbox: Sender<Input>,
    pub(crate) ledger: Ledger,
    pub(crate) vault: Vault,
    pub(crate) processes: Processes,
    pub(crate) users: Arc<Users>,
}

impl Desk {
    /// The answer to somebody. `who` is asked only where it goes on record.
    pub(crate) fn answer(&self, who: &dyn Fn() -> Actor, request: Request) -> Reply {
        match request {
            Request::Events(query) => self.ledger.query(&query).map_or_else(|e| refused(&e), Reply::Events),
            Request::Verify => self.ledger.verify().map_or_else(|e| refused(&e), Reply::Verified),
            Request::Newest => Reply::Newest(self.ledger.newest().0),
            Request::Changes { service, since, before, limit } => {
                record::changes(&self.ledger, service.as_ref(), since, before.as_ref(), limit).map_or_else(|e| refused(&e), Reply::Changes)
            }
            Request::Diff { change } => record::diff(&self.ledger, &self.vault, &change),
            Request::Restore { path, to } => record::restore(&self.inbox, &self.vault, who(), &path, &to),
            Request::Tell(command) => self.tell(who(), command),
            Request::Users => Reply::Users(self.users.all()),
            Request::Admit(wanted) => self.admit(who(), &wanted),
            Request::Dismiss { user } => self.dismiss(who(), user),
            Request::Down { services } => {
                let by = who().person();
                self.ask(|reply| Input::End { by, services, reply: Some(reply) })
            }
            request @ (Request::Status
            | Request::Measures
            | Request::Discover
            | Request::Incidents(_)
            | Request::Incident { .. }
            | Request::Rehearse { .. }) => self.ask(|reply| Input::Asked { request, reply }),
        }
    }

    /// Puts a person's word on record, and has it done.
    pub(crate) fn tell(&self, by: Actor, command: Command) -> Reply {
        self.ask(|reply| Input::Told { by, command, reply })
    }

    fn ask(&self, input: impl FnOnce(Sender<Reply>) -> Input) -> Reply {
        ask(&self.inbox, input)
    }

    fn admit(&self, by: Actor, wanted: &Admission) -> Reply {
        let refuse = |key: &'static str| Reply::Refused { why: Text::new(key).with("user", &wanted.user) };
        if !wanted.has_a_name() {
            return refuse("refused-user-name");
        }
        let (now, _) = clock::now();
        if self.users.is_taken(&wanted.user, now) {
            return refuse("refused-user-there");
        }
        let until: Option<Time> = wanted.length.map(|length: Length| now.after(length));
        match self.tell(by, Command::Admit { user: wanted.user.clone(), right: wanted.right, until }) {
            Reply::Taken => self.users.admit(wanted, now).map_or_else(|e| refused(&e), Reply::Token),
            other => other,
        }
    }

    fn dismiss(&self, by: Actor, user: String) -> Reply {
        if !self.users.has(&user) {
            return Reply::Refused { why: Text::new("refused-no-such-user").with("user", user) };
        }
        match self.tell(by, Command::Dismiss { user: user.clone() }) {
            Reply::Taken => self.users.dismiss(&user).map_or_else(|e| refused(&e), |_| Reply::Taken),
            other => other,
        }
    }

    /// Says what there is, and then what comes, for as long as `say` works and `enough` is not set.
    pub(crate) fn follow<E>(&self, query: &EventQuery, enough: &AtomicBool, mut say: impl FnMut(Reply) -> Result<(), E>) -> Result<(), E> {
        let live = self.ledger.subscribe();
        let mut last = query.after.unwrap_or(0);
        let asked_back = query.since.is_some() || query.after.is_some() || query.limit.is_some() || query.words.is_some();
        let records = if asked_back { self.ledger.query(query).unwrap_or_default() } else { Vec::new() };
        last = records.last().map_or(last, |r| r.seq);
        say(Reply::Events(records))?;
        let mut silent = Duration::ZERO;
        while !enough.load(Ordering::Relaxed) {
            match live.recv_timeout(LOOK_UP) {
                Ok(record) if record.seq > last && query.fits(&record) => {
                    silent = Duration::ZERO;
                    say(Reply::Events(vec![(*record).clone()]))?;
                }
                Ok(_) => {}
                // An empty list now and then finds out whether anybody still listens.
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => {
                    silent += LOOK_UP;
                    if silent >= SIGN_OF_LIFE {
                        silent = Duration::ZERO;
                        say(Reply::Events(Vec::new()))?;
                    }
                }
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
        Ok(())
    }
}

/// Has the loop answer.
pub(crate) fn ask(inbox: &Sender<Input>, input: impl FnOnce(Sender<Reply>) -> Input) -> Reply {
    let (sender, receiver) = bounded(1);
    let sent = inbox.send_timeout(input(sender), ANSWER_WITHIN).is_ok();
    match receiver.recv_timeout(ANSWER_WITHIN) {
        Ok(reply) if sent => reply,
        _ => Reply::Refused { why: Text::new("refused-busy") },
    }
}

fn refused(error: &dyn std::error::Error) -> Reply {
    Reply::Refused { why: Text::new("refused-record").with("error", record::chain(error)) }
}

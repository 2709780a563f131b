//! From what the kernel noted of a process to an [`Actor`] with the command lines of its parents.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aya::maps::{HashMap, MapData};
use muster_model::actor::Actor;

use super::record::{Ancestor, PERSON_BYTES, Person};
use crate::proc::{Proc, command_line};

/// How many parents' command lines are remembered.
const REMEMBERED_MAX: usize = 1024;

/// Every program start of the last while, by pid (`STARTS`): it also knows those that have ended since.
pub(super) struct People {
    starts: HashMap<MapData, u32, [u8; PERSON_BYTES]>,
    proc: Proc,
    /// Command lines of long-lived parents, by pid and start time. They stay true: a new program would be in `starts`.
    remembered: Mutex<BTreeMap<(i32, u64), String>>,
}

impl People {
    pub(super) fn new(starts: HashMap<MapData, u32, [u8; PERSON_BYTES]>, proc: Proc) -> People {
        People { starts, proc, remembered: Mutex::default() }
    }

    fn started(&self, pid: i32) -> Option<Person> {
        let bytes = self.starts.get(&u32::try_from(pid).ok()?, 0).ok()?;
        Person::parse(&bytes)
    }

    fn started_as(&self, pid: i32, start: u64) -> Option<Person> {
        self.started(pid).filter(|person| person.start == start)
    }

    /// The process that has this pid, or had it last.
    pub(super) fn by_pid(&self, pid: i32) -> Option<Actor> {
        let person = self.started(pid)?;
        match self.proc.stat(pid) {
            Ok(Some(stat)) if stat.start != person.start => None, // the pid has been used again, without a program start
            Ok(Some(_)) => {
                let mut actor = self.actor(&person);
                // It may have changed its user since it was started.
                actor.uid = self.proc.uid(pid).ok().flatten().or(actor.uid);
                actor.user = actor.uid.and_then(|uid| self.proc.users().name(uid));
                Some(actor)
            }
            _ => Some(self.actor(&person)),
        }
    }

    /// With the command lines of the parents, from their own start or from `/proc`.
    pub(super) fn actor(&self, person: &Person) -> Actor {
        let mut actor = self.actor_at_once(person);
        actor.exe = actor.exe.or_else(|| self.exe(person));
        actor.parents = person.parents.iter().map(|parent| self.command(parent)).collect();
        actor
    }

    /// Without asking anybody: parents only by their names.
    pub(super) fn actor_at_once(&self, person: &Person) -> Actor {
        let name = |uid: u32| self.proc.users().name(uid);
        Actor {
            uid: Some(person.uid),
            user: name(person.uid),
            login_uid: person.login_uid,
            login_user: person.login_uid.and_then(name),
            tty: person.tty.clone(),
            pid: Some(person.pid).filter(|pid| *pid > 0),
            exe: person.exe.clone(),
            command: Some(if person.arguments.is_empty() { format!("[{}]", person.comm) } else { command_line(&person.arguments) }),
            parents: person.parents.iter().map(|parent| format!("[{}]", parent.comm)).collect(),
            parent_pids: person.parents.iter().map(|parent| parent.pid).collect(),
        }
    }

    fn exe(&self, person: &Person) -> Option<String> {
        if let Some(exe) = self.started_as(person.pid, person.start).and_then(|started| started.exe) {
            return Some(exe);
        }
        let exe = self.proc.exe(person.pid).ok().flatten()?;
        self.is_still(person.pid, person.start).then(|| exe.to_string_lossy().into_owned())
    }

    fn command(&self, parent: &Ancestor) -> String {
        if let Some(started) = self.started_as(parent.pid, parent.start).filter(|started| !started.arguments.is_empty()) {
            return command_line(&started.arguments);
        }
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(command) = remembered.get(&(parent.pid, parent.start)) {
            return command.clone();
        }
        let Some(command) = self.proc.command(parent.pid).ok().flatten().filter(|_| self.is_still(parent.pid, parent.start)) else {
            return format!("[{}]", parent.comm);
        };
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert((parent.pid, parent.start), command.clone());
        command
    }

    fn is_still(&self, pid: i32, start: u64) -> bool {
        matches!(self.proc.stat(pid), Ok(Some(stat)) if stat.start == start)
    }
}

//! Changes that were seen and wait a moment to be told, so that the many events of one edit make one word.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use muster_model::actor::Actor;
use muster_model::time::{Length, Mono, Time};

use super::source::What;

/// Events on one path by one process within this time are one change.
pub(super) const GATHER: Length = Length::ms(20);
/// At most so many changes wait; for more, everything is surveyed once there is room.
pub(super) const PENDING_MAX: usize = 8192;

/// A change that waits.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// When the last of it was seen.
    pub(super) at: Time,
    /// The source's word.
    pub(super) source: &'static str,
    /// Who did it.
    pub(super) actor: Option<Actor>,
    /// Nothing but its creation was seen yet.
    pub(super) only_created: bool,
    /// Its place among all that came.
    turn: u64,
    /// When it is told.
    due: Mono,
}

/// The changes that wait, by path and process.
#[derive(Default)]
pub(super) struct Pending {
    changes: BTreeMap<(PathBuf, Option<i32>), Change>,
    turns: u64,
}

impl Pending {
    /// Takes a change in. One by nobody knows whom is the same as one by somebody on the same path.
    /// `false`: there is no room.
    pub(super) fn add(&mut self, path: PathBuf, source: &'static str, actor: Option<Actor>, what: What, now: (Time, Mono)) -> bool {
        let pid = actor.as_ref().and_then(|actor| actor.pid);
        let key = match pid {
            Some(_) => (path, pid),
            None => self.of(&path).unwrap_or((path, None)),
        };
        let unnamed = pid.and_then(|_| self.changes.remove(&(key.0.clone(), None)));
        if let Some(change) = self.changes.get_mut(&key) {
            change.at = now.0;
            change.only_created &= what.only_created;
            return true;
        }
        if self.changes.len() >= PENDING_MAX {
            return false;
        }
        self.turns += 1;
        let (turn, due) = unnamed.map_or((self.turns, now.1.after(GATHER)), |change| (change.turn, change.due));
        self.changes.insert(key, Change { at: now.0, source, actor, only_created: what.only_created, turn, due });
        true
    }

    /// A change that waits on this path, whoever did it.
    fn of(&self, path: &Path) -> Option<(PathBuf, Option<i32>)> {
        self.changes.range((path.to_owned(), None)..).next().map(|(key, _)| key).filter(|key| key.0 == path).cloned()
    }

    /// When the next one is to be told.
    pub(super) fn next(&self) -> Option<Mono> {
        self.changes.values().map(|change| change.due).min()
    }

    /// Takes out what is due, in the order in which it came.
    pub(super) fn due(&mut self, now: Mono) -> Vec<(PathBuf, Change)> {
        let mut due: Vec<_> =
            self.changes.extract_if(.., |_, change| change.due <= now).map(|((path, _), change)| (path, change)).collect();
        due.sort_by_key(|(_, change)| change.turn);
        due
    }

    /// Puts back what could not be told: it keeps its place and is due at once.
    pub(super) fn put_back(&mut self, path: PathBuf, change: Change) {
        self.changes.insert((path, change.actor.as_ref().and_then(|actor| actor.pid)), change);
    }
}

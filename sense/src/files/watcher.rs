//! The thread that reads the sources: *wait → commands → events → what is due → the regular look*.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TrySendError};
use muster_model::actor::Actor;
use muster_model::id::ServiceName;
use muster_model::time::{Length, Mono, Time};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::pending::{Change, GATHER, Pending};
use super::source::{Seen, Source, What, Writer};
use super::tree::{Mark, Stamp, Tree, look_at};
use super::writers::{self, Writers};
use super::{Coverage, Touched, Trouble, Who};
use crate::clock;
use crate::pulse::{Pulse, WAIT_MAX};

/// How often everything is looked at where no source tells of changes.
const SCAN_EVERY: Length = Length::seconds(5);
/// How often everything is looked at beside the sources, for what they cannot see.
const CHECK_EVERY: Length = Length::seconds(60);
/// How soon everything is looked at again when there was no room for all that changed.
const CROWDED: Length = Length::seconds(1);
/// The kernel brings its audit records by a thread of its own: so long a change waits for the one that names its writer.
const RECORD_COMES: Length = Length::ms(200);
/// The word of a look, as a source.
const SCAN: &str = "scan";

/// What the owner asks of the thread.
pub(super) enum Command {
    /// Watch these and no others.
    Watch(Vec<(ServiceName, Vec<String>)>, Sender<Coverage>),
    /// Which files are there?
    Existing(Sender<Vec<(ServiceName, PathBuf)>>),
    /// How much is watched?
    Coverage(Sender<Coverage>),
    /// Enough.
    Stop,
}

pub(super) struct Watcher {
    tree: Tree,
    commands: Receiver<Command>,
    wake: Arc<OwnedFd>,
    out: Sender<Touched>,
    who: Who,
    pulse: Arc<Pulse>,
    /// Names who wrote, where the sources do not.
    writers: Option<Writers>,
    /// The tree's turn for which the writers have their rules.
    followed: u64,
    pending: Pending,
    /// Until then nothing is told: what is due first has to wait.
    hold: Mono,
    overflows: u64,
    /// Records that the writers never had.
    unnamed: u64,
    next_look: Mono,
    /// Whoever hears of changes is gone, or there is no more to do.
    done: bool,
}

impl Watcher {
    pub(super) fn new(
        sources: Vec<Box<dyn Source>>,
        writers: Option<Writers>,
        commands: Receiver<Command>,
        wake: Arc<OwnedFd>,
        out: Sender<Touched>,
        who: Who,
        pulse: Arc<Pulse>,
    ) -> Watcher {
        let tree = Tree::new(sources);
        let (pending, hold, next_look) = (Pending::default(), Mono(0), Mono(0));
        Watcher {
            tree,
            commands,
            wake,
            out,
            who,
            pulse,
            writers,
            followed: 0,
            pending,
            hold,
            overflows: 0,
            unnamed: 0,
            next_look,
            done: false,
        }
    }

    pub(super) fn run(mut self) {
        self.put_off_look();
        while !self.done {
            self.pulse.beat();
            let ready = self.wait();
            self.read(&ready);
            while let Ok(command) = self.commands.try_recv() {
                self.obey(command);
            }
            self.follow();
            self.tell();
            if clock::now().1 >= self.next_look {
                let differ = self.tree.survey_all();
                self.looked(differ);
            }
        }
    }

    /// Waits for a command, an event or the next thing that is due, and gives the sources that have something.
    fn wait(&mut self) -> Vec<usize> {
        let due = self.pending.next().map_or(self.next_look, |due| due.max(self.hold).min(self.next_look));
        let due = self.with_writers(Writers::tend).map_or(due, |theirs| due.min(theirs));
        let left = due.since(clock::now().1).std().min(WAIT_MAX);
        let left = Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() };
        let mut fds: Vec<PollFd<'_>> = vec![PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN)];
        fds.extend(self.tree.fds().chain(self.writers.as_ref().map(Writers::fd)).map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        // An interrupted wait is a short one.
        let _ = poll(&mut fds, Some(&left));
        let ready = fds[1..].iter().enumerate().filter(|(_, fd)| !fd.revents().is_empty()).map(|(index, _)| index).collect();
        let _ = rustix::io::read(&self.wake, &mut [0u8; 8]);
        ready
    }

    fn obey(&mut self, command: Command) {
        // Whoever asked may have hung up.
        match command {
            Command::Watch(set, reply) => {
                let differ = self.tree.replace(&set);
                self.looked(differ);
                self.follow();
                let _ = reply.send(self.coverage());
            }
            Command::Existing(reply) => {
                let services =
                    |path: &PathBuf| self.tree.services(path).into_iter().map(|service| (service, path.clone())).collect::<Vec<_>>();
                let _ = reply.send(self.tree.files().keys().flat_map(services).collect());
            }
            Command::Coverage(reply) => {
                let _ = reply.send(self.coverage());
            }
            Command::Stop => self.done = true,
        }
    }

    fn coverage(&self) -> Coverage {
        Coverage {
            directories: self.tree.directories(),
            files: self.tree.files().len(),
            overflows: self.overflows,
            troubles: self.tree.troubles().clone(),
        }
    }

    /// Asks the writers; when they fail, they are asked no more, and that is said.
    fn with_writers<T>(&mut self, ask: impl FnOnce(&mut Writers) -> Result<T, crate::audit::Error>) -> Option<T> {
        let failed = match ask(self.writers.as_mut()?) {
            Ok(answer) => return Some(answer),
            Err(why) => why.to_string(),
        };
        self.writers = None;
        self.tree.trouble(Trouble::Writers { why: failed });
        None
    }

    /// Has the writers look at the folders that are watched now.
    fn follow(&mut self) {
        let turns = self.tree.turns();
        if turns == self.followed {
            return;
        }
        self.followed = turns;
        if let Some(writers) = &mut self.writers
            && let Err(why) = writers.follow(self.tree.folders())
        {
            self.tree.trouble(Trouble::Writers { why });
        }
    }

    /// Takes in what the sources have.
    fn read(&mut self, ready: &[usize]) {
        let sources = self.tree.fds().count();
        if ready.contains(&sources) {
            self.with_writers(Writers::read);
            let unnamed = self.writers.as_ref().map_or(self.unnamed, Writers::lost);
            self.pulse.overflowed(unnamed.saturating_sub(self.unnamed));
            self.unnamed = unnamed;
            self.hold = Mono(0);
        }
        for index in ready.iter().copied().filter(|index| *index < sources) {
            let mut seen = Vec::new();
            let Some(source) = self.tree.read(index, &mut seen) else {
                self.put_off_look();
                return;
            };
            let now = clock::now();
            let mut known = BTreeMap::new();
            for seen in seen {
                match seen {
                    Seen::Entry { dir, name, what, writer } => {
                        for (path, what, by_writer) in self.affected((index, dir), &name, what) {
                            let writer = writer.filter(|_| by_writer);
                            let actor = writer.and_then(|writer| known.entry(writer).or_insert_with(|| self.actor(writer)).clone());
                            if !self.pending.add(path, source, actor, what, now) {
                                self.next_look = now.1.after(CROWDED);
                            }
                        }
                    }
                    Seen::Forget(key) => self.tree.forget(&(index, key)),
                    Seen::Overflow => {
                        self.overflows += 1;
                        self.pulse.overflowed(1);
                        self.next_look = now.1;
                    }
                }
            }
        }
    }

    /// The meant files that an event on an entry of a marked directory is about, what happened to each, and whether the
    /// event's writer did that.
    fn affected(&mut self, mark: Mark, name: &OsStr, what: What) -> Vec<(PathBuf, What, bool)> {
        let entries = self.tree.entries(&mark, name).or_else(|| {
            // overlayfs gives a directory another handle once it is copied up: marking it again tells the new one.
            let differ = self.tree.survey_all();
            self.looked(differ);
            self.tree.entries(&mark, name)
        });
        let Some(entries) = entries else {
            self.tree.give_up_on(mark);
            return Vec::new();
        };
        let mut affected = Vec::new();
        for entry in entries {
            if what.entry && entry.leads {
                // Whoever moves or deletes a directory does so with all that is in it. What is already in a new one was
                // written before it could be marked, by nobody knows whom.
                let differ = self.tree.survey(&entry.path, entry.place);
                affected.extend(differ.into_iter().map(|path| (path, What::default(), !what.only_created)));
            }
            if entry.meant {
                affected.push((entry.path, what, true));
            }
            affected.extend(entry.links.into_iter().map(|link| (link, What::default(), true)));
        }
        affected
    }

    /// Who it was. A process that is gone while its id is there again is not asked about: the answer would name another.
    fn actor(&self, writer: Writer) -> Option<Actor> {
        let stranger = writer.gone && Path::new("/proc").join(writer.pid.to_string()).exists();
        let known = if stranger { None } else { (self.who)(writer.pid) };
        Some(known.unwrap_or_else(|| Actor { pid: Some(writer.pid), ..Actor::default() }))
    }

    /// Tells what is due. What there is no room for waits on, and for a moment what nobody is named for yet.
    fn tell(&mut self) {
        let now = clock::now().1;
        if now < self.hold {
            return;
        }
        let mut waits = false;
        for (path, mut change) in self.pending.due(now) {
            // In the order in which they came: behind one that waits, all wait.
            waits = waits || !self.tell_one(&path, &mut change);
            if waits {
                self.pending.put_back(path, change);
            }
        }
        if waits {
            self.hold = now.after(GATHER);
        }
    }

    /// Tells one change, as the file is now. `false`: it has to wait.
    fn tell_one(&mut self, path: &Path, change: &mut Change) -> bool {
        let found = look_at(path).filter(|(meta, _)| meta.is_file());
        let still_open = |(meta, is_link): &(Metadata, bool)| !is_link && meta.nlink() == 1;
        if change.only_created && found.as_ref().is_some_and(still_open) {
            return true;
        }
        let (before, after) = (self.tree.files().get(path).copied(), found.map(|(meta, _)| Stamp::from(&meta)));
        // It came and went at once (the temporary file of an editor), or a look saw what an event has told already.
        let nothing = (before.is_none() && after.is_none()) || (change.source == SCAN && before == after);
        let services = self.tree.services(path);
        if nothing || services.is_empty() {
            return true;
        }
        let mut source = change.source;
        if let Some(writers) = &mut self.writers {
            change.actor = change.actor.take().or_else(|| writers.who(path, change.at));
            match &change.actor {
                Some(_) => source = writers::WORD,
                None if clock::now().0.since(change.at) < RECORD_COMES => return false,
                None => {}
            }
        }
        match self.out.try_send(Touched { at: change.at, source, path: path.to_owned(), actor: change.actor.clone(), services }) {
            Ok(()) => self.tree.settle(path, after),
            Err(TrySendError::Full(_)) => {
                self.pulse.crowded(1);
                return false;
            }
            Err(TrySendError::Disconnected(_)) => self.done = true,
        }
        true
    }

    /// Takes in what a look at everything has found.
    fn looked(&mut self, differ: Vec<PathBuf>) {
        self.put_off_look();
        let now = clock::now();
        let mut differ: Vec<(Time, PathBuf)> = differ.into_iter().map(|path| (changed_at(&path, now.0), path)).collect();
        differ.sort();
        for (at, path) in differ {
            if !self.pending.add(path, SCAN, None, What::default(), (at, now.1)) {
                self.next_look = now.1.after(CROWDED);
                return;
            }
        }
    }

    fn put_off_look(&mut self) {
        let every = if self.tree.has_sources() { CHECK_EVERY } else { SCAN_EVERY };
        self.next_look = clock::now().1.after(every);
    }
}

/// The kernel's word on when a file was last changed, where that is not in the future; else `now`.
fn changed_at(path: &Path, now: Time) -> Time {
    let at = std::fs::metadata(path).ok().and_then(|meta| meta.ctime().checked_mul(1_000_000_000)?.checked_add(meta.ctime_nsec()));
    at.map_or(now, |at| Time(at).min(now))
}

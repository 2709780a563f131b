//! Configuration files: what was done to them, and by whom.
//!
//! The services' globs say which files are meant ([`globs`]); every directory on the way to them is watched, so that
//! files replaced by `sed -i` and editors, directories that are deleted and made again, and ones that are not there yet
//! are all seen ([`tree`]). The sources are fanotify(7), which names the process, else inotify(7), with the kernel's audit
//! records beside it to name the process where these can be had ([`writers`]), else a look every five seconds; whatever the source, everything is looked at once a minute, since a file can change unseen (another
//! host writes on a network file system, a file system is mounted over the directory). One thread does all of it
//! ([`watcher`]).

mod deeds;
mod fanotify;
pub(crate) mod fuzz;
mod globs;
mod inotify;
mod kernel;
mod pending;
mod source;
mod tree;
mod watcher;
mod writers;

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::Sender;
use muster_model::actor::Actor;
use muster_model::id::ServiceName;
use muster_model::observation::Rung;
use muster_model::time::Time;
use rustix::event::{EventfdFlags, eventfd};

use self::source::Source;
pub use self::tree::{DIRECTORIES_MAX, ENTRIES_MAX, FILES_MAX};
use self::watcher::{Command, Watcher};
use self::writers::Writers;
use crate::pulse::Pulse;

/// Something was done to a configuration file: its content, owner or mode is another, it came or it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// When the last of it was seen; for `scan`, the kernel's change time of the file where that can be so.
    pub at: Time,
    /// `fanotify`, `audit` (seen by inotify or a look, and named by audit records), `inotify` or `scan`.
    pub source: &'static str,
    /// The file, by the path that the globs mean.
    pub path: PathBuf,
    /// Who did it; with the process id alone where nothing more was known. `None` where the source names nobody.
    pub actor: Option<Actor>,
    /// The services whose globs mean it.
    pub services: Vec<ServiceName>,
}

/// The best rung that may be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ladder {
    /// All of them: fanotify(7) first.
    #[default]
    Fanotify,
    /// inotify(7) with the kernel's audit records first.
    Audit,
    /// inotify(7) first, which names nobody.
    Inotify,
    /// Only looking every five seconds.
    Scan,
}

/// Says who a process is, or was a moment ago.
pub type Who = Arc<dyn Fn(i32) -> Option<Actor> + Send + Sync>;

/// How much is watched, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Directories that are watched, those on the way among them.
    pub directories: usize,
    /// Files that are there.
    pub files: usize,
    /// How often the kernel lost events, so that everything was looked at again.
    pub overflows: u64,
    /// What is not watched as asked.
    pub troubles: BTreeSet<Trouble>,
}

/// Why something is not watched as asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Trouble {
    /// A glob that cannot be understood.
    #[error("{service}: config `{glob}` is not watched: {why}")]
    Glob {
        /// Whose.
        service: ServiceName,
        /// The glob.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
    /// A directory where files are meant.
    #[error("{service}: config `{glob}` is a directory: write {}/** for all files in it", glob.trim_end_matches('/'))]
    IsDirectory {
        /// Whose.
        service: ServiceName,
        /// The directory.
        glob: String,
    },
    /// A directory that no source takes or that cannot be listed.
    #[error("{}: changes there may be seen late or not at all: {why}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The error.
        why: String,
    },
    /// [`DIRECTORIES_MAX`] was reached.
    #[error("more than {DIRECTORIES_MAX} directories of configuration: the rest is not watched; narrow the globs in `config`")]
    Directories,
    /// [`FILES_MAX`] was reached.
    #[error("more than {FILES_MAX} configuration files: the rest is not remembered; narrow the globs in `config`")]
    Files,
    /// [`ENTRIES_MAX`] was reached.
    #[error("{}: more than {ENTRIES_MAX} entries: the rest is not looked at; narrow the globs in `config`", path.display())]
    Entries {
        /// The directory.
        path: PathBuf,
    },
    /// The kernel gave an error where events were read.
    #[error("{source_word} gave no more events: {why}; changes are seen by looking every five seconds")]
    Source {
        /// `fanotify` or `inotify`.
        source_word: &'static str,
        /// The error.
        why: String,
    },
    /// Audit records do not come any more, or not from everywhere.
    #[error("changes are seen, but not always by whom: {why}")]
    Writers {
        /// The error.
        why: String,
    },
}

/// The watcher of configuration files. Dropping it ends its thread.
pub struct Files {
    commands: Sender<Command>,
    wake: Option<Arc<OwnedFd>>,
    thread: Option<JoinHandle<()>>,
    pulse: Arc<Pulse>,
}

impl Files {
    /// Starts watching nothing yet, and says which rung it stands on. What is seen goes to `out`; as long as that is full
    /// it is held back, never lost. `who` is asked at once when a process has done something, since it may be gone soon.
    pub fn start(out: Sender<Touched>, who: Who, ladder: Ladder) -> (Files, Rung) {
        let (sources, writers, rung) = climb(ladder, &who);
        let (commands, received) = crossbeam_channel::unbounded();
        let pulse = Pulse::new("files", &["file_change"]);
        let started = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(io::Error::from).map(Arc::new).and_then(|wake| {
            let watcher = Watcher::new(sources, writers, received, wake.clone(), out, who, pulse.clone());
            let thread = std::thread::Builder::new().name("files".to_owned()).spawn(move || watcher.run())?;
            Ok((wake, thread))
        });
        match started {
            Ok((wake, thread)) => (Files { commands, wake: Some(wake), thread: Some(thread), pulse }, rung),
            Err(error) => (Files { commands, wake: None, thread: None, pulse }, none(&error)),
        }
    }

    /// Watches these globs and no others, from when this returns. Patterns are absolute; `*`, `?`, `[…]` and `{…}` stand
    /// for a part of a name and `**` for any number of directories.
    pub fn watch(&self, set: Vec<(ServiceName, Vec<String>)>) -> Coverage {
        self.ask(|reply| Command::Watch(set, reply))
    }

    /// The files that are meant and there, in the order of their paths.
    pub fn existing(&self) -> Vec<(ServiceName, PathBuf)> {
        self.ask(Command::Existing)
    }

    /// Its thread's pulse; `None`: there is no thread.
    pub fn pulse(&self) -> Option<Arc<Pulse>> {
        self.thread.as_ref().map(|_| self.pulse.clone())
    }

    /// How much is watched now.
    pub fn coverage(&self) -> Coverage {
        self.ask(Command::Coverage)
    }

    /// Asks the thread; the default where there is none.
    fn ask<T: Default>(&self, command: impl FnOnce(Sender<T>) -> Command) -> T {
        let (reply, answer) = crossbeam_channel::bounded(1);
        if self.commands.send(command(reply)).is_err() {
            return T::default();
        }
        self.wake();
        answer.recv().unwrap_or_default()
    }

    fn wake(&self) {
        if let Some(wake) = &self.wake {
            // A full counter means that it is awake already.
            let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // A thread that is gone has stopped.
        let _ = self.commands.send(Command::Stop);
        self.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Takes the best sources that the ladder and the machine allow. inotify stands beside fanotify, for directories on file
/// systems that fanotify cannot report on.
fn climb(ladder: Ladder, who: &Who) -> (Vec<Box<dyn Source>>, Option<Writers>, Rung) {
    let mut why = Vec::new();
    let mut sources: Vec<Box<dyn Source>> = Vec::new();
    if ladder == Ladder::Fanotify {
        match fanotify::Fanotify::new() {
            Ok(fanotify) => sources.push(Box::new(fanotify)),
            Err(error) => why.push(error.to_string()),
        }
    }
    let named = !sources.is_empty();
    if ladder <= Ladder::Inotify {
        match inotify::Inotify::new() {
            Ok(inotify) => sources.push(Box::new(inotify)),
            Err(error) => why.push(error.to_string()),
        }
    }
    let mut writers = None;
    if !named && !sources.is_empty() && ladder <= Ladder::Audit {
        match Writers::open(who.clone()) {
            Ok(had) => {
                why.push(had.words());
                writers = Some(had);
            }
            Err(error) => why.push(error.to_string()),
        }
    }
    let (source, rung) = match (sources.is_empty(), &writers) {
        (true, _) => ("scan", 4),
        _ if named => ("fanotify", 1),
        (_, Some(_)) => (writers::WORD, 2),
        _ => ("inotify", 3),
    };
    let why = (!named && !why.is_empty()).then(|| why.join("; "));
    (sources, writers, Rung { fact: "file_change".to_owned(), source: source.to_owned(), rung, why })
}

fn none(error: &io::Error) -> Rung {
    Rung { fact: "file_change".to_owned(), source: "none".to_owned(), rung: 5, why: Some(format!("no thread for it: {error}")) }
}

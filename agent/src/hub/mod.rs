//! The hub as its agent sees it: a process of its own that is started, listened to, and started again when it ends. Whatever
//! becomes of it, the loop goes on: all of this is on threads beside it, and the loop hears of it as of everything else.

mod line;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use muster_model::hub::{Ready, Settings};
use muster_model::text::Text;
use muster_model::time::Length;
use muster_sense::clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::desk::Desk;
use crate::inbox::Input;
use crate::record;

/// By this a hub is known among the processes of a machine.
pub(crate) const HUB_ARG0: &str = "muster-hub";
/// The command that makes a hub of the program.
pub const HUB_COMMAND: &str = "hub";

/// glibc's allocator keeps what a burst of requests took, an arena for each thread, unless told otherwise (mallopt(3)): one
/// arena, and what is larger than a page of a list goes back to the machine at once.
const MEMORY: [(&str, &str); 3] = [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "65536"), ("MALLOC_TRIM_THRESHOLD_", "131072")];
/// After the first end, and at most, before it is started again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));
/// A hub that was up for so long is taken to be well.
const WELL_AFTER: Length = Length::seconds(60);
/// How long a hub may take to end when it is let go.
const ENDS_WITHIN: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

/// What the loop hears of it.
#[derive(Debug)]
pub(crate) enum News {
    /// It serves, or says why not.
    Ready(Box<Ready>),
    /// It ended, though nobody wanted it to; it is started again.
    Ended(Text),
}

/// The hub that is kept. Dropping it lets it go.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

struct Wanted {
    settings: Settings,
    /// Not at all any more.
    over: bool,
    /// The agent's end of the line, to end what is under way.
    line: Option<UnixStream>,
}

impl Keeper {
    /// Starts a hub of this program, and keeps it.
    pub(crate) fn start(program: PathBuf, settings: Settings, desk: Desk) -> io::Result<Keeper> {
        let shared = Arc::new(Shared { wanted: Mutex::new(Wanted { settings, over: false, line: None }), changed: Condvar::new() });
        let thread = std::thread::Builder::new().name("muster-hub".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || keep(&program, &shared, &desk)
        })?;
        Ok(Keeper { shared, thread: Some(thread) })
    }

    /// From now on like this: where that is another way, it is started anew.
    pub(crate) fn settle(&self, settings: Settings) {
        let mut wanted = self.shared.lock();
        if wanted.settings != settings {
            wanted.settings = settings;
            wanted.hang_up();
            self.shared.changed.notify_all();
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        {
            let mut wanted = self.shared.lock();
            wanted.over = true;
            wanted.hang_up();
            self.shared.changed.notify_all();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // it does not panic; if it did, there is nothing left to keep
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits before the next start; at most until something else is wanted.
    fn rest(&self, length: Duration, now: &Settings) {
        let unchanged = |wanted: &mut Wanted| !wanted.over && wanted.settings == *now;
        let _ = self.changed.wait_timeout_while(self.lock(), length, unchanged);
    }
}

impl Wanted {
    /// The hub ends when its line does.
    fn hang_up(&mut self) {
        if let Some(line) = self.line.take() {
            let _ = line.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn keep(program: &PathBuf, shared: &Shared, desk: &Desk) {
    let mut backoff = BACKOFF.0;
    loop {
        let settings = shared.lock().settings.clone();
        let began = clock::since_boot();
        let ended = run(program, &settings, shared, desk);
        {
            let wanted = shared.lock();
            if wanted.over {
                return;
            }
            if wanted.settings != settings {
                backoff = BACKOFF.0;
                continue;
            }
        }
        let how = match ended {
            Ok(status) => Text::new("trouble-hub-ended").with("how", status),
            Err(error) => Text::new("trouble-hub-not-started").with("error", record::chain(&error)),
        };
        let _ = desk.inbox.send(Input::Hub(News::Ended(how)));
        if clock::since_boot().since(began) >= WELL_AFTER {
            backoff = BACKOFF.0;
        }
        shared.rest(backoff, &settings);
        backoff = (backoff * 2).min(BACKOFF.1);
    }
}

/// One life of a hub.
fn run(program: &PathBuf, settings: &Settings, shared: &Shared, desk: &Desk) -> io::Result<ExitStatus> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut child = Command::new(program)
        .arg0(HUB_ARG0)
        .arg(HUB_COMMAND)
        .env_clear()
        .envs(MEMORY)
        .current_dir("/")
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null())
        .spawn()?;
    {
        let mut wanted = shared.lock();
        wanted.line = ours.try_clone().ok();
        if wanted.over || wanted.settings != *settings {
            wanted.hang_up(); // it was not there yet when that was wanted
        }
    }
    let pid = i32::try_from(child.id()).unwrap_or_default();
    // Whatever ends the line ends the hub: it has nothing to serve without it.
    let _ = line::attend(&ours, settings, desk, pid);
    drop(ours);
    shared.lock().line = None;
    end(&mut child)
}

/// Waits for its end; where that takes too long, ends it.
fn end(child: &mut Child) -> io::Result<ExitStatus> {
    let ended = Pid::from_raw(i32::try_from(child.id()).unwrap_or_default())
        .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
        .is_some_and(|fd| poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&ENDS_WITHIN)).is_ok_and(|n| n > 0));
    if !ended {
        child.kill()?;
    }
    child.wait()
}

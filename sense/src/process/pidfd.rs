//! Ends through process descriptors (pidfd_open(2)), one each; when those run out, through `/proc` several times a second.
//! Neither says who did it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use muster_model::id::ProcessKey;
use muster_model::observation::End;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::process::{PidfdFlags, Resource, getrlimit, pidfd_open};

use super::Source;
use super::desk::Desk;
use super::pidfd_info::exit_status;
use super::thread::{Poke, Stop};
use crate::clock;
use crate::proc::{Life, end_of_status};
use crate::pulse::{Pulse, WAIT_MAX_SPEC};

pub(super) const NAME: &str = "pidfd";
pub(super) const NAME_POLLING: &str = "proc";
/// How often `/proc` is looked at for processes that have no descriptor.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// The part of the descriptors that this process may open which may go to watching: the rest is needed elsewhere.
const DESCRIPTORS_PART: u64 = 2;
/// How many ends are taken from the kernel at once.
const EVENTS_MAX: usize = 256;
/// Places in the epoll set that are no process.
const POKED: u64 = u64::MAX;
const STOPPED: u64 = u64::MAX - 1;

/// The rung's handle.
pub(super) struct Descriptors {
    table: Arc<Table>,
}

struct Table {
    epoll: OwnedFd,
    poke: Poke,
    descriptors_max: usize,
    watched: Mutex<Watched>,
}

#[derive(Default)]
struct Watched {
    next: u64,
    open: BTreeMap<u64, (ProcessKey, OwnedFd)>,
    places: BTreeMap<ProcessKey, u64>,
    polled: BTreeSet<ProcessKey>,
}

/// Starts the thread that waits on the descriptors; without `descriptors` everything is polled.
pub(super) fn start(desk: &Arc<Desk>, descriptors: bool) -> io::Result<(Descriptors, Stop)> {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let descriptors_max = if descriptors { usize::try_from(limit / DESCRIPTORS_PART).unwrap_or(usize::MAX) } else { 0 };
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let poke = Poke::new()?;
    epoll::add(&epoll, &poke, epoll::EventData::new_u64(POKED), epoll::EventFlags::IN)?;
    let table = Arc::new(Table { epoll, poke, descriptors_max, watched: Mutex::default() });
    let (their_desk, their_table) = (desk.clone(), table.clone());
    let pulse = Pulse::new(if descriptors_max > 0 { NAME } else { NAME_POLLING }, &["process_end"]);
    let stop = Stop::spawn("muster-pidfd", desk, pulse, move |stop, pulse| their_table.run(&their_desk, stop, pulse))?;
    Ok((Descriptors { table }, stop))
}

impl Source for Descriptors {
    fn name(&self) -> &'static str {
        if self.table.descriptors_max > 0 { NAME } else { NAME_POLLING }
    }

    fn add(&self, process: ProcessKey) {
        let mut watched = self.table.watched();
        if watched.open.len() < self.table.descriptors_max && self.table.open(&mut watched, process).is_ok() {
            return;
        }
        watched.polled.insert(process);
        if watched.polled.len() == 1 {
            self.table.poke.poke(); // from now on there is something to poll
        }
    }

    fn withdraw(&self, process: ProcessKey) -> bool {
        self.table.watched().take(process)
    }
}

impl Watched {
    fn take(&mut self, process: ProcessKey) -> bool {
        let place = self.places.remove(&process);
        // Closing the descriptor also takes it out of the epoll set.
        let had = place.and_then(|place| self.open.remove(&place)).is_some();
        self.polled.remove(&process) || had
    }
}

impl Table {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, watched: &mut Watched, process: ProcessKey) -> io::Result<()> {
        let pid = rustix::process::Pid::from_raw(process.pid.get()).ok_or(io::ErrorKind::InvalidInput)?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        let place = watched.next;
        watched.next += 1;
        epoll::add(&self.epoll, &pidfd, epoll::EventData::new_u64(place), epoll::EventFlags::IN)?;
        watched.open.insert(place, (process, pidfd));
        watched.places.insert(process, place);
        Ok(())
    }

    fn run(&self, desk: &Desk, stop: &Poke, pulse: &Pulse) -> io::Result<()> {
        epoll::add(&self.epoll, stop, epoll::EventData::new_u64(STOPPED), epoll::EventFlags::IN)?;
        let mut events = Vec::with_capacity(EVENTS_MAX);
        loop {
            pulse.beat();
            let idle = self.watched().polled.is_empty();
            let timeout = if idle { WAIT_MAX_SPEC } else { Timespec { tv_sec: 0, tv_nsec: POLL_EVERY.subsec_nanos().into() } };
            match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
            for event in events.drain(..) {
                match event.data.u64() {
                    POKED => self.poke.clear(),
                    STOPPED => return Ok(()),
                    place => self.ended(desk, place),
                }
            }
            self.poll(desk);
        }
    }

    fn ended(&self, desk: &Desk, place: u64) {
        let taken = {
            let mut watched = self.watched();
            let taken = watched.open.remove(&place);
            if let Some((process, _)) = &taken {
                watched.places.remove(process);
            }
            taken
        };
        let Some((process, pidfd)) = taken else { return };
        let end = match desk.proc().life(process) {
            Ok(Life::Zombie(end)) => end,
            _ => exit_status(pidfd.as_fd()).map_or(End::Unknown, end_of_status),
        };
        desk.ended(process, clock::now().0, end, NAME);
    }

    fn poll(&self, desk: &Desk) {
        let polled: Vec<ProcessKey> = self.watched().polled.iter().copied().collect();
        for process in polled {
            desk.look_after(process, |process| self.watched().take(process), NAME_POLLING);
        }
    }
}

/// No source at all: the machine refused even an epoll descriptor or a thread.
pub(super) struct Nothing;

impl Source for Nothing {
    fn name(&self) -> &'static str {
        "none"
    }
    fn add(&self, _: ProcessKey) {}
    fn withdraw(&self, _: ProcessKey) -> bool {
        true
    }
}

//! The thread that takes what the eBPF programs say out of their rings.

use std::io;
use std::sync::Arc;

use aya::maps::{MapData, RingBuf};
use muster_model::time::{Length, Mono};
use rustix::event::{PollFd, PollFlags, poll};

use super::record::{Deed, Ending};
use super::{Kernel, NAME};
use crate::clock;
use crate::process::desk::{Desk, Start};
use crate::process::thread::Poke;
use crate::pulse::{Pulse, WAIT_MAX_SPEC};

/// How many deeds are taken before the ends that were waiting are told: as many as the ring holds.
const DEEDS_PER_ROUND_MAX: usize = 2048;
/// How many program starts a second get their parents' command lines looked up; those beyond have only their names.
const STARTS_LOOKED_UP_PER_SECOND_MAX: u32 = 200;
/// How often every watched process is looked at, just in case: the kernel leaves a program out where the same program
/// already runs on that processor, and never says so.
const LOOK_AFTER_ALL_EVERY: Length = Length::seconds(60);

pub(super) struct Reader {
    pub(super) ends: RingBuf<MapData>,
    pub(super) deeds: RingBuf<MapData>,
    pub(super) kernel: Arc<Kernel>,
    pub(super) desk: Arc<Desk>,
    pub(super) budget: Budget,
    pub(super) ends_lost: u64,
    pub(super) deeds_lost: u64,
}

impl Reader {
    pub(super) fn run(mut self, stop: &Poke, pulse: &Pulse) -> io::Result<()> {
        let mut next_look = clock::since_boot().after(LOOK_AFTER_ALL_EVERY);
        loop {
            pulse.beat();
            let mut waits =
                [PollFd::new(&self.ends, PollFlags::IN), PollFd::new(&self.deeds, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
            match poll(&mut waits, Some(&WAIT_MAX_SPEC)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
            if !waits[2].revents().is_empty() {
                return Ok(());
            }
            self.round();
            let now = clock::since_boot();
            if self.lost(pulse) || now >= next_look {
                self.look_after_all();
                next_look = now.after(LOOK_AFTER_ALL_EVERY);
            }
        }
    }

    /// A signal is told before the end that it caused: it was written before, so once the ends are taken out, all the
    /// signals that belong to them are there.
    fn round(&mut self) {
        let mut ends = Vec::new();
        while let Some(record) = self.ends.next() {
            ends.extend(Ending::parse(&record));
        }
        for _ in 0..DEEDS_PER_ROUND_MAX {
            let deed = match self.deeds.next() {
                Some(record) => Deed::parse(&record),
                None => break,
            };
            deed.into_iter().for_each(|deed| self.deed(deed));
        }
        for end in ends {
            match end {
                Ending::Victim { process, at } => self.desk.memory_kill(process, clock::wall_of(at), NAME),
                Ending::Ended { process, at, end } => self.desk.ended(process, clock::wall_of(at), end, NAME),
            }
        }
    }

    /// Takes down what the rings had no room for; true where an end may be among it.
    fn lost(&mut self, pulse: &Pulse) -> bool {
        let (ends, deeds) = (self.kernel.ends_lost(), self.kernel.deeds_lost());
        let new_ends = ends.saturating_sub(self.ends_lost);
        pulse.overflowed(new_ends + deeds.saturating_sub(self.deeds_lost));
        (self.ends_lost, self.deeds_lost) = (ends, deeds);
        new_ends > 0
    }

    fn deed(&mut self, deed: Deed) {
        match deed {
            Deed::Signalled { target, at, signal, sender } => {
                if self.desk.watches(target) {
                    let sender = sender.map(|person| self.kernel.people.actor(&person));
                    self.desk.signalled(target, clock::wall_of(at), signal, sender, NAME);
                }
            }
            Deed::Started { at, who } => {
                let people = &self.kernel.people;
                let actor = if self.budget.take(at) { people.actor(&who) } else { people.actor_at_once(&who) };
                let process = muster_model::id::Pid::new(who.pid).map(|pid| muster_model::id::ProcessKey { pid, start: who.start });
                let start = Start { at: clock::wall_of(at), process, comm: who.comm, arguments: who.arguments, actor };
                self.desk.started(start, NAME);
            }
        }
    }

    fn look_after_all(&self) {
        for process in self.desk.watched() {
            self.desk.look_after(process, |process| self.kernel.unwatch(process), NAME);
        }
    }
}

/// So many a second, by the time of the events themselves.
#[derive(Default)]
pub(super) struct Budget {
    second: u64,
    used: u32,
}

impl Budget {
    fn take(&mut self, at: Mono) -> bool {
        let second = at.0 / 1_000_000_000;
        if second != self.second {
            *self = Budget { second, used: 0 };
        }
        self.used += 1;
        self.used <= STARTS_LOOKED_UP_PER_SECOND_MAX
    }
}

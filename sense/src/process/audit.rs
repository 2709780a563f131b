//! Who sent a signal, from the kernel's audit records: the rung below eBPF. It stands beside whichever source tells of
//! ends, and since the kernel brings its records by a thread of its own, a signal may be told after the end it caused.

use std::io;
use std::sync::Arc;

use muster_model::actor::Actor;
use muster_model::observation::Rung;
use muster_model::time::Mono;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::desk::Desk;
use super::thread::{Poke, Stop};
use crate::audit::{Audit, Call, Error, Rule, TICK};
use crate::clock;
use crate::pulse::{BEAT_EVERY, Pulse};

pub(super) const NAME: &str = "audit";
/// The system calls that send a signal, by which of their arguments is its number.
const SENDS: [(u32, &[libc::c_long]); 2] = [
    (1, &[libc::SYS_kill, libc::SYS_tkill, libc::SYS_rt_sigqueueinfo, libc::SYS_pidfd_send_signal]),
    (2, &[libc::SYS_tgkill, libc::SYS_rt_tgsigqueueinfo]),
];
/// HUP to KILL, SEGV, TERM, CONT STOP TSTP: those that end, stop or continue. Not USR1 and USR2, with which programs talk to
/// each other all day: each record is a line in the kernel's log where no audit daemon takes it.
const SIGNALS: [std::ops::RangeInclusive<u32>; 4] = [1..=9, 11..=11, 15..=15, 18..=20];

/// Adds the rules and starts the thread that reads. With what was done, for people.
pub(super) fn start(desk: &Arc<Desk>) -> Result<(Stop, String), Error> {
    let rules = SENDS.iter().flat_map(|(argument, calls)| SIGNALS.map(|range| Rule::calls(calls, *argument, range)));
    let audit = Audit::open("signals", rules.collect())?;
    let words = audit.words();
    desk.keep_departed();
    let theirs = desk.clone();
    let pulse = Pulse::new(NAME, &["signal_sender"]);
    let stop = Stop::spawn("muster-audit", desk, pulse, move |stop, pulse| {
        if let Err(why) = run(audit, &theirs, stop, pulse) {
            theirs.tell_rung(none(why.to_string()));
        }
        Ok(())
    })
    .map_err(Error::Read)?;
    Ok((stop, words))
}

fn none(why: String) -> Rung {
    Rung { fact: "signal_sender".to_owned(), source: "none".to_owned(), rung: 3, why: Some(why) }
}

fn run(mut audit: Audit, desk: &Desk, stop: &Poke, pulse: &Pulse) -> Result<(), Error> {
    let (mut rested, mut lost) = (false, 0);
    loop {
        pulse.beat();
        let due = audit.tend()?.min(clock::since_boot().after(BEAT_EVERY));
        if audit.rests() != rested {
            rested = !rested;
            desk.tell_rung(match rested {
                true => none("so many signals are sent on this machine that their audit rules are out for a moment".to_owned()),
                false => Rung { source: NAME.to_owned(), rung: 2, ..none(audit.words()) },
            });
        }
        if wait(&audit, stop, due).map_err(Error::Read)? {
            return Ok(());
        }
        for call in audit.read()? {
            heard(desk, &call);
        }
        desk.count_lost(audit.lost() - lost);
        pulse.overflowed(audit.lost() - lost);
        lost = audit.lost();
    }
}

/// True when it is time to end.
fn wait(audit: &Audit, stop: &Poke, due: Mono) -> io::Result<bool> {
    let left = due.since(clock::now().1).std();
    let timeout = Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() };
    let mut waits = [PollFd::new(audit, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
    match poll(&mut waits, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(!waits[1].revents().is_empty()),
        Err(error) => Err(error.into()),
    }
}

fn heard(desk: &Desk, call: &Call) {
    let Some(signal) = signal(call) else { return };
    let mut sender = None;
    for target in &call.targets {
        let Some(process) = desk.known_as(*target, call.at.after(TICK)) else { continue };
        let sender = sender.get_or_insert_with(|| actor(desk, call));
        desk.signalled(process, call.at, signal, Some(sender.clone()), NAME);
    }
}

/// The number of the signal that a call sent.
fn signal(call: &Call) -> Option<i32> {
    if !call.success || !Audit::is_native(call) {
        return None;
    }
    let (argument, _) = SENDS.iter().find(|(_, calls)| calls.contains(&call.number))?;
    // The kernel takes it as an int.
    let number = *call.args.get(*argument as usize)? as u32;
    SIGNALS.iter().any(|range| range.contains(&number)).then_some(number.cast_signed())
}

fn actor(desk: &Desk, call: &Call) -> Actor {
    call.actor(desk.proc(), |pid| desk.commands().last_by(pid))
}

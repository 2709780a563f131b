//! Ends and program starts through the kernel's proc connector (Documentation/driver-api/connector.rst,
//! include/uapi/linux/cn_proc.h). It serves the initial pid namespace only, wakes us for every process of the machine, and
//! knows nothing of signals.

use std::io;
use std::sync::Arc;

use muster_model::id::ProcessKey;
use muster_model::observation::End;
use muster_model::time::Time;
use netlink_sys::protocols::NETLINK_CONNECTOR;
use netlink_sys::{Socket, SocketAddr};
use rustix::event::{PollFd, PollFlags, poll};

use super::Source;
use super::desk::{Desk, Start};
use super::thread::{Poke, Stop};
use crate::clock;
use crate::proc::{Life, end_of_status, in_initial_pid_namespace};
use crate::pulse::{Pulse, WAIT_MAX_SPEC};

pub(super) const NAME: &str = "proc_connector";
/// Room for what the kernel says while we are busy: some ten thousand messages.
const RECEIVE_BYTES: usize = 4 * 1024 * 1024;
const MESSAGE_MAX_BYTES: usize = 4096;
/// How many messages are taken before the thread looks whether it is to stop.
const MESSAGES_PER_ROUND_MAX: usize = 4096;

const CN_IDX_PROC: u32 = 1;
const CN_VAL_PROC: u32 = 1;
const PROC_CN_MCAST_LISTEN: u32 = 1;
const PROC_EVENT_EXEC: u32 = 2;
const PROC_EVENT_EXIT: u32 = 0x8000_0000;
/// nlmsghdr and cn_msg, before the event.
const HEADERS_BYTES: usize = 16 + 20;

/// Why the rung is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the proc connector serves only the initial pid namespace, and Muster runs in another")]
    OtherNamespace,
    #[error("cannot listen to the proc connector: {0}; it needs CAP_NET_ADMIN and CONFIG_PROC_EVENTS")]
    Listen(#[from] io::Error),
}

/// The rung's handle: the roll alone decides what is of interest.
pub(super) struct Connector;

impl Source for Connector {
    fn name(&self) -> &'static str {
        NAME
    }
    fn add(&self, _: ProcessKey) {}
    fn withdraw(&self, _: ProcessKey) -> bool {
        true
    }
}

/// Subscribes and starts the thread that reads.
pub(super) fn start(desk: &Arc<Desk>) -> Result<(Connector, Stop), Error> {
    if !in_initial_pid_namespace() {
        return Err(Error::OtherNamespace);
    }
    let mut socket = Socket::new(NETLINK_CONNECTOR)?;
    socket.set_rx_buf_sz(RECEIVE_BYTES)?;
    socket.bind(&SocketAddr::new(0, CN_IDX_PROC))?;
    socket.set_non_blocking(true)?;
    socket.send(&subscription(&[PROC_CN_MCAST_LISTEN]), 0)?;
    // From Linux 6.6 on the kernel leaves out what we do not want; before, it ignores this message.
    socket.send(&subscription(&[PROC_CN_MCAST_LISTEN, PROC_EVENT_EXEC | PROC_EVENT_EXIT]), 0)?;
    let theirs = desk.clone();
    let pulse = Pulse::new(NAME, &["process_end", "command"]);
    let stop = Stop::spawn("muster-procconn", desk, pulse, move |stop, pulse| run(&socket, &theirs, stop, pulse))?;
    Ok((Connector, stop))
}

fn run(socket: &Socket, desk: &Desk, stop: &Poke, pulse: &Pulse) -> io::Result<()> {
    loop {
        pulse.beat();
        let mut waits = [PollFd::new(socket, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
        match poll(&mut waits, Some(&WAIT_MAX_SPEC)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        if !waits[1].revents().is_empty() {
            return Ok(());
        }
        for _ in 0..MESSAGES_PER_ROUND_MAX {
            let mut message = Vec::with_capacity(MESSAGE_MAX_BYTES);
            match socket.recv(&mut message, 0) {
                Ok(_) => heard(desk, &message),
                Err(e) if e.raw_os_error() == Some(libc::ENOBUFS) => overrun(desk, pulse),
                Err(_) => break,
            }
        }
    }
}

/// The kernel had more to say than it could keep: look at every process ourselves.
fn overrun(desk: &Desk, pulse: &Pulse) {
    desk.count_lost(1);
    pulse.overflowed(1);
    for process in desk.watched() {
        desk.look_after(process, |_| true, NAME);
    }
}

fn heard(desk: &Desk, message: &[u8]) {
    match Event::parse(message) {
        Some(Event { what: PROC_EVENT_EXIT, pid, process, status, monotonic_ns }) => {
            for watched in desk.watched_as(process) {
                exited(desk, watched, (pid == process).then_some(status), clock::wall_of(clock::boot_of_monotonic(monotonic_ns)));
            }
        }
        Some(Event { what: PROC_EVENT_EXEC, process, monotonic_ns, .. }) => {
            started(desk, process, clock::wall_of(clock::boot_of_monotonic(monotonic_ns)));
        }
        _ => {}
    }
}

/// A thread of a watched process ended, the first one with this status. The process has ended when `/proc` says so.
fn exited(desk: &Desk, process: ProcessKey, status: Option<i32>, at: Time) {
    let end = match desk.proc().life(process) {
        Ok(Life::Alive) | Err(_) => return,
        Ok(Life::Zombie(end)) if end != End::Unknown => end,
        Ok(_) => status.map_or(End::Unknown, end_of_status),
    };
    desk.ended(process, at, end, NAME);
}

fn started(desk: &Desk, pid: i32, at: Time) {
    let proc = desk.proc();
    let Ok(Some(comm)) = proc.comm(pid) else { return };
    if !desk.commands().is_wanted(&comm) {
        return;
    }
    let Some(actor) = proc.actor(pid) else { return };
    let arguments = proc.arguments(pid).ok().flatten().unwrap_or_default();
    let process = proc.process_key(pid).ok().flatten();
    desk.started(Start { at, process, comm, arguments, actor }, NAME);
}

/// What is read of a `struct proc_event`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    what: u32,
    monotonic_ns: u64,
    pid: i32,
    process: i32,
    status: i32,
}

impl Event {
    /// `None` for a message that is too short or from another part of the connector.
    pub(super) fn parse(message: &[u8]) -> Option<Event> {
        let u32_at = |at: usize| Some(u32::from_ne_bytes(message.get(at..at + 4)?.try_into().ok()?));
        let i32_at = |at: usize| Some(u32_at(at)? as i32);
        if (u32_at(16)?, u32_at(20)?) != (CN_IDX_PROC, CN_VAL_PROC) {
            return None;
        }
        let event = HEADERS_BYTES;
        let monotonic_ns = u64::from_ne_bytes(message.get(event + 8..event + 16)?.try_into().ok()?);
        let what = u32_at(event)?;
        let status = if what == PROC_EVENT_EXIT { i32_at(event + 24)? } else { 0 };
        Some(Event { what, monotonic_ns, pid: i32_at(event + 16)?, process: i32_at(event + 20)?, status })
    }
}

/// A netlink message with a connector message with these words in it.
fn subscription(words: &[u32]) -> Vec<u8> {
    let payload = words.len() * 4;
    let mut message = Vec::with_capacity(HEADERS_BYTES + payload);
    let length = (HEADERS_BYTES + payload) as u32;
    message.extend(length.to_ne_bytes());
    message.extend((libc::NLMSG_DONE as u16).to_ne_bytes());
    message.extend([0; 10]); // flags, sequence number, port
    for word in [CN_IDX_PROC, CN_VAL_PROC, 0, 0] {
        message.extend(word.to_ne_bytes());
    }
    message.extend((payload as u16).to_ne_bytes());
    message.extend([0; 2]);
    words.iter().for_each(|word| message.extend(word.to_ne_bytes()));
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_and_a_cut_one_refused() {
        let mut message = subscription(&[PROC_EVENT_EXIT, 0, 7, 0, 42, 42, 9, 17]);
        let event = Event::parse(&message).unwrap();
        assert_eq!(event, Event { what: PROC_EVENT_EXIT, monotonic_ns: 7, pid: 42, process: 42, status: 9 });
        for length in 0..message.len() - 4 {
            assert_eq!(Event::parse(&message[..length]), None, "{length} bytes");
        }
        message[16] = 9;
        assert_eq!(Event::parse(&message), None, "another part of the connector");
    }
}

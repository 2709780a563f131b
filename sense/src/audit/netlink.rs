//! The conversation with the kernel's auditing (netlink(7), include/uapi/linux/audit.h).

use std::io;

use muster_model::time::Length;
use netlink_sys::protocols::NETLINK_AUDIT;
use netlink_sys::{Socket, SocketAddr};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_recv_buffer_size_force;

use crate::clock;

/// The multicast group of those who read along (`AUDIT_NLGRP_READLOG`); whoever is the audit daemon is not disturbed.
const READERS: u32 = 1;
/// Room for what the kernel says while we are busy: some three thousand records.
const RECEIVE_BYTES: usize = 8 * 1024 * 1024;
/// The longest message: a record has at most 8,970 bytes (`MAX_AUDIT_MESSAGE_LENGTH`).
pub(super) const MESSAGE_MAX_BYTES: usize = 16 * 1024;
/// `struct nlmsghdr`.
pub(super) const HEADER_BYTES: usize = 16;
/// The kernel answers at once; this is for when it does not.
const ANSWER_WITHIN: Length = Length::seconds(2);
/// The most rules that are listed.
const RULES_MAX: usize = 10_000;

const ERROR: u16 = 2;
const DONE: u16 = 3;
const GET: u16 = 1000;
const SET: u16 = 1001;
const ADD_RULE: u16 = 1011;
const DELETE_RULE: u16 = 1012;
const LIST_RULES: u16 = 1013;

const REQUEST_WITH_ANSWER: u16 = 1 | 4;

/// How auditing stands (`struct audit_status`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// 0: off, 1: on, 2: on, and locked until the next boot.
    pub(super) enabled: u32,
    /// What the kernel does when a record is lost; 2: panic.
    pub(super) failure: u32,
    /// The audit daemon; 0: none.
    pub(super) daemon: u32,
    /// How many records may wait.
    pub(super) backlog_limit: u32,
    /// Records lost since boot.
    pub(super) lost: u32,
    /// How long a process is held up when too many records wait, in jiffies.
    pub(super) wait_time: u32,
}

impl Status {
    pub(super) fn parse(bytes: &[u8]) -> Status {
        // Older kernels say less.
        let word = |n: usize| bytes.get(4 * n..4 * n + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_ne_bytes);
        Status { enabled: word(1), failure: word(2), daemon: word(3), backlog_limit: word(5), lost: word(6), wait_time: word(9) }
    }
}

/// Asks and gets answers.
pub(super) struct Control {
    socket: Socket,
    turn: u32,
}

impl Control {
    pub(super) fn open() -> io::Result<Control> {
        let mut socket = Socket::new(NETLINK_AUDIT)?;
        socket.bind_auto()?;
        socket.set_non_blocking(true)?;
        Ok(Control { socket, turn: 0 })
    }

    pub(super) fn status(&mut self) -> io::Result<Status> {
        let answer = self.ask(GET, &[], |kind| kind == GET)?;
        Ok(answer.last().map(|bytes| Status::parse(bytes)).unwrap_or_default())
    }

    /// Puts the switch, the room for waiting records and the time that processes are held up.
    pub(super) fn set(&mut self, enabled: u32, backlog_limit: u32, wait_time: u32) -> io::Result<()> {
        /// `AUDIT_STATUS_ENABLED`, `_BACKLOG_LIMIT`, `_BACKLOG_WAIT_TIME`.
        const MASK: u32 = 1 | 0x10 | 0x20;
        let words = [MASK, enabled, 0, 0, 0, backlog_limit, 0, 0, 0, wait_time];
        self.ask(SET, &words.map(u32::to_ne_bytes).concat(), |kind| kind == ERROR).map(drop)
    }

    /// Every rule, as the kernel lists it and takes it back.
    pub(super) fn rules(&mut self) -> io::Result<Vec<Vec<u8>>> {
        self.ask(LIST_RULES, &[], |kind| kind == DONE)
    }

    /// That it is there already is no error.
    pub(super) fn add(&mut self, rule: &[u8]) -> io::Result<()> {
        match self.ask(ADD_RULE, rule, |kind| kind == ERROR) {
            Err(error) if error.raw_os_error() != Some(libc::EEXIST) => Err(error),
            _ => Ok(()),
        }
    }

    /// That it is not there is no error.
    pub(super) fn delete(&mut self, rule: &[u8]) -> io::Result<()> {
        match self.ask(DELETE_RULE, rule, |kind| kind == ERROR) {
            Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
            _ => Ok(()),
        }
    }

    /// Sends a request and takes what answers it, until the last of it is there.
    fn ask(&mut self, kind: u16, payload: &[u8], last: impl Fn(u16) -> bool) -> io::Result<Vec<Vec<u8>>> {
        self.turn += 1;
        let mut request = Vec::with_capacity(HEADER_BYTES + payload.len());
        request.extend(((HEADER_BYTES + payload.len()) as u32).to_ne_bytes());
        request.extend([kind, REQUEST_WITH_ANSWER].map(u16::to_ne_bytes).concat());
        request.extend([self.turn, 0].map(u32::to_ne_bytes).concat());
        request.extend(payload);
        self.socket.send(&request, 0)?;

        let until = clock::now().1.after(ANSWER_WITHIN);
        let mut answers = Vec::new();
        loop {
            let message = self.receive(until)?;
            let Some((kind, turn)) = head(&message) else { continue };
            let payload = &message[HEADER_BYTES..];
            if turn != self.turn {
                continue; // the answer to a question that was given up
            }
            if kind == ERROR {
                let code = payload.get(..4).and_then(|code| code.try_into().ok()).map_or(-libc::EBADMSG, i32::from_ne_bytes);
                if code != 0 {
                    return Err(io::Error::from_raw_os_error(code.saturating_neg()));
                }
            } else if kind != DONE && answers.len() < RULES_MAX {
                answers.push(payload.to_vec());
            }
            if last(kind) {
                return Ok(answers);
            }
        }
    }

    fn receive(&self, until: muster_model::time::Mono) -> io::Result<Vec<u8>> {
        loop {
            let mut message = Vec::with_capacity(MESSAGE_MAX_BYTES);
            match self.socket.recv(&mut message, 0) {
                Ok(_) => return Ok(message),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            let left = until.since(clock::now().1);
            if left.0 == 0 || !readable(&self.socket, left)? {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the kernel did not answer"));
            }
        }
    }
}

/// A socket on which every record arrives. Needs CAP_AUDIT_READ.
pub(super) fn listen() -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_AUDIT)?;
    // Without CAP_NET_ADMIN there is only as much room as anybody gets.
    if set_socket_recv_buffer_size_force(&socket, RECEIVE_BYTES).is_err() {
        socket.set_rx_buf_sz(RECEIVE_BYTES)?;
    }
    socket.set_non_blocking(true)?;
    socket.bind(&SocketAddr::new(0, READERS))?;
    Ok(socket)
}

/// Waits until there is something to read. An interrupted wait is a short one.
pub(super) fn readable(socket: &Socket, within: Length) -> io::Result<bool> {
    let within = within.std();
    let timeout = Timespec { tv_sec: i64::try_from(within.as_secs()).unwrap_or(i64::MAX), tv_nsec: within.subsec_nanos().into() };
    match poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&timeout)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// The kind of a message, and the number of the request it answers. `None`: it is too short to be one.
pub(super) fn head(message: &[u8]) -> Option<(u16, u32)> {
    let head = message.get(..HEADER_BYTES)?;
    Some((u16::from_ne_bytes([head[4], head[5]]), u32::from_ne_bytes([head[8], head[9], head[10], head[11]])))
}

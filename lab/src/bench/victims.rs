//! The victims' word: each says when its main() began, and the kernel adds which process said it.

use std::collections::BTreeMap;
use std::fs;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use anyhow::{Context, Result, bail};
use muster_model::time::{Length, Time};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{Pid, Signal, kill_process};

use crate::clock::{Deadline, now};
use crate::systemd_box::SystemdBox;

/// The victims' socket, as seen in the box.
pub(super) const SOCKET: &str = "/run/victims.sock";
/// A name and nanoseconds.
const WORD_BYTES_MAX: usize = 128;

/// One victim began.
#[derive(Clone, Debug)]
struct Began {
    name: String,
    pid: Pid,
    at: Time,
}

/// The victims of a box, by name.
#[derive(Debug)]
pub(super) struct Victims {
    words: Receiver<Began>,
    alive: BTreeMap<String, Pid>,
}

impl Victims {
    /// Listens for them. Start them only after this.
    pub(super) fn listen(place: &SystemdBox, program: &Path) -> Result<Victims> {
        place.install(program, "/usr/bin/victim")?;
        let path = place.path(SOCKET);
        let socket = UnixDatagram::bind(&path).with_context(|| format!("cannot listen on {}", path.display()))?;
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666))?;
        rustix::net::sockopt::set_socket_passcred(&socket, true)?;
        let (send, words) = channel();
        // It ends with the process; a socket of a box that is gone never says anything again.
        std::thread::spawn(move || while hear(&socket).is_none_or(|began| pass_on(&send, began)) {});
        Ok(Victims { words, alive: BTreeMap::new() })
    }

    /// Waits until there are so many.
    pub(super) fn wait_for(&mut self, number: usize, within: Length) -> Result<()> {
        let deadline = Deadline::after(within);
        while self.alive.len() < number {
            if self.next(deadline)?.is_none() {
                bail!("after {within} there are {} of {number} victims", self.alive.len());
            }
        }
        Ok(())
    }

    /// The names of those that live.
    pub(super) fn names(&self) -> Vec<String> {
        self.alive.keys().cloned().collect()
    }

    /// Kills one; the moment is that before kill(2).
    pub(super) fn kill(&self, name: &str) -> Result<Time> {
        let pid = *self.alive.get(name).with_context(|| format!("there is no victim {name}"))?;
        let at = now();
        kill_process(pid, Signal::KILL).with_context(|| format!("cannot kill {name}"))?;
        Ok(at)
    }

    /// Waits until a killed one is back: when its new main() began.
    pub(super) fn wait_for_return(&mut self, name: &str, killed: Time, within: Length) -> Result<Time> {
        let deadline = Deadline::after(within);
        loop {
            match self.next(deadline)? {
                None => bail!("{name} is not back after {within}"),
                Some(began) if began.name == name && began.at > killed => return Ok(began.at),
                Some(_) => {}
            }
        }
    }

    fn next(&mut self, deadline: Deadline) -> Result<Option<Began>> {
        match self.words.recv_timeout(deadline.left()) {
            Ok(began) => {
                self.alive.insert(began.name.clone(), began.pid);
                Ok(Some(began))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("the victims' socket is gone"),
        }
    }
}

fn pass_on(send: &Sender<Began>, began: Began) -> bool {
    send.send(began).is_ok()
}

/// One victim's word with the sender's process id as the kernel gives it, translated into this namespace.
fn hear(socket: &UnixDatagram) -> Option<Began> {
    let mut word = [0; WORD_BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut extra = RecvAncillaryBuffer::new(&mut space);
    let read = recvmsg(socket, &mut [IoSliceMut::new(&mut word)], &mut extra, RecvFlags::empty()).ok()?.bytes;
    let sender = extra.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmCredentials(who) => Some(who.pid),
        _ => None,
    })?;
    let text = std::str::from_utf8(word.get(..read)?).ok()?;
    let (name, at) = text.split_once(' ')?;
    Some(Began { name: name.to_owned(), pid: sender, at: Time(at.parse().ok()?) })
}

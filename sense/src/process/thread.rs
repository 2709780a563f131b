//! The thread of a source, and how it is asked to end.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};

use super::desk::Desk;
use crate::pulse::Pulse;

/// A descriptor that becomes readable when somebody pokes it.
#[derive(Clone, Debug)]
pub(super) struct Poke(Arc<OwnedFd>);

impl Poke {
    pub(super) fn new() -> io::Result<Poke> {
        Ok(Poke(Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)))
    }

    pub(super) fn poke(&self) {
        // Only a counter at its maximum refuses, and then it is readable anyway.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    /// Makes it unreadable again.
    pub(super) fn clear(&self) {
        let _ = rustix::io::read(&self.0, &mut [0u8; 8]);
    }
}

impl AsFd for Poke {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Ends a source's thread when dropped, and waits for it.
#[derive(Debug)]
pub(super) struct Stop {
    thread: Option<(Poke, JoinHandle<()>)>,
}

impl Stop {
    /// Runs `body` in a thread of this name; it must return soon after its first argument is readable, and beat its pulse all
    /// the while. When it fails, the desk says that from now on nobody sees what it saw.
    pub(super) fn spawn(
        name: &str,
        desk: &Arc<Desk>,
        pulse: Arc<Pulse>,
        body: impl FnOnce(&Poke, &Pulse) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Stop> {
        let poke = Poke::new()?;
        desk.has_pulse(&pulse);
        let (theirs, desk) = (poke.clone(), desk.clone());
        let run = move || body(&theirs, &pulse).unwrap_or_else(|why| desk.blind(&pulse, &why));
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Stop { thread: Some((poke, thread)) })
    }

    /// Nothing to stop.
    pub(super) fn none() -> Stop {
        Stop { thread: None }
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        if let Some((poke, thread)) = self.thread.take() {
            poke.poke();
            let _ = thread.join();
        }
    }
}

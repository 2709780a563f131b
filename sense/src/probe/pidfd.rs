//! The end of a child as an event (pidfd_open(2)), before anyone has waited for it: until then its number is its own.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A child that runs or has ended.
pub(super) struct PidFd(AsyncFd<OwnedFd>);

impl PidFd {
    /// The child's; call it on the runtime.
    pub(super) fn open(child: Pid) -> io::Result<PidFd> {
        let fd = pidfd_open(child, PidfdFlags::NONBLOCK)?;
        // SAFETY: an `OwnedFd` is open and names the same file until it is dropped, and the `AsyncFd` that takes it over
        // leaves the runtime before it drops it.
        let registered = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
        Ok(PidFd(registered.map_err(io::Error::from)?))
    }

    /// Waits for the end.
    pub(super) async fn ended(&self) -> io::Result<()> {
        self.0.readable().await.map(drop)
    }
}

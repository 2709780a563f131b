//! A child that is given so much time and so much room, and no more.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};

use muster_model::time::{Length, Mono};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::clock;

/// At most so much is taken of what it writes.
pub(super) const OUTPUT_BYTES_MAX: usize = 1024 * 1024;
/// At most so much is taken of what it says of errors.
const SAID_BYTES_MAX: usize = 2048;
/// Room for one read.
const READ_BYTES_MAX: usize = 16 * 1024;

/// What a child did.
pub(super) struct Done {
    /// What it wrote, at most [`OUTPUT_BYTES_MAX`].
    pub(super) output: Vec<u8>,
    /// What it wrote to its error output, trimmed.
    pub(super) said: String,
    /// How it ended; `None`: it had to be ended, since it was late or wrote too much.
    pub(super) status: Option<ExitStatus>,
}

/// Runs a command to its end, or until its time or its room is used up. It is gone when this returns.
pub(super) fn run(command: &mut Command, within: Length) -> io::Result<Done> {
    let until = clock::now().1.after(within);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let done = attend(&mut child, until);
    if !matches!(&done, Ok(Done { status: Some(_), .. })) {
        // It may have ended just now, which is as good.
        let _ = child.kill();
        child.wait()?;
    }
    done
}

/// Reads what it writes and waits for its end.
fn attend(child: &mut Child, until: Mono) -> io::Result<Done> {
    let mut output = Pipe::of(child.stdout.take().map(OwnedFd::from), OUTPUT_BYTES_MAX)?;
    let mut said = Pipe::of(child.stderr.take().map(OwnedFd::from), SAID_BYTES_MAX)?;
    let end = Pid::from_raw(child.id().cast_signed()).map(|pid| pidfd_open(pid, PidfdFlags::empty())).transpose()?;
    let mut status = None;
    while status.is_none() && output.taken.len() < OUTPUT_BYTES_MAX {
        let left = until.since(clock::now().1).std();
        if left.is_zero() {
            break;
        }
        let left = Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() };
        // Its end is waited for when it has closed what it writes to, so that nothing of that is missed.
        let mut fds: Vec<PollFd<'_>> = [&output, &said].into_iter().filter_map(|pipe| pipe.fd.as_ref()).map(readable).collect();
        if fds.is_empty() {
            fds.extend(end.as_ref().map(readable));
        }
        match poll(&mut fds, Some(&left)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        output.take()?;
        said.take()?;
        if output.fd.is_none() && said.fd.is_none() {
            status = child.try_wait()?;
        }
    }
    Ok(Done { output: output.taken, said: String::from_utf8_lossy(&said.taken).trim().to_owned(), status })
}

fn readable(fd: &OwnedFd) -> PollFd<'_> {
    PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)
}

/// One end of a pipe, and what came through it.
struct Pipe {
    /// `None`: it is closed.
    fd: Option<OwnedFd>,
    taken: Vec<u8>,
    bytes_max: usize,
}

impl Pipe {
    fn of(fd: Option<OwnedFd>, bytes_max: usize) -> io::Result<Pipe> {
        if let Some(fd) = &fd {
            fcntl_setfl(fd, OFlags::NONBLOCK)?;
        }
        Ok(Pipe { fd, taken: Vec::new(), bytes_max })
    }

    /// Takes one read of what is there; what there is no room for is dropped, so that the child does not wait for us.
    fn take(&mut self) -> io::Result<()> {
        let Some(fd) = &self.fd else { return Ok(()) };
        let mut buffer = [0; READ_BYTES_MAX];
        match rustix::io::read(fd, &mut buffer) {
            Ok(0) => self.fd = None,
            Ok(length) => {
                let room = self.bytes_max.saturating_sub(self.taken.len());
                self.taken.extend_from_slice(&buffer[..length.min(room)]);
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

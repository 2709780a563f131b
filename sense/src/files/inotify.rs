//! The second rung: inotify(7), which any user may use and which names nobody.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::source::{Interest, Key, Seen, Source, What};

/// Room for the events of one read.
const READ_BYTES_MAX: usize = 64 * 1024;

pub(super) struct Inotify {
    queue: OwnedFd,
    buffer: Vec<MaybeUninit<u8>>,
}

impl Inotify {
    /// The error says which call the kernel refused.
    pub(super) fn new() -> io::Result<Inotify> {
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .map_err(|error| io::Error::new(error.kind(), format!("inotify_init1: {error}")))?;
        Ok(Inotify { queue, buffer: vec![MaybeUninit::uninit(); READ_BYTES_MAX] })
    }
}

impl Source for Inotify {
    fn word(&self) -> &'static str {
        "inotify"
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }

    fn mark(&mut self, dir: &Path, what: Interest) -> io::Result<Key> {
        let entries = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::MOVED_TO;
        let files = match what {
            Interest::Entries => WatchFlags::empty(),
            Interest::Files => WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB,
        };
        // One directory has one watch, whatever path it is reached by: what is asked is added up.
        let flags = entries | files | WatchFlags::ONLYDIR | WatchFlags::MASK_ADD;
        Ok(inotify::add_watch(&self.queue, dir, flags)?.to_ne_bytes().to_vec())
    }

    fn unmark(&mut self, _: &Path, key: &Key) {
        if let Ok(watch) = key.as_slice().try_into() {
            // A directory that is gone took its watch along.
            let _ = inotify::remove_watch(&self.queue, i32::from_ne_bytes(watch));
        }
    }

    fn read(&mut self, seen: &mut Vec<Seen>) -> io::Result<()> {
        let mut events = inotify::Reader::new(&self.queue, &mut self.buffer);
        loop {
            let event = match events.next() {
                Ok(event) => event,
                Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let (dir, told) = (event.wd().to_ne_bytes().to_vec(), event.events());
            if told.contains(ReadFlags::QUEUE_OVERFLOW) {
                seen.push(Seen::Overflow);
            } else if told.contains(ReadFlags::IGNORED) {
                seen.push(Seen::Forget(dir));
            } else if let Some(name) = event.file_name() {
                let entries = ReadFlags::CREATE | ReadFlags::DELETE | ReadFlags::MOVED_FROM | ReadFlags::MOVED_TO;
                let what = What { entry: told.intersects(entries), only_created: told.difference(ReadFlags::ISDIR) == ReadFlags::CREATE };
                let name = std::ffi::OsStr::from_bytes(name.to_bytes()).to_owned();
                seen.push(Seen::Entry { dir, name, what, writer: None });
            }
            if events.is_buffer_empty() {
                return Ok(());
            }
        }
    }
}

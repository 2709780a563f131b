//! The best rung: fanotify(7), which names the process behind each change.
//!
//! Directories are marked one by one, since a mark on a whole file system is refused by overlayfs. An event names its
//! directory by file system id and file handle; both were taken when the directory was marked. It carries a pidfd too:
//! it says whether the writer is still there, and so whether `/proc/PID` is still the writer's.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::kernel;
use super::source::{Interest, Key, Seen, Source, What, Writer};

/// Room for the events of one read.
const READ_BYTES_MAX: usize = 64 * 1024;
/// `sizeof(struct fanotify_event_metadata)`.
pub(super) const METADATA_BYTES: usize = 24;
/// Entries that come.
const COMES: u64 = libc::FAN_CREATE | libc::FAN_MOVED_TO;
/// Entries that go.
const GOES: u64 = libc::FAN_DELETE | libc::FAN_MOVED_FROM;

pub(super) struct Fanotify {
    group: OwnedFd,
    buffer: Vec<u8>,
}

impl Fanotify {
    /// The error says which call the kernel refused. Needs CAP_SYS_ADMIN, without which no process is named.
    pub(super) fn new() -> io::Result<Fanotify> {
        let flags = libc::FAN_CLASS_NOTIF | libc::FAN_CLOEXEC | libc::FAN_NONBLOCK;
        let group = kernel::init(flags | libc::FAN_REPORT_DFID_NAME | libc::FAN_REPORT_PIDFD)
            .map_err(|error| io::Error::new(error.kind(), format!("fanotify_init: {error}")))?;
        let mut fanotify = Fanotify { group, buffer: vec![0; READ_BYTES_MAX] };
        // What a kernel can do is known by trying.
        let root = Path::new("/");
        let tried = fanotify.mark(root, Interest::Entries);
        fanotify.unmark(root, &tried.map_err(|error| io::Error::new(error.kind(), format!("fanotify_mark /: {error}")))?);
        Ok(fanotify)
    }

    fn key(dir: &Path) -> io::Result<Key> {
        let system = rustix::fs::statvfs(dir)?.f_fsid;
        Ok([&system.to_ne_bytes()[..], &kernel::handle(dir)?].concat())
    }
}

impl Source for Fanotify {
    fn word(&self) -> &'static str {
        "fanotify"
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.group.as_fd()
    }

    fn mark(&mut self, dir: &Path, what: Interest) -> io::Result<Key> {
        let files = match what {
            Interest::Entries => 0,
            Interest::Files => libc::FAN_CLOSE_WRITE | libc::FAN_ATTRIB | libc::FAN_EVENT_ON_CHILD,
        };
        let flags = libc::FAN_MARK_ADD | libc::FAN_MARK_ONLYDIR;
        kernel::mark(&self.group, flags, COMES | GOES | libc::FAN_ONDIR | files, dir)?;
        Fanotify::key(dir)
    }

    fn unmark(&mut self, dir: &Path, key: &Key) {
        if Fanotify::key(dir).is_ok_and(|now| now == *key) {
            let all = COMES | GOES | libc::FAN_ONDIR | libc::FAN_CLOSE_WRITE | libc::FAN_ATTRIB | libc::FAN_EVENT_ON_CHILD;
            // A mark that is gone already is as good as removed.
            let _ = kernel::mark(&self.group, libc::FAN_MARK_REMOVE | libc::FAN_MARK_ONLYDIR, all, dir);
        }
    }

    fn read(&mut self, seen: &mut Vec<Seen>) -> io::Result<()> {
        let length = match rustix::io::read(&self.group, &mut self.buffer[..]) {
            Ok(length) => length,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for event in Events(&self.buffer[..length]) {
            drop(event.pidfd.and_then(kernel::own));
            seen.extend(event.seen());
        }
        Ok(())
    }
}

/// One event as the kernel wrote it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    mask: u64,
    pid: i32,
    /// The descriptor, FAN_NOPIDFD or FAN_EPIDFD; `None` without such a record.
    pidfd: Option<i32>,
    /// The directory's key, and the name of the entry in it.
    entry: Option<(Key, Vec<u8>)>,
}

impl Event {
    pub(super) fn seen(self) -> Option<Seen> {
        if self.mask & libc::FAN_Q_OVERFLOW != 0 {
            return Some(Seen::Overflow);
        }
        let (dir, name) = self.entry?;
        // The directory itself; its parent tells of it by name.
        if name == b"." {
            return None;
        }
        let what = What { entry: self.mask & (COMES | GOES) != 0, only_created: self.mask & !libc::FAN_ONDIR == libc::FAN_CREATE };
        // 0: a process that Muster's pid namespace cannot see.
        let writer = (self.pid > 0).then_some(Writer { pid: self.pid, gone: self.pidfd == Some(libc::FAN_NOPIDFD) });
        Some(Seen::Entry { dir, name: OsStr::from_bytes(&name).to_owned(), what, writer })
    }
}

/// The events in a buffer. What does not hold together ends them.
pub(super) struct Events<'a>(pub(super) &'a [u8]);

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let length = usize::try_from(u32_at(self.0, 0)?).ok()?;
        let head = usize::from(u16_at(self.0, 6)?);
        if self.0[4] != libc::FANOTIFY_METADATA_VERSION || head < METADATA_BYTES || length < head || length > self.0.len() {
            return None;
        }
        let (event, rest) = self.0.split_at(length);
        self.0 = rest;
        let mut found = Event {
            mask: u64::from_ne_bytes(event.get(8..16)?.try_into().ok()?),
            pid: u32_at(event, 20)?.cast_signed(),
            pidfd: None,
            entry: None,
        };
        let mut records = &event[head..];
        while let (Some(kind), Some(length)) = (records.first(), u16_at(records, 2)) {
            let length = usize::from(length);
            if length < 4 || length > records.len() {
                break;
            }
            let (record, rest) = records.split_at(length);
            records = rest;
            match *kind {
                libc::FAN_EVENT_INFO_TYPE_DFID_NAME => found.entry = entry(&record[4..]),
                libc::FAN_EVENT_INFO_TYPE_PIDFD => found.pidfd = u32_at(record, 4).map(u32::cast_signed),
                _ => {}
            }
        }
        Some(found)
    }
}

/// File system id, handle length, handle type, handle and name, as in `struct fanotify_event_info_fid`.
fn entry(record: &[u8]) -> Option<(Key, Vec<u8>)> {
    let system = u64::from(u32_at(record, 0)?) | u64::from(u32_at(record, 4)?) << 32;
    let length = usize::try_from(u32_at(record, 8)?).ok()?;
    let handle = record.get(12..16usize.checked_add(length)?)?;
    let name = record.get(16 + length..)?;
    let name = name.split(|byte| *byte == 0).next()?;
    Some(([&system.to_ne_bytes()[..], handle].concat(), name.to_vec()))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event with a directory record and a pidfd record.
    fn event(mask: u64, pid: i32, pidfd: i32, name: &[u8]) -> Vec<u8> {
        let mut dir = vec![libc::FAN_EVENT_INFO_TYPE_DFID_NAME, 0, 0, 0];
        dir.extend([7; 8]);
        dir.extend(8u32.to_ne_bytes());
        dir.extend(1u32.to_ne_bytes());
        dir.extend([9; 8]);
        dir.extend(name);
        dir.push(0);
        dir.resize(dir.len().next_multiple_of(4), 0);
        let length = dir.len() as u16;
        dir[2..4].copy_from_slice(&length.to_ne_bytes());
        let mut event = Vec::new();
        event.extend((METADATA_BYTES as u32 + u32::from(length) + 8).to_ne_bytes());
        event.extend([libc::FANOTIFY_METADATA_VERSION, 0]);
        event.extend((METADATA_BYTES as u16).to_ne_bytes());
        event.extend(mask.to_ne_bytes());
        event.extend((-1i32).to_ne_bytes());
        event.extend(pid.to_ne_bytes());
        event.extend(dir);
        event.extend([libc::FAN_EVENT_INFO_TYPE_PIDFD, 0, 8, 0]);
        event.extend(pidfd.to_ne_bytes());
        event
    }

    #[test]
    fn records_are_read_as_the_kernel_lays_them_out() {
        let bytes = [event(libc::FAN_CREATE, 42, -1, b"a.conf"), event(libc::FAN_Q_OVERFLOW, 0, -2, b"")].concat();
        let seen: Vec<Seen> = Events(&bytes).filter_map(Event::seen).collect();
        let dir: Key = [&[7; 8][..], &1u32.to_ne_bytes(), &[9; 8]].concat();
        assert_eq!(
            seen,
            vec![
                Seen::Entry {
                    dir,
                    name: "a.conf".into(),
                    what: What { entry: true, only_created: true },
                    writer: Some(Writer { pid: 42, gone: true }),
                },
                Seen::Overflow
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = Events(&bytes).map(Event::seen).count();
        }

        #[test]
        fn a_damaged_event_is_survived(at in 0usize..70, byte: u8) {
            let mut bytes = event(libc::FAN_CLOSE_WRITE, 42, -1, b"redis.conf");
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let _ = Events(&bytes).map(Event::seen).count();
        }
    }
}

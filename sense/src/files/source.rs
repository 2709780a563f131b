//! What a source of changes is: something that directories are marked with and that then tells what happens in them.

use std::ffi::OsString;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;

/// How a source names a directory that was marked: the file handle (fanotify), the watch descriptor (inotify).
pub(super) type Key = Vec<u8>;

/// A source of changes in directories.
pub(super) trait Source: Send {
    /// Its word in [`super::Touched::source`].
    fn word(&self) -> &'static str;

    /// Readable when there is something to [`Source::read`].
    fn fd(&self) -> BorrowedFd<'_>;

    /// Marks a directory and gives its key: the same one again when it is marked already.
    fn mark(&mut self, dir: &Path, what: Interest) -> io::Result<Key>;

    /// Takes the mark off a directory, where it still is at `dir`. That it is gone is no error.
    fn unmark(&mut self, dir: &Path, key: &Key);

    /// Takes what is there, a buffer full at most, without waiting.
    fn read(&mut self, seen: &mut Vec<Seen>) -> io::Result<()>;
}

/// What is asked of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Interest {
    /// Entries that come and go: it is on the way to what is meant.
    Entries,
    /// Also what happens to the files in it.
    Files,
}

/// What a source tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Something happened to an entry of a directory.
    Entry {
        /// The directory.
        dir: Key,
        /// The entry.
        name: OsString,
        /// What happened.
        what: What,
        /// Who did it, where the source knows.
        writer: Option<Writer>,
    },
    /// The directory behind this key is no more; the key may come again with another.
    Forget(Key),
    /// The kernel's queue was full and events were lost.
    Overflow,
}

/// What happened to an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct What {
    /// It came or went: it may be, or have been, a directory.
    pub(super) entry: bool,
    /// It came to be and nothing else: if it is a file, whoever made it still has it open, and closing it is told too.
    pub(super) only_created: bool,
}

/// The process behind a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Writer {
    /// Its id in Muster's pid namespace.
    pub(super) pid: i32,
    /// It was gone, and waited for, when the event was read: `/proc/PID` is no longer its own.
    pub(super) gone: bool,
}

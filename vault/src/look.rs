//! Reading a real file: its content, its mode and owner, and whether it is still the same as a moment ago.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

use crate::error::Error;

/// A file with more is not kept.
pub const CONTENT_BYTES_MAX: u64 = 4 << 20;
/// How often a file that is written while it is read is read again.
const READS_MAX: u32 = 4;

/// What is at a path now. Symbolic links are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing.
    Absent,
    /// A file with more than [`CONTENT_BYTES_MAX`].
    TooLarge { bytes: u64, meta: Meta },
    /// A file.
    File { content: Vec<u8>, meta: Meta, stamp: Stamp },
}

/// Mode and owner of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    /// The permission bits, with set-user-id, set-group-id and sticky.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// By what a file is known to be the same, and unwritten, since: device, inode, size, and the times in nanoseconds at
/// which its content and its inode last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp([i64; 7]);

impl Meta {
    fn of(meta: &Metadata) -> Meta {
        Meta { mode: meta.mode() & 0o7777, uid: meta.uid(), gid: meta.gid() }
    }
}

impl std::fmt::Display for Meta {
    /// `0644 0:0`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04o} {}:{}", self.mode, self.uid, self.gid)
    }
}

impl Stamp {
    fn of(meta: &Metadata) -> Stamp {
        let number = u64::cast_signed;
        Stamp([
            number(meta.dev()),
            number(meta.ino()),
            number(meta.size()),
            meta.mtime(),
            meta.mtime_nsec(),
            meta.ctime(),
            meta.ctime_nsec(),
        ])
    }
}

/// Reads what is at `path`.
pub(crate) fn look(path: &Path) -> Result<Look, Error> {
    let mut last = try_look(path)?;
    for _ in 1..READS_MAX {
        match &last {
            // Written while it was read: the content may be half of one and half of the other.
            Look::File { stamp, .. } if now(path).ok().flatten() != Some(*stamp) => last = try_look(path)?,
            _ => return Ok(last),
        }
    }
    Ok(last)
}

/// What is at `path` now, without reading it; `None`: nothing.
pub(crate) fn now(path: &Path) -> io::Result<Option<Stamp>> {
    match fs::metadata(path) {
        Ok(meta) => Ok(Some(Stamp::of(&meta))),
        Err(e) if is_absent(&e) => Ok(None),
        Err(e) => Err(e),
    }
}

fn try_look(path: &Path) -> Result<Look, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    // Asked before it is opened: to open a device can do something. Asked again after, since it may be another by then.
    match fs::metadata(path) {
        Ok(meta) => regular(path, &meta)?,
        Err(e) if is_absent(&e) => return Ok(Look::Absent),
        Err(e) => return Err(unreadable(e)),
    }
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK; // A pipe would wait for a writer.
    let file = match open(path, flags, Mode::empty()).map_err(io::Error::from) {
        Ok(file) => File::from(file),
        Err(e) if is_absent(&e) => return Ok(Look::Absent),
        Err(e) => return Err(unreadable(e)),
    };
    let meta = file.metadata().map_err(unreadable)?;
    regular(path, &meta)?;
    let mut content = Vec::new();
    (&file).take(CONTENT_BYTES_MAX + 1).read_to_end(&mut content).map_err(unreadable)?;
    if content.len() as u64 > CONTENT_BYTES_MAX {
        return Ok(Look::TooLarge { bytes: meta.size().max(content.len() as u64), meta: Meta::of(&meta) });
    }
    Ok(Look::File { content, meta: Meta::of(&meta), stamp: Stamp::of(&meta) })
}

/// Nothing is there; a link whose end is gone counts as that, and so does a path through what is no directory.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn regular(path: &Path, meta: &Metadata) -> Result<(), Error> {
    let kind = meta.file_type();
    let what = match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Err(Error::NotAFile { path: path.to_owned(), what })
}

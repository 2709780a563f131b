//! Files of the machine: looked at, and replaced in one instant.

use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::{Error, FILE_BYTES_MAX};

/// Mode and owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Meta {
    /// For a file whose mode nobody knows.
    pub(crate) const FRESH: Meta = Meta { mode: 0o644, uid: 0, gid: 0 };
}

impl fmt::Display for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o} {}:{}", self.mode, self.uid, self.gid)
    }
}

pub(crate) enum Looked {
    File { content: Vec<u8>, meta: Meta },
    TooLarge { bytes: u64 },
    Absent,
}

pub(crate) fn look(path: &Path) -> Result<Looked, Error> {
    let read = |source| Error::Read { path: path.to_owned(), source };
    // Not blocking: in the place of a file there may be a pipe that nobody writes to.
    let file = match File::options().read(true).custom_flags(O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Looked::Absent),
        Err(e) => return Err(read(e)),
    };
    let meta = file.metadata().map_err(read)?;
    if !meta.is_file() {
        return Err(Error::NotAFile { path: path.to_owned() });
    }
    let mut content = Vec::new();
    // It may grow while it is read.
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content).map_err(read)?;
    if content.len() as u64 > FILE_BYTES_MAX {
        return Ok(Looked::TooLarge { bytes: meta.len() });
    }
    Ok(Looked::File { content, meta: Meta { mode: meta.mode() & 0o7777, uid: meta.uid(), gid: meta.gid() } })
}

/// open(2); the same on every architecture that Linux has but alpha, mips and parisc.
const O_NONBLOCK: i32 = 0o4000;

/// The file that a path means: itself, or what the link that it is points to.
pub(crate) fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Puts a new file in the place of the old one, or nothing.
pub(crate) fn replace(path: &Path, content: &[u8], meta: Meta) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let draft = folder.join(format!(".{name}.muster-{}", std::process::id()));
    let written = write(&draft, content, meta).and_then(|()| fs::rename(&draft, path)).and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        // The draft may not even be there.
        let _ = fs::remove_file(&draft);
    }
    written.map_err(failed)
}

fn write(draft: &Path, content: &[u8], meta: Meta) -> std::io::Result<()> {
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(draft)?;
    file.write_all(content)?;
    if let Err(e) = std::os::unix::fs::fchown(&file, Some(meta.uid), Some(meta.gid))
        && (e.kind() != ErrorKind::PermissionDenied || file.metadata()?.uid() != meta.uid)
    {
        return Err(e);
    }
    file.set_permissions(fs::Permissions::from_mode(meta.mode))?;
    file.sync_all()
}

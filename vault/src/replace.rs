//! Putting an older version in the place of a file.
//!
//! What is there is kept first. The version is written beside it, with the mode and owner that it had, is synced, and
//! renamed over the file: at every instant the one or the other is there, whole. Where the file is reached through a
//! symbolic link the link stays, and what it leads to is replaced. Extended attributes and ACLs are those that the
//! directory gives a new file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use muster_model::actor::Actor;
use muster_model::id::VersionId;
use muster_model::time::Time;

use crate::error::Error;
use crate::look::{Look, Meta, look, now};
use crate::store::{Known, Vault, version_of};

/// How often all begins again because somebody wrote the file meanwhile.
const TRIES_MAX: u32 = 4;
/// As many links are followed as the kernel does (path_resolution(7)).
const LINKS_MAX: u32 = 40;

/// A version is in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// What was there; `None`: no file.
    pub before: Option<VersionId>,
}

impl Vault {
    /// Writes `version` to `path`, with the mode and owner that it had there. `at` and `actor` are kept with it.
    ///
    /// On an error the file is as it was; the one exception is [`Error::NotSynced`].
    pub fn write_back(&self, path: &Path, version: &VersionId, at: Time, actor: Option<&Actor>) -> Result<Replaced, Error> {
        let unknown = || Error::UnknownVersion { path: path.to_owned(), version: version.to_string() };
        let meta = self.meta_of(path, version)?.ok_or_else(unknown)?;
        let content = self.content(version)?.ok_or_else(unknown)?;
        let real =
            end_of_links(path).map_err(|source| Error::Replace { doing: "find what is linked at", path: path.to_owned(), source })?;
        for _ in 0..TRIES_MAX {
            let (before, stamp) = match look(path)? {
                Look::TooLarge { bytes, .. } => return Err(Error::NotKept { path: path.to_owned(), bytes }),
                there => {
                    self.take_look(path, &there, at, None)?;
                    self.sync()?;
                    match there {
                        Look::File { content, stamp, .. } => (Some(version_of(&content)), Some(stamp)),
                        _ => (None, None),
                    }
                }
            };
            let beside = Beside::write(&real, &content, meta)?;
            // Between this and the rename lie microseconds; the kernel has no rename that compares.
            if now(path).ok() != Some(stamp) {
                continue;
            }
            beside.rename(&real)?;
            // Where this cannot be kept, the next look at the file finds it edited: no more is lost.
            let _ = self.keep(path, at, actor, &Known::File(version.clone(), meta), &content);
            sync_directory(&real).map_err(|source| Error::NotSynced { path: real.clone(), source })?;
            return Ok(Replaced { before });
        }
        Err(Error::Restless { path: path.to_owned() })
    }
}

/// The new content, beside the file that it is to replace; removed unless it is renamed.
struct Beside {
    path: PathBuf,
    renamed: bool,
}

impl Beside {
    fn write(real: &Path, content: &[u8], meta: Meta) -> Result<Beside, Error> {
        let name = real.file_name().unwrap_or_default().to_string_lossy();
        // Hidden, and with an end that no `include *.conf` takes.
        let path = real.with_file_name(format!(".{name}.muster-{}", std::process::id()));
        let failed = |doing| move |source| Error::Replace { doing, path: real.to_owned(), source };
        // Left behind by one of the same pid that was killed here.
        let _ = fs::remove_file(&path);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed("write beside"))?;
        let beside = Beside { path, renamed: false };
        file.write_all(content).map_err(failed("write beside"))?;
        own(&file, meta).map_err(failed("give its old owner to"))?;
        // After the owner: a change of owner takes set-user-id away.
        file.set_permissions(fs::Permissions::from_mode(meta.mode)).map_err(failed("give its old mode to"))?;
        file.sync_all().map_err(failed("sync what is to replace"))?;
        Ok(beside)
    }

    fn rename(mut self, real: &Path) -> Result<(), Error> {
        fs::rename(&self.path, real).map_err(|source| Error::Replace { doing: "replace", path: real.to_owned(), source })?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Gives the file the owner it is to have; without privilege that is only possible where it has it already.
fn own(file: &File, meta: Meta) -> io::Result<()> {
    let is = file.metadata()?;
    let differs = |is: u32, should: u32| (is != should).then_some(should);
    match (differs(is.uid(), meta.uid), differs(is.gid(), meta.gid)) {
        (None, None) => Ok(()),
        (uid, gid) => fchown(file, uid, gid),
    }
}

fn sync_directory(real: &Path) -> io::Result<()> {
    let parent = real.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Where the links at `path` end, also where nothing is there (any more).
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut real = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&real) {
            Ok(target) => real = real.parent().unwrap_or(Path::new("/")).join(target),
            Err(e) if matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => return Ok(real),
            Err(e) => return Err(e),
        }
    }
    Err(rustix::io::Errno::LOOP.into())
}

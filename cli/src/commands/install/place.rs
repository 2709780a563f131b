//! Files and folders put in place, or taken away, and what came of it. What somebody else wrote or altered is left alone.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use super::list::List;
use super::report::Did;

/// Puts a file in place, unless somebody else's is there.
///
/// # Errors
/// What the kernel says.
pub(crate) fn put(path: &Path, content: &[u8], mode: u32, list: &mut List, dry: bool) -> io::Result<Did> {
    let did = match fs::read(path) {
        Ok(there) if there == content => return Ok(Did::There),
        Ok(there) if !list.wrote(path, &there) => return Ok(Did::Kept),
        Ok(_) => Did::Replaced,
        Err(error) if error.kind() == ErrorKind::NotFound => Did::Made,
        Err(error) => return Err(error),
    };
    if !dry {
        list.add_file(path, content);
        list.save()?;
        write(path, content, mode)?;
    }
    Ok(did)
}

/// Makes a folder where there is none.
///
/// # Errors
/// What the kernel says.
pub(crate) fn folder(path: &Path, mode: u32, dry: bool) -> io::Result<Did> {
    if path.is_dir() {
        return Ok(Did::There);
    }
    if !dry {
        DirBuilder::new().recursive(true).mode(mode).create(path)?;
    }
    Ok(Did::Made)
}

/// Takes a file away, where it is as Muster wrote it; with `altered` also where it is not.
///
/// # Errors
/// What the kernel says.
pub(crate) fn remove(path: &Path, altered: bool, list: &mut List, dry: bool) -> io::Result<Did> {
    match fs::read(path) {
        Ok(there) if !altered && !list.wrote(path, &there) => return Ok(Did::Kept),
        Ok(_) if dry => return Ok(Did::Removed),
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if !dry {
        list.forget(path);
        list.save()?;
    }
    Ok(Did::Removed)
}

/// Writes a file beside its place and moves it there: at every moment there is the old one, or the new one whole.
///
/// # Errors
/// What the kernel says.
pub(crate) fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".muster-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(folder: &Path) -> List {
        List::read(folder).unwrap()
    }

    #[test]
    fn what_is_put_is_found_again_brought_up_to_date_and_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("etc/muster.service");
        let put = |content: &[u8]| put(&path, content, 0o640, &mut list(folder.path()), false).unwrap();
        assert_eq!((put(b"one"), put(b"one"), put(b"two")), (Did::Made, Did::There, Did::Replaced));
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        // What an earlier version wrote is Muster's too.
        fs::write(&path, "one").unwrap();
        assert_eq!(put(b"three"), Did::Replaced);
        assert_eq!(remove(&path, false, &mut list(folder.path()), false).unwrap(), Did::Removed);
        assert!(!path.exists() && list(folder.path()).files().is_empty());
        assert!(!folder.path().join("etc").exists(), "the folder was made for it");
    }

    #[test]
    fn a_folder_in_which_something_else_is_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut list = list(folder.path());
        let path = folder.path().join("share/man/man1/muster.1");
        assert_eq!(put(&path, b"page", 0o644, &mut list, false).unwrap(), Did::Made);
        fs::write(folder.path().join("share/other"), "").unwrap();
        assert_eq!(remove(&path, false, &mut list, false).unwrap(), Did::Removed);
        assert!(folder.path().join("share/other").exists() && !folder.path().join("share/man").exists());
    }

    #[test]
    fn what_somebody_else_wrote_or_altered_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("muster.toml");
        fs::write(&path, "mine").unwrap();
        let mut list = list(folder.path());
        assert_eq!(put(&path, b"ours", 0o644, &mut list, false).unwrap(), Did::Kept);
        assert_eq!(remove(&path, false, &mut list, false).unwrap(), Did::Kept);
        // The same content written by somebody else is somebody else's.
        assert_eq!(put(&path, b"mine", 0o644, &mut list, false).unwrap(), Did::There);
        assert_eq!(remove(&path, false, &mut list, false).unwrap(), Did::Kept);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        assert_eq!(remove(&path, true, &mut list, false).unwrap(), Did::Removed);
    }

    #[test]
    fn a_dry_run_says_the_same_and_alters_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (file, below) = (folder.path().join("a/file"), folder.path().join("b"));
        let mut list = list(folder.path());
        assert_eq!(put(&file, b"x", 0o644, &mut list, true).unwrap(), Did::Made);
        assert_eq!(super::folder(&below, 0o700, true).unwrap(), Did::Made);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(super::folder(&below, 0o700, false).unwrap(), Did::Made);
        assert_eq!(super::folder(&below, 0o700, false).unwrap(), Did::There);
        assert_eq!(fs::metadata(&below).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_list_that_is_none_is_an_error_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("installed.json"), "{\"files\": 3}").unwrap();
        assert!(List::read(folder.path()).is_err());
    }
}

//! A fix is tried on a copy first (promise 4): in a mount namespace of its own the candidate files lie over the real
//! ones, and the validator is asked there. The rest of the machine sees nothing of it (mount_namespaces(7)).

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use muster_model::time::Length;

use crate::shell;

/// How long a rehearsal may take: as long as the validator may, and for the copies.
const WITHIN: Length = Length::seconds(10);
/// A folder with more in it is not copied: in entries and in bytes.
const COPY_ENTRIES_MAX: usize = 5_000;
const COPY_BYTES_MAX: u64 = 64 << 20;
/// For a file that is not there, whose mode nobody knows.
const MODE: u32 = 0o644;

/// What a rehearsal came to.
#[derive(Debug)]
pub(crate) enum Rehearsal {
    /// The validator takes it.
    Passed,
    /// It does not; its words.
    Refused(String),
    /// It could not be tried; why.
    Impossible(String),
}

/// Asks `validate` with `files` in the place of the real ones.
pub(crate) fn rehearse(files: &[(String, Vec<u8>)], validate: &str) -> Rehearsal {
    match Stage::set(files).and_then(|stage| stage.play(validate)) {
        Ok(rehearsal) => rehearsal,
        Err(error) => Rehearsal::Impossible(error.to_string()),
    }
}

/// The copies, in a folder that only we can enter.
struct Stage {
    folder: tempfile::TempDir,
    /// What is put over what, in this order.
    covers: Vec<(PathBuf, PathBuf)>,
}

/// Puts each copy over the real thing, says so (`$1`), and becomes the validator (`$2`).
const SCRIPT: &str = r#"ready=$1; validate=$2; shift 2
while [ $# -gt 0 ]; do mount --bind "$1" "$2" || exit 1; shift 2; done
: > "$ready"
exec /bin/sh -c "$validate""#;

impl Stage {
    fn set(files: &[(String, Vec<u8>)]) -> io::Result<Stage> {
        let mut stage = Stage { folder: tempfile::Builder::new().prefix("muster-rehearsal-").tempdir()?, covers: Vec::new() };
        let mut folders: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
        let mut copies = Vec::new();
        for (place, (path, content)) in files.iter().enumerate() {
            match fs::metadata(path) {
                Ok(meta) if meta.is_file() => {
                    let copy = stage.folder.path().join(format!("file-{place}"));
                    write(&copy, content, meta.permissions())?;
                    own_alike(&copy, &meta);
                    copies.push((copy, PathBuf::from(path)));
                }
                Ok(_) => return Err(io::Error::other(format!("{path} is not a regular file"))),
                // A file that is missing cannot be covered: the nearest folder that is there is, by a copy of itself with the
                // file in it.
                Err(_) => {
                    let folder = Path::new(path).ancestors().skip(1).find(|a| a.is_dir()).unwrap_or(Path::new("/"));
                    if !folders.contains_key(folder) {
                        let copy = stage.folder.path().join(format!("folder-{place}"));
                        copy_folder(folder, &copy)?;
                        folders.insert(folder.to_owned(), copy);
                    }
                    let within = Path::new(path).strip_prefix(folder).map_err(io::Error::other)?;
                    let copy = folders[folder].join(within);
                    copy.parent().map_or(Ok(()), fs::create_dir_all)?;
                    write(&copy, content, Permissions::from_mode(MODE))?;
                }
            }
        }
        // Folders first, the outer before the inner: a file that is covered lies in the copy of its folder then.
        stage.covers = folders.into_iter().map(|(real, copy)| (copy, real)).chain(copies).collect();
        Ok(stage)
    }

    fn play(&self, validate: &str) -> io::Result<Rehearsal> {
        let ready = self.folder.path().join("ready");
        let mut arguments: Vec<String> = match rustix::process::geteuid().is_root() {
            true => vec!["--mount".into()],
            // As the user that the validator really runs as, with the right to mount in this namespace alone.
            false => ["--user", "--map-current-user", "--keep-caps", "--mount"].map(String::from).to_vec(),
        };
        arguments.extend(["--propagation", "private", "--", "/bin/sh", "-c", SCRIPT, "muster-rehearsal"].map(String::from));
        arguments.extend([text(&ready)?, validate.to_owned()]);
        for (copy, real) in &self.covers {
            arguments.extend([text(copy)?, text(real)?]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = shell::run("unshare", &arguments, WITHIN).map_err(io::Error::other)?;
        Ok(match (ready.exists(), ran.began()) {
            (false, _) => Rehearsal::Impossible(format!("no copy can be put in place here: {}", ran.words())),
            (true, false) => Rehearsal::Impossible(format!("the validator cannot be run: {}", ran.words())),
            (true, true) if ran.ok() => Rehearsal::Passed,
            (true, true) => Rehearsal::Refused(ran.words()),
        })
    }
}

fn write(copy: &Path, content: &[u8], permissions: Permissions) -> io::Result<()> {
    let mut file = File::create(copy)?;
    file.write_all(content)?;
    file.set_permissions(permissions)
}

/// Without the right to it, the copy is ours, which the validator may then read as well as we do.
fn own_alike(copy: &Path, meta: &fs::Metadata) {
    use std::os::unix::fs::MetadataExt;
    let _ = std::os::unix::fs::chown(copy, Some(meta.uid()), Some(meta.gid()));
}

fn text(path: &Path) -> io::Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| io::Error::other(format!("{} is not UTF-8", path.display())))
}

fn copy_folder(folder: &Path, copy: &Path) -> io::Result<()> {
    let (mut entries, mut bytes) = (0, 0);
    measure(folder, &mut entries, &mut bytes)?;
    if entries > COPY_ENTRIES_MAX || bytes > COPY_BYTES_MAX {
        return Err(io::Error::other(format!("{} holds too much to be copied", folder.display())));
    }
    let ran = shell::run("cp", &["-a", "--", &text(folder)?, &text(copy)?], WITHIN).map_err(io::Error::other)?;
    if ran.ok() { Ok(()) } else { Err(io::Error::other(format!("{} cannot be copied: {}", folder.display(), ran.words()))) }
}

/// Counts until it is too much.
fn measure(folder: &Path, entries: &mut usize, bytes: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        *entries += 1;
        *bytes += meta.len();
        if *entries > COPY_ENTRIES_MAX || *bytes > COPY_BYTES_MAX {
            return Ok(());
        }
        if meta.is_dir() {
            measure(&entry.path(), entries, bytes)?;
        }
    }
    Ok(())
}

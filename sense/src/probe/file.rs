//! A file that must be there, whose it is, and who may do what with it (inode(7)).

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::OnceLock;

use muster_model::probe::{Answer, FileWanted};

use super::answers::{Step, unasked, wrong};
use super::progress::{Progress, Reached};
use crate::proc::Users;

/// The bits of st_mode that chmod(2) sets.
const MODE_MASK: u32 = 0o7777;

pub(super) async fn put(wanted: &FileWanted, progress: &Progress) -> Step<Answer> {
    progress.reached(Reached::Asked);
    let wanted = wanted.clone();
    // A file system may be far away, and gone.
    tokio::task::spawn_blocking(move || look(&wanted)).await.map_err(|error| unasked(error.to_string()))
}

fn look(wanted: &FileWanted) -> Answer {
    let found = match fs::metadata(&wanted.path) {
        Ok(found) => found,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Answer::Refused { text: "it is not there".to_owned() };
        }
        Err(error) => return unasked(format!("it cannot be looked at: {error}")),
    };
    let mode = found.mode() & MODE_MASK;
    let differs = [
        differs("owner", "/etc/passwd", wanted.owner.as_deref(), found.uid()),
        differs("group", "/etc/group", wanted.group.as_deref(), found.gid()),
        wanted.mode.filter(|wanted| *wanted != mode).map(|wanted| format!("its mode is {mode:04o}, not {wanted:04o}")),
    ];
    let differs: Vec<String> = differs.into_iter().flatten().collect();
    if differs.is_empty() { Answer::Right { text: None, perfdata: Vec::new() } } else { wrong(differs.join("; ")) }
}

/// What is other than wanted of an owner or a group, which may be named by name or by number.
fn differs(what: &str, file: &'static str, wanted: Option<&str>, id: u32) -> Option<String> {
    static NAMES: [OnceLock<Users>; 2] = [OnceLock::new(), OnceLock::new()];
    let wanted = wanted?;
    let names = NAMES[usize::from(what == "group")].get_or_init(|| Users::of(Path::new(file)));
    let name = names.name(id);
    let is = wanted.parse() == Ok(id) || name.as_deref() == Some(wanted);
    (!is).then(|| format!("its {what} is {}, not {wanted}", name.unwrap_or_else(|| id.to_string())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_told_by_what_is_other_than_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let mut wanted = FileWanted { path: path.display().to_string(), owner: None, group: None, mode: Some(0o640) };
        assert_eq!(look(&wanted), Answer::Refused { text: "it is not there".to_owned() });
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(look(&wanted).is_right());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(look(&wanted), wrong("its mode is 0644, not 0640"));
        wanted.mode = None;
        let own = fs::metadata(&path).unwrap();
        wanted.owner = Some(own.uid().to_string());
        wanted.group = Some(own.gid().to_string());
        assert!(look(&wanted).is_right());
        wanted.group = Some("nosuchgroup".to_owned());
        assert!(look(&wanted).text().ends_with(", not nosuchgroup"), "{:?}", look(&wanted));
        // What is behind a file is no file.
        wanted.path.push_str("/x");
        assert!(matches!(look(&wanted), Answer::Refused { .. }));
    }
}

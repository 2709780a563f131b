//! The names of users.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// The most lines of a passwd(5) file that are kept.
const USERS_MAX: usize = 10_000;
/// The largest passwd(5) file that is read.
const FILE_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The users of a passwd(5) file, read again when it has changed.
#[derive(Debug)]
pub struct Users {
    path: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    changed: Option<SystemTime>,
    names: BTreeMap<u32, String>,
}

impl Users {
    /// The users in the file at `path`.
    pub fn of(path: &Path) -> Users {
        Users { path: path.to_owned(), known: Mutex::default() }
    }

    /// The name of a user id; `None` where the file has none or cannot be read.
    pub fn name(&self, uid: u32) -> Option<String> {
        let state = fs::metadata(&self.path).ok().filter(|m| m.len() <= FILE_MAX_BYTES)?;
        let changed = state.modified().ok();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.changed.is_none() || known.changed != changed {
            *known = Known { changed, names: parse(&fs::read_to_string(&self.path).ok()?) };
        }
        known.names.get(&uid).cloned()
    }
}

/// The first name of each user id, as getpwuid(3) would give it.
pub(super) fn parse(passwd: &str) -> BTreeMap<u32, String> {
    let mut names = BTreeMap::new();
    for line in passwd.lines().take(USERS_MAX) {
        let mut fields = line.split(':');
        if let (Some(name), Some(uid)) = (fields.next(), fields.nth(1).and_then(|uid| uid.parse().ok())) {
            names.entry(uid).or_insert_with(|| name.to_owned());
        }
    }
    names
}

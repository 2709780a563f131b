//! Who may use the API: `DATA/users.json`, which only the agent reads and writes. Tokens are not kept, only their hashes; what
//! they may do is decided here and nowhere else, so that a hub in strangers' hands acts on nothing.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use muster_model::time::Time;
use muster_model::user::{Admission, Right, User};
use rustix::rand::{GetRandomFlags, getrandom};
use serde::{Deserialize, Serialize};

/// More users than one host is made for.
const USERS_MAX: usize = 1_000;
/// Found in a paste or a log, a token tells whose it is.
const TOKEN_BEGINS: &str = "muster_";
/// No guess comes near.
const TOKEN_BYTES: usize = 32;

/// The users, in memory and on disk.
pub(crate) struct Users {
    path: PathBuf,
    all: Mutex<Vec<Entry>>,
}

/// A user, with the hash of their token.
#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    user: User,
    /// BLAKE3, hexadecimal.
    token: String,
}

impl Entry {
    /// Whether its token still counts.
    fn lasts(&self, now: Time) -> bool {
        self.user.until.is_none_or(|until| now < until)
    }
}

/// Why somebody was not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserError {
    /// Somebody has that name.
    #[error("there is a user `{0}`")]
    There(String),
    /// There are too many.
    #[error("there are {USERS_MAX} users, which is the most")]
    Full,
    /// The file cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

impl Users {
    /// Those in the file of this data directory.
    ///
    /// # Errors
    /// The file is there, and cannot be read or is none of Muster's.
    pub(crate) fn open(data: &Path) -> Result<Users, UserError> {
        let path = data.join("users.json");
        let all = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| UserError::File { path: path.clone(), source: error.into() })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(UserError::File { path, source }),
        };
        Ok(Users { path, all: Mutex::new(all) })
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> Vec<User> {
        let mut all: Vec<User> = self.lock().iter().map(|entry| entry.user.clone()).collect();
        all.sort_by(|a, b| a.user.cmp(&b.user));
        all
    }

    /// Whether somebody of that name has a token that counts: where it has run out, the name is free again.
    pub(crate) fn is_taken(&self, name: &str, now: Time) -> bool {
        self.lock().iter().any(|entry| entry.user.user == name && entry.lasts(now))
    }

    /// Whether there is one of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.lock().iter().any(|entry| entry.user.user == name)
    }

    /// Whose token it is, and what they may do; `None`: nobody's, or it has run out.
    pub(crate) fn holder(&self, token: &str, now: Time) -> Option<(String, Right)> {
        let hash = blake3::hash(token.as_bytes());
        let all = self.lock();
        // The comparison of hashes takes the same time wherever they differ.
        let entry = all.iter().find(|entry| blake3::Hash::from_hex(&entry.token).is_ok_and(|known| known == hash))?;
        entry.lasts(now).then(|| (entry.user.user.clone(), entry.user.right))
    }

    /// Lets somebody in; their token, which nobody can show again.
    ///
    /// # Errors
    /// See [`UserError`]; then nothing is altered.
    pub(crate) fn admit(&self, wanted: &Admission, now: Time) -> Result<String, UserError> {
        let mut all = self.lock();
        let mut after = all.clone();
        after.retain(|entry| entry.lasts(now) || entry.user.user != wanted.user);
        if after.iter().any(|entry| entry.user.user == wanted.user) {
            return Err(UserError::There(wanted.user.clone()));
        }
        if after.len() >= USERS_MAX {
            return Err(UserError::Full);
        }
        let mut secret = [0; TOKEN_BYTES];
        let filled = getrandom(&mut secret, GetRandomFlags::empty()).map_err(|error| self.failed(error.into()))?;
        if filled < TOKEN_BYTES {
            return Err(self.failed(io::ErrorKind::UnexpectedEof.into()));
        }
        let token = format!("{TOKEN_BEGINS}{}", URL_SAFE_NO_PAD.encode(secret));
        let user =
            User { user: wanted.user.clone(), right: wanted.right, since: now, until: wanted.length.map(|length| now.after(length)) };
        after.push(Entry { user, token: blake3::hash(token.as_bytes()).to_hex().to_string() });
        self.write(&after)?;
        *all = after;
        Ok(token)
    }

    /// Their token counts no more; `false` where there was nobody of that name.
    ///
    /// # Errors
    /// The file cannot be written; then nothing is altered.
    pub(crate) fn dismiss(&self, name: &str) -> Result<bool, UserError> {
        let mut all = self.lock();
        let after: Vec<Entry> = all.iter().filter(|entry| entry.user.user != name).cloned().collect();
        if after.len() == all.len() {
            return Ok(false);
        }
        self.write(&after)?;
        *all = after;
        Ok(true)
    }

    /// The whole file anew, in one step.
    fn write(&self, all: &[Entry]) -> Result<(), UserError> {
        let write = || -> io::Result<()> {
            let new = self.path.with_extension("json.new");
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(&serde_json::to_vec_pretty(all)?)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        write().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> UserError {
        UserError::File { path: self.path.clone(), source }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use muster_model::time::Length;

    use super::*;

    fn wanted(user: &str, right: Right, length: Option<Length>) -> Admission {
        Admission { user: user.to_owned(), right, length }
    }

    #[test]
    fn a_token_says_who_it_is_also_after_a_restart_and_is_kept_nowhere() {
        let data = tempfile::tempdir().unwrap();
        let (now, hour) = (Time(1_000_000_000), Length::seconds(3_600));
        let users = Users::open(data.path()).unwrap();
        let ann = users.admit(&wanted("ann", Right::Act, None), now).unwrap();
        let screen = users.admit(&wanted("screen", Right::Read, Some(hour)), now).unwrap();
        assert!(matches!(users.admit(&wanted("ann", Right::Read, None), now), Err(UserError::There(_))));

        let users = Users::open(data.path()).unwrap();
        assert_eq!(users.holder(&ann, now), Some(("ann".to_owned(), Right::Act)));
        assert_eq!(users.holder(&screen, now), Some(("screen".to_owned(), Right::Read)));
        assert_eq!(users.holder(&screen, now.after(hour)), None, "it has run out");
        for none in ["", "muster_", &ann[..ann.len() - 1], &ann.to_uppercase()] {
            assert_eq!(users.holder(none, now), None, "{none}");
        }
        let file = data.path().join("users.json");
        let kept = fs::read_to_string(&file).unwrap();
        assert!(!kept.contains(&ann) && !kept.contains(ann.trim_start_matches(TOKEN_BEGINS)), "{kept}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

        assert!(users.dismiss("ann").unwrap() && !users.dismiss("ann").unwrap());
        assert_eq!(users.holder(&ann, now), None);
        assert!(users.admit(&wanted("screen", Right::Read, None), now.after(hour)).is_ok(), "the name is free again");
    }

    #[test]
    fn a_file_that_is_none_of_ours_is_named_and_left_alone() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("users.json"), "what?").unwrap();
        let error = Users::open(data.path()).err().map(|e| crate::record::chain(&e)).unwrap();
        assert!(error.contains("users.json") && error.contains("line 1"), "{error}");
        assert_eq!(fs::read_to_string(data.path().join("users.json")).unwrap(), "what?");
    }
}

//! The list of what `install` put on the machine, in the data folder. `uninstall` takes back what is on it and as it was
//! written, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::place::write;

/// A larger list is none of Muster's.
const BYTES_MAX: u64 = 1 << 20;

/// What is Muster's on this machine. It is written before anything on it is done: a crash in between leaves a list of more
/// than is there, never of less.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct List {
    /// The files, with the BLAKE3 of every content that was ever written to them.
    #[serde(default)]
    files: BTreeMap<PathBuf, BTreeSet<String>>,
    /// The folders that were made for these files.
    #[serde(default)]
    folders: BTreeSet<PathBuf>,
    /// The user was not there before.
    #[serde(default)]
    pub(crate) user: bool,
    #[serde(skip)]
    at: PathBuf,
}

impl List {
    /// The list in this folder; an empty one where there is none.
    ///
    /// # Errors
    /// It is there and cannot be read, or is no list.
    pub(crate) fn read(data: &Path) -> io::Result<List> {
        let at = data.join("installed.json");
        let list = match fs::metadata(&at) {
            Err(error) if error.kind() == ErrorKind::NotFound => List::default(),
            Err(error) => return Err(error),
            Ok(about) if about.len() > BYTES_MAX => return Err(ErrorKind::FileTooLarge.into()),
            Ok(_) => serde_json::from_slice(&fs::read(&at)?)?,
        };
        Ok(List { at, ..list })
    }

    /// Writes it where it was read.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn save(&self) -> io::Result<()> {
        write(&self.at, &serde_json::to_vec_pretty(self)?, 0o600)
    }

    /// A file is about to be written, and the folders above it that are not there yet.
    pub(crate) fn add_file(&mut self, path: &Path, content: &[u8]) {
        self.files.entry(path.to_owned()).or_default().insert(hash(content));
        let missing = path.ancestors().skip(1).take_while(|folder| !folder.exists());
        self.folders.extend(missing.map(Path::to_owned));
    }

    /// Whether the file is as Muster wrote it.
    pub(crate) fn wrote(&self, path: &Path, content: &[u8]) -> bool {
        self.files.get(path).is_some_and(|hashes| hashes.contains(&hash(content)))
    }

    /// The files on it.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.files.keys().cloned().collect()
    }

    /// A file is gone; and with it the folders that were made for it, where nothing else is in them.
    pub(crate) fn forget(&mut self, path: &Path) {
        self.files.remove(path);
        for folder in path.ancestors().skip(1).take_while(|folder| self.folders.contains(*folder)).map(Path::to_owned).collect::<Vec<_>>() {
            if fs::remove_dir(&folder).is_err() {
                return;
            }
            self.folders.remove(&folder);
        }
    }
}

fn hash(content: &[u8]) -> String {
    blake3::hash(content).to_hex().to_string()
}

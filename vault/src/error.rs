//! What can go wrong, each with where, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why the vault could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the vault's own could not be made.
    #[error("cannot make {path}; look at the owner, the mode and the free space of that directory, or use another --data")]
    Make {
        /// Which.
        path: PathBuf,
        /// The kernel's word.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("cannot {doing} {path}; look at its owner, its mode and the free space, or move it aside to begin anew")]
    Database {
        /// What was tried.
        doing: &'static str,
        /// The vault's file.
        path: PathBuf,
        /// SQLite's word.
        source: rusqlite::Error,
    },
    /// It was written by a newer Muster, or is not a vault.
    #[error("{path} has format {found}, this Muster knows up to {known}; run the Muster that wrote it, or a newer one")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest one that can be read.
        known: i64,
    },
    /// A file could not be read.
    #[error("cannot read {path}; give Muster leave to read it, or take it out of `config`")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The kernel's word.
        source: io::Error,
    },
    /// Not a file with content of its own.
    #[error("{path} is {what}, not a regular file; name the files in it in `config`, or take it out")]
    NotAFile {
        /// Which.
        path: PathBuf,
        /// What it is instead.
        what: &'static str,
    },
    /// No such version was ever there.
    #[error("{path} was never seen with version {version}; `muster changes` lists those that were")]
    UnknownVersion {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        version: String,
    },
    /// More than one version begins so.
    #[error("{count} versions of {path} begin with {prefix}; write more of it")]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        prefix: String,
        /// How many fit.
        count: usize,
    },
    /// A kept content is not what it was when it was kept.
    #[error("version {version} in {path} is damaged and was not used; restore vault.db from a backup where there is one")]
    Damaged {
        /// The vault's file.
        path: PathBuf,
        /// Which version.
        version: String,
    },
    /// What is there is too large to be kept, so it is not overwritten.
    #[error("{path} has {bytes} bytes, too many to be kept, so it was not overwritten; move it aside yourself")]
    NotKept {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It changes faster than it can be kept.
    #[error("{path} changes again and again, so it was not overwritten; end what writes it, and try again")]
    Restless {
        /// The file.
        path: PathBuf,
    },
    /// An older version could not be put in its place; what is there was not touched.
    #[error("cannot {doing} {path}; what is there was left as it is; look at the owner, the mode and the free space of its directory")]
    Replace {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The kernel's word.
        source: io::Error,
    },
    /// An older version is in its place; whether it outlives a power cut is not known.
    #[error("{path} was replaced, but its directory could not be synced; look at the disk")]
    NotSynced {
        /// The file.
        path: PathBuf,
        /// The kernel's word.
        source: io::Error,
    },
}

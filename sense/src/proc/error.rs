//! Why a file of the kernel could not be read.

use std::io;
use std::path::{Path, PathBuf};

/// A file that is there but cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The kernel refused.
    #[error("cannot read {path}: {source}; run Muster as root or give it CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE")]
    Refused {
        /// Which.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
    /// It could be read, but is not what it should be.
    #[error("cannot understand {path}: {why}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
}

impl ReadError {
    /// `None` when the error says that the file or the process is not there, else the error with its path.
    pub(crate) fn absent<T>(path: &Path, error: io::Error) -> Result<Option<T>, ReadError> {
        match error.raw_os_error() {
            Some(libc::ENOENT | libc::ESRCH | libc::ENOTDIR) => Ok(None),
            _ => Err(ReadError::Refused { path: path.to_owned(), source: error }),
        }
    }

    pub(crate) fn unreadable(path: &Path, why: &'static str) -> ReadError {
        ReadError::Unreadable { path: path.to_owned(), why }
    }
}

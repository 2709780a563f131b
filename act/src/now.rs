//! A configuration file as it is now.

use std::io;
use std::path::Path;

use muster_model::id::VersionId;

/// The version of its content; `None`: it is gone.
///
/// # Errors
/// It cannot be read, is no regular file, or is too large to have been kept.
pub(crate) fn version(path: &Path) -> io::Result<Option<VersionId>> {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return Err(e),
    };
    if !meta.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    if meta.len() > muster_vault::CONTENT_BYTES_MAX {
        return Err(io::Error::other("too large to be kept"));
    }
    Ok(Some(VersionId::from(blake3::hash(&std::fs::read(path)?).to_hex().as_str())))
}

//! The bundle as a file: a compressed tar archive, which everybody can open, that only its owner can read.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use muster_model::text::Text;
use muster_model::time::Time;

use crate::failure::Failure;

/// Writes the files below `folder` into a new archive: all of it or nothing, never over what is there. Its size in bytes.
pub(super) fn write(path: &Path, folder: &str, files: &[(String, &[u8])], at: Time) -> Result<u64, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Failed(Text::new("error-support-unwritten").with("file", path.display()).with("error", error))
    };
    let exists = || Failure::Failed(Text::new("error-support-exists").with("file", path.display()));
    if path.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file has mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(beside).map_err(|error| failed(&error))?;
    let mut tar = tar::Builder::new(GzEncoder::new(file.as_file_mut(), Compression::default()));
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(at.0 / 1_000_000_000).unwrap_or(0));
        tar.append_data(&mut header, format!("{folder}/{name}"), *content).map_err(|error| failed(&error))?;
    }
    let written = tar.into_inner().and_then(GzEncoder::finish).and_then(|file| {
        file.flush()?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    });
    let bytes = written.map_err(|error| failed(&error))?;
    file.persist_noclobber(path).map_err(|error| match error.error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(),
        _ => failed(&error.error),
    })?;
    Ok(bytes)
}

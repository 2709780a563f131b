//! What fanotify may say, and which files people may mean, as functions of bytes for the fuzz targets (`fuzz/`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::fanotify::{Event, Events, METADATA_BYTES};
use super::globs::Globs;

/// A buffer of events.
pub fn fanotify(bytes: &[u8]) {
    let seen = Events(bytes).map(Event::seen).count();
    assert!(seen <= bytes.len() / METADATA_BYTES);
}

/// Globs, each on a line of its own, and after an empty line the parts of a path.
pub fn globs(bytes: &[u8]) {
    let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap_or(bytes.len());
    let (patterns, path) = bytes.split_at(end);
    let mut globs = Globs::new();
    for pattern in String::from_utf8_lossy(patterns).lines() {
        let _ = globs.add(&"a".into(), pattern);
    }
    let mut place = globs.root();
    for part in path.split(|b| matches!(b, b'/' | b'\n')).filter(|part| !part.is_empty()) {
        place = globs.step(&place, OsStr::from_bytes(part));
        if place.is_nowhere() {
            break;
        }
    }
}

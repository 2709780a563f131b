//! What `systemctl` may print, as a function of bytes for the fuzz target (`fuzz/`).

use std::collections::BTreeSet;

use super::poll::read_shown;

/// What `systemctl show` prints of two units, and after a zero what `list-jobs` prints.
pub fn systemctl(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (shown, jobs) = text.split_once('\0').unwrap_or((&text, ""));
    let units = ["a.service".to_owned(), "b.service".to_owned()];
    let waiting = BTreeSet::from(["a.socket".to_owned()]);
    let seen = read_shown(&units, shown, jobs, &waiting);
    assert!(seen.iter().zip(&units).all(|(seen, unit)| seen.state.unit == *unit));
}

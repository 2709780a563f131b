//! Where configuration and data are when nobody says.

use std::path::{Path, PathBuf};

/// The configuration file: `/etc/muster/muster.toml` for root, else `muster/muster.toml` in the user's configuration
/// directory (XDG Base Directory Specification).
pub(crate) fn config() -> PathBuf {
    user_dir("XDG_CONFIG_HOME", ".config").map_or_else(|| PathBuf::from("/etc/muster"), |dir| dir.join("muster")).join("muster.toml")
}

/// The data directory: `/var/lib/muster` for root, else `muster` in the user's state directory.
pub(crate) fn data() -> PathBuf {
    user_dir("XDG_STATE_HOME", ".local/state").map_or_else(|| PathBuf::from("/var/lib/muster"), |dir| dir.join("muster"))
}

/// The configuration file in force: the named one, else the usual one where there is one.
pub(crate) fn config_in_force(named: Option<&Path>) -> Option<PathBuf> {
    named.map(Path::to_owned).or_else(|| Some(config()).filter(|usual| usual.exists()))
}

/// A directory of the user; `None` for root, and for a user without a home.
fn user_dir(variable: &str, below_home: &str) -> Option<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return None;
    }
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    absolute(variable).or_else(|| Some(absolute("HOME")?.join(below_home)))
}

//! The configuration's files: read, checked, watched.

use std::fs;
use std::path::{Path, PathBuf};

use muster_model::config::{self, Config, ConfigError};

/// Files in `services.d` beyond this number are refused.
const FILES_MAX: usize = 1_000;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// There are mistakes in it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Wrong(Vec<ConfigError>),
}

/// The files that make the configuration: the main one, and those in `services.d` beside it, by name.
pub(crate) fn files(main: &Path) -> Vec<PathBuf> {
    let folder = main.parent().unwrap_or(Path::new("/")).join("services.d");
    let mut parts: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .take(FILES_MAX)
        .collect();
    parts.sort();
    std::iter::once(main.to_owned()).chain(parts).collect()
}

/// All files of a configuration: the main one, those in `services.d` beside it, and the packs of the people here.
pub fn configuration_files(main: Option<&Path>) -> Vec<PathBuf> {
    main.map(files).unwrap_or_default().into_iter().chain(crate::packs::files(main)).collect()
}

/// Reads the configuration. Without a main file it is the built-in one.
///
/// # Errors
/// A file cannot be read, or has mistakes in it.
pub fn load(main: Option<&Path>) -> Result<Config, LoadError> {
    let Some(main) = main else { return Ok(Config::default()) };
    let mut texts = Vec::new();
    for path in files(main) {
        let text = fs::read(&path).map_err(|source| LoadError::Read { path: path.clone(), source })?;
        texts.push((path.display().to_string(), String::from_utf8_lossy(&text).into_owned()));
    }
    config::parse(&texts).map_err(LoadError::Wrong)
}

/// The files of the configuration and of the packs, and whether they have changed.
pub(crate) struct Watch {
    main: Option<PathBuf>,
    /// Where there was no main file, there may be one later.
    usual: PathBuf,
    stamps: Vec<Stamp>,
}

type Stamp = (PathBuf, Option<(std::time::SystemTime, u64)>);

impl Watch {
    pub(crate) fn new(main: Option<&Path>, usual: &Path) -> Watch {
        let mut watch = Watch { main: main.map(Path::to_owned), usual: usual.to_owned(), stamps: Vec::new() };
        watch.stamps = watch.look();
        watch
    }

    /// The main file.
    pub(crate) fn main(&self) -> Option<&Path> {
        self.main.as_deref()
    }

    fn look(&self) -> Vec<Stamp> {
        let stamp = |path: PathBuf| {
            let stamp = fs::metadata(&path).ok().and_then(|m| Some((m.modified().ok()?, m.len())));
            (path, stamp)
        };
        let packs = crate::packs::files(self.main.as_deref());
        self.main.as_deref().map(files).unwrap_or_default().into_iter().chain(packs).map(stamp).collect()
    }

    /// Whether a file is other than at the last look. A main file that was there once is expected from then on.
    pub(crate) fn changed(&mut self) -> bool {
        if self.main.is_none() && self.usual.exists() {
            self.main = Some(self.usual.clone());
        }
        let now = self.look();
        let changed = now != self.stamps;
        self.stamps = now;
        changed
    }
}

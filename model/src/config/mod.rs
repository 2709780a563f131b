//! The configuration file (DESIGN §5): text → [`raw::RawConfig`] (serde, unknown keys refused) → [`validate`] (pure)
//! → [`Config`]. Only a `Config` reaches the program, and it is made nowhere else.
//!
//! Nothing is read here: the caller hands in paths and texts, the main file first and `services.d/*.toml` after it.

mod error;
mod expected;
pub mod keys;
mod probe;
mod protocol;
mod raw;
mod read;
mod service;
mod validate;

#[cfg(test)]
mod tests;

pub use error::ConfigError;
// With these a pack, a file of another kind with the same manners, is read.
pub use error::{Faults, Source, nearest};
pub use probe::probe;
pub(crate) use probe::{host_and_port, http_url};
pub use raw::RawProbe;
pub use read::{Reading, read};
pub use validate::Check;

use crate::roster::{Limits, Service};
use crate::time::Length;

/// A larger file is not a configuration.
pub const FILE_BYTES_MAX: usize = 4 << 20;
/// More services than one host is made for.
pub const SERVICES_MAX: usize = 10_000;
/// At most so many mistakes are told at once.
pub const ERRORS_MAX: usize = 50;

/// Where the pages and the API are, unless told otherwise.
pub const LISTEN: &str = "127.0.0.1:7373";
/// How long the record is kept, unless told otherwise.
pub const KEEP: Length = Length::seconds(90 * 86_400);
/// How large the record may grow, in bytes, unless told otherwise.
pub const KEEP_BYTES: u64 = 2 << 30;

/// What the configuration says, complete and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `ADDRESS:PORT` of the pages and the API.
    pub listen: String,
    /// Nobody chose that port.
    pub listen_is_usual: bool,
    /// Reading needs a token too: `read = "token"`, and without a word on it wherever others than this machine can ask.
    pub token_to_read: bool,
    /// The language of texts, `en` or `zh-CN`; `None`: that of the person's terminal.
    pub language: Option<String>,
    /// How Muster itself is to behave.
    pub limits: Limits,
    /// How long the record is kept.
    pub keep: Length,
    /// How large the record may grow, in bytes.
    pub keep_bytes: u64,
    /// A file elsewhere that gets the signed checkpoints of the record.
    pub checkpoint_file: Option<String>,
    /// The declared services in the order of the files; what packs know of them is not yet filled in.
    pub services: Vec<Service>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: LISTEN.to_owned(),
            listen_is_usual: true,
            token_to_read: false,
            language: None,
            limits: Limits::default(),
            keep: KEEP,
            keep_bytes: KEEP_BYTES,
            checkpoint_file: None,
            services: Vec::new(),
        }
    }
}

/// Reads and checks a configuration: `(path, text)` of the main file, then of those in `services.d`.
///
/// # Errors
/// Every mistake that can be told at once, by file and place, at most [`ERRORS_MAX`] of them.
pub fn parse(files: &[(String, String)]) -> Result<Config, Vec<ConfigError>> {
    let sources: Vec<error::Source<'_>> = files.iter().map(|(name, text)| error::Source::new(name, text)).collect();
    let mut faults = error::Faults::default();
    let readings = sources.iter().map(|source| read(source, &mut faults)).collect();
    let config = validate::validate(&sources, readings, &mut faults);
    faults.settle(&sources).map(|()| config)
}

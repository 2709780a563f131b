//! How a command can fail, and with which exit code (DESIGN §5).

use muster_model::config::ConfigError;
use muster_model::text::Text;

/// Exit code of a command that did what it was asked.
pub(crate) const DONE: u8 = 0;
/// Exit code of a command that failed.
pub(crate) const FAILED: u8 = 1;
/// Exit code of wrong usage or configuration.
pub(crate) const WRONG_USAGE: u8 = 2;
/// Exit code where no running Muster was reached.
pub(crate) const NOT_REACHED: u8 = 3;

/// What a command comes to: an exit code, or a failure that is still to be said.
pub(crate) type Outcome = Result<u8, Failure>;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It could not be done.
    Failed(Text),
    /// It makes no sense as it was typed.
    Usage(Text),
    /// The configuration has mistakes.
    Config(Vec<ConfigError>),
    /// No running Muster was reached.
    NotReached(Text),
    /// What nobody foresaw.
    Other(anyhow::Error),
    /// The reader of standard output has left (`muster events | head`): enough was said, and that is no failure.
    Unread,
}

impl Failure {
    /// The exit code.
    pub(crate) const fn exit(&self) -> u8 {
        match self {
            Failure::Failed(_) | Failure::Other(_) => FAILED,
            Failure::Usage(_) | Failure::Config(_) => WRONG_USAGE,
            Failure::NotReached(_) => NOT_REACHED,
            Failure::Unread => DONE,
        }
    }

    /// The failure as a text, for who does not end with it.
    pub(crate) fn text(&self) -> Text {
        match self {
            Failure::Failed(text) | Failure::Usage(text) | Failure::NotReached(text) => text.clone(),
            Failure::Config(mistakes) => {
                Text::new("text-other").with("text", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
            }
            Failure::Other(error) => Text::new("text-other").with("text", format!("{error:#}")),
            Failure::Unread => Text::new("text-other").with("text", ""),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Other(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Other(error.into())
    }
}

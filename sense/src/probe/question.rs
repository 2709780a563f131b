//! A question, ready to be put: patterns compiled, bytes decoded.

use muster_model::probe::{Answer, Ask};
use muster_model::time::Length;

use super::exec;
use super::http::Get;
use super::progress::Progress;
use super::talk::Words;
use super::{tcp, unix};

/// What a probe asks.
pub(super) enum Question {
    Http(Get),
    Tcp { address: String, words: Option<Words> },
    Unix { path: String, words: Option<Words> },
    Exec { command: String },
}

impl Question {
    /// The error says why it can never be put. The configuration was checked for all of this before.
    pub(super) fn new(ask: &Ask) -> Result<Question, String> {
        Ok(match ask {
            Ask::Http { url, expect, body } => Question::Http(Get::new(url, *expect, body.as_deref())?),
            Ask::Tcp { address, talk } => Question::Tcp { address: address.clone(), words: talk.as_ref().map(Words::new).transpose()? },
            Ask::Unix { path, talk } => Question::Unix { path: path.clone(), words: talk.as_ref().map(Words::new).transpose()? },
            Ask::Exec { command } => Question::Exec { command: command.clone() },
        })
    }

    /// Puts it once. What is under way when the time is over is dropped, a plugin ended.
    pub(super) async fn put(&self, timeout: Length) -> Answer {
        let progress = Progress::new();
        let answer = async {
            match self {
                Question::Http(get) => get.put(&progress).await,
                Question::Tcp { address, words } => tcp::put(address, words.as_ref(), &progress).await,
                Question::Unix { path, words } => unix::put(path, words.as_ref(), &progress).await,
                Question::Exec { command } => exec::put(command, &progress).await,
            }
        };
        tokio::time::timeout(timeout.std(), answer).await.unwrap_or_else(|_| progress.over(timeout))
    }
}

//! How far a question got, for the words when no answer came.

use std::sync::Mutex;

use muster_model::probe::Answer;
use muster_model::time::{Length, Mono};

use super::locked;
use crate::clock;

/// Characters of a text in an answer; a longer one is cut.
pub(super) const TEXT_CHARS_MAX: usize = 512;

/// What was reached, and when.
pub(super) struct Progress {
    start: Mono,
    reached: Mutex<Vec<(Reached, Length)>>,
}

/// The stations of a question.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// The address is known; before that the question is not put.
    Resolved,
    /// Connected.
    Connected,
    /// The head of an answer over HTTP is here, with this status.
    Status(u16),
    /// The plugin runs.
    Started,
}

impl Progress {
    pub(super) fn new() -> Progress {
        Progress { start: clock::now().1, reached: Mutex::default() }
    }

    pub(super) fn reached(&self, what: Reached) {
        let after = clock::now().1.since(self.start);
        locked(&self.reached).push((what, after));
    }

    /// The answer where the time is over.
    pub(super) fn over(&self, timeout: Length) -> Answer {
        let reached = locked(&self.reached);
        let text = match reached.last() {
            None => return Answer::Unasked { text: format!("the name did not resolve within {timeout}") },
            Some((Reached::Resolved, _)) => format!("no connection within {timeout}"),
            Some((Reached::Connected, after)) => format!("connected after {after}, no answer within {timeout}"),
            Some((Reached::Status(status), after)) => {
                let connected = reached.iter().find(|(r, _)| *r == Reached::Connected).map(|(_, a)| *a).unwrap_or_default();
                format!("connected after {connected}, status {status} after {after}, the body not within {timeout}")
            }
            Some((Reached::Started, _)) => format!("the plugin did not end within {timeout} and was ended"),
        };
        Answer::Silent { text }
    }
}

/// Bytes from outside as one short line of text.
pub(super) fn shown(bytes: &[u8]) -> String {
    const BYTES_SHOWN_MAX: usize = 80;
    let head = bytes.get(..BYTES_SHOWN_MAX).unwrap_or(bytes);
    let more = if head.len() < bytes.len() { "…" } else { "" };
    format!("`{}{more}`", head.escape_ascii())
}

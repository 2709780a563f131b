//! How far a question got, for the words when no answer came.

use std::sync::Mutex;

use muster_model::probe::Answer;
use muster_model::time::{Length, Mono};

use super::locked;
use crate::clock;

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
    /// Encrypted, and the certificate is good.
    Secured,
    /// A datagram is on its way.
    Asked,
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

    /// How long each step took, as performance data; those of all addresses that were asked are added up.
    pub(super) fn steps(&self) -> Vec<String> {
        let reached = locked(&self.reached);
        let before = std::iter::once(Length(0)).chain(reached.iter().map(|(_, after)| *after));
        let steps: Vec<(Reached, u64)> =
            reached.iter().zip(before).map(|((what, after), b)| (*what, after.0.saturating_sub(b.0))).collect();
        let sum = |word: &str, of: fn(Reached) -> bool| {
            let mut parts = steps.iter().filter(|(what, _)| of(*what)).peekable();
            parts.peek()?;
            Some(format!("{word}={:.3}ms", Length(parts.map(|(_, took)| took).sum()).as_ms()))
        };
        let all = [
            sum("resolve", |r| r == Reached::Resolved),
            sum("connect", |r| r == Reached::Connected),
            sum("tls", |r| r == Reached::Secured),
            sum("first", |r| matches!(r, Reached::Status(_))),
        ];
        let whole = format!("whole={:.3}ms", clock::now().1.since(self.start).as_ms());
        all.into_iter().flatten().chain([whole]).collect()
    }

    /// The answer where the time is over.
    pub(super) fn over(&self, timeout: Length) -> Answer {
        let reached = locked(&self.reached);
        let text = match reached.last() {
            None => return Answer::Unresolved { text: format!("the name did not resolve within {timeout}") },
            Some((Reached::Resolved, _)) => return Answer::Unreached { text: format!("no connection within {timeout}") },
            Some((Reached::Connected, after)) => format!("connected after {after}, no answer within {timeout}"),
            Some((Reached::Secured, after)) => format!("encrypted after {after}, no answer within {timeout}"),
            Some((Reached::Asked, _)) => format!("no answer within {timeout}"),
            Some((Reached::Status(status), after)) => {
                let connected = reached.iter().find(|(r, _)| *r == Reached::Connected).map(|(_, a)| *a).unwrap_or_default();
                format!("connected after {connected}, status {status} after {after}, the body not within {timeout}")
            }
            Some((Reached::Started, _)) => format!("the plugin did not end within {timeout} and was ended"),
        };
        Answer::Silent { text }
    }
}

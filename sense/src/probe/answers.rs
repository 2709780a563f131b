//! Answers, and text from outside made fit to stand in one.

use muster_model::probe::Answer;

/// Characters of a text in an answer; a longer one is cut.
pub(super) const TEXT_CHARS_MAX: usize = 512;

/// A step of an exchange. The error is the answer to the whole question.
pub(super) type Step<T> = Result<T, Answer>;

pub(super) fn right(text: impl Into<String>) -> Answer {
    Answer::Right { text: Some(text.into()), perfdata: Vec::new() }
}

pub(super) fn wrong(text: impl Into<String>) -> Answer {
    Answer::Wrong { text: text.into(), perfdata: Vec::new() }
}

pub(super) fn unasked(text: impl Into<String>) -> Answer {
    Answer::Unasked { text: text.into() }
}

pub(super) fn unresolved(text: impl Into<String>) -> Answer {
    Answer::Unresolved { text: text.into() }
}

/// Bytes from outside as one short line, quoted.
pub(super) fn shown(bytes: &[u8]) -> String {
    const BYTES_SHOWN_MAX: usize = 80;
    let head = bytes.get(..BYTES_SHOWN_MAX).unwrap_or(bytes);
    let more = if head.len() < bytes.len() { "…" } else { "" };
    format!("`{}{more}`", head.escape_ascii())
}

/// Text from outside on one line, without control characters, cut where it is too long.
pub(super) fn line(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect()
}

/// What should be text, from outside, on one line.
pub(super) fn words(bytes: &[u8]) -> String {
    line(&String::from_utf8_lossy(bytes.get(..4 * TEXT_CHARS_MAX).unwrap_or(bytes)))
}

//! In which language a page speaks, and which moment is now.

use std::fmt::Display;

use muster_model::health::Health;
use muster_model::incident::State;
use muster_model::text::Text;
use muster_model::time::{Length, Time};
use muster_tell::{Language, Words};

/// In which language, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) language: Language,
    pub(super) now: Time,
}

impl Look {
    /// A message without arguments: all that templates say.
    pub(super) fn say(&self, key: &'static str) -> String {
        muster_tell::say_key(self.language, key, &[])
    }

    /// A message with arguments.
    pub(super) fn tell(&self, key: &'static str, args: &[(&'static str, &dyn Display)]) -> String {
        muster_tell::say_key(self.language, key, args)
    }

    pub(super) fn text(&self, text: &Text) -> String {
        muster_tell::say(self.language, text)
    }

    /// A sentence, with a full stop where it ends with nothing else.
    pub(super) fn sentence(&self, text: &str) -> String {
        if text.ends_with(['.', '?', '!', '。', '？', '！']) { text.to_owned() } else { self.tell("text-sentence", &[("text", &text)]) }
    }

    pub(super) fn word(&self, family: Words, code: &str) -> String {
        muster_tell::word(self.language, family, code)
    }

    pub(super) fn length(&self, length: Length) -> String {
        muster_tell::length(self.language, length)
    }

    /// How long it has been so, to the second: the page counts on from there.
    pub(super) fn gone(&self, since: &Time) -> String {
        let seconds = self.now.since(*since).0 / 1_000_000_000;
        self.length(Length::seconds(seconds))
    }

    pub(super) fn health(&self, health: &Health) -> String {
        self.word(Words::Health, health.code())
    }
}

/// Date and time of day, to the second.
pub(super) fn moment(at: &Time) -> String {
    let text = muster_tell::date_and_clock(*at);
    text.get(..19).unwrap_or_default().to_owned()
}

/// Milliseconds since 1970, as scripts count.
pub(super) fn millis(at: &Time) -> u64 {
    at.0.unsigned_abs() / 1_000_000
}

/// The mark of a health: its shape says it where its colour does not.
pub(super) const fn mark(health: Health) -> &'static str {
    match health {
        Health::Present => "●",
        Health::Degraded => "◐",
        Health::Lost => "✗",
        Health::Paused => "‖",
        Health::Unknown => "?",
    }
}

/// The mark of how far an incident is, and its tone.
pub(super) const fn stage(state: State) -> (&'static str, &'static str) {
    match state {
        State::Open => ("✗", "bad"),
        State::Recovering => ("↻", "warn"),
        State::Recovered => ("✓", "good"),
        State::Escalated => ("!", "bad"),
        State::Closed => ("·", "faint"),
    }
}

/// The first few of a list, and how many more there are; empty for none.
pub(super) fn few<T: ToString>(items: &[T]) -> String {
    const SHOWN: usize = 3;
    let mut shown: Vec<String> = items.iter().take(SHOWN).map(ToString::to_string).collect();
    if items.len() > SHOWN {
        shown.push(format!("+{}", items.len() - SHOWN));
    }
    shown.join(" ")
}

/// A sentence with commands in backticks, cut where they begin and end: each part, and whether it is a command.
pub(super) fn parts(sentence: &str) -> Vec<(bool, String)> {
    sentence.split('`').enumerate().filter(|(_, part)| !part.is_empty()).map(|(place, part)| (place % 2 == 1, part.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_a_sentence_are_told_apart_from_its_words() {
        assert_eq!(parts("a `b c` d."), [(false, "a ".to_owned()), (true, "b c".to_owned()), (false, " d.".to_owned())]);
        assert_eq!(parts("`b`"), [(true, "b".to_owned())]);
        assert_eq!(parts(""), []);
        assert_eq!(parts("an `unclosed"), [(false, "an ".to_owned()), (true, "unclosed".to_owned())]);
    }

    #[test]
    fn of_many_the_first_few_are_shown() {
        assert_eq!((few::<u16>(&[]), few(&[1]), few(&[1, 2, 3, 4, 5])), (String::new(), "1".to_owned(), "1 2 3 +2".to_owned()));
    }
}

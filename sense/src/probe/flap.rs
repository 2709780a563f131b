//! Whether the answers to a probe are steady. One that is right and wrong in turn is told once as flapping, and as well or
//! broken only when it has been the same for a while: it is harder to get out of it than to get into it.

use std::collections::VecDeque;

use muster_model::probe::Answer;

/// So many last answers are looked at.
const WINDOW: usize = 20;
/// With so many changes among them between right and not right, it flaps.
pub(super) const CHANGES_MIN: usize = 5;
/// After so many answers in a row that are all right, or all not, it no longer does.
pub(super) const STEADY_MIN: usize = 10;

/// The last answers to one probe.
#[derive(Default)]
pub(super) struct Steadiness {
    /// Right or not, the oldest first.
    last: VecDeque<bool>,
    flaps: bool,
    /// The last answer that was not right.
    wrong: Option<Answer>,
}

/// What an answer means beside those before it.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// It counts by itself.
    Steady,
    /// It flaps: this is to be told, if it has not been.
    Flaps(Answer),
    /// It flapped until now; from now on answers count again, with this one.
    Settled,
}

impl Steadiness {
    pub(super) fn heard(&mut self, answer: &Answer) -> Turn {
        if !answer.is_right() {
            self.wrong = Some(answer.clone());
        }
        self.last.push_back(answer.is_right());
        if self.last.len() > WINDOW {
            self.last.pop_front();
        }
        if self.flaps {
            let same = self.last.iter().rev().take_while(|right| **right == answer.is_right()).count();
            if same >= STEADY_MIN {
                *self = Steadiness::default();
                return Turn::Settled;
            }
        }
        let changes = self.last.iter().zip(self.last.iter().skip(1)).filter(|(a, b)| a != b).count();
        self.flaps |= changes >= CHANGES_MIN;
        match &self.wrong {
            Some(wrong) if self.flaps => Turn::Flaps(flapping(wrong, changes, self.last.len())),
            _ => Turn::Steady,
        }
    }

    /// What was before is over: it was started anew.
    pub(super) fn forget(&mut self) {
        *self = Steadiness::default();
    }
}

/// The last wrong answer, saying that it comes and goes.
fn flapping(wrong: &Answer, changes: usize, answers: usize) -> Answer {
    let mut told = wrong.clone();
    match &mut told {
        Answer::Late { text, .. }
        | Answer::Refused { text }
        | Answer::Unreached { text }
        | Answer::Unresolved { text }
        | Answer::CutOff { text }
        | Answer::Expired { text }
        | Answer::Silent { text }
        | Answer::Wrong { text, .. }
        | Answer::Unasked { text }
        | Answer::Warning { text, .. } => {
            *text = format!("right and wrong in turn, {changes} changes in {answers} answers; lastly: {text}");
        }
        Answer::Right { .. } => {}
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::answers::{right, wrong};
    use super::*;

    /// `+` right, `-` wrong; the answer to each is `.` steady, `f` flaps, `s` settled.
    fn turns(answers: &str) -> String {
        let mut steadiness = Steadiness::default();
        let turn = |c| match steadiness.heard(&if c == '+' { right("") } else { wrong("x") }) {
            Turn::Steady => '.',
            Turn::Flaps(answer) => {
                assert!(!answer.is_right() && answer.text().starts_with("right and wrong in turn, "), "{answer:?}");
                'f'
            }
            Turn::Settled => 's',
        };
        answers.chars().map(turn).collect()
    }

    #[test]
    fn a_probe_flaps_after_five_changes_and_is_well_only_when_it_was_steady() {
        for (answers, expected) in [
            ("++++++-----+++++", "................"),
            ("+-+-+", "....."),
            ("+-+-+-", ".....f"),
            ("+-+-+-++++++++++++", ".....ffffffffffs.."),
            ("+-+-+----------", ".....fffffffffs"),
            ("+-+-+-+++++++++-+++++++++++", ".....ffffffffffffffffffffs."),
            // Changes that are far apart are so many losses, each of its own.
            ("+++++-----+++++-----+++++-----+++++", "..................................."),
        ] {
            assert_eq!(turns(answers), expected, "{answers}");
        }
    }

    #[test]
    fn what_was_before_a_new_start_does_not_count() {
        let mut steadiness = Steadiness::default();
        for answer in [right(""), wrong("x"), right(""), wrong("x"), right("")] {
            assert_eq!(steadiness.heard(&answer), Turn::Steady);
        }
        steadiness.forget();
        assert_eq!(steadiness.heard(&wrong("x")), Turn::Steady);
    }
}

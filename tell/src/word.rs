//! Codes in words: `oom_killed` is "killed for want of memory".

use muster_model::text::Text;

use crate::catalogue::{has, say};
use crate::language::Language;

/// Which code it is. The catalogue has each code of a family as `FAMILY-CODE`, with `-` for `.` and `_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// `muster_model::health::Health`.
    Health,
    /// `muster_model::loss::Loss`.
    Loss,
    /// `muster_model::cause::Code`.
    Cause,
    /// `muster_model::plan::Step`.
    Step,
    /// `muster_model::plan::Outcome`.
    Outcome,
    /// `muster_model::incident::State`; its keys begin with `stage`, since `state-…` are the reasons for a change of it.
    State,
    /// `muster_model::change::Altered`.
    Altered,
    /// The kinds of facts that sensors see (`muster_model::observation::Rung`).
    Fact,
    /// `muster_model::exam::Exam`.
    Exam,
    /// What the ledger's verifier found (`muster_model::request::Broken`).
    Broken,
    /// `muster_model::user::Right`.
    Right,
}

impl Words {
    /// All of them.
    pub const ALL: [Words; 11] = [
        Words::Health,
        Words::Loss,
        Words::Cause,
        Words::Step,
        Words::Outcome,
        Words::State,
        Words::Altered,
        Words::Fact,
        Words::Exam,
        Words::Broken,
        Words::Right,
    ];

    /// The family's name: the beginning of its keys, and what messages write in `WORD($x, of: "…")`.
    pub const fn name(self) -> &'static str {
        match self {
            Words::Health => "health",
            Words::Loss => "loss",
            Words::Cause => "cause",
            Words::Step => "step",
            Words::Outcome => "outcome",
            Words::State => "stage",
            Words::Altered => "altered",
            Words::Fact => "fact",
            Words::Exam => "exam",
            Words::Broken => "broken",
            Words::Right => "right",
        }
    }

    /// The family of that name.
    pub fn named(name: &str) -> Option<Words> {
        Words::ALL.into_iter().find(|family| family.name() == name)
    }

    /// The key of a code.
    pub fn key(self, code: &str) -> String {
        format!("{}-{}", self.name(), code.replace(['.', '_'], "-"))
    }
}

/// A code in words. One that the catalogue does not have is said as it is.
pub fn word(language: Language, family: Words, code: &str) -> String {
    let key = family.key(code);
    if has(Language::En, &key) { say(language, &Text { key, ..Text::default() }) } else { code.to_owned() }
}

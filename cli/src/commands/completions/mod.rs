//! `completions SHELL`: a script that makes a shell finish what is typed; and `complete`, which the scripts ask.
//!
//! The words come from the one table of commands (`crate::arguments`) and, where a service, an incident or a change is wanted,
//! from the Muster that runs.

mod words;

use clap::ValueEnum;

use crate::arguments;
use crate::context::{Context, print};
use crate::failure::Outcome;

/// A shell whose scripts there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// All of them.
    pub(super) const ALL: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

    /// Its script.
    pub(super) const fn script(self) -> &'static str {
        match self {
            Shell::Bash => include_str!("muster.bash"),
            Shell::Zsh => include_str!("muster.zsh"),
            Shell::Fish => include_str!("muster.fish"),
        }
    }

    /// Where it looks for scripts, below `/usr/local/share`.
    pub(super) const fn place(self) -> &'static str {
        match self {
            Shell::Bash => "bash-completion/completions/muster",
            Shell::Zsh => "zsh/site-functions/_muster",
            Shell::Fish => "fish/vendor_completions.d/muster.fish",
        }
    }
}

pub(super) fn run(shell: Shell) -> Outcome {
    print(shell.script())
}

/// What fits what was typed, a line each: the word, a tab, what it is. `:files` and `:folders` stand for what the shell finds.
pub(super) fn complete(context: &Context, typed: &arguments::Complete) -> Outcome {
    let mut out = String::new();
    for (word, about) in words::fitting(context.language, &typed.words) {
        out.push_str(&word);
        if !about.is_empty() {
            out.push('\t');
            out.push_str(&about);
        }
        out.push('\n');
    }
    print(&out)
}

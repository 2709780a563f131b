//! What people see in a terminal: each page is made from the model by a pure function, in the reader's language.

pub(crate) mod changes;
pub(crate) mod diff;
pub(crate) mod discover;
pub(crate) mod events;
pub(crate) mod incidents;
pub(crate) mod installed;
pub(crate) mod packs;
mod paint;
pub(crate) mod plan;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod service;
pub(crate) mod status;
pub(crate) mod support;
mod table;
pub(crate) mod top;
pub(crate) mod users;
pub(crate) mod why;
mod wrap;

use std::fmt::Display;
use std::io::IsTerminal;
use std::os::fd::AsFd;

use muster_model::health::Health;
use muster_model::text::Text;
use muster_model::time::{Length, Time};
use muster_tell::{Language, Words};

pub(crate) use paint::{Line, Page, Style};
use wrap::wrap;

/// The width of text that goes to no terminal.
const WIDTH: usize = 100;
/// Longer lines than this are hard to read, however wide the terminal is.
const WIDTH_MAX: usize = 120;

/// How a page is to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// In which language.
    pub(crate) language: Language,
    /// With colour.
    pub(crate) colour: bool,
    /// How many columns there are.
    pub(crate) width: usize,
    /// What "3 s ago" counts from.
    pub(crate) now: Time,
}

impl Look {
    /// The look that fits where the output goes: colour on a terminal only, and not with `NO_COLOR` (no-color.org).
    pub(crate) fn of_output(language: Language, output: &(impl IsTerminal + AsFd), now: Time) -> Look {
        let terminal = output.is_terminal();
        let refused =
            std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        let columns = if terminal { rustix::termios::tcgetwinsize(output).ok().map(|size| usize::from(size.ws_col)) } else { None };
        let width = columns.filter(|columns| *columns > 0).map_or(WIDTH, |columns| columns.min(WIDTH_MAX));
        Look { language, colour: terminal && !refused, width, now }
    }

    fn say(&self, key: &'static str, args: &[(&'static str, &dyn Display)]) -> String {
        muster_tell::say_key(self.language, key, args)
    }

    fn text(&self, text: &Text) -> String {
        muster_tell::say(self.language, text)
    }

    fn word(&self, family: Words, code: &str) -> String {
        muster_tell::word(self.language, family, code)
    }

    fn length(&self, length: Length) -> String {
        muster_tell::length(self.language, length)
    }

    fn ago(&self, then: Time) -> String {
        muster_tell::ago(self.language, self.now, then)
    }

    fn percent(&self, share: f64) -> String {
        format!("{} %", muster_tell::percent(share))
    }

    /// A paragraph of one style.
    fn paragraph(&self, style: Style, text: &str, indent: usize) -> Vec<Line> {
        wrap(&Line::of(style, text), indent, indent, self.width)
    }

    /// A health with its mark.
    fn health(&self, health: Health) -> Line {
        let (mark, style) = match health {
            Health::Present => ("●", Style::Good),
            Health::Degraded => ("◐", Style::Warn),
            Health::Lost => ("✗", Style::Bad),
            Health::Paused => ("‖", Style::Faint),
            Health::Unknown => ("?", Style::Warn),
        };
        Line::of(style, format!("{mark} {}", self.word(Words::Health, health.code())))
    }
}

/// What is done to a service in the demo: a title, and the command as it is typed.
pub(crate) fn headline(look: &Look, title: &'static str, service: &str, command: &str) -> Page {
    let mut page = Page::default();
    let rule = "─".repeat(look.width.min(72));
    page.line(Line::default());
    page.line(Line::of(Style::Faint, &rule));
    page.lines(look.paragraph(Style::Strong, &muster_tell::say_key(look.language, title, &[("service", &service)]), 0));
    page.line(Line::of(Style::Code, format!("  $ {command}")));
    page.line(Line::default());
    page
}

impl Page {
    /// A sentence.
    pub(crate) fn of_text(look: &Look, text: &str) -> Page {
        Page::of_styled(look, text, Style::Plain)
    }

    /// A sentence in a style.
    pub(crate) fn of_styled(look: &Look, text: &str, style: Style) -> Page {
        let mut page = Page::default();
        page.lines(text.lines().flat_map(|line| look.paragraph(style, line, 0)));
        page
    }

    /// What went wrong. Not broken to the terminal: what is to be copied stays in one piece.
    pub(crate) fn of_failure(begin: &str, text: &str) -> Page {
        let mut page = Page::default();
        for (place, line) in text.lines().enumerate() {
            let before = if place == 0 { Line::of(Style::Bad, begin) } else { Line::default() };
            page.line(before.and(Style::Plain, line));
        }
        page
    }
}

//! Text with a meaning, and how it is painted: pages are lines, lines are spans, spans have a style.
//!
//! Everything shown passes through [`Span::new`], which makes harmless what a process name, a log line or a file may
//! hold: control characters would move the cursor of the terminal or rewrite what stands on it.

use unicode_width::UnicodeWidthStr;

use super::wrap::cut;

/// What a piece of text means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    /// As it is.
    #[default]
    Plain,
    /// A heading, a name.
    Strong,
    /// What can be passed over.
    Faint,
    /// Well.
    Good,
    /// Not quite well.
    Warn,
    /// Not well.
    Bad,
    /// Something to copy: a command, an id.
    Code,
}

impl Style {
    /// The parameters of Select Graphic Rendition (ECMA-48, 8.3.117); the sixteen colours that every terminal has.
    const fn sgr(self) -> &'static str {
        match self {
            Style::Plain => "",
            Style::Strong => "1",
            Style::Faint => "2",
            Style::Good => "32",
            Style::Warn => "33",
            Style::Bad => "31",
            Style::Code => "36",
        }
    }
}

/// A piece of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Span {
    /// A piece of text, made harmless.
    pub(crate) fn new(style: Style, text: impl AsRef<str>) -> Span {
        Span { text: harmless(text.as_ref()), style }
    }
}

/// Control characters, and those that turn the direction of writing, as escapes; a tab becomes blanks.
fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => safe.push_str("    "),
            c if c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                safe.extend(c.escape_default());
            }
            c => safe.push(c),
        }
    }
    safe
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line(pub(super) Vec<Span>);

impl Line {
    /// The same with a piece more.
    pub(crate) fn and(mut self, style: Style, text: impl AsRef<str>) -> Line {
        self.0.push(Span::new(style, text));
        self
    }

    /// A line of one piece.
    pub(crate) fn of(style: Style, text: impl AsRef<str>) -> Line {
        Line::default().and(style, text)
    }

    /// How many columns it takes; wide characters take two.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|span| span.text.width()).sum()
    }

    /// The beginning of the line, at most `width` columns of it, with a sign where something is left out.
    pub(crate) fn cut(self, width: usize) -> Line {
        if self.width() <= width {
            return self;
        }
        let mut room = width;
        let mut kept = Line::default();
        for span in self.0 {
            let wide = span.text.width();
            // The sign may have to stand where the next piece begins.
            if wide < room {
                room -= wide;
                kept.0.push(span);
            } else {
                let beginning = cut(&format!("{} ", span.text), room);
                kept.0.push(Span { text: beginning, style: span.style });
                break;
            }
        }
        kept
    }

    /// Its pieces with their styles.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (Style, &str)> {
        self.0.iter().map(|span| (span.style, span.text.as_str()))
    }

    fn paint(&self, colour: bool, into: &mut String) {
        let from = into.len();
        for span in &self.0 {
            match span.style.sgr() {
                sgr if colour && !sgr.is_empty() && !span.text.is_empty() => {
                    into.push_str("\x1b[");
                    into.push_str(sgr);
                    into.push('m');
                    into.push_str(&span.text);
                    into.push_str("\x1b[0m");
                }
                _ => into.push_str(&span.text),
            }
        }
        into.truncate(from + into[from..].trim_end().len());
        into.push('\n');
    }
}

/// What is shown at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page(pub(super) Vec<Line>);

impl Page {
    /// Adds a line.
    pub(crate) fn line(&mut self, line: Line) {
        self.0.push(line);
    }

    /// Adds lines.
    pub(crate) fn lines(&mut self, lines: impl IntoIterator<Item = Line>) {
        self.0.extend(lines);
    }

    /// Adds an empty line, unless the page is empty.
    pub(crate) fn gap(&mut self) {
        if !self.0.is_empty() {
            self.0.push(Line::default());
        }
    }

    /// The page as the terminal takes it.
    pub(crate) fn paint(&self, colour: bool) -> String {
        let mut text = String::new();
        for line in &self.0 {
            line.paint(colour, &mut text);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_the_cursor_is_shown_as_an_escape() {
        let mut page = Page::default();
        page.line(Line::of(Style::Bad, "a\x1b[2Jb\rc\u{202e}d\te\u{9b}").and(Style::Plain, "中"));
        assert_eq!(page.paint(false), "a\\u{1b}[2Jb\\rc\\u{202e}d    e\\u{9b}中\n");
    }

    #[test]
    fn colour_is_there_only_when_asked_for() {
        let mut page = Page::default();
        page.gap();
        page.line(Line::of(Style::Good, "ok").and(Style::Plain, " then "));
        assert_eq!(page.paint(true), "\x1b[32mok\x1b[0m then\n");
        assert_eq!(page.paint(false), "ok then\n");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(Line::of(Style::Plain, "丢失").and(Style::Strong, "ab").width(), 6);
    }
}

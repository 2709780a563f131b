//! What was put on the machine, or taken off it: a line for each thing, and a sentence.

use muster_model::text::Text;
use similar::{ChangeTag, TextDiff};

use super::table::Table;
use super::{Line, Look, Page, Style};
use crate::commands::{Did, Difference};

/// Longer differences are cut.
const LINES_MAX: usize = 60;

/// One thing.
pub(crate) struct Row {
    pub(crate) did: Did,
    pub(crate) what: String,
    pub(crate) note: Option<Text>,
    pub(crate) difference: Option<Difference>,
}

/// The page; with `would`, of what would be done.
pub(crate) fn page(look: &Look, rows: &[Row], would: bool, sum: Option<&str>) -> Page {
    let mut page = Page::default();
    let mut table = Table::new(2);
    for row in rows {
        let (style, key) = word(row.did, would);
        let note = row.note.as_ref().map_or_else(String::new, |note| look.text(note));
        table.row([Line::of(style, look.say(key, &[])), Line::of(Style::Plain, &row.what), Line::of(Style::Faint, note)]);
    }
    page.lines(table.lines(look.width));
    for row in rows {
        if let Some(Difference { there, ours }) = &row.difference {
            page.gap();
            page.line(Line::of(Style::Strong, look.say("installed-difference", &[("path", &row.what)])));
            page.lines(difference(there, ours));
        }
    }
    if let Some(sum) = sum {
        page.gap();
        page.lines(sum.lines().flat_map(|line| look.paragraph(Style::Plain, line, 0)));
    }
    page
}

fn word(did: Did, would: bool) -> (Style, &'static str) {
    match (did, would) {
        (Did::Made, false) => (Style::Good, "installed-made"),
        (Did::Made, true) => (Style::Good, "installed-would-make"),
        (Did::Replaced, false) => (Style::Good, "installed-replaced"),
        (Did::Replaced, true) => (Style::Good, "installed-would-replace"),
        (Did::Removed, false) => (Style::Good, "installed-removed"),
        (Did::Removed, true) => (Style::Good, "installed-would-remove"),
        (Did::Done, false) => (Style::Good, "installed-done"),
        (Did::Done, true) => (Style::Good, "installed-would-do"),
        (Did::There, _) => (Style::Faint, "installed-there"),
        (Did::Kept, _) => (Style::Warn, "installed-kept"),
    }
}

/// What Muster would alter: `-` is there, `+` would be.
fn difference(there: &str, ours: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(there, ours);
    let changes = diff.iter_all_changes().filter_map(|change| {
        let (sign, style) = match change.tag() {
            ChangeTag::Delete => ("-", Style::Bad),
            ChangeTag::Insert => ("+", Style::Good),
            ChangeTag::Equal => return None,
        };
        Some(Line::of(style, format!("  {sign} {}", change.value().trim_end_matches(['\n', '\r']))))
    });
    let mut lines: Vec<Line> = changes.take(LINES_MAX + 1).collect();
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX);
        lines.push(Line::of(Style::Faint, "  ⋯"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use muster_tell::Language;

    use super::*;
    use crate::screen::samples;

    #[test]
    fn each_thing_has_a_line_and_what_was_altered_is_shown() {
        let row =
            |did, what: &str, difference| Row { did, what: what.to_owned(), note: Some(Text::new("install-note-folder-data")), difference };
        let differs = Some(Difference { there: "a\nWatchdogSec=1s\n".to_owned(), ours: "a\nWatchdogSec=30s\n".to_owned() });
        let rows = [row(Did::Made, "/var/lib/muster", None), row(Did::Kept, "/etc/systemd/system/muster.service", differs)];
        let painted = page(&samples::look(Language::En), &rows, true, Some("Enough.")).paint(false);
        for part in ["would make", "/var/lib/muster", "left alone", "  - WatchdogSec=1s\n  + WatchdogSec=30s\n", "\n\nEnough.\n"] {
            assert!(painted.contains(part), "{part} is not in {painted}");
        }
        assert!(!painted.contains("  - a"), "{painted}");
    }
}

//! What runs here, and who watches it.

use muster_model::request::{Discovered, Watching};

use super::status::few;
use super::table::Table;
use super::{Line, Look, Page, Style};

/// The page of all that was discovered.
pub(crate) fn page(look: &Look, all: &[Discovered]) -> Page {
    if all.is_empty() {
        return Page::of_text(look, &look.say("discover-none", &[]));
    }
    let mut page = Page::default();
    let mut table = Table::new(0);
    table.headings(&[
        look.say("column-service", &[]),
        look.say("column-watched", &[]),
        look.say("column-kind", &[]),
        look.say("column-ports", &[]),
        look.say("column-user", &[]),
        look.say("column-pack", &[]),
        look.say("column-program", &[]),
    ]);
    for found in all {
        let watched = match found.watched {
            Watching::Declared => Line::of(Style::Good, look.say("discover-declared", &[])),
            Watching::Learned => Line::of(Style::Plain, look.say("discover-learned", &[])),
            Watching::Nobody => Line::of(Style::Warn, look.say("discover-nobody", &[])),
        };
        table.row([
            Line::of(Style::Strong, &found.service.name),
            watched,
            Line::of(Style::Plain, found.service.kind.code()),
            Line::of(Style::Plain, few(&found.ports)),
            Line::of(Style::Plain, found.user.as_deref().unwrap_or("–")),
            Line::of(Style::Plain, found.service.pack.as_deref().unwrap_or("–")),
            Line::of(Style::Faint, &found.program),
        ]);
    }
    page.lines(table.lines(look.width));
    if all.iter().any(|found| found.watched != Watching::Declared) {
        page.gap();
        page.lines(look.paragraph(Style::Plain, &look.say("discover-write", &[]), 0));
    }
    page
}

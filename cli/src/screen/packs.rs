//! The list of packs.

use super::table::Table;
use super::{Line, Look, Page, Style};
use crate::commands::PackRow;

/// The page of the packs there are.
pub(crate) fn page(look: &Look, packs: &[PackRow]) -> Page {
    let mut table = Table::new(0);
    table.headings(
        &["column-pack", "column-validates", "column-probes", "column-lines", "column-origin", "column-programs"]
            .map(|key| look.say(key, &[])),
    );
    for pack in packs {
        let origin = pack.file.as_ref().map_or_else(|| look.say("pack-built-in", &[]), |file| file.display().to_string());
        table.row([
            Line::of(Style::Strong, &pack.name),
            Line::of(Style::Plain, if pack.validates { "✓" } else { "–" }),
            Line::of(Style::Plain, pack.probes.to_string()),
            Line::of(Style::Plain, pack.lines.to_string()),
            Line::of(Style::Plain, origin),
            Line::of(Style::Faint, pack.exes.join(" ")),
        ]);
    }
    let mut page = Page::default();
    page.lines(table.lines(look.width));
    page
}

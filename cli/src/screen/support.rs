//! What was gathered for a bug report.

use muster_model::time::Time;
use muster_tell::{Language, date_and_clock, say_key};

use super::table::Table;
use super::{Line, Look, Page, Style};
use crate::commands::Gathered;

/// The page of what was gathered: the archive, what is in it, what is not, and that it should be looked at.
pub(crate) fn page(look: &Look, gathered: &Gathered) -> Page {
    let mut page = Page::default();
    let size = size(gathered.bytes.unwrap_or(0));
    let head = match &gathered.file {
        Some(file) => look.say("support-written", &[("file", &file.display()), ("size", &size)]),
        None => look.say("support-listed", &[]),
    };
    page.lines(look.paragraph(Style::Strong, &head, 0));
    let mut table = Table::new(2);
    for part in &gathered.parts {
        let cut = if part.cut { look.say("support-cut", &[]) } else { String::new() };
        table.row([
            Line::of(Style::Plain, &part.name),
            Line::of(Style::Faint, self::size(part.bytes as u64)),
            Line::of(Style::Plain, format!("{}{cut}", part.what)),
        ]);
    }
    page.lines(table.lines(look.width));
    if !gathered.missing.is_empty() {
        page.line(Line::default());
        page.lines(look.paragraph(Style::Strong, &look.say("support-missing", &[]), 0));
        let mut table = Table::new(2);
        for part in &gathered.missing {
            table.row([Line::of(Style::Plain, &part.name), Line::of(Style::Bad, part.why.replace('\n', "; "))]);
        }
        page.lines(table.lines(look.width));
    }
    page.line(Line::default());
    page.lines(look.paragraph(Style::Warn, &look.say("support-look", &[]), 0));
    page
}

/// The page that lies in the archive, beside what it tells of.
pub(crate) fn readme(language: Language, at: Time, gathered: &Gathered) -> String {
    let said = |key| say_key(language, key, &[]);
    let mut text = say_key(language, "support-readme", &[("version", &env!("CARGO_PKG_VERSION")), ("at", &date_and_clock(at))]);
    text.push_str("\n\n");
    for part in &gathered.parts {
        let cut = if part.cut { said("support-cut") } else { String::new() };
        text.push_str(&format!("{}  ({})  {}{cut}\n", part.name, size(part.bytes as u64), part.what));
    }
    if !gathered.missing.is_empty() {
        text.push_str(&format!("\n{}\n\n", said("support-missing")));
        for part in &gathered.missing {
            text.push_str(&format!("{}  ({})  {}\n", part.name, part.what, part.why.replace('\n', "; ")));
        }
    }
    text + "\n" + &said("support-look") + "\n"
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

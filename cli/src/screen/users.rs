//! Who may use the API.

use muster_model::user::User;
use muster_tell::{Words, date_and_clock, word};

use super::table::Table;
use super::{Line, Look, Page, Style};

/// The page of those who have a token.
pub(crate) fn page(look: &Look, users: &[User]) -> Page {
    if users.is_empty() {
        return Page::of_text(look, &look.say("user-none", &[]));
    }
    let mut table = Table::new(0);
    table.headings(&["user-head-name", "user-head-right", "user-head-since", "user-head-until"].map(|key| look.say(key, &[])));
    for user in users {
        let until = user.until.map_or_else(|| "–".to_owned(), |until| format!("{} UTC", date_and_clock(until)));
        table.row([
            Line::of(Style::Strong, &user.user),
            Line::of(Style::Plain, word(look.language, Words::Right, user.right.code())),
            Line::of(Style::Faint, format!("{} UTC", date_and_clock(user.since))),
            Line::of(Style::Plain, until),
        ]);
    }
    let mut page = Page::default();
    page.lines(table.lines(look.width));
    page
}

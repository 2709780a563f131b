//! Puts what is to be seen on the terminal's cells.

use ratatui::Frame;
use ratatui::style::{Color, Modifier, Style as Ink};

use super::state::Top;
use crate::screen::{Look, Style, top};

/// Draws the screen.
pub(crate) fn draw(frame: &mut Frame<'_>, look: &Look, top: &mut Top) {
    let area = frame.area();
    let seen = top::sight(look, usize::from(area.width), usize::from(area.height), top);
    let buffer = frame.buffer_mut();
    for (y, line) in (area.top()..area.bottom()).zip(&seen.lines) {
        let mut x = area.left();
        for (style, text) in line.pieces() {
            let room = usize::from(area.right().saturating_sub(x));
            (x, _) = buffer.set_stringn(x, y, text, room, ink(style, look.colour));
        }
    }
    if let Some(row) = seen.chosen.and_then(|row| u16::try_from(row).ok()).filter(|row| *row < area.height) {
        let line = ratatui::layout::Rect { y: area.top() + row, height: 1, ..area };
        buffer.set_style(line, Ink::new().add_modifier(Modifier::REVERSED));
    }
    if let Some(column) = seen.cursor.and_then(|column| u16::try_from(column).ok()) {
        frame.set_cursor_position((column.min(area.right().saturating_sub(1)), area.bottom().saturating_sub(1)));
    }
}

/// The same look as the pages of other commands have (`screen::paint`).
fn ink(style: Style, colour: bool) -> Ink {
    let ink = Ink::new();
    match style {
        Style::Plain => ink,
        Style::Strong => ink.add_modifier(Modifier::BOLD),
        Style::Faint => ink.add_modifier(Modifier::DIM),
        _ if !colour => ink,
        Style::Good => ink.fg(Color::Green),
        Style::Warn => ink.fg(Color::Yellow),
        Style::Bad => ink.fg(Color::Red),
        Style::Code => ink.fg(Color::Cyan),
    }
}

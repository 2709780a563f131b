//! Rows in aligned columns.

use super::paint::{Line, Style};
use super::wrap::wrap;

/// Columns between columns.
const GAP: usize = 2;
/// With less room than this the last column goes below its row.
const ROOM_MIN: usize = 20;
/// How far it is indented there.
const BELOW: usize = 4;

/// Rows to be aligned. The last cell of a row takes what is left of the line, and goes on below itself.
#[derive(Debug, Default)]
pub(crate) struct Table {
    indent: usize,
    rows: Vec<Vec<Line>>,
    one_line: bool,
}

impl Table {
    /// A table indented by so many columns.
    pub(crate) fn new(indent: usize) -> Table {
        Table { indent, ..Table::default() }
    }

    /// The same with a last cell that is cut where the line ends.
    pub(crate) fn one_line(self) -> Table {
        Table { one_line: true, ..self }
    }

    /// Adds a row of headings.
    pub(crate) fn headings(&mut self, names: &[String]) {
        self.rows.push(names.iter().map(|name| Line::of(Style::Faint, name)).collect());
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Line>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines of the table on a screen of this width.
    pub(crate) fn lines(&self, width: usize) -> Vec<Line> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> =
            (0..columns).map(|column| self.rows.iter().filter_map(|row| row.get(column)).map(Line::width).max().unwrap_or(0)).collect();
        self.rows.iter().flat_map(|row| self.set(row, &widths, width)).collect()
    }

    fn set(&self, row: &[Line], widths: &[usize], width: usize) -> Vec<Line> {
        let Some((last, before)) = row.split_last() else { return vec![Line::default()] };
        let mut line = Line::default().and(Style::Plain, " ".repeat(self.indent));
        let mut at = self.indent;
        for (cell, wide) in before.iter().zip(widths) {
            line.0.extend(cell.0.iter().cloned());
            line = line.and(Style::Plain, " ".repeat(wide + GAP - cell.width()));
            at += wide + GAP;
        }
        let room = width.saturating_sub(at);
        if last.width() <= room {
            line.0.extend(last.0.iter().cloned());
            return vec![line];
        }
        if room < ROOM_MIN {
            let below = self.indent + BELOW;
            return std::iter::once(line).chain(wrap(last, below, below, width)).collect();
        }
        if self.one_line {
            line.0.extend(last.clone().cut(room).0);
            return vec![line];
        }
        // The first line of the broken cell begins where the cells before it end, without its own indent.
        let mut broken = wrap(last, at, at, width).into_iter();
        line.0.extend(broken.next().into_iter().flat_map(|first| first.0.into_iter().skip(1)));
        std::iter::once(line).chain(broken).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::paint::Page;
    use super::*;

    fn set(rows: &[&[&str]], width: usize) -> String {
        let mut table = Table::new(2);
        for row in rows {
            table.row(row.iter().map(|cell| Line::of(Style::Plain, cell)));
        }
        let mut page = Page::default();
        page.lines(table.lines(width));
        page.paint(false)
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_also_with_chinese() {
        assert_eq!(set(&[&["web", "正常", "3 h"], &["database", "ok", "1 s"]], 80), "  web       正常  3 h\n  database  ok    1 s\n");
    }

    #[test]
    fn the_last_column_goes_on_below_itself() {
        assert_eq!(set(&[&["a", "one two three four five six seven eight"]], 34), "  a  one two three four five six\n     seven eight\n");
        assert_eq!(set(&[&["a", "one two three four five six"]], 24), "  a\n      one two three four\n      five six\n");
        assert_eq!(set(&[], 80), "");
    }

    #[test]
    fn or_is_cut_where_that_is_wanted() {
        let mut table = Table::new(2).one_line();
        table.row(["a", "one two three four five six"].map(|cell| Line::of(Style::Plain, cell)));
        let mut page = Page::default();
        page.lines(table.lines(26));
        assert_eq!(page.paint(false), "  a  one two three four f…\n");
    }
}

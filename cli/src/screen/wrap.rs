//! Lines broken to the width of the terminal: between words, and between Chinese characters.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::paint::{Line, Span, Style};

/// A narrower text is not broken any more: a word a line reads worse than a long line.
const WIDTH_MIN: usize = 20;

/// Breaks a line to `width` columns. The first begins at `first`, the others are indented by `rest`, both in columns and
/// counted in `width`.
pub(crate) fn wrap(line: &Line, first: usize, rest: usize, width: usize) -> Vec<Line> {
    let room = |indent: usize| width.saturating_sub(indent).max(WIDTH_MIN);
    let mut lines = vec![Line::default().and(Style::Plain, " ".repeat(first))];
    let mut left = room(first);
    let mut pieces = pieces(line).into_iter().peekable();
    let mut blank: Option<Span> = None;
    while let Some(piece) = pieces.next() {
        if piece.text == " " {
            blank = Some(piece);
            continue;
        }
        // What belongs together stays together: a piece and what may not begin a line after it.
        let mut unit = vec![piece];
        while let Some(next) = pieces.next_if(|next| unit.last().is_some_and(|last| joined(&last.text, &next.text))) {
            unit.push(next);
        }
        let needed: usize = unit.iter().map(|piece| piece.text.width()).sum();
        let gap = usize::from(blank.is_some());
        let begun = lines.last().is_some_and(|line| line.0.len() > 1);
        if begun && needed + gap > left {
            lines.push(Line::default().and(Style::Plain, " ".repeat(rest)));
            left = room(rest);
        } else if let Some(blank) = blank.take().filter(|_| begun) {
            push(&mut lines, blank);
            left = left.saturating_sub(1);
        }
        blank = None;
        for piece in unit {
            left = place(&mut lines, piece, left, rest, room(rest));
        }
    }
    lines
}

/// Puts a piece down; one longer than a whole line is cut wherever the line ends. What is left of the line.
fn place(lines: &mut Vec<Line>, piece: Span, left: usize, rest: usize, full: usize) -> usize {
    let needed = piece.text.width();
    if needed <= left {
        push(lines, piece);
        return left - needed;
    }
    let mut left = left;
    let mut part = String::new();
    for c in piece.text.chars() {
        let wide = c.width().unwrap_or(0);
        if wide > left {
            push(lines, Span { text: std::mem::take(&mut part), style: piece.style });
            lines.push(Line::default().and(Style::Plain, " ".repeat(rest)));
            left = full;
        }
        part.push(c);
        left = left.saturating_sub(wide);
    }
    push(lines, Span { text: part, style: piece.style });
    left
}

/// Adds to the last line, joining what has the same style.
fn push(lines: &mut [Line], piece: Span) {
    let Some(line) = lines.last_mut() else { return };
    let begun = line.0.len() > 1; // the first span is the indent
    match line.0.last_mut() {
        Some(last) if begun && last.style == piece.style => last.text.push_str(&piece.text),
        _ => line.0.push(piece),
    }
}

/// A line in pieces between which it may be broken: blanks, words, single wide characters.
fn pieces(line: &Line) -> Vec<Span> {
    let mut pieces: Vec<Span> = Vec::new();
    for span in &line.0 {
        let mut open = false;
        for c in span.text.chars() {
            let alone = c == ' ' || c.width().unwrap_or(0) == 2;
            match pieces.last_mut() {
                Some(last) if open && !alone => last.text.push(c),
                _ => pieces.push(Span { text: c.to_string(), style: span.style }),
            }
            open = !alone;
        }
    }
    pieces
}

/// Whether no line may end between the two: closing punctuation begins no line, opening punctuation ends none
/// (GB/T 15834 5.1.10), and a change of style within a word is no break.
fn joined(before: &str, after: &str) -> bool {
    const CLOSING: &str = "，。、；：？！）》」』】”’";
    const OPENING: &str = "（《「『【“‘";
    let (Some(last), Some(first)) = (before.chars().last(), after.chars().next()) else { return true };
    if first == ' ' {
        return false;
    }
    let wide = |c: char| c.width().unwrap_or(0) == 2;
    CLOSING.contains(first) || OPENING.contains(last) || (!wide(last) && !wide(first))
}

/// The beginning of a text, at most `width` columns of it, with a sign where something is left out.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1); // the sign's
    let fits = |c: &char| {
        let wide = c.width().unwrap_or(0);
        let fits = wide <= room;
        room = room.saturating_sub(wide);
        fits
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, first: usize, rest: usize, width: usize) -> Vec<String> {
        let plain = |line: Line| line.0.iter().map(|span| span.text.as_str()).collect::<String>();
        wrap(&Line::of(Style::Plain, text), first, rest, width).into_iter().map(plain).collect()
    }

    #[test]
    fn words_are_not_cut_and_following_lines_are_indented() {
        assert_eq!(wrapped("one two three four five six", 0, 2, 22), ["one two three four", "  five six"]);
        assert_eq!(wrapped("short", 4, 0, 80), ["    short"]);
        assert_eq!(wrapped("", 0, 0, 80), [""]);
    }

    #[test]
    fn chinese_is_broken_between_characters_but_not_before_a_full_stop() {
        assert_eq!(wrapped("一二三四五六七八九十。一二", 0, 0, 20), ["一二三四五六七八九", "十。一二"]);
        assert_eq!(wrapped("配置文件 /etc/nginx/nginx.conf 已无效", 0, 0, 22), ["配置文件", "/etc/nginx/nginx.conf", "已无效"]);
    }

    #[test]
    fn a_word_longer_than_a_line_is_cut() {
        let long = "x".repeat(50);
        assert_eq!(wrapped(&long, 0, 0, 20).iter().map(String::len).collect::<Vec<_>>(), [20, 20, 10]);
        let lines = wrapped(&format!("ab {long}"), 0, 2, 22);
        assert_eq!(lines.concat().replace(' ', ""), format!("ab{long}"));
    }

    #[test]
    fn what_is_cut_fits_and_says_so() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("配置文件", 5), "配置…");
        assert_eq!(cut("配置文件", 4), "配…");
    }

    #[test]
    fn a_terminal_without_room_still_gets_the_text() {
        assert_eq!(wrapped("some words to be shown", 30, 30, 10).concat().replace(' ', ""), "somewordstobeshown");
    }
}

//! Private keys in PEM (RFC 7468), of OpenSSH and PGP: `-----BEGIN … PRIVATE KEY…-----`. Certificates stay.

use super::value::Found;
use super::{Inside, LINES_MAX};

/// The line that begins or ends a key is not longer.
const MARK_BYTES_MAX: usize = 80;
/// The shortest line in the middle of a key.
const BODY_MIN: usize = 40;
/// So far behind the mark its first characters are looked for.
const NEAR: usize = 256;

const fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
}

/// Where the mark `-----WHAT … PRIVATE KEY…-----` that begins at `at` ends.
fn mark(line: &str, at: usize, what: &str) -> Option<usize> {
    let rest = line.get(at..)?;
    let inner = rest.trim_start_matches('-');
    let dashes = rest.len() - inner.len();
    let most = inner.floor_char_boundary(MARK_BYTES_MAX);
    let inner = inner.get(..most)?.trim_start();
    let (label, _) = inner.strip_prefix(what)?.split_once("----")?;
    let end = at + rest.find(label)? + label.len();
    let closing = line.get(end..)?.bytes().take_while(|b| *b == b'-').count();
    (dashes >= 4 && label.contains("PRIVATE KEY")).then_some(end + closing)
}

/// A key that begins here, and where it ends; its marks stay. `ends`: whether the line may have an end of one, as far as is
/// known.
pub(super) fn begin(line: &str, at: usize, ends: &mut bool) -> Option<Found> {
    if line.get(..at)?.ends_with('-') {
        return None; // in the middle of the mark
    }
    let start = mark(line, at, "BEGIN")?;
    let rest = line.get(start..)?;
    if *ends && let Some(end) = end(rest) {
        return Some(Found::at(start, start + end));
    }
    *ends = false;
    let near = rest.get(..rest.floor_char_boundary(NEAR))?;
    let words = || near.split(|c: char| !c.is_ascii() || !is_base64(c as u8));
    let secret = near.trim_start().is_empty() || rest.starts_with("\\n") || words().any(|word| word.len() >= BODY_MIN / 2);
    secret.then_some(Found { start, end: line.len(), inside: Inside::Pem(LINES_MAX) })
}

/// Where the mark begins that ends a key.
pub(super) fn end(line: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = line.get(from..)?.find("----").map(|at| from + at) {
        if mark(line, at, "END").is_some() {
            return Some(at);
        }
        from = at + line.get(at..)?.bytes().take_while(|b| *b == b'-').count();
    }
    None
}

/// Whether the line, which may have a log's beginning before it, is in the middle of a key.
pub(super) fn goes_on(line: &str) -> bool {
    let line = line.trim();
    let last = line.rsplit(char::is_whitespace).next().unwrap_or_default();
    let body = !last.is_empty() && last.bytes().all(is_base64);
    let any = |rule: fn(&u8) -> bool| last.bytes().any(|b| rule(&b));
    let mixed = any(u8::is_ascii_digit) && any(u8::is_ascii_uppercase);
    let header = ["Proc-Type:", "DEK-Info:", "Comment:", "Version:"].iter().any(|name| line.contains(name));
    line.is_empty() || header || (body && (last.len() == line.len() || last.len() >= BODY_MIN || last.ends_with('=') || mixed))
}

/// Whether the line is nothing but a long piece of base64.
pub(super) fn is_body(line: &str) -> bool {
    let line = line.trim();
    (line.len() >= BODY_MIN || line.ends_with('=') || line.len() > 3) && line.bytes().all(is_base64)
}

//! Where a value begins and ends that stands beside a name.

use super::word::{self, Says};
use super::{Inside, LINES_MAX, indented, is_word};

/// A random value is not longer.
const RANDOM_MAX: usize = 512;
/// Brackets in the middle of a line close so soon.
const BRACKETS_MAX: usize = 1_024;

/// A secret of this line: what of it is masked, and what goes on below.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) inside: Inside,
}

impl Found {
    pub(super) const fn at(start: usize, end: usize) -> Found {
        Found { start, end, inside: Inside::Nothing }
    }
}

/// A line, and what is asked of its beginning again and again.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    /// Where its first word begins, behind blanks, the mark of a comment or of a list, a quote.
    first: usize,
    /// It begins as the lines do that make a user known: in a .netrc, of redis, of HAProxy.
    of_user: bool,
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str) -> Line<'a> {
        let first = text.len() - text.trim_start_matches([' ', '\t', '#', ';', '-', '"', '\'', '$', '@']).len();
        let word = text.get(first..).unwrap_or_default().split([' ', '\t']).next().unwrap_or_default();
        let of_user = ["user", "machine", "default", "login", "neighbor", "username"].contains(&word);
        Line { text, first, of_user }
    }

    /// Whether the name at this place is the first of the line.
    pub(super) fn begins_at(self, name: usize) -> bool {
        const WORD_MAX: usize = 8;
        name <= self.first
            || (name - self.first <= WORD_MAX
                && self.text.get(self.first..name).is_some_and(|word| {
                    let word = word.trim_end_matches([' ', '\t', '$', '"', '\'']);
                    ["export", "set", "let", "const", "var", "env"].contains(&word)
                }))
    }
}

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) line: Line<'a>,
    /// Where its name begins.
    pub(super) name: usize,
    /// Where it begins itself.
    pub(super) start: usize,
    /// Its name stands in quotes.
    pub(super) quoted_name: bool,
    /// There is a blank around what parts them, as in a file of settings, or a colon.
    pub(super) spaced: bool,
}

/// How a quote is written: with so many `\` before it.
fn quote(text: &str) -> Option<(usize, char)> {
    let inner = text.trim_start_matches('\\');
    let mark = inner.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    Some((text.len() - inner.len(), mark))
}

/// What parts a name from its value; its length. `quoted`: the name's quote was just closed.
fn parting(text: &str, quoted: bool) -> Option<usize> {
    let word = ["=>", ":=", "==", "=", ":", "：", "%3D", "%3d"].iter().find(|word| text.starts_with(**word));
    word.map(|word| word.len()).or_else(|| (!quoted && text.starts_with('>')).then_some(1))
}

/// The length of `[0]`, where the text begins with the like.
fn index(text: &str) -> usize {
    const MAX: usize = 32;
    let within = text.strip_prefix('[').and_then(|rest| rest.get(..rest.floor_char_boundary(MAX))?.find(']'));
    within.map_or(0, |end| end + 2)
}

/// The length of what stands between a tag's name and its `>`.
fn attributes(text: &str) -> usize {
    const MAX: usize = 256;
    let near = text.get(..text.floor_char_boundary(MAX)).filter(|near| near.starts_with(' '));
    near.and_then(|near| near.find('>')).unwrap_or(0)
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// Whether the word is surely a name: `=` follows, or it stands in quotes.
pub(super) fn is_assigned(line: &str, at: usize, after: usize) -> bool {
    let rest = line.get(after..).unwrap_or_default();
    let quoted = quote(rest).is_some() && line.get(..at).is_some_and(|before| before.ends_with(['"', '\'', '`']));
    quoted || rest.trim_start_matches([' ', '\t']).starts_with('=') || line.get(..at).is_some_and(|before| before.ends_with("--"))
}

/// Whether what follows `name` is `: "DB_PASSWORD"`, or the like.
pub(super) fn names_a_secret(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['\\', '"', '\'', ' ', '\t']);
    let Some(parting) = parting(rest, true) else { return false };
    let name = rest.get(parting..).unwrap_or_default().trim_start_matches(['\\', '"', '\'', ' ', '\t']);
    let name = name.get(..name.find(|c| !is_word(c)).unwrap_or(name.len())).unwrap_or_default();
    word::says(name, true) == Some(Says::Secret)
}

/// The value of a name that stands at `at..after`, where it has one and it is to be masked.
pub(super) fn beside(name: &str, says: Says, whole: Line<'_>, at: usize, after: usize) -> Option<Found> {
    let line = whole.text;
    let before = line.get(..at)?;
    let rest = line.get(after..)?;
    // The quote that closes the name; `]` of `$settings['password']`.
    let closing = quote(rest).filter(|_| before.ends_with(['"', '\'', '`']));
    let mut here = after + closing.map_or(0, |(slashes, mark)| slashes + mark.len_utf8());
    // `$settings['password']`, `user[password]`, `password[0]`.
    let bracket = closing.is_some() || before.ends_with('[');
    here += usize::from(bracket && line.get(here..)?.starts_with(']'));
    here += index(line.get(here..)?);
    if before.ends_with('<') && closing.is_none() {
        here += attributes(line.get(here..)?);
    }
    let gap = blanks(line.get(here..)?);
    let place = |start, spaced| Place { line: whole, name: at, start, quoted_name: closing.is_some(), spaced };
    let called = closing.is_some() && before.trim_end_matches(['"', '\'']).ends_with('(');
    let comma = called && line.get(here + gap..)?.starts_with(',');
    if let Some(parting) = if comma { Some(1) } else { parting(line.get(here + gap..)?, closing.is_some()) } {
        let from = here + gap + parting;
        let colon = line.get(..from)?.ends_with([':', '：']);
        let start = from + blanks(line.get(from..)?);
        return by(name, says, place(start, gap > 0 || start > from || colon));
    }
    let from = here + gap;
    let value = line.get(from..)?;
    if closing.is_some() || value.is_empty() {
        return None;
    }
    match says {
        Says::Directive if gap > 0 => return rest_of_line(place(from, true)),
        // `PASSWORD 'x'`, `PASSWORD('x')`, `Authorization "Basic …"`.
        Says::Secret | Says::Header if quote(value.trim_start_matches('(')).is_some() => {
            return assigned(name, place(from + usize::from(value.starts_with('(')), false));
        }
        Says::Secret if gap > 0 => {}
        _ => return None,
    }
    let flag = before.ends_with('-') && before.trim_end_matches('-').ends_with([' ', '\t', '"', '\'', '[', '('])
        || before == "--"
        || before == "-";
    // Settings without a sign between name and value: `password x` alone on its line; a .netrc; HAProxy's users.
    let alone = whole.begins_at(at) && value.split_whitespace().nth(1).is_none();
    (flag || alone || whole.of_user).then(|| assigned(name, place(from, false)))?
}

/// The value after `=` or `:`, as the name has it.
fn by(name: &str, says: Says, place: Place<'_>) -> Option<Found> {
    match says {
        Says::Secret => assigned(name, place),
        Says::SecretIfRandom => {
            // A longer one is none: this name alone would not do to look so far at every place.
            let text = place.line.text;
            let near = text.get(..text.floor_char_boundary(place.start + RANDOM_MAX))?;
            let found = assigned(name, Place { line: Line { text: near, ..place.line }, ..place })?;
            let value = near.get(found.start..found.end)?;
            (found.inside == Inside::Nothing && word::random(value)).then_some(found)
        }
        Says::Header | Says::Directive if quote(place.line.text.get(place.start..)?).is_some() => assigned(name, place),
        Says::Header | Says::Directive => rest_of_line(place),
    }
}

/// All up to the end of the line, or to the quote that was opened before the name.
fn rest_of_line(place: Place<'_>) -> Option<Found> {
    let end = within_quotes(place).unwrap_or_else(|| place.line.text.trim_end().len());
    (place.start < end).then(|| Found::at(place.start, end))
}

/// Where the quotes close that were opened just before the name: `"PASSWORD=a b"`.
fn within_quotes(place: Place<'_>) -> Option<usize> {
    let before = place.line.text.get(..place.name)?;
    let mark = before.chars().next_back().filter(|c| matches!(c, '"' | '\''))?;
    let slashes = before.len() - mark.len_utf8() - before.get(..before.len() - 1)?.trim_end_matches('\\').len();
    if place.quoted_name { None } else { closed(place.line.text, place.start, slashes, mark) }
}

/// The value at a place, whatever it is.
pub(super) fn assigned(name: &str, place: Place<'_>) -> Option<Found> {
    let Place { line: Line { text: line, .. }, start, .. } = place;
    let value = line.get(start..)?;
    if value.trim_start().is_empty() {
        // JSON on several lines: `"password":` and the value below.
        return place.quoted_name.then_some(Found { start: line.len(), end: line.len(), inside: Inside::Value(LINES_MAX) });
    }
    for triple in ["\"\"\"", "'''"] {
        if let Some(text) = value.strip_prefix(triple) {
            let begin = start + triple.len();
            return Some(match text.find(triple) {
                Some(end) => Found::at(begin, begin + end),
                None => Found { start: begin, end: line.len(), inside: Inside::Quoted(triple, LINES_MAX) },
            });
        }
    }
    let prefix = usize::from(value.starts_with(['b', 'r', 'u', '@']) && quote(value.get(1..)?).is_some());
    if let Some((slashes, mark)) = quote(value.get(prefix..)?) {
        let begin = start + prefix + slashes + mark.len_utf8();
        // A quote that does not close is not known to end before the line does.
        let end = closed(line, begin, slashes, mark).unwrap_or(line.len());
        return (!word::innocent(name, line.get(begin..end)?)).then(|| Found::at(begin, end));
    }
    if let Some(indent) = block(place, value) {
        return Some(Found { start: line.len(), end: line.len(), inside: Inside::Block(indent, LINES_MAX) });
    }
    if value.starts_with(['[', '{']) {
        let goes_on = place.quoted_name || place.line.begins_at(place.name);
        let near = if goes_on { value } else { value.get(..value.floor_char_boundary(BRACKETS_MAX))? };
        match closes(near, 0) {
            Ok(end) => return (!word::innocent(name, value.get(..end)?)).then(|| Found::at(start, start + end)),
            Err(depth) if goes_on => {
                return Some(Found { start, end: line.len(), inside: Inside::Nest(depth, LINES_MAX) });
            }
            Err(_) => {}
        }
    }
    let end = bare(place);
    (start < end && !word::innocent(name, line.get(start..end)?)).then(|| Found::at(start, end))
}

/// Where the quote closes that was opened just before `from`, with as many `\` before it as then, beside those that
/// stand for themselves.
fn closed(line: &str, from: usize, slashes: usize, mark: char) -> Option<usize> {
    let mut run = 0;
    for (at, c) in line.get(from..)?.char_indices() {
        if c == '\\' {
            run += 1;
            continue;
        }
        if c == mark && (mark == '\'' && slashes == 0 && run == 0 || run % (2 * (slashes + 1)) == slashes) {
            return Some(from + at - slashes);
        }
        run = 0;
    }
    None
}

/// `password: |`, and the secret below, indented by more than this.
fn block(place: Place<'_>, value: &str) -> Option<usize> {
    if !place.line.begins_at(place.name) {
        return None;
    }
    let value = value.trim_end();
    let mark = value.rsplit(' ').next()?;
    let tagged = value == mark || value.starts_with('!');
    let is_mark = mark.starts_with(['|', '>']) && mark.len() <= 3 && mark.bytes().skip(1).all(|b| matches!(b, b'+' | b'-' | b'0'..=b'9'));
    (tagged && is_mark).then(|| indented(place.line.text))
}

/// Where the brackets close that are open; how many are left otherwise. What stands in quotes does not count.
pub(super) fn closes(line: &str, mut depth: u32) -> Result<usize, u32> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth = depth.saturating_add(1),
            ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Ok(at + c.len_utf8());
        }
    }
    Err(depth.max(1))
}

/// Where a value without quotes ends.
fn bare(place: Place<'_>) -> usize {
    let Place { line: Line { text: line, .. }, name, start, .. } = place;
    if let Some(end) = within_quotes(place) {
        return end;
    }
    let (before, value) = (line.get(..name).unwrap_or_default(), line.get(start..).unwrap_or_default());
    if before.ends_with('<') {
        return value.find('<').map_or(line.len(), |end| start + end);
    }
    if place.spaced && place.line.begins_at(name) {
        let whole = value.trim_end().trim_end_matches([',', ';']);
        return start + whole.len();
    }
    let mut end = value.len();
    let mut escaped = false;
    for (at, c) in value.char_indices() {
        if (c.is_whitespace() && !escaped) || (matches!(c, '&' | ';' | ',') && another(value.get(at + 1..).unwrap_or_default())) {
            end = at;
            break;
        }
        escaped = c == '\\' && !escaped;
    }
    let kept = value.get(..end).unwrap_or_default().trim_end_matches([')', ']', '}', ',', ';', '"', '\'', '.']);
    start + kept.len()
}

/// Whether another name with its value comes: `&user=`, `; path:`.
fn another(rest: &str) -> bool {
    const NAME_MAX: usize = 64;
    let rest = rest.trim_start_matches([' ', '"', '\'']);
    let name = rest.bytes().take(NAME_MAX).take_while(|b| b.is_ascii_alphanumeric() || b"_.- ".contains(b)).count();
    let after = rest.get(name..).unwrap_or_default().trim_start_matches(['"', '\'']);
    name > 0 && after.starts_with(['=', ':'])
}

/// Programs that take a password by a flag of one letter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Program {
    flag: &'static str,
    /// The secret is what follows this within the flag's value; nothing: all of it.
    after: Option<char>,
    /// It is written without a blank.
    attached: bool,
}

/// The program of this name, where it is one of them.
pub(super) fn program(word: &str) -> Option<Program> {
    let next = |flag, after| Some(Program { flag, after, attached: false });
    match word.rsplit('/').next().unwrap_or_default() {
        "mysql" | "mysqldump" | "mysqladmin" | "mysqlcheck" | "mysqlimport" | "mysqlshow" | "mariadb" | "mariadb-dump"
        | "mariadb-admin" => Some(Program { flag: "-p", after: None, attached: true }),
        "sshpass" => next("-p", None),
        "redis-cli" => next("-a", None),
        "ldapsearch" | "ldapadd" | "ldapmodify" | "ldapdelete" | "ldapwhoami" => next("-w", None),
        "mosquitto_pub" | "mosquitto_sub" => next("-P", None),
        "curl" => next("-u", Some(':')),
        "smbclient" => next("-U", Some('%')),
        _ => None,
    }
}

/// The secret of the flag that begins here.
pub(super) fn flag(program: Option<Program>, line: &str, at: usize) -> Option<Found> {
    let Program { flag, after, attached } = program?;
    let rest = line.get(at..)?.strip_prefix(flag)?;
    if !line.get(..at)?.ends_with([' ', '\t']) {
        return None;
    }
    let gap = blanks(rest);
    if (attached && gap > 0) || rest.trim().is_empty() {
        return None;
    }
    let mut start = at + flag.len() + gap;
    let value = line.get(start..)?;
    let (begin, end) = match quote(value) {
        Some((slashes, mark)) => {
            let begin = start + slashes + mark.len_utf8();
            (begin, closed(line, begin, slashes, mark).unwrap_or(line.len()))
        }
        None => (start, start + value.find(char::is_whitespace).unwrap_or(value.len())),
    };
    start = begin;
    if let Some(after) = after {
        start += line.get(begin..end)?.find(after)? + after.len_utf8();
    }
    (start < end).then(|| Found::at(start, end))
}

/// `user NAME on >PASSWORD #HASH`: redis' users.
pub(super) fn listed(line: Line<'_>, at: usize) -> Option<Found> {
    if !line.of_user || !line.text.get(..at)?.ends_with(' ') {
        return None;
    }
    let value = line.text.get(at..)?.strip_prefix(['>', '#'])?;
    let end = value.find(char::is_whitespace).unwrap_or(value.len());
    (end > 0).then(|| Found::at(at + 1, at + 1 + end))
}

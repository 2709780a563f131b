//! Secrets taken out of text: passwords, tokens, keys, whatever the text is: a log, a configuration, JSON, a command line.
//!
//! A secret is known by the name beside it (`word`: `password = …`, `"apiKey": …`, `--token …`), or by how it is written
//! (`shape`: a private key in PEM, `AKIA…`, `https://user:password@host`). It gives way to [`MASK`]; all else stays. In
//! doubt it is masked: what is lost of a line can be asked for, what was sent cannot be taken back.
//!
//! Every byte is looked at a bounded number of times, so that a long line takes time in proportion to its length.

mod pem;
mod shape;
mod value;
mod word;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::value::{Found, Line, Place};
use self::word::Says;

/// Stands where a secret was.
pub const MASK: &str = "***";

/// A secret of several lines has at most so many; a bracket or a quote that never closes ends there.
const LINES_MAX: u32 = 200;
/// JSON that is nested deeper is not looked into, but masked.
const DEPTH_MAX: usize = 64;

/// A whole text without its secrets.
pub fn mask(text: &str) -> String {
    let mut masker = Masker::default();
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find('\n').unwrap_or(rest.len());
        let (line, after) = (rest.get(..end).unwrap_or_default(), rest.get(end..).unwrap_or_default());
        let (line, carriage) = line.strip_suffix('\r').map_or((line, ""), |line| (line, "\r"));
        let ahead = after.strip_prefix('\n').unwrap_or_default();
        masker.take(line, ahead, &mut masked);
        masked.push_str(carriage);
        if after.len() > ahead.len() {
            masked.push('\n');
        }
        rest = ahead;
    }
    masked
}

/// The same of a document: it stays one of the same form. A value of any type is masked where its name says so.
pub fn mask_json(value: &mut Value) {
    within(value, 0);
}

fn within(value: &mut Value, depth: usize) {
    match value {
        _ if depth > DEPTH_MAX => *value = Value::from(MASK),
        Value::String(text) => *text = mask(text),
        Value::Array(items) => items.iter_mut().for_each(|item| within(item, depth + 1)),
        Value::Object(members) => {
            // `{"name": "DB_PASSWORD", "value": "…"}`, as Kubernetes has it.
            let named = ["name", "key", "Name", "Key"].iter().filter_map(|key| members.get(*key)?.as_str());
            let named = named.into_iter().any(|name| word::says(name, true) == Some(Says::Secret));
            for (name, member) in members.iter_mut() {
                let secret = match word::says(name, true) {
                    Some(Says::SecretIfRandom) => member.as_str().is_some_and(word::random),
                    says => says.is_some(),
                };
                if secret || (named && name.eq_ignore_ascii_case("value")) {
                    hide(name, member);
                } else {
                    within(member, depth + 1);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Masks all that stands under a name.
fn hide(name: &str, value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::String(text) if word::innocent(name, text) => {}
        Value::Number(number) if word::innocent(name, &number.to_string()) => {}
        _ => *value = Value::from(MASK),
    }
}

/// Masks a text that comes line by line, such as a log. It remembers what goes on from one line to the next.
#[derive(Debug, Default)]
pub struct Masker {
    inside: Inside,
    /// Lines of base64 that were found to be no private key, and need not be looked at again.
    harmless: u32,
    /// A name said that the next `value` is secret; for so many lines yet.
    named: u32,
}

/// What the line before has begun.
#[derive(Debug, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    /// A private key; so many lines of it may still come.
    Pem(u32),
    /// A text in three quotes.
    Quoted(&'static str, u32),
    /// A block of YAML that is indented by more than this.
    Block(usize, u32),
    /// Brackets, so many of them open.
    Nest(u32, u32),
    /// A name whose value begins on the next line.
    Value(u32),
}

impl Masker {
    /// The next line, without its end, without its secrets.
    pub fn line(&mut self, line: &str) -> String {
        let mut masked = String::with_capacity(line.len());
        self.take(line, "", &mut masked);
        masked
    }

    /// `ahead`: what follows the line, as far as it is known.
    fn take(&mut self, line: &str, ahead: &str, masked: &mut String) {
        self.named = self.named.saturating_sub(1);
        let from = match std::mem::take(&mut self.inside) {
            Inside::Nothing => 0,
            Inside::Pem(0) | Inside::Quoted(_, 0) | Inside::Block(_, 0) | Inside::Nest(_, 0) | Inside::Value(0) => 0,
            Inside::Pem(left) => match pem::end(line) {
                Some(end) => self.hidden(line, end, masked),
                None if pem::goes_on(line) => return self.all_hidden(line, Inside::Pem(left - 1), masked),
                None => 0,
            },
            Inside::Quoted(quote, left) => match line.find(quote) {
                Some(end) => self.hidden(line, end, masked),
                None => return self.all_hidden(line, Inside::Quoted(quote, left - 1), masked),
            },
            Inside::Block(indent, left) if line.trim().is_empty() || indented(line) > indent => {
                return self.all_hidden(line, Inside::Block(indent, left - 1), masked);
            }
            Inside::Block(..) => 0,
            Inside::Nest(depth, left) => match value::closes(line, depth) {
                Ok(end) => self.hidden(line, end, masked),
                Err(depth) => return self.all_hidden(line, Inside::Nest(depth, left - 1), masked),
            },
            Inside::Value(left) if line.trim().is_empty() => {
                self.inside = Inside::Value(left - 1);
                0
            }
            Inside::Value(_) => {
                let start = indented(line);
                let place = Place { line: Line::new(line), name: 0, start, quoted_name: true, spaced: true };
                match value::assigned("password", place) {
                    Some(found) => self.found(line, 0, found, masked),
                    None => 0,
                }
            }
        };
        self.scan(line, from, ahead, masked);
    }

    /// The beginning of the line up to `end` was secret.
    fn hidden(&mut self, line: &str, end: usize, masked: &mut String) -> usize {
        if end > 0 && !line.get(..end).unwrap_or_default().trim().is_empty() {
            masked.push_str(MASK);
        }
        end
    }

    /// The whole line was.
    fn all_hidden(&mut self, line: &str, inside: Inside, masked: &mut String) {
        if !line.trim().is_empty() {
            masked.extend(line.chars().take_while(|c| c.is_whitespace()));
            masked.push_str(MASK);
        }
        self.inside = inside;
    }

    /// Copies the line up to a secret, masks that, and says where it ends.
    fn found(&mut self, line: &str, copied: usize, found: Found, masked: &mut String) -> usize {
        masked.push_str(line.get(copied..found.start).unwrap_or_default());
        masked.push_str(MASK);
        self.inside = found.inside;
        found.end
    }

    /// Looks at each word of a line from `from` on.
    fn scan(&mut self, line: &str, from: usize, ahead: &str, masked: &mut String) {
        if self.tail_of_key(line, ahead) {
            return self.all_hidden(line, Inside::Pem(LINES_MAX), masked);
        }
        let looked_at = Line::new(line);
        let mut program = None;
        let mut ends = true;
        let (mut copied, mut at) = (from, from);
        let mut before = None;
        while let Some(c) = line.get(at..).and_then(|rest| rest.chars().next()) {
            let here = at;
            at += c.len_utf8();
            let previous = before.replace(c);
            if previous.is_some_and(char::is_alphanumeric) && is_word(c) {
                continue; // in the middle of a word that says nothing
            }
            let found = if c == '-' { pem::begin(line, here, &mut ends) } else { None };
            let found = found.or_else(|| shape::known(&line[here..]).map(|(keep, length)| Found::at(here + keep, here + length)));
            let found = found.or_else(|| value::flag(program, line, here)).or_else(|| value::listed(looked_at, here));
            let found = found.or_else(|| {
                if !is_word(c) || matches!(c, '-' | '.') {
                    return None;
                }
                let rest = &line[here..];
                let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
                program = value::program(word).or(program);
                at = here + word.len();
                before = word.chars().next_back();
                self.beside(looked_at, here, word)
            });
            let Some(found) = found else { continue };
            let (end, nothing) = (found.end, found.start == found.end && found.inside == Inside::Nothing);
            if nothing {
                continue;
            }
            at = if found.start == end {
                self.inside = found.inside;
                end
            } else {
                copied = self.found(line, copied, found, masked);
                end
            };
            before = line.get(..at).and_then(|text| text.chars().next_back());
        }
        masked.push_str(line.get(copied..).unwrap_or_default());
    }

    /// What stands beside a word of the line and is secret for it.
    fn beside(&mut self, line: Line<'_>, at: usize, word: &str) -> Option<Found> {
        let after = at + word.len();
        let rest = line.text.get(after..)?;
        if let Some(address) = rest.strip_prefix("://") {
            let begin = after + rest.len() - address.len();
            return shape::userinfo(address).map(|(start, end)| Found::at(begin + start, begin + end));
        }
        if ["bearer", "basic"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme)) {
            let credential = rest.trim_start_matches([' ', '\t']);
            let begin = after + rest.len() - credential.len();
            return shape::credential(credential).filter(|_| begin > after).map(|length| Found::at(begin, begin + length));
        }
        if word.eq_ignore_ascii_case("value") && self.named > 0 {
            self.named = 0;
            return value::beside("value", Says::Secret, line, at, after);
        }
        if ["name", "key"].iter().any(|name| word.eq_ignore_ascii_case(name)) && value::names_a_secret(rest) {
            self.named = 3;
            return None;
        }
        let says = match before(line.text, at) {
            // `IDENTIFIED BY 'x'` of SQL, `stats auth USER:x` of HAProxy.
            Some(before) if word.eq_ignore_ascii_case("by") && before.eq_ignore_ascii_case("identified ") => Says::Secret,
            Some(before) if word == "auth" && before.ends_with("stats ") => Says::Directive,
            // `AUTH x` as redis and mail servers are told, `-passin pass:x` of OpenSSL.
            Some(_) if word == "AUTH" && line.begins_at(at) => Says::Directive,
            Some(before) if word == "pass" && ["-pass ", "-passin ", "-passout "].iter().any(|flag| before.ends_with(flag)) => Says::Secret,
            _ => word::says(word, value::is_assigned(line.text, at, after))?,
        };
        value::beside(word, says, line, at, after)
    }

    /// Whether the line is part of a private key whose beginning was not seen: what follows ends one.
    fn tail_of_key(&mut self, line: &str, ahead: &str) -> bool {
        if self.harmless > 0 || !pem::is_body(line) {
            self.harmless = self.harmless.saturating_sub(1);
            return false;
        }
        let body = ahead.lines().take(LINES_MAX as usize).take_while(|line| pem::is_body(line)).count();
        if ahead.lines().nth(body).is_some_and(|line| pem::end(line).is_some()) {
            return true;
        }
        self.harmless = u32::try_from(body).unwrap_or(0);
        false
    }
}

/// The few characters before a word.
fn before(line: &str, at: usize) -> Option<&str> {
    let most = "identified ".len();
    line.get(line.ceil_char_boundary(at.saturating_sub(most))..at)
}

const fn is_ascii_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// Whether it is of a name: `db.password`, `X-Api-Key`, `口令`.
fn is_word(c: char) -> bool {
    is_ascii_word(c) || (!c.is_ascii() && c.is_alphanumeric())
}

fn indented(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

//! One of `probe = [{ … }]`.

use toml::Spanned;

use super::protocol;
use super::raw::{RawExpect, RawProbe};
use super::validate::Check;
use crate::probe::{Ask, Probe, Talk};
use crate::time::Length;

pub(super) const EVERY: (Length, Length) = (Length::ms(100), Length::seconds(86_400));
pub(super) const EVERY_USUAL: Length = Length::seconds(5);
const TIMEOUT_MIN: Length = Length::ms(1);
pub(super) const TIMEOUT_USUAL: Length = Length::seconds(1);
const WORDS_BYTES_MAX: usize = 4096;

/// The keys that each kind has beside `every`, `timeout` and `within`.
pub(super) const KINDS: [(&str, &[&str]); 16] = [
    ("http", &["expect", "body", "send", "roots"]),
    ("tcp", &["expect", "body", "send"]),
    ("unix", &["expect", "body", "send"]),
    ("exec", &["expect", "body", "send"]),
    ("tls", &["name", "roots", "days"]),
    ("dns", &["type", "expect", "server"]),
    ("icmp", &[]),
    ("redis", &["user", "password_file", "encrypt", "name", "roots"]),
    ("postgres", &["user", "password_file", "database", "encrypt", "name", "roots"]),
    ("mysql", &["user", "password_file", "database", "encrypt", "name", "roots"]),
    ("smtp", &["encrypt", "name", "roots"]),
    ("amqp", &["encrypt", "name", "roots"]),
    ("mqtt", &["user", "password_file", "encrypt", "name", "roots"]),
    ("grpc", &["service", "encrypt", "name", "roots"]),
    ("fastcgi", &["path", "body"]),
    ("ntp", &["offset"]),
];

/// The probe that is meant; `None` where there is a mistake in it.
pub fn probe(check: &mut Check<'_, '_>, at: &Spanned<RawProbe>) -> Option<Probe> {
    let raw = at.get_ref();
    let every = check.length(raw.every.as_ref(), EVERY, EVERY_USUAL);
    let timeout = match &raw.timeout {
        None => TIMEOUT_USUAL.min(every),
        Some(timeout) if timeout.get_ref().0 > every => {
            check.fault(timeout, format!("a timeout of {} is longer than the {every} between two questions", timeout.get_ref().0), None);
            return None;
        }
        Some(timeout) => check.length(Some(timeout), (TIMEOUT_MIN, every), every),
    };
    let within = match &raw.within {
        Some(within) if within.get_ref().0 >= timeout => {
            let what = format!("a limit of {} is never passed: after {timeout} there is no answer", within.get_ref().0);
            check.fault(within, what, Some("Write a shorter `within`, or a longer `timeout`."));
            return None;
        }
        within => within.as_ref().map(|within| check.length(Some(within), (TIMEOUT_MIN, timeout), timeout)),
    };
    Some(Probe { within, ..Probe::new(ask(check, at)?, every, timeout) })
}

fn ask(check: &mut Check<'_, '_>, at: &Spanned<RawProbe>) -> Option<Ask> {
    let raw = at.get_ref();
    let mut kinds = raw.kinds();
    let Some((kind, target)) = kinds.next() else {
        let all = KINDS.map(|(kind, _)| format!("`{kind}`")).join(", ");
        check.missing(at, "a probe that asks nothing", Some(&format!("There are {all}.")));
        return None;
    };
    if kinds.next().is_some() {
        check.fault(at, "a probe of several kinds", Some("Write one table for each."));
        return None;
    }
    if !keys_belong(check, kind, raw) {
        return None;
    }
    match kind {
        "http" => http(check, target, raw),
        "tcp" => {
            let talk = talk(check, at)?;
            let port_word = check.port_word;
            good(check, target, |s| host_and_port(&with_port(s, port_word), 1))?;
            Some(Ask::Tcp { address: target.get_ref().clone(), talk })
        }
        "unix" => {
            let talk = talk(check, at)?;
            good(check, target, socket_path)?;
            Some(Ask::Unix { path: target.get_ref().clone(), talk })
        }
        "exec" => {
            for key in [raw.body.as_ref(), raw.send.as_ref()].into_iter().flatten() {
                check.fault(key, "an `exec` probe has neither `send` nor `body`", None);
            }
            if let Some(expect) = &raw.expect {
                check.fault(expect, "an `exec` probe has no `expect`", Some("Its exit code is the answer: 0, 1, 2 or 3."));
            }
            good(check, target, |s| if s.trim().is_empty() { Err("an empty command".to_owned()) } else { Ok(()) })?;
            Some(Ask::Exec { command: target.get_ref().clone() })
        }
        _ => protocol::ask(check, kind, target, raw),
    }
}

/// Whether the kind has every key that was given.
fn keys_belong(check: &mut Check<'_, '_>, kind: &str, raw: &RawProbe) -> bool {
    let known = KINDS.iter().find(|(word, _)| *word == kind).map_or(&[][..], |(_, keys)| keys);
    let mut all = true;
    for (key, offset) in raw.keys().filter(|(key, _)| !known.contains(key)) {
        let hint = match known {
            [] => "Beside its target it has `every`, `timeout` and `within`.".to_owned(),
            keys => format!("Known: {}, every, timeout, within.", keys.join(", ")),
        };
        check.faults.add(check.source, offset, format!("a probe of kind `{kind}` has no `{key}`"), Some(hint));
        all = false;
    }
    all
}

fn http(check: &mut Check<'_, '_>, url: &Spanned<String>, raw: &RawProbe) -> Option<Ask> {
    if let Some(send) = &raw.send {
        check.fault(send, "an `http` probe has no `send`", Some("It puts a GET; use `tcp` to say something else."));
    }
    let expect = match raw.expect.as_ref().map(|e| (e, e.get_ref())) {
        None => None,
        Some((at, RawExpect::Status(n))) => {
            let status = u16::try_from(*n).ok().filter(|s| (100..600).contains(s));
            if status.is_none() {
                check.fault(at, format!("{n} is not a status of HTTP"), Some("Write a number from 100 to 599."));
            }
            status
        }
        Some((at, RawExpect::Words(_))) => {
            check.fault(at, "the `expect` of an `http` probe is a status", Some("Write a number; text goes into `body`."));
            None
        }
    };
    if let Some(body) = &raw.body {
        good(check, body, words)?;
    }
    let roots = protocol::file(check, raw.roots.as_ref())?;
    let port_word = check.port_word;
    good(check, url, |s| http_url(&with_port(s, port_word)))?;
    Some(Ask::Http { url: url.get_ref().clone(), expect, body: raw.body.as_ref().map(|b| b.get_ref().clone()), roots })
}

/// What is said over a socket: nothing, only listened to, or both. The outer `None` is a mistake.
fn talk(check: &mut Check<'_, '_>, at: &Spanned<RawProbe>) -> Option<Option<Talk>> {
    let raw = at.get_ref();
    if let Some(body) = &raw.body {
        check.fault(body, "`body` is for `http` probes", Some("Write `expect`."));
    }
    let expect = match raw.expect.as_ref().map(|e| (e, e.get_ref())) {
        None => None,
        Some((_, RawExpect::Words(words))) => Some(words),
        Some((at, RawExpect::Status(_))) => {
            check.fault(at, "the `expect` of a `tcp` or `unix` probe is text", Some("Put it in quotes."));
            return None;
        }
    };
    match (&raw.send, expect) {
        (None, None) => Some(None),
        (Some(send), None) => {
            check.missing(send, "`send` without `expect`", Some("Say what the answer must begin with."));
            None
        }
        (send, Some(expect)) => {
            if let Some(send) = send {
                good(check, send, spoken)?;
            }
            if let Some(at) = &raw.expect
                && let Err(what) = expect.strip_prefix("re:").map_or_else(|| spoken(expect), regular_expression)
            {
                check.fault(at, what, None);
                return None;
            }
            let send = send.as_ref().map_or_else(String::new, |s| s.get_ref().clone());
            Some(Some(Talk { send, expect: expect.clone() }))
        }
    }
}

/// `Some` where the rule has nothing against it.
pub(super) fn good(check: &mut Check<'_, '_>, value: &Spanned<String>, rule: impl Fn(&str) -> Result<(), String>) -> Option<()> {
    rule(value.get_ref()).map_err(|what| check.fault(value, what, None)).ok()
}

/// The text with a port in place of the word for one.
pub(super) fn with_port<'s>(s: &'s str, word: Option<&str>) -> std::borrow::Cow<'s, str> {
    word.map_or_else(|| s.into(), |word| s.replace(word, "1").into())
}

pub(super) fn words(s: &str) -> Result<(), String> {
    match s.len() {
        0 => Err("an empty text".to_owned()),
        n if n > WORDS_BYTES_MAX => Err(format!("a text of {n} bytes; at most {WORDS_BYTES_MAX}")),
        _ => Ok(()),
    }
}

/// Text, or bytes in hexadecimal after `hex:`.
fn spoken(s: &str) -> Result<(), String> {
    words(s)?;
    match s.strip_prefix("hex:") {
        Some(hex) if hex.len() % 2 != 0 || hex.is_empty() || !hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Err(format!("`{hex}` is not bytes in hexadecimal; two digits make one"))
        }
        _ => Ok(()),
    }
}

pub(super) fn regular_expression(s: &str) -> Result<(), String> {
    if s.len() > WORDS_BYTES_MAX {
        return words(s);
    }
    // The last line of the regex crate's message says what is wrong; those before draw a picture of where.
    let brief = |e: regex::Error| e.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    regex::bytes::Regex::new(s).map(drop).map_err(|e| format!("`{s}` is not a regular expression: {}", brief(e)))
}

/// `HOST:PORT` with a port of at least `port_min`: a name, an IPv4 address, or an IPv6 address in brackets.
pub(crate) fn host_and_port(s: &str, port_min: u16) -> Result<(), String> {
    let bad = || format!("`{s}` is not HOST:PORT");
    let (host, port) = s.rsplit_once(':').ok_or_else(bad)?;
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    if !digits || port.parse::<u16>().is_ok_and(|p| p < port_min) || port.parse::<u16>().is_err() {
        return Err(format!("`{s}` has no port from {port_min} to 65535"));
    }
    host_name(host).ok_or_else(bad)
}

pub(super) fn host_name(host: &str) -> Option<()> {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().ok().map(drop);
    }
    let named = !host.is_empty() && host.len() <= 253 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    named.then_some(())
}

/// `http://HOST[:PORT][/PATH]`, or `https://`.
pub(crate) fn http_url(s: &str) -> Result<(), String> {
    words(s)?;
    let rest = s.strip_prefix("http://").or_else(|| s.strip_prefix("https://"));
    let rest = rest.ok_or_else(|| format!("`{s}` does not begin with `http://` or `https://`"))?;
    if let Some(bad) = s.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(format!("{bad:?} in an address; write it as %XX"));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("a user in an address; probes do not sign in".to_owned());
    }
    let port_follows = authority.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    if port_follows { host_and_port(authority, 1) } else { host_name(authority).ok_or_else(|| format!("`{s}` has no host")) }
}

/// A path of unix(7): absolute, and short enough for the kernel.
pub(super) fn socket_path(s: &str) -> Result<(), String> {
    const SUN_PATH_BYTES_MAX: usize = 107;
    if !s.starts_with('/') {
        return Err(format!("`{s}` is not an absolute path"));
    }
    if s.len() > SUN_PATH_BYTES_MAX {
        return Err(format!("a socket's path has at most {SUN_PATH_BYTES_MAX} bytes"));
    }
    Ok(())
}

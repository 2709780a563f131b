//! Probes that speak a protocol of their own: their keys, and what each may be.

use toml::Spanned;

use super::probe::{good, host_and_port, host_name, socket_path, with_port, words};
use super::raw::{RawExpect, RawProbe};
use super::validate::Check;
use crate::probe::{Ask, Peer, Record, Trust};
use crate::time::Length;

pub(super) const DAYS_USUAL: u32 = 14;
pub(super) const DAYS_MAX: u32 = 3650;
pub(super) const OFFSET_USUAL: Length = Length::seconds(1);
pub(super) const OFFSET: (Length, Length) = (Length::ms(1), Length::seconds(86_400));
/// A longer name, user or path is none.
const WORD_BYTES_MAX: usize = 255;
pub(super) const PATH_USUAL: &str = "/ping";

/// What the probe of this kind asks; `None` where there is a mistake in it. Keys that the kind has not are out already.
pub(super) fn ask(check: &mut Check<'_, '_>, kind: &str, target: &Spanned<String>, raw: &RawProbe) -> Option<Ask> {
    match kind {
        "tls" => {
            let days = days(check, raw)?;
            Some(Ask::Tls { address: address(check, target)?, trust: trust(check, raw)?, days })
        }
        "dns" => dns(check, target, raw),
        "icmp" => {
            good(check, target, |s| host_name(s).ok_or_else(|| format!("`{s}` is neither a name nor an address")))?;
            Some(Ask::Icmp { host: target.get_ref().clone() })
        }
        "ntp" => {
            let offset = check.length(raw.offset.as_ref(), OFFSET, OFFSET_USUAL);
            Some(Ask::Ntp { address: address(check, target)?, offset })
        }
        "grpc" => {
            let service = word(check, raw.service.as_ref())?.unwrap_or_default();
            // HTTP/2 needs a name to call the server by.
            address(check, target)?;
            Some(Ask::Grpc { peer: peer(check, target, raw)?, service })
        }
        "fastcgi" => {
            if let Some(body) = &raw.body {
                good(check, body, words)?;
            }
            let path = file(check, raw.path.as_ref())?.unwrap_or_else(|| PATH_USUAL.to_owned());
            Some(Ask::Fastcgi { peer: peer(check, target, raw)?, path, body: raw.body.as_ref().map(|b| b.get_ref().clone()) })
        }
        _ => {
            let peer = peer(check, target, raw)?;
            Some(match kind {
                "redis" => Ask::Redis(peer),
                "postgres" => Ask::Postgres(peer),
                "mysql" => Ask::Mysql(peer),
                "smtp" => Ask::Smtp(peer),
                "amqp" => Ask::Amqp(peer),
                "mqtt" => Ask::Mqtt(peer),
                _ => return None,
            })
        }
    }
}

fn dns(check: &mut Check<'_, '_>, name: &Spanned<String>, raw: &RawProbe) -> Option<Ask> {
    good(check, name, |s| host_name(s).filter(|()| !s.starts_with('[')).ok_or_else(|| format!("`{s}` is not a name")))?;
    let record = match &raw.record {
        None => Record::A,
        Some(at) => {
            let known = Record::ALL.iter().find(|(_, word, _)| word.eq_ignore_ascii_case(at.get_ref()));
            if known.is_none() {
                let all = Record::ALL.map(|(_, word, _)| word).join(", ");
                check.fault(
                    at,
                    format!("`{}` is not a type of record that can be asked for", at.get_ref()),
                    Some(&format!("Known: {all}.")),
                );
            }
            known?.0
        }
    };
    let expect = match raw.expect.as_ref().map(|e| (e, e.get_ref())) {
        None => None,
        Some((_, RawExpect::Words(text))) if !text.is_empty() && text.len() <= WORD_BYTES_MAX => Some(text.clone()),
        Some((at, _)) => {
            check.fault(at, "the `expect` of a `dns` probe is a record", Some("Write it in quotes, such as \"192.0.2.1\"."));
            return None;
        }
    };
    let server = match &raw.server {
        None => None,
        Some(at) => {
            let port_word = check.port_word;
            let is_address = |s: &str| with_port(s, port_word).parse::<std::net::SocketAddr>().map(drop);
            good(check, at, |s| is_address(s).map_err(|_| format!("`{s}` is not ADDRESS:PORT, such as 127.0.0.1:53")))?;
            Some(at.get_ref().clone())
        }
    };
    Some(Ask::Dns { name: name.get_ref().clone(), record, expect, server })
}

fn peer(check: &mut Check<'_, '_>, target: &Spanned<String>, raw: &RawProbe) -> Option<Peer> {
    if let (Some(at), None) = (&raw.password_file, &raw.user)
        && raw.redis.is_none()
    {
        check.fault(at, "`password_file` without `user`", Some("Say who signs in."));
        return None;
    }
    if let (Some(at), None) = (&raw.database, &raw.user) {
        check.fault(at, "`database` without `user`", Some("Say who signs in."));
        return None;
    }
    let trust = trust(check, raw)?;
    let encrypted = raw.encrypt.as_ref().is_some_and(|e| *e.get_ref());
    if let Some(at) = raw.name.as_ref().or(raw.roots.as_ref())
        && !encrypted
    {
        check.fault(at, "a certificate is checked only where the connection is encrypted", Some("Add `encrypt = true`."));
        return None;
    }
    if let (Some(at), true, true) = (&raw.encrypt, encrypted && trust.name.is_none(), target.get_ref().starts_with('/')) {
        check.fault(at, "a socket has no name that a certificate could be made out to", Some("Add `name = \"…\"`."));
        return None;
    }
    Some(Peer {
        address: address_or_socket(check, target)?,
        user: word(check, raw.user.as_ref())?,
        password_file: file(check, raw.password_file.as_ref())?,
        database: word(check, raw.database.as_ref())?,
        encrypt: encrypted.then_some(trust),
    })
}

fn trust(check: &mut Check<'_, '_>, raw: &RawProbe) -> Option<Trust> {
    if let Some(name) = &raw.name {
        good(check, name, |s| host_name(s).ok_or_else(|| format!("`{s}` is not a name")))?;
    }
    Some(Trust { name: raw.name.as_ref().map(|n| n.get_ref().clone()), roots: file(check, raw.roots.as_ref())? })
}

fn days(check: &mut Check<'_, '_>, raw: &RawProbe) -> Option<u32> {
    let Some(days) = &raw.days else { return Some(DAYS_USUAL) };
    if *days.get_ref() > DAYS_MAX {
        check.fault(days, format!("{} days are outside 0 to {DAYS_MAX}", days.get_ref()), None);
        return None;
    }
    Some(*days.get_ref())
}

fn address(check: &mut Check<'_, '_>, at: &Spanned<String>) -> Option<String> {
    let port_word = check.port_word;
    good(check, at, |s| host_and_port(&with_port(s, port_word), 1))?;
    Some(at.get_ref().clone())
}

fn address_or_socket(check: &mut Check<'_, '_>, at: &Spanned<String>) -> Option<String> {
    if !at.get_ref().starts_with('/') {
        return address(check, at);
    }
    good(check, at, socket_path)?;
    Some(at.get_ref().clone())
}

/// An absolute path. The outer `None` is a mistake.
pub(super) fn file(check: &mut Check<'_, '_>, at: Option<&Spanned<String>>) -> Option<Option<String>> {
    let Some(at) = at else { return Some(None) };
    let rule = |s: &str| {
        if !s.starts_with('/') {
            return Err(format!("`{s}` is not an absolute path"));
        }
        plain(s)
    };
    good(check, at, rule)?;
    Some(Some(at.get_ref().clone()))
}

/// A short text. The outer `None` is a mistake.
fn word(check: &mut Check<'_, '_>, at: Option<&Spanned<String>>) -> Option<Option<String>> {
    let Some(at) = at else { return Some(None) };
    good(check, at, plain)?;
    Some(Some(at.get_ref().clone()))
}

/// Goes into messages of protocols in which a zero ends a text.
fn plain(s: &str) -> Result<(), String> {
    match s.len() {
        0 => Err("an empty text".to_owned()),
        n if n > WORD_BYTES_MAX => Err(format!("a text of {n} bytes; at most {WORD_BYTES_MAX}")),
        _ if s.chars().any(char::is_control) => Err("a control character in a text".to_owned()),
        _ => Ok(()),
    }
}

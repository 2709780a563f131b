//! One `[[service]]`.

use std::fmt::Display;

use toml::Spanned;

use super::raw::{RawProcess, RawService, RawTier};
use super::validate::Check;
use super::{expected, probe};
use crate::id::ServiceName;
use crate::roster::{Count, Kind, Match, Service, Tier, Url};
use crate::sight::OWN_NAME;
use crate::time::Length;

const NAME_CHARS_MAX: usize = 64;
const UNIT_CHARS_MAX: usize = 255;
const TEXT_BYTES_MAX: usize = 4096;
const ITEMS_MAX: usize = 256;
const PROBES_MAX: usize = 16;
pub(super) const RESTORE_AFTER: (Length, Length) = (Length::seconds(1), Length::seconds(7 * 86_400));

/// The kinds of units there are (systemd.unit(5)).
const UNIT_KINDS: [&str; 11] = ["service", "socket", "timer", "mount", "target", "path", "slice", "scope", "swap", "device", "automount"];

/// The service, and the offsets of the names it depends on; `None` where it has no name or is of no kind.
pub(super) fn service(check: &mut Check<'_, '_>, at: &Spanned<RawService>) -> Option<(Service, Vec<usize>)> {
    let raw = at.get_ref();
    let name = name(check, at);
    let kind = kind(check, at);
    if let Some(backup) = &raw.backup {
        check.fault(backup, "`backup` is not in this version", Some("Remove the table; backups come with a later version."));
    }
    if let Some(probe) = raw.probe.get(PROBES_MAX) {
        check.fault(probe, format!("more than {PROBES_MAX} probes of one service"), None);
    }
    let probes = raw.probe.iter().filter_map(|p| probe::probe(check, p)).collect();
    let wanted = kind.as_ref().map(|kind| expected::expected(check, raw, kind)).unwrap_or_default();
    let config = list(check, &raw.config, "config", absolute);
    let data = list(check, &raw.data, "data", absolute);
    let depends = list(check, &raw.depends, "depends", word);
    let pack = raw.pack.as_ref().and_then(|pack| checked(check, pack, word));
    let validate = raw.validate.as_ref().and_then(|command| checked(check, command, text));
    let reload = raw.reload.as_ref().and_then(|command| checked(check, command, text));
    let owner = raw.owner.as_ref().and_then(|owner| checked(check, owner, text));
    let restore = raw.unannounced_stop.as_ref().and_then(|stop| stop.restore_after.as_ref());
    let restore_after = restore.map(|length| check.length(Some(length), RESTORE_AFTER, RESTORE_AFTER.0));
    let service = Service {
        name: ServiceName::from(name?),
        kind: kind?,
        pack,
        probes,
        ports: wanted.ports,
        files: wanted.files,
        processes: wanted.processes,
        enabled: wanted.enabled,
        config,
        validate,
        reload,
        data,
        depends: depends.into_iter().map(ServiceName::from).collect(),
        recover: raw.recover.unwrap_or_default(),
        owner,
        tier: raw.tier.map_or(Tier::default(), tier),
        restore_after,
        lines: Vec::new(),
        declared: true,
    };
    let places = raw.depends.iter().filter(|d| word(d.get_ref()).is_ok()).map(|d| d.span().start).collect();
    Some((service, places))
}

fn name(check: &mut Check<'_, '_>, at: &Spanned<RawService>) -> Option<String> {
    let Some(name) = &at.get_ref().name else {
        check.missing(at, "a service without a name", Some("Add `name = \"…\"`."));
        return None;
    };
    if name.get_ref() == OWN_NAME {
        let what = format!("`{OWN_NAME}` is the name under which Muster tells of itself");
        check.fault(name, what, Some("Give the service another name, such as `muster-unit`."));
        return None;
    }
    checked(check, name, word)
}

/// Exactly one of the keys that say what kind of thing it is.
fn kind(check: &mut Check<'_, '_>, at: &Spanned<RawService>) -> Option<Kind> {
    let raw = at.get_ref();
    let later = [("container", &raw.container), ("job", &raw.job)];
    if let Some((word, value)) = later.iter().find_map(|(word, value)| Some((word, value.as_ref()?))) {
        check.fault(value, format!("kind `{word}` is not in this version"), Some("There are `unit`, `run`, `process` and `url`."));
        return None;
    }
    match (&raw.unit, &raw.run, &raw.process, &raw.url) {
        (Some(name), None, None, None) => checked(check, name, unit).map(|name| Kind::Unit(full_unit(name))),
        (None, Some(command), None, None) => checked(check, command, text).map(Kind::Run),
        (None, None, Some(process), None) => watched(check, process).map(Kind::Process),
        (None, None, None, Some(address)) => {
            let url = Url::try_from(address.get_ref().clone());
            url.map_err(|what| check.fault(address, what, Some("Write `http://…`, `https://…` or `tcp://HOST:PORT`."))).ok().map(Kind::Url)
        }
        (None, None, None, None) => {
            let hint = "Add exactly one of `unit = \"…\"`, `run = \"…\"`, `process = { exe = \"…\" }` and `url = \"…\"`.";
            check.missing(at, "a service of no kind", Some(hint));
            None
        }
        _ => {
            check.fault(at, "a service of several kinds", Some("Keep exactly one of `unit`, `run`, `process` and `url`."));
            None
        }
    }
}

const fn tier(raw: RawTier) -> Tier {
    match raw {
        RawTier::Critical => Tier::Critical,
        RawTier::Important => Tier::Important,
        RawTier::Normal => Tier::Normal,
    }
}

fn watched(check: &mut Check<'_, '_>, at: &Spanned<RawProcess>) -> Option<Match> {
    let raw = at.get_ref();
    if raw.exe.is_none() && raw.args.is_none() {
        check.missing(at, "`process` says neither `exe` nor `args`", Some("Add `exe = \"/path/of/program\"`."));
        return None;
    }
    if let Some(exe) = &raw.exe
        && exe.get_ref().contains('/')
        && !exe.get_ref().starts_with('/')
    {
        check.fault(exe, "`exe` must be an absolute path, or the program's name alone", None);
    }
    let exe = raw.exe.as_ref().and_then(|exe| checked(check, exe, text));
    let args = raw.args.as_ref().and_then(|args| checked(check, args, probe::regular_expression));
    let count = raw.count.as_ref().map_or_else(Count::default, |count| count.get_ref().0);
    if let (Some(at), 0) = (&raw.count, count.max) {
        check.fault(at, "a service that must not be there cannot be lost", Some("Write a count of 1 or more."));
    }
    Some(Match { exe, args, count })
}

/// The value where `rule` has nothing against it.
pub(super) fn checked<E: Display>(check: &mut Check<'_, '_>, value: &Spanned<String>, rule: fn(&str) -> Result<(), E>) -> Option<String> {
    match rule(value.get_ref()) {
        Ok(()) => Some(value.get_ref().clone()),
        Err(what) => {
            check.fault(value, what.to_string(), None);
            None
        }
    }
}

fn list(check: &mut Check<'_, '_>, items: &[Spanned<String>], key: &str, rule: fn(&str) -> Result<(), String>) -> Vec<String> {
    if let Some(item) = items.get(ITEMS_MAX) {
        check.fault(item, format!("more than {ITEMS_MAX} items in `{key}`"), None);
    }
    items.iter().filter_map(|item| checked(check, item, rule)).collect()
}

/// A name: of a service, of a pack.
fn word(s: &str) -> Result<(), String> {
    if s.is_empty() {
        return Err("an empty name".to_owned());
    }
    if s.chars().count() > NAME_CHARS_MAX {
        return Err(format!("a name of more than {NAME_CHARS_MAX} characters"));
    }
    match s.chars().find(|c| !c.is_ascii_alphanumeric() && !"._@-".contains(*c)) {
        Some(bad) => Err(format!("{bad:?} in a name; letters, digits and `.` `_` `@` `-` make one")),
        None => Ok(()),
    }
}

pub(super) fn text(s: &str) -> Result<(), String> {
    if s.trim().is_empty() {
        return Err("an empty text".to_owned());
    }
    if s.len() > TEXT_BYTES_MAX {
        return Err(format!("a text of {} bytes; at most {TEXT_BYTES_MAX}", s.len()));
    }
    match s.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        Some(bad) => Err(format!("a control character, {bad:?}, in a text")),
        None => Ok(()),
    }
}

pub(super) fn absolute(s: &str) -> Result<(), String> {
    text(s)?;
    if !s.starts_with('/') {
        return Err(format!("`{s}` is not an absolute path"));
    }
    if s.split('/').any(|part| part == "..") {
        return Err(format!("`{s}` goes up with `..`; write the path itself"));
    }
    Ok(())
}

/// systemd.unit(5): letters, digits and `:-_.\@`, at most 255 characters.
fn unit(s: &str) -> Result<(), String> {
    if s.is_empty() || s.len() > UNIT_CHARS_MAX {
        return Err(format!("a unit's name has 1 to {UNIT_CHARS_MAX} characters"));
    }
    if let Some(bad) = s.chars().find(|c| !c.is_ascii_alphanumeric() && !":-_.\\@".contains(*c)) {
        return Err(format!("{bad:?} in the name of a unit; letters, digits and `:` `-` `_` `.` `\\` `@` make one"));
    }
    let (stem, kind) = s.rsplit_once('.').unwrap_or((s, "service"));
    if !UNIT_KINDS.contains(&kind) {
        return Err(format!("`.{kind}` is not a kind of unit; for a service write `{s}.service`"));
    }
    if stem.is_empty() || stem.starts_with('@') {
        return Err(format!("`{s}` has a kind of unit but no name"));
    }
    if stem.ends_with('@') {
        return Err(format!("`{s}` is a template; name an instance of it, such as `{stem}1.{kind}`"));
    }
    Ok(())
}

fn full_unit(name: String) -> String {
    if name.contains('.') { name } else { name + ".service" }
}

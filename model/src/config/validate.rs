//! From what was typed to what is meant: bounds, defaults, and what holds between services.

use std::collections::BTreeMap;

use toml::Spanned;

use super::error::{Faults, Source, nearest};
use super::raw::{RawConfig, RawLength, RawMuster};
use super::read::Reading;
use super::{Config, SERVICES_MAX, probe, service};
use crate::roster::{Limits, Service};
use crate::time::Length;

const LANGUAGES: [&str; 2] = ["en", "zh-CN"];
const DAY: Length = Length::seconds(86_400);
pub(super) const STEADY: (Length, Length) = (Length::seconds(1), DAY);
pub(super) const START_WITHIN: (Length, Length) = (Length::ms(100), Length::seconds(3_600));
pub(super) const KEEP: (Length, Length) = (Length::seconds(3_600), Length::seconds(3_650 * 86_400));
pub(super) const AT_ONCE: (u32, u32) = (1, 64);
pub(super) const STEPS_AN_HOUR: (u32, u32) = (1, 10_000);
pub(super) const ATTEMPTS: (u32, u32) = (1, 100);
const KEEP_BYTES_MIN: u64 = 1 << 20;

/// What one file is checked with: its text, where mistakes go, and whether it was read to the end.
pub struct Check<'a, 'f> {
    /// The text.
    pub source: &'a Source<'a>,
    /// Where mistakes go.
    pub faults: &'f mut Faults,
    /// Nothing was struck out of the file, so that an absence is worth telling.
    pub whole: bool,
    /// Stands for a port in addresses of this file (packs have `{port}`).
    pub port_word: Option<&'static str>,
}

impl Check<'_, '_> {
    /// A mistake in this value.
    pub fn fault<T>(&mut self, at: &Spanned<T>, what: impl Into<String>, hint: Option<&str>) {
        self.faults.add(self.source, at.span().start, what, hint.map(str::to_owned));
    }

    /// Something is missing in this table.
    pub fn missing<T>(&mut self, at: &Spanned<T>, what: impl Into<String>, hint: Option<&str>) {
        if self.whole {
            self.fault(at, what, hint);
        }
    }

    /// The length within its bounds, or what to take where none was given.
    pub(super) fn length(&mut self, raw: Option<&Spanned<RawLength>>, bounds: (Length, Length), otherwise: Length) -> Length {
        let Some(raw) = raw else { return otherwise };
        self.within(raw, raw.get_ref().0, bounds, otherwise)
    }

    fn within<R, T: PartialOrd + std::fmt::Display>(&mut self, at: &Spanned<R>, value: T, (min, max): (T, T), otherwise: T) -> T {
        if value < min || value > max {
            self.fault(at, format!("{value} is outside {min} to {max}"), None);
            return otherwise;
        }
        value
    }
}

/// Everything that can be checked without looking at the machine.
pub(super) fn validate(sources: &[Source<'_>], readings: Vec<Option<Reading<RawConfig>>>, faults: &mut Faults) -> Config {
    let mut config = Config::default();
    let mut declared: Vec<Declared<'_>> = Vec::new();
    let mut complete = true;
    for (place, (source, reading)) in sources.iter().zip(readings).enumerate() {
        let Some(Reading { raw, whole }) = reading else {
            complete = false;
            continue;
        };
        complete &= whole;
        let mut check = Check { source, faults, whole, port_word: None };
        match &raw.muster {
            Some(muster) if place > 0 => check.fault(muster, "`[muster]` belongs in the main file", None),
            Some(muster) => settings(&mut check, muster.get_ref(), &mut config),
            None => {}
        }
        for raw in &raw.service {
            match service::service(&mut check, raw) {
                Some((service, depends)) => {
                    let name = raw.get_ref().name.as_ref().map_or(raw.span().start, |n| n.span().start);
                    declared.push(Declared { service, source, name, depends });
                }
                None => complete = false,
            }
        }
    }
    unique(&declared, faults);
    dependencies(&declared, complete, faults);
    config.services = declared.into_iter().map(|d| d.service).collect();
    config
}

fn settings(check: &mut Check<'_, '_>, raw: &RawMuster, config: &mut Config) {
    if let Some(listen) = &raw.listen {
        match probe::host_and_port(listen.get_ref(), 0) {
            Ok(()) => {
                config.listen.clone_from(listen.get_ref());
                config.listen_is_usual = false;
            }
            Err(what) => check.fault(listen, what, Some("Write ADDRESS:PORT, such as 127.0.0.1:7373.")),
        }
    }
    if let Some(language) = &raw.language {
        if LANGUAGES.contains(&language.get_ref().as_str()) {
            config.language = Some(language.get_ref().clone());
        } else {
            check.fault(language, format!("no texts in the language `{}`", language.get_ref()), Some("There are `en` and `zh-CN`."));
        }
    }
    config.token_to_read = match &raw.read {
        None => !is_loopback(&config.listen),
        Some(read) => match read.get_ref().as_str() {
            "open" => false,
            "token" => true,
            other => {
                check.fault(read, format!("`read` is `open` or `token`, not `{other}`"), nearest(other, ["open", "token"]).as_deref());
                true
            }
        },
    };
    let usual = Limits::default();
    let bounded = |check: &mut Check<'_, '_>, raw: &Option<Spanned<u32>>, bounds, otherwise| match raw {
        Some(n) => check.within(n, *n.get_ref(), bounds, otherwise),
        None => otherwise,
    };
    config.limits = Limits {
        steady: check.length(raw.steady.as_ref(), STEADY, usual.steady),
        start_within: check.length(raw.start_within.as_ref(), START_WITHIN, usual.start_within),
        at_once: bounded(check, &raw.at_once, AT_ONCE, usual.at_once),
        steps_an_hour: bounded(check, &raw.steps_an_hour, STEPS_AN_HOUR, usual.steps_an_hour),
        attempts: bounded(check, &raw.attempts, ATTEMPTS, usual.attempts),
    };
    config.keep = check.length(raw.keep.as_ref(), KEEP, config.keep);
    if let Some(bytes) = &raw.keep_bytes {
        if bytes.get_ref().0 < KEEP_BYTES_MIN {
            check.fault(bytes, format!("{} bytes are too few to keep a record in", bytes.get_ref().0), Some("At least 1 MiB."));
        } else {
            config.keep_bytes = bytes.get_ref().0;
        }
    }
    if let Some(path) = &raw.checkpoint_file {
        if path.get_ref().starts_with('/') {
            config.checkpoint_file = Some(path.get_ref().clone());
        } else {
            check.fault(path, "`checkpoint_file` must be an absolute path", None);
        }
    }
}

/// Whether only this machine can ask at `HOST:PORT`.
fn is_loopback(listen: &str) -> bool {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    let address: Result<std::net::IpAddr, _> = host.trim_matches(['[', ']']).parse();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

/// A service, where it was declared, and where each thing it needs was named.
struct Declared<'a> {
    service: Service,
    source: &'a Source<'a>,
    /// Byte offset of its name.
    name: usize,
    /// Byte offsets, in step with `service.depends`.
    depends: Vec<usize>,
}

fn unique(declared: &[Declared<'_>], faults: &mut Faults) {
    let mut first: BTreeMap<&str, &Declared<'_>> = BTreeMap::new();
    for d in declared {
        let name = d.service.name.as_str();
        if let Some(earlier) = first.get(name) {
            let (line, column) = earlier.source.place(earlier.name);
            let what = format!("service `{name}` is declared twice, first at {}:{line}:{column}", earlier.source.name);
            faults.add(d.source, d.name, what, Some("Rename or remove one of them.".to_owned()));
        } else {
            first.insert(name, d);
        }
    }
    if let Some(d) = declared.get(SERVICES_MAX) {
        faults.add(d.source, d.name, format!("more than {SERVICES_MAX} services"), Some("Spread them over several hosts.".to_owned()));
    }
}

/// Everything needed is declared (told only where every declaration could be read), and nothing needs itself.
fn dependencies(declared: &[Declared<'_>], complete: bool, faults: &mut Faults) {
    let by_name: BTreeMap<&str, &Declared<'_>> = declared.iter().map(|d| (d.service.name.as_str(), d)).collect();
    for d in declared {
        for (needed, at) in d.service.depends.iter().zip(&d.depends) {
            if complete && !by_name.contains_key(needed.as_str()) {
                let what = format!("`{}` depends on `{needed}`, which is not declared", d.service.name);
                faults.add(d.source, *at, what, nearest(needed.as_str(), by_name.keys().copied()));
            }
        }
    }
    for ring in rings(&by_name) {
        if let Some(d) = ring.first().and_then(|name| by_name.get(name)) {
            let at = d.depends.first().copied().unwrap_or(d.name);
            let what = format!("services depend on each other in a ring: {} → {}", ring.join(" → "), d.service.name);
            faults.add(d.source, at, what, Some("Remove one of these dependencies.".to_owned()));
        }
    }
}

/// Rings of dependencies, each told once, in the order of names. A walk with its own stack: a chain may be as long as the roster.
fn rings<'a>(by_name: &BTreeMap<&'a str, &'a Declared<'a>>) -> Vec<Vec<&'a str>> {
    let mut rings = Vec::new();
    let mut done: BTreeMap<&str, bool> = BTreeMap::new();
    for root in by_name.keys().copied() {
        // The way from the root to here: each service, and which of its needs comes next.
        let mut way: Vec<(&str, usize)> = Vec::new();
        if !done.contains_key(root) {
            done.insert(root, false);
            way.push((root, 0));
        }
        while let Some((name, next)) = way.last_mut() {
            let needed = by_name.get(name).and_then(|d| d.service.depends.get(*next));
            *next += 1;
            match needed.map(|n| (n.as_str(), done.get(n.as_str()))) {
                None => {
                    done.insert(name, true);
                    way.pop();
                }
                Some((needed, Some(false))) => {
                    rings.push(way.iter().map(|(n, _)| *n).skip_while(|n| *n != needed).collect());
                }
                Some((needed, None)) if by_name.contains_key(needed) => {
                    done.insert(needed, false);
                    way.push((needed, 0));
                }
                Some(_) => {}
            }
        }
    }
    rings
}

//! What a service must show beside its answers: ports, files, processes, and that it comes up with the machine.

use toml::Spanned;

use super::raw::{RawFile, RawService};
use super::service::{absolute, checked, text};
use super::validate::Check;
use crate::probe::FileWanted;
use crate::roster::{Count, Kind};

const PORTS_MAX: usize = 64;
const FILES_MAX: usize = 64;
/// The permissions that a file can have: the lower 12 bits of st_mode (inode(7)).
const MODE_MAX: u32 = 0o7777;

/// What was asked for.
#[derive(Default)]
pub(super) struct Expected {
    pub(super) ports: Vec<u16>,
    pub(super) files: Vec<FileWanted>,
    pub(super) processes: Option<Count>,
    pub(super) enabled: Option<bool>,
}

/// What a service of this kind can be asked to show.
pub(super) fn expected(check: &mut Check<'_, '_>, raw: &RawService, kind: &Kind) -> Expected {
    let is_unit = matches!(kind, Kind::Unit(_));
    if let (Some(port), Kind::Url(_)) = (raw.ports.first(), kind) {
        check.fault(port, "nobody here can see who holds a port elsewhere", Some("Ask it with `probe = [{ tcp = \"HOST:PORT\" }]`."));
    }
    if let (Some(count), false) = (&raw.processes, matches!(kind, Kind::Unit(_) | Kind::Run(_))) {
        let hint = match kind {
            Kind::Process(_) => "Write `process = { exe = \"…\", count = \"…\" }`.",
            _ => "Only what runs here can be counted.",
        };
        check.fault(count, format!("a `{}` has no `processes`", kind.code()), Some(hint));
    }
    if let (Some(enabled), false) = (&raw.enabled, is_unit) {
        let what = format!("a `{}` is not enabled or disabled", kind.code());
        check.fault(enabled, what, Some("Only a `unit` comes up with the machine by being enabled."));
    }
    if let (Some(at), Some(0)) = (&raw.processes, raw.processes.as_ref().map(|count| count.get_ref().0.max)) {
        check.fault(at, "a service that must not be there cannot be lost", Some("Write a count of 1 or more."));
    }
    Expected {
        ports: ports(check, &raw.ports),
        files: files(check, &raw.files),
        processes: raw.processes.as_ref().map(|count| count.get_ref().0),
        enabled: raw.enabled.as_ref().map(|enabled| *enabled.get_ref()),
    }
}

fn ports(check: &mut Check<'_, '_>, raw: &[Spanned<u16>]) -> Vec<u16> {
    if let Some(port) = raw.get(PORTS_MAX) {
        check.fault(port, format!("more than {PORTS_MAX} ports of one service"), None);
    }
    if let Some(port) = raw.iter().find(|port| *port.get_ref() == 0) {
        check.fault(port, "0 is no port", Some("Write a number from 1 to 65535."));
    }
    let mut ports: Vec<u16> = raw.iter().map(|port| *port.get_ref()).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn files(check: &mut Check<'_, '_>, raw: &[Spanned<RawFile>]) -> Vec<FileWanted> {
    if let Some(file) = raw.get(FILES_MAX) {
        check.fault(file, format!("more than {FILES_MAX} files of one service"), None);
    }
    raw.iter().filter_map(|at| file(check, at)).collect()
}

fn file(check: &mut Check<'_, '_>, at: &Spanned<RawFile>) -> Option<FileWanted> {
    let raw = at.get_ref();
    let Some(path) = &raw.path else {
        check.missing(at, "a file without a path", Some("Add `path = \"/…\"`."));
        return None;
    };
    let mode = match &raw.mode {
        None => None,
        Some(mode) => {
            let bits = u32::from_str_radix(mode.get_ref(), 8).ok().filter(|bits| *bits <= MODE_MAX);
            if bits.is_none() {
                let what = format!("`{}` is not the mode of a file", mode.get_ref());
                check.fault(mode, what, Some("Write it as chmod(1) takes it in digits, such as \"0640\"."));
            }
            bits
        }
    };
    Some(FileWanted {
        path: checked(check, path, absolute)?,
        owner: raw.owner.as_ref().and_then(|owner| checked(check, owner, text)),
        group: raw.group.as_ref().and_then(|group| checked(check, group, text)),
        mode,
    })
}

//! What runs here: the roster's services, whatever listens, and the services that are meant to run whenever the machine
//! does. What comes and goes with a person or a job is none of these.

use std::collections::BTreeMap;
use std::path::Path;

use muster_model::id::{Pid, ServiceName};
use muster_model::mask::mask;

use muster_model::request::{Discovered, Unwatched, Watching};
use muster_model::roster::{Count, Kind, Match, Recover, Service, Tier};
use muster_packs::Program;
use muster_sense::proc::Proc;
use muster_sense::units::Running;

use crate::host::Host;
use crate::hub::HUB_ARG0;

/// Units of the machine's own housekeeping, by how their names begin. Those that others depend on are not among them.
const HOUSEKEEPING: [&str; 11] = [
    "systemd-",
    "user@",
    "user-runtime-dir@",
    "getty@",
    "serial-getty@",
    "console-getty",
    "container-getty",
    "emergency",
    "rescue",
    "plymouth",
    "muster",
];
/// And those of these beginnings that others do depend on.
const DEPENDED_ON: [&str; 4] = ["systemd-timesyncd.", "systemd-resolved.", "systemd-networkd.", "systemd-journald."];
/// States of a unit file with which the unit comes up with the machine.
const COMES_UP: [&str; 4] = ["enabled", "enabled-runtime", "generated", "alias"];

/// Everything that runs here and matters, by name.
pub(crate) fn everything(host: &Host) -> Vec<Discovered> {
    let here = Proc::here();
    let watched = host.guard.services().map(|w| {
        let pids = w.pids().iter().map(|p| p.pid.get()).collect();
        let watching = if w.service().declared { Watching::Declared } else { Watching::Learned };
        discovered(&here, w.service().clone(), pids, w.ports().to_vec(), watching)
    });
    let nobodys = unwatched(host).into_iter().map(|(mut service, pid, ports)| {
        let exe = pid.and_then(|pid| here.exe(pid).ok().flatten()).map(|exe| exe.display().to_string());
        let command = pid.and_then(|pid| here.arguments(pid).ok().flatten()).map(|arguments| arguments.join(" "));
        host.packs.furnish(&mut service, Program { exe: exe.as_deref(), command: command.as_deref() }, &ports);
        discovered(&here, service, pid.into_iter().collect(), ports, Watching::Nobody)
    });
    let mut all: Vec<Discovered> = watched.chain(nobodys).collect();
    all.sort_by(|a, b| a.service.name.cmp(&b.service.name));
    all
}

/// The services that nobody watches, each with its main process and its ports: what listens, and what comes up with the
/// machine.
pub(crate) fn unwatched(host: &Host) -> Vec<(Service, Option<i32>, Vec<u16>)> {
    let units = host.guard.rungs().any(|r| r.fact == "unit" && r.source != "none");
    let mut found: BTreeMap<ServiceName, (Service, Option<i32>, Vec<u16>)> = BTreeMap::new();
    for seen in listening(host) {
        if let Some(service) = listener(&seen, units) {
            let entry = found.entry(service.name.clone()).or_insert_with(|| (service, seen.pid, Vec::new()));
            entry.2.extend(seen.ports);
        }
    }
    let watched = |unit: &str| host.guard.services().any(|w| w.service().kind.unit() == Some(unit));
    let known_pids: Vec<i32> = host.guard.services().flat_map(|w| w.pids()).map(|p| p.pid.get()).collect();
    for running in host.learned.running().filter(|r| comes_up(r) && !watched(&r.unit)) {
        let pid = running.main.map(|p| p.pid.get());
        if pid.is_none_or(|pid| !known_pids.contains(&pid)) {
            let service = bare(running.unit.trim_end_matches(".service"), Kind::Unit(running.unit.clone()));
            found.entry(service.name.clone()).or_insert((service, pid, Vec::new()));
        }
    }
    found.into_values().collect()
}

/// What listens here and belongs to no service of the roster.
pub(crate) fn listening(host: &Host) -> Vec<Unwatched> {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let here = Proc::here();
    let is_a_hub = |seen: &Unwatched| {
        let arguments = seen.pid.and_then(|pid| here.arguments(pid).ok().flatten()).unwrap_or_default();
        arguments.first().is_some_and(|first| first == HUB_ARG0)
    };
    let pids: Vec<i32> = host.guard.services().flat_map(|w| w.pids()).map(|p| p.pid.get()).chain([own]).collect();
    let units: Vec<String> = host.guard.services().filter_map(|w| w.service().kind.unit().map(str::to_owned)).collect();
    let mut seen = host.sensors.ports.unwatched(&pids, &units);
    seen.retain(|seen| !is_a_hub(seen));
    seen
}

fn comes_up(running: &Running) -> bool {
    let begins = |beginnings: &[&str]| beginnings.iter().any(|b| running.unit.starts_with(b));
    COMES_UP.contains(&running.file.as_str()) && (!begins(&HOUSEKEEPING) || begins(&DEPENDED_ON))
}

/// The service that a listening process makes.
fn listener(seen: &Unwatched, units: bool) -> Option<Service> {
    let pid = Pid::new(seen.pid?)?;
    let port = seen.ports.first()?;
    if let Some(unit) = seen.unit.as_ref().filter(|u| units && u.ends_with(".service")) {
        return Some(bare(unit.trim_end_matches(".service"), Kind::Unit(unit.clone())));
    }
    let here = Proc::here();
    let exe = here.exe(pid.get()).ok().flatten()?;
    let arguments = here.arguments(pid.get()).ok().flatten()?.join(" ");
    let args = Some(exactly(&arguments));
    let program = Path::new(&seen.program).file_name().map_or(seen.program.clone(), |n| n.to_string_lossy().into_owned());
    let exe = exe.display().to_string();
    let exe = exe.strip_suffix(" (deleted)").unwrap_or(&exe).to_owned();
    if exe.chars().any(char::is_control) {
        return None; // no roster could name it
    }
    Some(bare(&format!("{program}-{port}"), Kind::Process(Match { exe: Some(exe), args, count: Count::default() })))
}

/// The pattern that these arguments fit, and no others. A roster holds no control characters: they are written as the
/// pattern's own escapes.
fn exactly(arguments: &str) -> String {
    let escaped = regex::escape(arguments);
    let printable = escaped.chars().map(|c| if c.is_control() { format!("\\x{{{:x}}}", u32::from(c)) } else { c.to_string() });
    format!("^{}$", printable.collect::<String>())
}

/// A service as nobody has declared it: it is told of, and not touched without a yes.
fn bare(name: &str, kind: Kind) -> Service {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "._@-".contains(c) { c } else { '-' }).take(64).collect();
    Service { recover: Recover::Ask, tier: Tier::Learned, declared: false, ..Service::new(ServiceName::from(name), kind) }
}

fn discovered(here: &Proc, service: Service, pids: Vec<i32>, ports: Vec<u16>, watched: Watching) -> Discovered {
    let main = pids.first().copied();
    let program = main.and_then(|pid| here.exe(pid).ok().flatten()).and_then(|exe| Some(exe.file_name()?.to_string_lossy().into_owned()));
    let user = main.and_then(|pid| here.uid(pid).ok().flatten()).map(|uid| here.users().name(uid).unwrap_or_else(|| uid.to_string()));
    let command = main.and_then(|pid| here.command(pid).ok().flatten()).map(|command| mask(&command));
    Discovered { program: program.unwrap_or_default(), command, user, service, pids, ports, watched }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_pattern_fits_the_arguments_it_was_made_of_and_no_others() {
        for arguments in ["nginx -g daemon off;", "a.b (c) [d]", "two\nlines\t\u{7f}", ""] {
            let pattern = super::exactly(arguments);
            let compiled = regex::Regex::new(&pattern).unwrap_or_else(|e| panic!("{e}"));
            assert!(compiled.is_match(arguments) && !pattern.chars().any(char::is_control), "{pattern}");
            assert!(!compiled.is_match(&format!("{arguments}x")), "{pattern}");
        }
    }
}

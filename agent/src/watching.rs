//! What the sensors are told to look at, and what becomes of a file that was touched.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use muster_model::actor::Actor;
use muster_model::change::{Altered, Change};
use muster_model::event::Body;
use muster_model::id::ServiceName;
use muster_model::observation::{Fact, Observation};
use muster_model::probe::{Ask, Counted};
use muster_model::roster::Kind;
use muster_model::text::Text;
use muster_model::time::Time;
use muster_sense::clock;
use muster_sense::files::Touched;
use muster_sense::ports::Whose;
use muster_vault::{Permissions, Taken};

use crate::host::Host;
use crate::matching::Matching;
use crate::record::chain;

/// The roster changed: tells every sensor what to look at from here on.
pub(crate) fn tell(host: &mut Host) {
    let roster = host.guard.roster();
    let mut units = Vec::new();
    let mut probes = Vec::new();
    let mut globs = Vec::new();
    let mut words = Vec::new();
    for service in roster.services.values() {
        let name = service.name.clone();
        let mut mentions = vec![name.to_string()];
        match &service.kind {
            Kind::Unit(unit) => {
                mentions.push(unit.clone());
                mentions.extend(unit.strip_suffix(".service").map(str::to_owned));
                units.push((name.clone(), unit.clone()));
            }
            Kind::Process(wanted) => mentions.extend(wanted.exe.clone()),
            Kind::Run(_) | Kind::Own => {}
            Kind::Url(url) => mentions.push(url.as_str().to_owned()),
        }
        mentions.extend(service.config.iter().filter(|g| !g.contains(['*', '?', '['])).cloned());
        words.push((name.clone(), mentions));
        let mut questions = service.questions();
        for question in &mut questions {
            if let Ask::Processes { whose: Counted::Marked { data, .. }, .. } = &mut question.ask {
                *data = Some(host.children.data().to_owned());
            }
        }
        if !questions.is_empty() {
            probes.push((name.clone(), questions));
        }
        if !service.config.is_empty() {
            globs.push((name, service.config.clone()));
        }
    }
    host.matching = Matching::of(&roster);
    host.sensors.processes.keep_only(&roster.services.keys().cloned().collect());
    host.sensors.processes.mentions(words);
    host.sensors.processes.report_programs(host.matching.programs());
    host.sensors.files.watch(globs);
    if let Err(error) = host.sensors.units.watch(units) {
        host.trouble("units", Some(Text::new("trouble-units").with("error", error)));
    }
    host.sensors.prober.set(probes);
    let found = host.matching.everywhere();
    let init: Vec<&str> =
        host.matching.of_init().into_iter().filter(|s| !found.iter().any(|f| f.service == **s)).map(|s| s.as_str()).collect();
    let init = (!init.is_empty()).then(|| Text::new("trouble-process-one").with("services", init.join(", ")));
    host.trouble("process-one", init);
    host.found(found);
    look_at_files(host);
    host.moved.extend(roster.services.keys().cloned());
    tell_ports(host);
}

/// Tells the port sensor which processes are whose.
pub(crate) fn tell_ports(host: &mut Host) {
    if std::mem::take(&mut host.moved).is_empty() {
        return;
    }
    let whose = host
        .guard
        .services()
        .map(|w| Whose { service: w.name().clone(), pids: w.pids().iter().map(|p| p.pid.get()).collect(), wanted: w.ports_wanted() })
        .filter(|whose| !whose.pids.is_empty())
        .collect();
    host.sensors.ports.watch(whose);
}

/// Takes every configuration file into the vault as it stands, and says what is other than it was when Muster last looked.
fn look_at_files(host: &mut Host) {
    let existing = host.sensors.files.existing();
    let known: Vec<(ServiceName, PathBuf)> =
        host.guard.services().flat_map(|w| w.config().keys().map(|path| (w.name().clone(), PathBuf::from(path)))).collect();
    let new: BTreeSet<ServiceName> = host.guard.services().filter(|w| w.config().is_empty()).map(|w| w.name().clone()).collect();
    let gone = known.into_iter().filter(|k| !existing.contains(k));
    for (service, path) in existing.iter().cloned().chain(gone) {
        let at = altered(&path).unwrap_or(clock::now().0);
        let Some(taken) = keep(host, &path, at, None) else { continue };
        let first = new.contains(&service);
        compare(host, &path, at, "vault", None, &service, &taken, first);
    }
}

/// When a file was last altered or put in its place, by its own word (st_ctime, inode(7)): the time of its content can be
/// set back, and is by those who copy it with its times.
fn altered(path: &Path) -> Option<Time> {
    let file = std::fs::metadata(path).ok()?;
    file.ctime().checked_mul(1_000_000_000)?.checked_add(file.ctime_nsec()).map(Time)
}

/// A file was touched.
pub(crate) fn touched(host: &mut Host, touched: &Touched) {
    let Some(taken) = keep(host, &touched.path, touched.at, touched.actor.as_ref()) else { return };
    for service in &touched.services {
        compare(host, &touched.path, touched.at, touched.source, touched.actor.as_ref(), service, &taken, false);
    }
}

/// Takes a file into the vault.
fn keep(host: &mut Host, path: &Path, at: Time, actor: Option<&Actor>) -> Option<Taken> {
    match host.vault.take(path, at, actor) {
        Ok(taken) => Some(taken),
        Err(error) => {
            host.trouble("vault", Some(Text::new("trouble-vault").with("path", path.display()).with("error", chain(&error))));
            None
        }
    }
}

/// What a file is now, against what the service's record says of it.
#[allow(clippy::too_many_arguments)]
fn compare(host: &mut Host, path: &Path, at: Time, source: &str, actor: Option<&Actor>, service: &ServiceName, taken: &Taken, first: bool) {
    let subject = path.to_string_lossy().into_owned();
    let known = host.guard.service(service.as_str()).and_then(|w| w.config().get(&subject)).cloned();
    let now = match taken {
        Taken::Same { version } => Some(version.clone()),
        Taken::Created { after } | Taken::Edited { after, .. } => Some(after.clone()),
        Taken::Permission(_) => known.clone(),
        Taken::Absent | Taken::Deleted { .. } | Taken::TooLarge { .. } => None,
    };
    let what = match (known, now) {
        (None, Some(version)) if first => {
            // Seen for the first time: that is where its history begins, not a change.
            return record(host, at, source, service, Fact::ConfigSeen { path: subject, version });
        }
        (None, Some(version)) => Altered::Created { after: Some(version) },
        (Some(before), Some(after)) if before != after => Altered::Edited { before: Some(before), after: Some(after) },
        (Some(before), None) if matches!(taken, Taken::Absent | Taken::Deleted { .. }) => Altered::Deleted { before: Some(before) },
        (Some(before), None) => Altered::Edited { before: Some(before), after: None },
        _ => match taken {
            Taken::Permission(Permissions { before, after }) => Altered::Permission { before: before.clone(), after: after.clone() },
            _ => return,
        },
    };
    record(host, at, source, service, Fact::Changed(Change { subject, what, actor: actor.cloned() }));
}

fn record(host: &mut Host, at: Time, source: &str, service: &ServiceName, fact: Fact) {
    host.record(Body::Observed(Observation { at, source: source.to_owned(), service: Some(service.clone()), fact }));
}

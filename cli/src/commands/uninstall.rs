//! `uninstall`: takes back what `install` did, and says what it leaves.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use muster_model::text::Text;
use muster_model::time::Length;

use super::install::list::List;
use super::install::report::{Did, Report};
use super::install::system::{self, Systemd, UNIT};
use super::install::{CONFIG, DATA, PROGRAM, SHARE, UNIT_FILE, may_be_altered_here, own_program, place};
use crate::arguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// How long a `run` service may take to end before it is killed; as with `down --services`.
const STOP_GRACE: Length = Length::seconds(10);

pub(super) fn run(context: &Context, typed: &arguments::Uninstall) -> Outcome {
    may_be_altered_here("uninstall-needs-root", &own_program()?)?;
    let systemd = Systemd::here();
    let by_hand = crate::socket::Agent::at(Path::new(DATA)).open().ok().filter(|_| systemd != Systemd::Running || !system::active());
    if let Some(line) = by_hand {
        return Err(Failure::Failed(Text::new("install-second").with("pid", line.process()?.as_raw_nonzero())));
    }
    let mut report = Report::new(typed.dry_run);
    match take_back(systemd, typed, &mut report) {
        Ok(sum) => report.say(context, true, Some(&sum)),
        Err(failure) => {
            report.say(context, false, None)?;
            Err(failure)
        }
    }
}

/// Everything in the order opposite to that of `install`.
fn take_back(systemd: Systemd, typed: &arguments::Uninstall, report: &mut Report) -> Result<Text, Failure> {
    let dry = typed.dry_run;
    let mut list = List::read(Path::new(DATA))?;
    unit(systemd, dry, report)?;
    run_services(typed, report);

    // The configuration is last among the files: it is left alone unless all goes.
    let config = Path::new(CONFIG).join("muster.toml");
    let mut files: Vec<PathBuf> = list.files().into_iter().filter(|file| *file != config).rev().collect();
    // Without a list nobody knows whose they are.
    let unlisted = [PROGRAM, UNIT_FILE].map(PathBuf::from).into_iter().filter(|path| path.exists() && !files.contains(path));
    for path in unlisted.collect::<Vec<_>>() {
        report.path(Did::Kept, &path, Some(Text::new("uninstall-note-unlisted")));
    }
    let (mut kept_unit, mut accessories) = (false, 0);
    for file in std::mem::take(&mut files) {
        let did = place::remove(&file, typed.purge, &mut list, dry)?;
        kept_unit |= did == Did::Kept && file == Path::new(UNIT_FILE);
        if did == Did::Removed && file.starts_with(SHARE) {
            accessories += 1;
            continue;
        }
        report.path(did, &file, (did == Did::Kept).then(|| Text::new("uninstall-note-altered")));
    }
    if accessories > 0 {
        report.path(Did::Removed, Path::new(SHARE), Some(Text::new("install-note-accessories").with("n", accessories)));
    }
    let drop_ins = Path::new("/etc/systemd/system/muster.service.d");
    if drop_ins.exists() {
        report.path(Did::Kept, drop_ins, Some(Text::new("uninstall-note-yours")));
    }
    if systemd == Systemd::Running && !dry && report.altered() {
        system::run("systemctl", &["daemon-reload"])?;
        if !kept_unit {
            // A unit that failed is remembered by systemd even without its file; one that did not is not known any more.
            let _ = system::run("systemctl", &["reset-failed", UNIT]);
        }
    }
    if list.user && system::user_exists() {
        if !dry {
            system::remove_user()?;
            list.user = false;
            list.save()?;
        }
        report.add(Did::Removed, format!("user:{}", system::USER), None);
    }
    folders(typed, report)?;
    Ok(Text::new(match (dry, report.altered(), typed.purge) {
        (true, true, _) => "uninstall-dry",
        (_, false, _) => "uninstall-nothing",
        (false, true, true) => "uninstall-purged",
        (false, true, false) => "uninstall-done",
    }))
}

/// Stops the unit and has it not come up any more. Muster itself puts back what it had altered: the kernel's audit rules.
fn unit(systemd: Systemd, dry: bool, report: &mut Report) -> Result<(), Failure> {
    if systemd == Systemd::Absent || !Path::new(UNIT_FILE).exists() {
        return Ok(());
    }
    let (active, enabled) = (systemd == Systemd::Running && system::active(), system::enabled());
    if !dry && systemd == Systemd::Running {
        system::run("systemctl", &["stop", UNIT])?;
    }
    if active {
        report.add(Did::Done, UNIT, Some(Text::new("uninstall-note-stopped")));
    }
    if enabled {
        if !dry {
            system::run("systemctl", &["--quiet", "disable", UNIT])?;
        }
        report.add(Did::Done, UNIT, Some(Text::new("uninstall-note-disabled")));
    }
    Ok(())
}

/// What becomes of the services that Muster kept itself.
fn run_services(typed: &arguments::Uninstall, report: &mut Report) {
    for (service, process) in muster_agent::kept(Path::new(DATA)) {
        let what = format!("{service} ({})", process.pid);
        let (did, note) = if !typed.services {
            (Did::Kept, Some("uninstall-note-goes-on"))
        } else if typed.dry_run || muster_agent::end(process, STOP_GRACE) {
            (Did::Done, Some("uninstall-note-ended"))
        } else {
            (Did::Kept, Some("uninstall-note-stays"))
        };
        report.add(did, what, note.map(Text::new));
    }
}

/// Configuration and record: left, or removed with all that is in them.
fn folders(typed: &arguments::Uninstall, report: &mut Report) -> Result<(), Failure> {
    for (folder, note) in [(CONFIG, "install-note-folder-config"), (DATA, "install-note-folder-data")] {
        let folder = Path::new(folder);
        if !folder.exists() {
            continue;
        }
        if typed.purge {
            if !typed.dry_run {
                match fs::remove_dir_all(folder) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                    _ => {}
                }
            }
            report.path(Did::Removed, folder, Some(Text::new(note)));
        } else {
            report.path(Did::Kept, folder, Some(Text::new("uninstall-note-purge")));
        }
    }
    Ok(())
}

//! `install`: this program set up as the guardian of this machine, in one step that `uninstall` takes back.

pub(super) mod list;
pub(super) mod place;
pub(super) mod report;
pub(super) mod system;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use muster_model::request::{Reply, Request};
use muster_model::text::Text;

use crate::arguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use list::List;
use report::{Did, Report};
use system::{Systemd, UNIT};

/// Configuration.
pub(super) const CONFIG: &str = "/etc/muster";
/// The record.
pub(super) const DATA: &str = "/var/lib/muster";
/// Where the unit is written.
pub(super) const UNIT_FILE: &str = "/etc/systemd/system/muster.service";
/// Where the program is copied.
pub(super) const PROGRAM: &str = "/usr/local/bin/muster";

/// From here the program is run as it is.
const PROGRAM_FOLDERS: [&str; 2] = ["/usr/bin", "/usr/local/bin"];
/// Where packages have their units.
const PACKAGED_UNITS: [&str; 2] = ["/usr/lib/systemd/system/muster.service", "/lib/systemd/system/muster.service"];

const UNIT_TEXT: &str = include_str!("../../../../packaging/muster.service");
const CONFIG_TEXT: &str = include_str!("../../../../packaging/muster.toml");

/// What is placed beside the program.
pub(super) const SHARE: &str = "/usr/local/share";

/// Manual pages and completions: paths below [`SHARE`], and contents.
fn accessories() -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let mut all: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for shell in super::completions::Shell::ALL {
        all.push((PathBuf::from(shell.place()), shell.script().as_bytes().to_vec()));
    }
    for (path, page) in super::man::all_pages()? {
        all.push((Path::new("man").join(path), page));
    }
    Ok(all)
}

pub(super) fn run(context: &Context, typed: &arguments::Install) -> Outcome {
    let program = own_program()?;
    may_be_altered_here("install-needs-root", &program)?;
    let systemd = Systemd::here();
    let active = systemd == Systemd::Running && system::active();
    check(&program, active)?;
    let mut report = Report::new(typed.dry_run);
    match set_up(&program, systemd, active, typed, &mut report) {
        Ok(_) if typed.dry_run => {
            let sum = Text::new(if report.altered() { "install-dry" } else { "install-dry-nothing" });
            report.say(context, true, Some(&sum))
        }
        Ok(sum) => report.say(context, true, Some(&sum)),
        Err(failure) => {
            report.say(context, false, None)?;
            Err(failure)
        }
    }
}

/// Whether this person may, and whether nobody else sees to it: a package is altered by its package manager.
pub(super) fn may_be_altered_here(refusal: &'static str, program: &Path) -> Result<(), Failure> {
    if !rustix::process::geteuid().is_root() {
        return Err(Failure::Failed(Text::new(refusal).with("program", program.display())));
    }
    match PACKAGED_UNITS.iter().find(|unit| Path::new(unit).exists()) {
        Some(unit) => Err(Failure::Failed(Text::new("install-packaged").with("unit", unit))),
        None => Ok(()),
    }
}

/// What would make it end half-way is found before anything is altered.
fn check(program: &Path, active: bool) -> Result<(), Failure> {
    let config = Path::new(CONFIG).join("muster.toml");
    if config.exists() {
        super::config::read(&config)?;
    }
    let (list, to) = (List::read(Path::new(DATA))?, destination(program));
    if to != program
        && let Ok(there) = fs::read(&to)
        && !list.wrote(&to, &there)
        && there != fs::read(SELF)?
    {
        return Err(Failure::Failed(Text::new("install-program-foreign").with("path", to.display())));
    }
    // A Muster that somebody started by hand holds the record; the unit's could not start.
    let running = crate::socket::Agent::at(Path::new(DATA)).open().ok().filter(|_| !active);
    match running.map(|line| line.process()).transpose()? {
        Some(pid) => Err(Failure::Failed(Text::new("install-second").with("pid", pid.as_raw_nonzero()))),
        None => Ok(()),
    }
}

const SELF: &str = "/proc/self/exe";

pub(super) fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Where the program will be.
fn destination(program: &Path) -> PathBuf {
    let stays = program.parent().is_some_and(|folder| PROGRAM_FOLDERS.iter().any(|known| folder == Path::new(known)));
    if stays { program.to_owned() } else { PathBuf::from(PROGRAM) }
}

/// Everything in its order: each step needs what stands before it. Says what it comes to.
fn set_up(program: &Path, systemd: Systemd, active: bool, typed: &arguments::Install, report: &mut Report) -> Result<Text, Failure> {
    let dry = typed.dry_run;
    let mut list = List::read(Path::new(DATA))?;
    for (folder, mode, note) in
        [(PathBuf::from(DATA), 0o700, "install-note-folder-data"), (PathBuf::from(CONFIG), 0o755, "install-note-folder-config")]
    {
        report.path(place::folder(&folder, mode, dry)?, &folder, Some(Text::new(note)));
    }
    let rosters = Path::new(CONFIG).join("services.d");
    report.path(place::folder(&rosters, 0o755, dry)?, &rosters, Some(Text::new("install-note-folder-rosters")));

    let to = destination(program);
    let did = if to == program { Did::There } else { place::put(&to, &fs::read(SELF)?, 0o755, &mut list, dry)? };
    let version = env!("CARGO_PKG_VERSION");
    report.path(did, &to, Some(Text::new("install-note-program").with("version", version)));
    let mut fresh = did != Did::There;

    user(&mut list, dry, report)?;

    let config = Path::new(CONFIG).join("muster.toml");
    let did = place::put(&config, CONFIG_TEXT.as_bytes(), 0o644, &mut list, dry)?;
    let yours = did == Did::Kept;
    report.path(did, &config, Some(Text::new(if yours { "install-note-yours" } else { "install-note-config" })));
    let mut placed = Did::There;
    let accessories = accessories()?;
    let files = accessories.len();
    for (below, content) in accessories {
        let path = Path::new(SHARE).join(below);
        match place::put(&path, &content, 0o644, &mut list, dry)? {
            Did::Kept => report.path(Did::Kept, &path, None),
            Did::There => {}
            made_or_replaced => placed = made_or_replaced,
        }
    }
    // Dozens of files, and one thing to whoever reads this.
    report.path(placed, Path::new(SHARE), Some(Text::new("install-note-accessories").with("n", files)));
    if systemd == Systemd::Absent {
        return Ok(Text::new("install-no-systemd").with("program", to.display()));
    }

    let unit = UNIT_TEXT.replace("/usr/bin/muster", &to.display().to_string());
    let did = place::put(Path::new(UNIT_FILE), unit.as_bytes(), 0o644, &mut list, dry)?;
    report.path(did, Path::new(UNIT_FILE), (did == Did::Kept).then(|| Text::new("install-note-altered")));
    if did == Did::Kept && dry {
        report.differs(String::from_utf8_lossy(&fs::read(UNIT_FILE)?).into_owned(), unit);
    }
    fresh |= matches!(did, Did::Made | Did::Replaced);
    if systemd == Systemd::Running && !dry && (fresh || system::property("NeedDaemonReload")? == "yes") {
        system::run("systemctl", &["daemon-reload"])?;
    }
    if system::enabled() {
        report.add(Did::There, UNIT, Some(Text::new("install-note-enabled")));
    } else {
        if !dry {
            system::run("systemctl", &["--quiet", "enable", UNIT])?;
        }
        report.add(Did::Done, UNIT, Some(Text::new("install-note-enabled")));
    }
    start(systemd, active, fresh, typed, report)
}

fn user(list: &mut List, dry: bool, report: &mut Report) -> Result<(), Failure> {
    let (did, note) = if system::user_exists() {
        (Did::There, "install-note-user")
    } else if dry {
        (Did::Made, "install-note-user")
    } else {
        list.user = true;
        list.save()?;
        if system::add_user()? {
            (Did::Made, "install-note-user")
        } else {
            list.user = false;
            list.save()?;
            (Did::Kept, "install-note-no-useradd")
        }
    };
    report.add(did, format!("user:{}", system::USER), Some(Text::new(note)));
    Ok(())
}

/// Starts the unit, or starts it anew where something under it is new, and waits until it is ready.
fn start(systemd: Systemd, active: bool, fresh: bool, typed: &arguments::Install, report: &mut Report) -> Result<Text, Failure> {
    let anew = active && fresh;
    if typed.no_start || systemd == Systemd::Later {
        return Ok(Text::new(if anew { "install-restart-later" } else { "install-start-later" }));
    }
    let (did, note) = match (active, fresh) {
        (true, false) => (Did::There, "install-note-runs"),
        (true, true) => (Did::Done, "install-note-restarted"),
        (false, _) => (Did::Done, "install-note-started"),
    };
    if did == Did::Done && !typed.dry_run {
        system::run("systemctl", &[if anew { "restart" } else { "start" }, UNIT])
            .map_err(|_| Failure::Failed(Text::new("install-not-started")))?;
    }
    report.add(did, UNIT, Some(Text::new(note)));
    if typed.dry_run {
        return Ok(Text::default());
    }
    match crate::socket::Agent::at(Path::new(DATA)).ask(&Request::Status)? {
        // Where nothing is declared, what runs here becomes the roster within the first minute.
        Reply::Status(status) if status.services.is_empty() => Ok(Text::new("install-ready-learning").with("version", &status.version)),
        Reply::Status(status) => Ok(Text::new("install-ready").with("version", &status.version).with("services", status.services.len())),
        other => Err(crate::socket::odd(&other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_that_is_written_is_valid_as_it_is_and_with_its_examples() {
        let parse = |text: &str| muster_model::config::parse(&[("muster.toml".to_owned(), text.to_owned())]);
        assert_eq!(parse(CONFIG_TEXT).unwrap().services.len(), 0);
        let is_example = |line: &&str| {
            line.starts_with("# [")
                || line.split_once('=').is_some_and(|(key, _)| key.trim_matches(['#', ' ']).chars().all(|c| c.is_ascii_lowercase()))
        };
        let examples: Vec<&str> = CONFIG_TEXT.lines().filter(is_example).map(|line| line.trim_start_matches("# ")).collect();
        assert!(examples.len() >= 7, "{examples:?}");
        let config = parse(&examples.join("\n")).unwrap();
        assert_eq!(config.services.len(), 1);
    }

    #[test]
    fn the_unit_runs_the_program_where_it_is() {
        assert_eq!(UNIT_TEXT.matches("/usr/bin/muster").count(), 2, "ExecStart and ExecReload");
        assert_eq!(destination(Path::new("/usr/bin/muster")), Path::new("/usr/bin/muster"));
        assert_eq!(destination(Path::new("/root/muster")), Path::new(PROGRAM));
    }
}

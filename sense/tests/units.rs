//! The unit sensor against the systemd of this machine, each rung alone. Without one (or without root) these tests say so
//! and pass; what needs no systemd is tried everywhere.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use muster_model::observation::{End, Fact, Observation, UnitState};
use muster_model::time::{Length, Time};
use muster_sense::clock;
use muster_sense::units::{Error, Ladder, Units};
use rustix::process::{Pid, Signal, kill_process};

/// How long a change may take to be told on a busy machine.
const TOLD_WITHIN: Duration = Duration::from_secs(10);
/// systemd stamps in microseconds, we in nanoseconds.
const STAMP: Length = Length::ms(1);
const NO_RUNG: Ladder = Ladder { bus: None, private: None, systemctl: None };

/// A unit file of this test, gone when dropped.
struct Unit {
    name: String,
    file: PathBuf,
}

impl Unit {
    /// `rest` is what comes after the stem: nothing, or `@instance`.
    fn new(stem: &str, rest: &str, section: &str) -> Unit {
        let stem = format!("muster-test-{}-{stem}", std::process::id());
        let template = if rest.starts_with('@') { "@" } else { "" };
        let file = Path::new("/etc/systemd/system").join(format!("{stem}{template}.service"));
        std::fs::write(&file, format!("[Service]\nExecStart=/bin/sleep 1000\n{section}\n[Install]\nWantedBy=multi-user.target\n")).unwrap();
        systemctl(&["daemon-reload"]);
        Unit { name: format!("{stem}{rest}.service"), file }
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        systemctl(&["disable", "--now", &self.name]);
        let _ = std::fs::remove_file(&self.file);
        systemctl(&["reset-failed", &self.name]);
        systemctl(&["daemon-reload"]);
    }
}

fn systemctl(arguments: &[&str]) -> bool {
    Command::new("systemctl").args(arguments).output().is_ok_and(|o| o.status.success())
}

/// The rungs that a machine with systemd has, each as a ladder of its own.
fn rungs() -> Vec<(&'static str, Ladder)> {
    let all = Ladder::default();
    if !rustix::process::geteuid().is_root() || !Path::new("/run/systemd/system").exists() {
        println!("skipped: needs root and a running systemd");
        return Vec::new();
    }
    vec![
        ("dbus", Ladder { bus: all.bus, ..NO_RUNG }),
        ("systemd", Ladder { private: all.private, ..NO_RUNG }),
        ("systemctl", Ladder { systemctl: all.systemctl, ..NO_RUNG }),
    ]
}

/// Waits until a state that fits is told, and returns it with its moment.
fn told(heard: &Receiver<Observation>, what: &str, fits: impl Fn(&UnitState) -> bool) -> (Time, UnitState) {
    let mut last = None;
    loop {
        match heard.recv_timeout(TOLD_WITHIN) {
            Ok(Observation { at, fact: Fact::Unit(state), .. }) if fits(&state) => return (at, state),
            Ok(observation) => last = Some(observation),
            Err(_) => panic!("not told: {what}; last was {last:?}"),
        }
    }
}

fn kill(state: &UnitState) {
    kill_process(Pid::from_raw(state.main.unwrap().pid.get()).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn without_a_service_manager_there_is_no_rung_and_a_reason() {
    let (sink, heard) = bounded(8);
    let missing = Ladder {
        bus: Some("unix:path=/nonexistent/bus".into()),
        private: Some("/nonexistent/private".into()),
        systemctl: Some("/nonexistent/systemctl".into()),
    };
    let (units, rung) = Units::start(sink, missing);
    assert_eq!((rung.fact.as_str(), rung.source.as_str(), rung.rung), ("unit", "none", 4));
    assert!(rung.why.unwrap().contains("/nonexistent/systemctl"));
    units.watch(vec![("web".into(), "web.service".into())]).unwrap();
    assert!(matches!(units.state("web.service"), Err(Error::NoSource(_))));
    assert!(heard.try_recv().is_err(), "what nobody can see is not told");
}

#[test]
fn a_service_is_told_from_start_to_kill_on_every_rung() {
    for (name, ladder) in rungs() {
        let unit = Unit::new(name, "@b-c", "");
        let (sink, heard) = bounded(1000);
        let (units, rung) = Units::start(sink, ladder);
        assert_eq!(rung.source, name, "{:?}", rung.why);
        units.watch(vec![("web".into(), unit.name.clone())]).unwrap();
        told(&heard, "as it is found", |s| s.active == "inactive" && s.load == "loaded" && s.file == "disabled" && s.main.is_none());

        let before = clock::now().0.before(STAMP);
        assert!(systemctl(&["start", &unit.name]));
        let (at, running) = told(&heard, "running", |s| s.active == "active" && s.main.is_some());
        assert!(at >= before && at <= clock::now().0, "the moment is systemd's: {at} after {before}");
        assert_eq!(running.restart, "no");
        assert_eq!(units.state(&unit.name).unwrap().unwrap().main, running.main);

        let before = clock::now().0.before(STAMP);
        kill(&running);
        let (at, failed) = told(&heard, "killed", |s| s.active == "failed");
        assert_eq!((failed.ended, failed.result.as_str(), failed.main), (Some(End::Signal(9)), "signal", None));
        assert!(at >= before && at <= clock::now().0, "the moment is that of the end: {at} after {before}");

        assert!(systemctl(&["enable", &unit.name]));
        told(&heard, "enabled", |s| s.file == "enabled");
        if name != "systemctl" {
            std::fs::remove_file(Path::new("/etc/systemd/system/multi-user.target.wants").join(&unit.name)).unwrap();
            told(&heard, "disabled by hand, without a reload", |s| s.file == "disabled");
        }
    }
}

#[test]
fn a_unit_that_is_not_there_is_told_as_not_found_and_as_loaded_when_it_comes() {
    for (name, ladder) in rungs() {
        let (sink, heard) = bounded(1000);
        let (units, _) = Units::start(sink, ladder);
        let absent = format!("muster-test-{}-come-{name}.service", std::process::id());
        units.watch(vec![("ghost".into(), absent.clone())]).unwrap();
        told(&heard, "absent", |s| s.unit == absent && s.load == "not-found");
        assert_eq!(units.state(&absent).unwrap(), None);
        let _unit = Unit::new(&format!("come-{name}"), "", "");
        told(&heard, "come", |s| s.unit == absent && s.load == "loaded");
        units.watch(vec![("typo".into(), "not a unit".into())]).unwrap();
        told(&heard, "a name that is none", |s| s.unit == "not a unit" && s.load == "not-found");
    }
}

#[test]
fn a_daemon_of_which_systemd_knows_no_main_process_is_found_in_its_unit() {
    for (name, ladder) in rungs() {
        let forks = "Type=forking\nGuessMainPID=no\nExecStart=\nExecStart=/usr/bin/setsid --fork /bin/sleep 1000";
        let unit = Unit::new(&format!("forks-{name}"), "", forks);
        let (sink, heard) = bounded(1000);
        let (units, _) = Units::start(sink, ladder);
        units.watch(vec![("mail".into(), unit.name.clone())]).unwrap();
        assert!(systemctl(&["start", &unit.name]));
        let (_, running) = told(&heard, "running", |s| s.active == "active" && s.main.is_some());
        kill(&running);
        told(&heard, "gone", |s| s.active != "active" && s.main.is_none());
    }
}

#[test]
fn a_unit_that_rests_while_its_socket_waits_is_on_demand_as_long_as_it_waits() {
    for (name, ladder) in rungs() {
        let unit = Unit::new(&format!("rests-{name}"), "", "");
        let socket = unit.name.replace(".service", ".socket");
        let file = unit.file.with_extension("socket");
        std::fs::write(&file, format!("[Socket]\nListenStream=/run/{socket}\n")).unwrap();
        systemctl(&["daemon-reload"]);
        let (sink, heard) = bounded(1000);
        let (units, _) = Units::start(sink, ladder);
        units.watch(vec![("calm".into(), unit.name.clone())]).unwrap();
        told(&heard, "nothing waits", |s| s.active == "inactive" && !s.on_demand);
        assert!(systemctl(&["start", &socket]));
        told(&heard, "its socket waits", |s| s.active == "inactive" && s.on_demand);
        assert!(systemctl(&["start", &unit.name]));
        told(&heard, "it runs", |s| s.active == "active" && !s.on_demand);
        assert!(systemctl(&["stop", &unit.name]));
        told(&heard, "it rests again", |s| s.active == "inactive" && s.on_demand);
        assert!(systemctl(&["stop", &socket]));
        told(&heard, "nothing waits any more", |s| s.active == "inactive" && !s.on_demand);
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn restarts_by_systemd_a_stop_and_a_mask_are_told() {
    for (name, ladder) in rungs() {
        let unit = Unit::new(&format!("loop-{name}"), "", "Restart=always\nRestartSec=20ms");
        let (sink, heard) = bounded(1000);
        let (units, _) = Units::start(sink, ladder);
        units.watch(vec![("web".into(), unit.name.clone())]).unwrap();
        assert!(systemctl(&["start", &unit.name]));
        let (_, first) = told(&heard, "running", |s| s.active == "active" && s.main.is_some());
        assert_eq!((first.restart.as_str(), first.restart_after), ("always", Length::ms(20)));
        kill(&first);
        let (_, second) = told(&heard, "running again", |s| s.active == "active" && s.restarts == 1);
        assert_ne!(first.main, second.main);
        assert!(systemctl(&["stop", &unit.name]));
        told(&heard, "stopped", |s| s.active == "inactive" && s.result == "success");
        // systemd does not mask over a unit file in /etc, a person does.
        std::fs::remove_file(&unit.file).unwrap();
        std::os::unix::fs::symlink("/dev/null", &unit.file).unwrap();
        if name == "systemctl" {
            assert!(systemctl(&["daemon-reload"]));
        }
        told(&heard, "masked", |s| s.file == "masked");
    }
}

#[test]
fn an_alias_is_told_as_what_it_stands_for() {
    for (name, ladder) in rungs() {
        let alias = format!("muster-test-{}-also-{name}.service", std::process::id());
        let unit = Unit::new(&format!("real-{name}"), "", "");
        let link = Path::new("/etc/systemd/system").join(&alias);
        std::os::unix::fs::symlink(&unit.file, &link).unwrap();
        assert!(systemctl(&["daemon-reload"]));
        let (sink, heard) = bounded(1000);
        let (units, _) = Units::start(sink, ladder);
        units.watch(vec![("web".into(), alias.clone())]).unwrap();
        told(&heard, "as it is found", |s| s.unit == alias && s.active == "inactive");
        assert!(systemctl(&["start", &unit.name]));
        told(&heard, "running", |s| s.unit == alias && s.active == "active" && s.main.is_some());
        std::fs::remove_file(link).unwrap();
    }
}

/// Hands on between one client and systemd's own socket, until it is cut.
struct Wire {
    path: PathBuf,
    open: Arc<Mutex<Vec<UnixStream>>>,
}

impl Wire {
    fn new(folder: &Path) -> Wire {
        let path = folder.join("private");
        let listener = UnixListener::bind(&path).unwrap();
        let open = Arc::new(Mutex::new(Vec::new()));
        let streams = open.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = UnixStream::connect("/run/systemd/private") else { return };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    std::thread::spawn(move || {
                        let mut bytes = [0; 4096];
                        while let Ok(n @ 1..) = from.read(&mut bytes) {
                            if to.write_all(&bytes[..n]).is_err() {
                                break;
                            }
                        }
                    });
                }
                streams.lock().unwrap().extend([near, far]);
            }
        });
        Wire { path, open }
    }

    fn cut(self) {
        std::fs::remove_file(&self.path).unwrap();
        for stream in self.open.lock().unwrap().iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[test]
fn a_lost_connection_falls_to_the_next_rung_which_goes_on_telling() {
    if rungs().is_empty() {
        return;
    }
    let unit = Unit::new("fall", "", "");
    let folder = tempfile::tempdir().unwrap();
    let wire = Wire::new(folder.path());
    let (sink, heard) = bounded(1000);
    let ladder = Ladder { bus: None, private: Some(wire.path.clone()), systemctl: Ladder::default().systemctl };
    let (units, rung) = Units::start(sink, ladder);
    assert_eq!(rung.source, "systemd", "{:?}", rung.why);
    units.watch(vec![("web".into(), unit.name.clone())]).unwrap();
    told(&heard, "as it is found", |s| s.active == "inactive");
    wire.cut();
    let fallen = loop {
        if let Fact::Rung(rung) = heard.recv_timeout(TOLD_WITHIN).unwrap().fact {
            break rung;
        }
    };
    assert_eq!((fallen.source.as_str(), fallen.rung), ("systemctl", 3));
    assert!(fallen.why.is_some_and(|why| why.contains("closed") || why.contains("broke")));
    assert!(systemctl(&["start", &unit.name]));
    told(&heard, "running", |s| s.active == "active");
}

//! What the tests work with: the real sensors, a vault in a folder of its own, and children that this process keeps.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use crossbeam_channel::bounded;
use muster_act::{Children, Eyes, Glance, Hands};
use muster_model::actor::Actor;
use muster_model::exam::{LogLine, PortHolder};
use muster_model::id::{ProcessKey, ServiceName, VersionId};
use muster_model::observation::UnitState;
use muster_model::plan::{Order, Step};
use muster_model::roster::{Kind, Service};
use muster_model::time::{Length, Time};
use muster_sense::clock;
use muster_sense::proc::{Life, Proc};
use muster_sense::units::{Ladder, Units};
use muster_vault::Vault;

/// A folder with files to break, and the hands that mend them.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) vault: Vault,
    pub(crate) hands: Hands,
}

impl World {
    pub(crate) fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("vault")).unwrap();
        let vault = Vault::open(&folder.path().join("vault")).unwrap();
        let hands = Hands::new(vault.clone(), Arc::new(Sight::new()), Arc::new(Kept::default()));
        World { folder, vault, hands }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and takes this version of it into the vault.
    pub(crate) fn file(&self, name: &str, content: &str) -> (String, VersionId) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        self.vault.take(&path, clock::now().0, None).unwrap();
        let version = self.vault.versions(&path).unwrap().swap_remove(0).version;
        (path.display().to_string(), version)
    }

    pub(crate) fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path(name)).ok()
    }
}

pub(crate) fn service(kind: Kind) -> Service {
    Service::new("web".into(), kind)
}

pub(crate) fn order(step: Step) -> Order {
    Order { incident: None, service: "web".into(), attempt: 1, place: 0, step, undo: false }
}

/// Whether there is a systemd here that we may use; if not, says that the test skips.
pub(crate) fn has_systemd() -> bool {
    let has = rustix::process::geteuid().is_root() && Path::new("/run/systemd/system").exists();
    if !has {
        println!("skipped: needs root and a running systemd");
    }
    has
}

pub(crate) fn systemctl(arguments: &[&str]) -> String {
    let output = Command::new("systemctl").args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A unit file of this test, gone when dropped.
pub(crate) struct Unit {
    pub(crate) name: String,
    file: PathBuf,
}

impl Unit {
    pub(crate) fn new(stem: &str, content: &str) -> Unit {
        let name = format!("muster-test-{}-{stem}.service", std::process::id());
        let file = Path::new("/etc/systemd/system").join(&name);
        std::fs::write(&file, content).unwrap();
        systemctl(&["daemon-reload"]);
        Unit { name, file }
    }

    pub(crate) fn service(&self) -> Service {
        service(Kind::Unit(self.name.clone()))
    }

    pub(crate) fn main(&self) -> ProcessKey {
        let pid = systemctl(&["show", "--property=MainPID", "--value", &self.name]).parse().unwrap();
        muster_sense::proc::process_key(pid).unwrap()
    }

    pub(crate) fn is(&self, property: &str) -> String {
        systemctl(&["show", &format!("--property={property}"), "--value", &self.name])
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        systemctl(&["kill", "--signal=SIGKILL", &self.name]);
        systemctl(&["disable", "--now", &self.name]);
        let _ = std::fs::remove_file(&self.file);
        systemctl(&["reset-failed", &self.name]);
        systemctl(&["daemon-reload"]);
    }
}

/// The real sensors, as far as steps and examinations of this crate need them.
struct Sight {
    units: Units,
}

impl Sight {
    fn new() -> Sight {
        let (sink, _) = bounded(64);
        Sight { units: Units::start(sink, Ladder::default()).0 }
    }
}

impl Eyes for Sight {
    fn now(&self) -> Time {
        clock::now().0
    }

    fn log(&self, _: &Service, _: Time) -> Result<Vec<LogLine>, String> {
        Err("not looked at in these tests".to_owned())
    }

    fn holders(&self, _: &Service, _: &[u16]) -> Result<Vec<PortHolder>, String> {
        Err("not looked at in these tests".to_owned())
    }

    fn unit(&self, unit: &str) -> Result<Option<UnitState>, String> {
        self.units.state(unit).map_err(|e| e.to_string())
    }

    fn commands(&self, _: &Service, _: Time) -> Vec<(Time, Actor)> {
        Vec::new()
    }

    fn process(&self, process: ProcessKey) -> Glance {
        let here = Proc::here();
        if matches!(here.life(process), Ok(Life::Gone) | Err(_)) {
            return Glance::default();
        }
        let stat = here.stat(process.pid.get()).ok().flatten();
        Glance {
            state: stat.as_ref().map(|s| s.state),
            wchan: here.wait_channel(process.pid.get()).ok().flatten(),
            threads: stat.as_ref().map(|s| s.threads),
            files: here.open_files(process.pid.get()).ok().flatten().and_then(|n| u32::try_from(n).ok()),
            resident: None,
            cpu: stat.as_ref().map(|s| Length(s.cpu * (1_000_000_000 / rustix::param::clock_ticks_per_second()))),
        }
    }
}

/// Children of this process, ended when dropped.
#[derive(Default)]
struct Kept(Mutex<BTreeMap<ServiceName, Child>>);

impl Children for Kept {
    fn start(&self, service: &Service) -> Result<ProcessKey, String> {
        let Kind::Run(command) = &service.kind else { return Err("not mine".to_owned()) };
        let mut kept = self.0.lock().unwrap();
        if !kept.get_mut(&service.name).is_some_and(|child| matches!(child.try_wait(), Ok(None))) {
            let child = Command::new("/bin/sh").args(["-c", &format!("exec {command}")]).spawn().map_err(|e| e.to_string())?;
            kept.insert(service.name.clone(), child);
        }
        let key = muster_sense::proc::process_key(i32::try_from(kept[&service.name].id()).unwrap());
        key.ok_or_else(|| "it ended at once".to_owned())
    }

    fn stop(&self, service: &ServiceName, _: Length) -> Result<(), String> {
        let child = self.0.lock().unwrap().remove(service);
        if let Some(mut child) = child {
            child.kill().and_then(|()| child.wait()).map_err(|e| e.to_string())?;
        }
        Ok(())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        for child in self.0.lock().unwrap().values_mut() {
            let _ = child.kill().and_then(|()| child.wait());
        }
    }
}

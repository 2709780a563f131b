//! Processes, and the service manager that keeps units (systemd.service(5), as far as a loss is concerned).

use muster_model::actor::Actor;
use muster_model::exam::LogLine;
use muster_model::id::{Pid, ProcessKey, ServiceName};
use muster_model::observation::{End, Fact};
use muster_model::roster::Kind;

use super::truth::{Ill, Process};
use super::{Fate, Happening, MS, S, UnitFile, World};

/// StartLimitBurst= and StartLimitIntervalSec=.
const BURST: usize = 5;
const INTERVAL: u64 = 10 * S;
/// TimeoutStopSec=.
const STOP_TIMEOUT: u64 = 90 * S;

pub const SIGHUP: i32 = 1;
pub const SIGKILL: i32 = 9;
pub const SIGTERM: i32 = 15;
pub const SIGCONT: i32 = 18;
pub const SIGSTOP: i32 = 19;

fn init() -> Actor {
    Actor {
        uid: Some(0),
        user: Some("root".to_owned()),
        pid: Some(1),
        exe: Some("/usr/lib/systemd/systemd".to_owned()),
        ..Actor::default()
    }
}

impl World {
    /// A process of the service is started. What becomes of it is decided by what it finds.
    pub fn spawn(&mut self, name: &ServiceName) {
        self.last_pid += 1;
        let key = ProcessKey { pid: Pid::new(self.last_pid).expect("above 1"), start: self.mono().0 / (10 * MS) };
        let takes = self.services[name].start_takes;
        let takes = self.about(takes);
        let t = self.truth(name);
        let refuses = if t.has_config() && t.disk.is_none() {
            Some(format!("cannot open {}: No such file or directory", t.config_path()))
        } else if t.disk_is("bad") && t.has_config() {
            Some(format!("syntax error in {}:3", t.config_path()))
        } else if t.thief.is_some() && !t.disk_is("wrong") {
            Some(format!("bind() to 0.0.0.0:{} failed: Address already in use", t.port))
        } else {
            None
        };
        t.process = Some(Process { key, ready: false, ill: None, loaded: t.disk.clone() });
        t.stop_signal_told = false;
        if let Some(bug) = t.bug.as_mut() {
            bug.starts = bug.starts.saturating_sub(1);
        }
        let bug = t.bug;
        if bug.is_some_and(|b| b.starts == 0) {
            t.bug = None;
        }
        let mut fate = |delay, fate| self.after(delay, Happening::Fate { service: name.clone(), process: key, fate });
        match refuses {
            Some(_) => fate(takes / 2, Fate::Ends(End::Code(1))),
            None => fate(takes, Fate::Ready),
        }
        if let Some(bug) = bug {
            fate(bug.after, Fate::Ends(bug.end));
        }
        if let Some(line) = refuses {
            self.logs(name, key.pid.get(), line);
        }
        if !self.services[name].is_unit() {
            self.observe(name, "pidfd", Fact::ProcessSeen { process: key, command: name.to_string() });
        }
        self.touched(name);
    }

    pub fn logs(&mut self, name: &ServiceName, pid: i32, text: String) {
        let at = self.wall();
        self.truth(name).journal.push(LogLine { at, level: 3, pid: Some(pid), text });
    }

    pub(super) fn fate(&mut self, name: &ServiceName, process: ProcessKey, fate: Fate) {
        let t = self.truth(name);
        let Some(p) = t.process.as_mut().filter(|p| p.key == process && (p.ill.is_none() || fate == Fate::Ready)) else { return };
        match fate {
            Fate::Ends(end) => self.dies(name, end),
            Fate::Ready => {
                p.ready = true;
                if t.is_unit() && t.unit.active == "activating" {
                    t.unit.active = "active";
                    t.unit.sub = "running";
                    t.unit.job = None;
                    self.unit_changed(name);
                }
                self.touched(name);
            }
        }
    }

    /// The process of the service ends.
    pub fn dies(&mut self, name: &ServiceName, end: End) {
        let reaped = self.about(2 * MS);
        let t = self.truth(name);
        let Some(process) = t.process.take() else { return };
        t.losses += 1;
        let again = std::mem::take(&mut t.start_next);
        let unit = t.is_unit();
        self.observe(name, "ebpf", Fact::ProcessExited { process: process.key, end });
        if unit {
            self.truth(name).unit.ended = Some(end);
            self.truth(name).start_next = again;
            self.after(reaped, Happening::Reaps { service: name.clone(), process: process.key });
        } else if again {
            self.spawn(name);
        }
        self.touched(name);
    }

    /// Another process takes the place of the service's. The manager finds it by its PID file and tells nobody.
    pub fn hands_over(&mut self, name: &ServiceName) {
        let t = self.truth(name);
        let Some(old) = t.process.clone().filter(|p| p.ready && p.ill.is_none()) else { return };
        self.last_pid += 1;
        let key = ProcessKey { pid: Pid::new(self.last_pid).expect("above 1"), start: self.mono().0 / (10 * MS) };
        let t = self.truth(name);
        t.process = Some(Process { key, loaded: t.disk.clone(), ..old.clone() });
        t.unit.main = Some(key);
        self.observe(name, "ebpf", Fact::ProcessExited { process: old.key, end: End::Code(0) });
        self.touched(name);
    }

    /// A signal is sent to the service's process.
    pub fn signal(&mut self, name: &ServiceName, signal: i32, sender: Actor) {
        let Some(process) = self.services[name].process.as_ref().map(|p| p.key) else { return };
        self.observe(name, "ebpf", Fact::SignalSent { process, signal, sender: Some(sender) });
        let stop_takes = self.services[name].stop_takes;
        let stop_takes = self.about(stop_takes);
        let t = self.truth(name);
        let Some(p) = t.process.as_mut() else { return };
        match signal {
            SIGKILL => self.dies(name, End::Signal(SIGKILL)),
            SIGTERM if p.ill.is_none() => {
                let end = t.on_term;
                self.after(stop_takes, Happening::Fate { service: name.clone(), process, fate: Fate::Ends(end) });
            }
            SIGSTOP if p.ill.is_none() => {
                p.ill = Some(Ill::Stopped);
                t.losses += 1;
                self.touched(name);
            }
            SIGCONT if p.ill == Some(Ill::Stopped) => {
                p.ill = None;
                self.touched(name);
            }
            SIGHUP if p.ill.is_none() => self.reads_config(name),
            SIGTERM | SIGSTOP | SIGCONT | SIGHUP => {}
            other if p.ill.is_none() => self.dies(name, End::Signal(other)),
            _ => {}
        }
    }

    /// A reload: a configuration that is refused leaves the old one in force.
    fn reads_config(&mut self, name: &ServiceName) {
        let t = self.truth(name);
        if t.validates() && t.disk.is_some() {
            let disk = t.disk.clone();
            if let Some(p) = t.process.as_mut() {
                p.loaded = disk;
            }
            if t.disk_is("wrong") {
                t.losses += 1;
            }
            self.touched(name);
        }
    }

    /// The manager is told to start a unit.
    pub fn unit_start(&mut self, name: &ServiceName) -> Result<(), String> {
        let t = self.truth(name);
        if t.unit.file == UnitFile::Masked {
            return Err("Unit is masked.".to_owned());
        }
        match t.unit.active {
            "active" => Ok(()),
            "deactivating" => {
                t.start_next = true;
                Ok(())
            }
            "activating" if t.unit.sub == "start" => Ok(()),
            _ => {
                self.unit_spawn(name);
                Ok(())
            }
        }
    }

    fn unit_spawn(&mut self, name: &ServiceName) {
        let now = self.now;
        let wall = self.wall();
        let t = self.truth(name);
        t.meant_down = None;
        let u = &mut t.unit;
        u.turn += 1;
        u.since = wall;
        u.starts.retain(|s| now - s < INTERVAL);
        if u.starts.len() >= BURST {
            u.active = "failed";
            u.sub = "failed";
            u.result = "start-limit-hit";
            u.job = None;
            self.unit_changed(name);
            return self.touched(name);
        }
        u.starts.push_back(now);
        u.result = "success";
        u.ended = None;
        (u.active, u.sub, u.job) = if u.notify { ("activating", "start", Some("start")) } else { ("active", "running", None) };
        self.logs(name, 1, format!("Starting {name}.service..."));
        self.spawn(name);
        let t = self.truth(name);
        t.unit.main = t.process.as_ref().map(|p| p.key);
        self.unit_changed(name);
        self.touched(name);
    }

    /// The manager is told to stop a unit, and perhaps to start it then.
    pub fn unit_stop(&mut self, name: &ServiceName, then_start: bool) -> Result<(), String> {
        let wall = self.wall();
        let t = self.truth(name);
        let u = &mut t.unit;
        t.start_next = then_start;
        if u.active == "deactivating" {
            return Ok(()); // it is being stopped already
        }
        u.turn += 1;
        if u.main.is_some() {
            u.active = "deactivating";
            u.sub = "stop-sigterm";
            u.since = wall;
            u.job = Some(if then_start { "restart" } else { "stop" });
            let turn = u.turn;
            self.logs(name, 1, format!("Stopping {name}.service..."));
            self.unit_changed(name);
            self.after(STOP_TIMEOUT, Happening::StopTimeout { service: name.clone(), turn });
            self.signal(name, SIGTERM, init());
        } else {
            if u.active == "activating" {
                (u.active, u.sub, u.job) = ("inactive", "dead", None);
                u.since = wall;
                self.unit_changed(name);
            }
            if then_start {
                self.truth(name).start_next = false;
                return self.unit_start(name);
            }
        }
        self.touched(name);
        Ok(())
    }

    /// Ends the main process at once and starts the unit anew (`systemctl kill -s KILL` and `restart`).
    pub fn unit_kill_restart(&mut self, name: &ServiceName, by: Actor) -> Result<(), String> {
        self.unit_stop(name, true)?;
        self.signal(name, SIGKILL, by);
        Ok(())
    }

    pub(super) fn stop_timeout(&mut self, name: &ServiceName, turn: u32) {
        if self.services[name].unit.turn == turn && self.services[name].unit.active == "deactivating" {
            self.truth(name).unit.result = "timeout";
            self.signal(name, SIGKILL, init());
        }
    }

    pub(super) fn reaps(&mut self, name: &ServiceName, process: ProcessKey) {
        let wall = self.wall();
        let t = self.truth(name);
        let u = &mut t.unit;
        if u.main != Some(process) {
            return;
        }
        u.main = None;
        u.since = wall;
        let clean = matches!(u.ended, Some(End::Code(0) | End::Signal(1 | 2 | 13 | 15)));
        let result = match u.ended {
            _ if clean => "success",
            Some(End::Code(_)) => "exit-code",
            Some(End::Memory) => "oom-kill",
            Some(End::Signal(3 | 4 | 6 | 7 | 8 | 11 | 31)) => "core-dump",
            _ => "signal",
        };
        let ordered = u.active == "deactivating";
        if u.result != "timeout" || !ordered {
            u.result = result;
        }
        (u.active, u.sub) = if u.result == "success" { ("inactive", "dead") } else { ("failed", "failed") };
        let again = !ordered
            && match u.restart {
                "always" => true,
                "on-failure" => !clean,
                "on-abnormal" => !clean && !matches!(u.ended, Some(End::Code(_))),
                _ => false,
            };
        let (turn, delay) = (u.turn, u.restart_after);
        if t.start_next {
            t.start_next = false;
            u.job = Some("start");
            if u.file == UnitFile::Masked {
                u.job = None;
                self.unit_changed(name);
            } else {
                self.unit_changed(name);
                self.unit_spawn(name);
            }
        } else {
            u.job = None;
            if again {
                (u.active, u.sub) = ("activating", "auto-restart");
                self.after(delay, Happening::Restarts { service: name.clone(), turn });
            }
            self.unit_changed(name);
        }
        self.touched(name);
    }

    pub(super) fn restarts(&mut self, name: &ServiceName, turn: u32) {
        let t = self.truth(name);
        if t.unit.turn == turn && t.unit.sub == "auto-restart" {
            t.unit.restarts += 1;
            self.unit_spawn(name);
        }
    }

    /// The unit is enabled, disabled or masked.
    pub fn unit_file(&mut self, name: &ServiceName, file: UnitFile, by: Option<Actor>) {
        use muster_model::change::{Altered, Change};
        let now = self.now;
        let t = self.truth(name);
        t.well_since = t.well_since.map(|_| now); // that it would not come up is a danger of its own
        let before = t.unit.file.word().to_owned();
        t.unit.file = file;
        let Kind::Unit(unit) = t.row.kind.clone() else { return };
        let what = Altered::Enablement { before, after: file.word().to_owned() };
        self.observe(name, "dbus", Fact::Changed(Change { subject: unit, what, actor: by }));
        self.unit_changed(name);
    }

    fn unit_changed(&mut self, name: &ServiceName) {
        let state = self.services[name].unit_state();
        self.observe(name, "dbus", Fact::Unit(state));
    }

    /// The machine is up: what is enabled is started.
    pub(super) fn boots(&mut self) {
        let names: Vec<ServiceName> = self.services.keys().cloned().collect();
        for name in names {
            let t = &self.services[&name];
            let start = match t.row.kind {
                Kind::Unit(_) => t.unit.file == UnitFile::Enabled,
                Kind::Process(_) => true,
                Kind::Run(_) | Kind::Url(_) | Kind::Own => false,
            };
            match (start, t.is_unit()) {
                (true, true) => self.unit_spawn(&name),
                (true, false) => self.spawn(&name),
                (false, _) => {}
            }
        }
    }
}

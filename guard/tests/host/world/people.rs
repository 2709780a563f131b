//! What people do: to services, to the machine, and through Muster's own commands.

use muster_model::actor::Actor;
use muster_model::event::{Body, Command, Told};
use muster_model::id::{ServiceName, VersionId};
use muster_model::observation::{End, Fact};
use muster_model::roster::Recover;
use muster_model::sight::{Blind, Blindness};
use muster_model::time::Length;

use super::manager::SIGCONT;
use super::sensors::LATE_MAX;
use super::truth::{Ill, Meant};
use super::{Bug, Happening, S, UnitFile, World};

/// Something that somebody does, or that befalls the machine.
#[derive(Clone, Debug)]
pub enum Act {
    Signal {
        service: ServiceName,
        signal: i32,
        by: &'static str,
    },
    /// It ends by itself.
    Crash {
        service: ServiceName,
        end: End,
    },
    Oom {
        service: ServiceName,
    },
    /// The program is exchanged while it runs: a new process takes its place, and the old one ends in good order.
    HandOver {
        service: ServiceName,
    },
    Deadlock {
        service: ServiceName,
    },
    Stop {
        service: ServiceName,
        by: &'static str,
    },
    Disable {
        service: ServiceName,
        by: &'static str,
    },
    Mask {
        service: ServiceName,
        by: &'static str,
    },
    /// Disabled, and left running.
    DisableLater {
        service: ServiceName,
        by: &'static str,
    },
    /// Unmasked and enabled where need be, and started.
    Start {
        service: ServiceName,
        by: &'static str,
    },
    Restart {
        service: ServiceName,
        by: &'static str,
    },
    Reload {
        service: ServiceName,
        by: &'static str,
    },
    /// The configuration becomes of this sort: `good`, `bad`, `wrong`; empty: it is deleted.
    Edit {
        service: ServiceName,
        sort: &'static str,
        by: &'static str,
    },
    TakePort {
        service: ServiceName,
        by: &'static str,
    },
    FreePort {
        service: ServiceName,
    },
    Bug {
        service: ServiceName,
        bug: Bug,
    },
    /// Its users get it late, with an expired certificate, or not at all, for so long.
    Way {
        service: ServiceName,
        way: &'static str,
        length: u64,
    },
    /// Everything that is wrong with it is put right.
    Repair {
        service: ServiceName,
    },
    /// Something is said to Muster.
    Tell(Command),
    /// Its open incident is acknowledged, resolved, or noted.
    Ack {
        service: ServiceName,
    },
    Resolve {
        service: ServiceName,
    },
    Policy {
        service: ServiceName,
        recover: Recover,
        restore_after: Option<Length>,
    },
    Listed {
        service: ServiceName,
        listed: bool,
    },
    MusterDown {
        length: u64,
    },
    Reboot {
        down: u64,
    },
    /// A sensor of Muster's own does not see all for a while.
    Blind {
        sensor: &'static str,
        why: Blindness,
        length: u64,
    },
    /// The unit sensor stands on another rung.
    Rung {
        source: &'static str,
    },
    /// And sees all again.
    Sees {
        sensor: &'static str,
    },
    /// The wall clock is set.
    Clock {
        by: i64,
    },
}

impl World {
    pub fn does(&mut self, act: Act) {
        if let Act::Way { service, way: "", .. } = &act {
            self.truth(service).way = ""; // also while the machine is down
        }
        if self.now < self.boot_since {
            return; // the machine is down
        }
        match act {
            Act::Blind { sensor, why, length } => {
                let blind = Blind { since: self.wall().before(Length::seconds(1)), why };
                self.tells_of_itself(sensor, Some(blind));
                self.after(length, Happening::Does(Act::Sees { sensor }));
            }
            Act::Rung { source } => self.rung_changes(source),
            Act::Sees { sensor } => self.tells_of_itself(sensor, None),
            Act::Signal { service, signal, by } => {
                let pid = self.services[&service].process.as_ref().map_or(0, |p| p.key.pid.get());
                if pid != 0 {
                    self.deeds(&service).signalled = true;
                    let who = self.person(by, format!("kill -{signal} {pid}"));
                    self.signal(&service, signal, who);
                }
            }
            Act::Crash { service, end } => self.dies(&service, end),
            Act::HandOver { service } => self.hands_over(&service),
            Act::Oom { service } => {
                if let Some(process) = self.services[&service].process.as_ref().map(|p| p.key) {
                    self.deeds(&service).memory = true;
                    self.observe(&service, "ebpf", Fact::MemoryKill { process, limit: Some(64 << 20) });
                    self.dies(&service, End::Signal(9));
                }
            }
            Act::Deadlock { service } => {
                let t = self.truth(&service);
                if let Some(p) = t.process.as_mut().filter(|p| p.ill.is_none()) {
                    p.ill = Some(Ill::Deadlocked);
                    t.losses += 1;
                    self.touched(&service);
                }
            }
            Act::Way { service, way, length } => {
                let t = self.truth(&service);
                t.way = way;
                t.well_since = None; // and anew from here on
                t.losses += u32::from(way == "cut");
                t.deeds.endangered |= matches!(way, "late" | "expired");
                self.touched(&service);
                if !way.is_empty() {
                    self.after(length, Happening::Does(Act::Way { service, way: "", length: 0 }));
                }
            }
            // What no service manager keeps is ended by hand.
            Act::Stop { service, by } | Act::Disable { service, by } | Act::Mask { service, by } | Act::Restart { service, by }
                if !self.services[&service].is_unit() =>
            {
                self.does(Act::Signal { service, signal: 15, by });
            }
            Act::DisableLater { service, .. } if !self.services[&service].is_unit() => {}
            Act::Edit { service, .. } if !self.services[&service].has_config() => {}
            // Where nothing is asked on its port, another port is as good as the one before.
            Act::Edit { service, sort: "wrong", by } if self.services[&service].row.probes.is_empty() => {
                self.does(Act::Edit { service, sort: "good", by });
            }
            Act::Stop { service, by } => self.takes_down(&service, by, "stop", None),
            Act::Disable { service, by } => self.takes_down(&service, by, "disable --now", Some(UnitFile::Disabled)),
            Act::Mask { service, by } => self.takes_down(&service, by, "mask --now", Some(UnitFile::Masked)),
            Act::DisableLater { service, by } => {
                self.deeds(&service).disabled = true;
                let who = self.commands(&service, by, "disable");
                self.unit_file(&service, UnitFile::Disabled, Some(who));
            }
            Act::Start { service, by } => {
                self.truth(&service).meant_down = None;
                if self.services[&service].is_unit() {
                    let who = self.commands(&service, by, "start");
                    if self.services[&service].unit.file != UnitFile::Enabled {
                        self.unit_file(&service, UnitFile::Enabled, Some(who));
                    }
                    self.truth(&service).unit.starts.clear();
                    let _ = self.unit_start(&service);
                } else if self.services[&service].process.is_none() {
                    self.spawn(&service);
                }
            }
            Act::Restart { service, by } => {
                self.commands(&service, by, "restart");
                self.truth(&service).meant_down = None;
                if self.services[&service].unit.file != UnitFile::Masked {
                    self.truth(&service).unit.starts.clear();
                    let _ = self.unit_stop(&service, true);
                }
            }
            Act::Reload { service, by } => {
                let who = self.person(by, "nginx -s reload".to_owned());
                self.deeds(&service).signalled = true;
                self.signal(&service, 1, who);
            }
            Act::Edit { service, sort, by } => {
                let deeds = self.deeds(&service);
                deeds.altered_config = true;
                deeds.broke_config |= sort == "bad";
                deeds.deleted_config |= sort.is_empty();
                let who = self.person(by, format!("vim {}", self.services[&service].config_path()));
                self.last_pid += 1;
                let version = (!sort.is_empty()).then(|| VersionId::from(format!("{sort}{}", self.last_pid)));
                self.write_config(&service, version, Some(who));
                self.promises.edited_by_hand(&service);
            }
            Act::TakePort { service, by } => {
                self.deeds(&service).took_port = true;
                let who = self.person(by, "nc -l".to_owned());
                self.truth(&service).thief = Some(who);
            }
            Act::FreePort { service } => self.truth(&service).thief = None,
            Act::Bug { service, bug } => self.truth(&service).bug = Some(bug),
            Act::Repair { service } => self.repairs(&service),
            Act::Tell(command) => self.tells(command),
            Act::Ack { service } => self.tells_of(&service, |incident| Command::Acknowledge { incident }),
            // Nobody takes the wrong port for the right one.
            Act::Resolve { service } if self.services[&service].reads_wrong() => {}
            Act::Resolve { service } => self.tells_of(&service, |incident| Command::Resolve { incident }),
            Act::Policy { service, recover, restore_after } => {
                let row = &mut self.truth(&service).row;
                row.recover = recover;
                row.restore_after = restore_after;
                self.roster_changed();
            }
            Act::Listed { service, listed } => {
                self.truth(&service).listed = listed;
                // Muster forgets what leaves the roster.
                let t = self.truth(&service);
                t.losses += u32::from(listed && !t.works());
                t.watched = None;
                t.meant_down = t.meant_down.filter(|_| listed);
                self.roster_changed();
            }
            Act::MusterDown { length } => {
                self.muster_dies();
                self.after(length, Happening::MusterStarts);
            }
            Act::Reboot { down } => self.reboot(down),
            Act::Clock { by } => {
                self.skew += by;
                // When something was said is told by the clock: a clock that is set in between hides what belongs together.
                self.services.values_mut().for_each(|t| t.meant_down = None);
            }
        }
    }

    /// A command on a unit, as the kernel sees it run.
    fn commands(&mut self, name: &ServiceName, by: &str, verb: &str) -> Actor {
        let who = self.person(by, format!("systemctl {verb} {name}.service"));
        let at = self.wall();
        self.truth(name).commands.push((at, who.clone()));
        self.observe(name, "ebpf", Fact::CommandRun { actor: who.clone() });
        who
    }

    fn takes_down(&mut self, name: &ServiceName, by: &str, verb: &str, file: Option<UnitFile>) {
        let who = self.commands(name, by, verb);
        let deeds = self.deeds(name);
        deeds.stopped = true;
        deeds.disabled |= file.is_some();
        if let Some(file) = file {
            self.unit_file(name, file, Some(who));
        }
        let since = self.now;
        let t = self.truth(name);
        // Right after a start, what comes late may tell the two in the other order.
        let clear = t.unit.starts.back().is_none_or(|start| since - start > LATE_MAX);
        t.meant_down = clear.then_some(Meant { since, command_told: false, unit_told: false });
        let _ = self.unit_stop(name, false);
    }

    fn repairs(&mut self, name: &ServiceName) {
        let t = self.truth(name);
        t.bug = None;
        t.thief = None;
        if t.has_config() && !t.disk_is("good") {
            self.does(Act::Edit { service: name.clone(), sort: "good", by: "carol" });
        }
        if self.services[name].process.as_ref().is_some_and(|p| p.ill == Some(Ill::Stopped)) {
            let who = self.person("carol", "kill -CONT".to_owned());
            self.signal(name, SIGCONT, who);
        }
    }

    fn roster_changed(&mut self) {
        self.told_nobody();
        if self.muster.is_some() {
            let body = self.roster();
            self.arrives(body);
        }
    }

    fn tells(&mut self, command: Command) {
        // The agent refuses what is said of a service that it does not have.
        let known = match &command {
            Command::Recover { service } | Command::Pause { service: Some(service), .. } | Command::Resume { service: Some(service) } => {
                self.muster.as_ref().is_some_and(|m| m.guard.row(service.as_str()).is_some())
            }
            _ => true,
        };
        if self.muster.is_some() && known {
            let by = self.person("alice", "muster".to_owned());
            self.arrives(Body::Told(Told { by, command }));
        }
    }

    fn tells_of(&mut self, name: &ServiceName, command: impl Fn(muster_model::id::IncidentId) -> Command) {
        let open =
            self.muster.as_ref().and_then(|m| m.guard.incident_of(name.as_str())).filter(|i| i.state.is_open()).map(|i| i.id.clone());
        if let Some(id) = open {
            self.tells(command(id));
        }
    }

    /// The first start of everything, and of Muster after it.
    pub fn begins(&mut self) {
        self.boots();
        self.after(S, Happening::MusterStarts);
    }
}

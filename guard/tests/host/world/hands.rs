//! Muster's executors: orders are carried out on the machine, examinations answered from what is so.

use muster_model::actor::Actor;
use muster_model::change::{Altered, Change};
use muster_model::event::Body;
use muster_model::exam::{Difference, Exam, Examined, Finding, PortHolder};
use muster_model::id::{ProcessKey, ServiceName, VersionId};
use muster_model::observation::Fact;
use muster_model::plan::{Done, Order, Outcome, Step};
use muster_model::sight::OWN_NAME;
use muster_model::time::Length;

use super::manager::{SIGHUP, SIGKILL, SIGTERM};
use super::truth::{Deeds, Ill};
use super::{Happening, MS, S, UnitFile, World};

/// An executor waits no longer than this for what it has told the service manager.
const ORDER_WITHIN: u64 = 95 * S;
/// How long a `run` service may take to end by SIGTERM.
const GRACE: u64 = 10 * S;

impl World {
    /// Muster itself, as the kernel sees it.
    pub fn muster_actor(&self) -> Actor {
        Actor {
            uid: Some(0),
            user: Some("root".to_owned()),
            pid: Some(self.muster_pid()),
            exe: Some("/usr/bin/muster".to_owned()),
            command: Some("muster up".to_owned()),
            parents: vec!["/sbin/init".to_owned()],
            parent_pids: vec![1],
            ..Actor::default()
        }
    }

    /// An order leaves the guard.
    pub fn dispatch(&mut self, order: Order) {
        let delay = self.about(MS);
        let life = self.life;
        if order.service.as_str() == OWN_NAME {
            // It only waits, which the loop answers by itself.
            let began = self.wall();
            let done =
                Done { order, outcome: Outcome::Done, rehearsed: false, said: String::new(), replaced: Vec::new(), began, took: Length(0) };
            return self.after(delay, Happening::Arrives { life, body: Box::new(Body::Done(done)) });
        }
        self.after(delay, Happening::Acts { life, order: Box::new(order) });
    }

    pub(super) fn acts(&mut self, order: Order) {
        let name = order.service.clone();
        let life = self.life;
        self.truth(&name).order = None;
        if !self.services[&name].listed && order.incident.is_none() {
            return self.done(order, Outcome::Skipped, "no longer in the roster", Vec::new());
        }
        if self.chance.likely(self.weather.order_fails) {
            return self.done(order, Outcome::Failed, "the executor failed", Vec::new());
        }
        let is_unit = self.services[&name].is_unit();
        let me = self.muster_actor();
        let now = self.now;
        self.truth(&name).order = Some((life, order.clone(), now));
        let taken = match &order.step {
            _ if order.undo => return self.undoes(order),
            Step::Start if is_unit => {
                self.truth(&name).unit.starts.clear(); // systemctl reset-failed
                self.unit_start(&name)
            }
            Step::Restart if is_unit => {
                self.truth(&name).unit.starts.clear();
                self.unit_stop(&name, true)
            }
            Step::KillRestart { .. } if is_unit => self.unit_kill_restart(&name, me),
            Step::Start | Step::Restart | Step::KillRestart { .. } => {
                if self.services[&name].process.is_none() {
                    self.spawn(&name);
                } else if order.step != Step::Start {
                    self.truth(&name).start_next = true;
                    let signal = if order.step == Step::Restart { SIGTERM } else { SIGKILL };
                    self.signal(&name, signal, me);
                    if let (SIGTERM, Some(process)) = (signal, self.services[&name].process.as_ref().map(|p| p.key)) {
                        self.after(GRACE, Happening::Kills { life, service: name.clone(), process });
                    }
                }
                Ok(())
            }
            Step::Unmask | Step::Enable => {
                let file = if order.step == Step::Enable { UnitFile::Enabled } else { UnitFile::Disabled };
                // What somebody has unmasked meanwhile is not masked.
                if order.step == Step::Enable || self.services[&name].unit.file == UnitFile::Masked {
                    self.unit_file(&name, file, Some(me));
                }
                return self.done(order, Outcome::Done, "", Vec::new());
            }
            Step::ConfigRestore { files } => {
                let Some((_, version)) = files.first().cloned() else { return self.done(order, Outcome::Skipped, "", Vec::new()) };
                if version.as_str().starts_with("bad") {
                    return self.done(order, Outcome::Skipped, "the rehearsal failed", Vec::new());
                }
                let (path, before) = (self.services[&name].config_path(), self.services[&name].disk.clone());
                self.write_config(&name, Some(version), Some(me));
                return self.done(order, Outcome::Done, "", vec![(path, before)]);
            }
            Step::Reload => {
                self.signal(&name, SIGHUP, me);
                return self.done(order, Outcome::Done, "", Vec::new());
            }
            Step::Await { .. } => return self.done(order, Outcome::Done, "", Vec::new()),
        };
        match taken {
            Err(said) => self.done(order, Outcome::Failed, &said, Vec::new()),
            Ok(()) => {
                self.after(ORDER_WITHIN, Happening::GivesUp { life, order: Box::new(order) });
                self.order_may_be_done(&name);
            }
        }
    }

    fn undoes(&mut self, order: Order) {
        let name = order.service.clone();
        let me = self.muster_actor();
        let replaced = self.muster.as_ref().map(|m| m.guard.replaced(&order)).unwrap_or_default();
        let Step::ConfigRestore { files } = &order.step else { return self.done(order, Outcome::Skipped, "", Vec::new()) };
        // What a person has edited since is theirs.
        if files.iter().all(|(_, restored)| self.services[&name].disk.as_ref() == Some(restored)) {
            for (_, version) in replaced {
                self.write_config(&name, version, Some(me.clone()));
            }
        }
        self.done(order, Outcome::Done, "", Vec::new());
    }

    /// The service changed: an order that waits for it may be through.
    pub fn order_may_be_done(&mut self, name: &ServiceName) {
        let t = &self.services[name];
        let Some((_, order, _)) = t.order.clone() else { return };
        if t.start_next {
            return;
        }
        let outcome = match &order.step {
            Step::Start | Step::Restart | Step::KillRestart { .. } => match (t.is_unit(), t.unit.active) {
                (true, "active") | (false, _) if t.process.is_some() => Outcome::Done,
                (true, "failed" | "inactive") if t.unit.job.is_none() => Outcome::Failed,
                (false, _) => Outcome::Failed,
                (true, _) => return,
            },
            _ => return,
        };
        self.done(order, outcome, "", Vec::new());
    }

    /// A `run` service that does not end by SIGTERM is killed.
    pub(super) fn kills(&mut self, name: &ServiceName, process: ProcessKey) {
        if self.services[name].process.as_ref().is_some_and(|p| p.key == process) {
            let me = self.muster_actor();
            self.signal(name, SIGKILL, me);
        }
    }

    pub(super) fn gives_up(&mut self, life: u32, order: &Order) {
        if let Some((l, o, _)) = self.services[&order.service].order.clone()
            && l == life
            && o == *order
        {
            self.done(o, Outcome::Failed, "took too long", Vec::new());
        }
    }

    fn done(&mut self, order: Order, outcome: Outcome, said: &str, replaced: Vec<(String, Option<VersionId>)>) {
        // An order of an earlier Muster is answered to nobody.
        let mine = self.truth(&order.service).order.take_if(|(_, o, _)| *o == order);
        let life = mine.map_or(self.life, |(life, ..)| life);
        let delay = self.about(MS);
        let body = Body::Done(Done {
            order,
            outcome,
            rehearsed: !replaced.is_empty(),
            said: said.to_owned(),
            replaced,
            began: self.wall(),
            took: Length(delay),
        });
        self.after(delay, Happening::Arrives { life, body: Box::new(body) });
    }

    /// The configuration on disk becomes this; `None`: it is deleted.
    pub fn write_config(&mut self, name: &ServiceName, version: Option<VersionId>, by: Option<Actor>) {
        let wall = self.wall();
        let t = self.truth(name);
        let before = std::mem::replace(&mut t.disk, version.clone());
        if before == version {
            return;
        }
        t.written = wall;
        if !t.validates() {
            t.losses += 1; // it would not come up again
        }
        let now = self.now;
        self.promises.excused_until.insert(name.clone(), now);
        if self.muster.is_none() {
            return; // the vault will see it when Muster is back
        }
        let t = self.truth(name);
        t.vault.clone_from(&version);
        let what = match (before, version) {
            (None, after) => Altered::Created { after },
            (before, None) => Altered::Deleted { before },
            (before, after) => Altered::Edited { before, after },
        };
        let subject = t.config_path();
        self.observe(name, "fanotify", Fact::Changed(Change { subject, what, actor: by }));
        self.touched(name);
    }

    /// An examination leaves the guard.
    pub fn examine(&mut self, service: ServiceName, exam: Exam) {
        let usual = if matches!(exam, Exam::Process { .. } | Exam::Validate) { 60 * MS } else { 10 * MS };
        let mut delay = self.about(usual);
        if self.chance.likely(self.weather.late) {
            delay += self.chance.below(5 * S);
        }
        if self.chance.likely(self.weather.exam_fails / 2.0) {
            return; // its answer never comes
        }
        let (life, asked) = (self.life, self.now);
        self.after(delay, Happening::Answers { life, service, exam: Box::new(exam), asked });
    }

    pub(super) fn answers(&mut self, service: ServiceName, exam: Exam, asked: u64) {
        let finding = if self.chance.likely(self.weather.exam_fails / 2.0) {
            Finding::Failed { why: "no luck".to_owned() }
        } else {
            self.finding(&service, &exam)
        };
        let took = Length(self.now - asked);
        self.arrives(Body::Examined(Examined { service, exam, finding, took }));
    }

    fn finding(&self, name: &ServiceName, exam: &Exam) -> Finding {
        let t = &self.services[name];
        match exam {
            Exam::Validate => {
                let ok = t.validates() && t.disk.is_some();
                let said = match (ok, &t.disk) {
                    (true, _) => "ok".to_owned(),
                    (false, None) => format!("cannot open {}: No such file or directory", t.config_path()),
                    (false, Some(_)) => format!("syntax error in {}:3", t.config_path()),
                };
                let line = t.disk.as_ref().map(|_| 3);
                Finding::Validated { ok, said, blames: (!ok).then(|| (t.config_path(), line)) }
            }
            Exam::Compare { good } => Finding::Compared {
                differ: good
                    .iter()
                    .filter(|(_, v)| t.disk.as_ref() != Some(v))
                    .map(|(path, good)| Difference { path: path.clone(), good: good.clone(), now: t.disk.clone() })
                    .collect(),
            },
            Exam::Journal { since } => {
                let newest = t.journal.len().saturating_sub(50);
                Finding::Journal { lines: t.journal[newest..].iter().filter(|l| l.at >= *since).cloned().collect() }
            }
            Exam::PortHolder { ports } => {
                let own = t.listens().into_iter().map(|port| PortHolder { port, holder: None, process: None, own: true });
                let thief = t.thief.clone().map(|thief| PortHolder { port: t.port, holder: Some(thief), process: None, own: false });
                Finding::PortHolders { holders: own.chain(thief).filter(|h| ports.contains(&h.port)).collect() }
            }
            Exam::Process { process } => {
                let state = t.process.as_ref().filter(|p| p.key == *process).map(|p| if p.ill == Some(Ill::Stopped) { 'T' } else { 'S' });
                Finding::Process {
                    state,
                    wchan: Some("futex_wait".to_owned()),
                    threads: Some(4),
                    files: Some(20),
                    resident: Some(1 << 24),
                    cpu: Some(0.0),
                }
            }
            Exam::Unit { .. } => Finding::Unit { state: Some(t.unit_state()) },
            Exam::Commands { since } => Finding::Commands { commands: t.commands.iter().filter(|(at, _)| at >= since).cloned().collect() },
        }
    }

    /// What people did to a service.
    pub fn deeds(&mut self, name: &ServiceName) -> &mut Deeds {
        &mut self.truth(name).deeds
    }
}

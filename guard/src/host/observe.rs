//! What was seen of one service, folded into what is known of it.

use std::collections::BTreeMap;

use muster_model::change::{Altered, Change};
use muster_model::exam::{Exam, Examined, Finding};
use muster_model::id::{ProcessKey, Seq, VersionId};
use muster_model::observation::{End, Fact, Observation, UnitState};
use muster_model::roster::Kind;
use muster_model::time::{Length, Mono, Time};

use super::Now;
use super::diagnose::CLOCK_TICK;
use super::presence::SIGSTOP;
use super::traces::{TOLD_LATE, Touch, Trace};
use super::watched::{Ended, FileAltered, Leaving, Probed, Validated, Watched};

/// At most so many processes of one service are told apart.
const PROCESSES_MAX: usize = 1_024;
/// So many processes that ended are remembered.
const GONE_MAX: usize = 16;
/// States of a unit file (UnitFileState, org.freedesktop.systemd1(5)) with which the unit comes up with the machine, or of
/// which nobody can say so: it is for others to pull in.
const COMES_UP: [&str; 6] = ["enabled", "static", "indirect", "alias", "generated", "transient"];
const SIGHUP: i32 = 1;

impl Watched {
    pub(crate) fn observe(&mut self, seq: Seq, o: &Observation, now: Now) {
        if !self.sources.contains(&o.source) {
            self.sources.push(o.source.clone());
            self.sources.sort();
        }
        let trace = |what| Trace { seq, at: o.at, mono: now.mono, source: o.source.clone(), what };
        match &o.fact {
            Fact::ProcessSeen { process, .. } => {
                if self.gone.contains(process) {
                    return; // told late: it has ended since
                }
                if self.processes.len() < PROCESSES_MAX {
                    self.processes.entry(*process).or_insert(now.mono);
                }
                if self.main.is_none() {
                    self.new_main(*process, now);
                }
            }
            Fact::ProcessExited { process, end } => {
                if self.gone.len() == GONE_MAX {
                    self.gone.pop_front();
                }
                self.gone.push_back(*process);
                self.process_ended(seq, *process, *end, o.at, now);
            }
            // It was found stopped, and that is known already, perhaps with the sender.
            Fact::SignalSent { process, signal: SIGSTOP, sender: None }
                if self.main.is_some_and(|(main, _)| main == *process) && self.stopped().is_some() => {}
            Fact::SignalSent { process, signal, sender } => {
                self.traces.keep(trace(Touch::Signal { process: *process, signal: *signal, sender: sender.clone() }));
                if *signal == SIGHUP && self.main.is_some_and(|(main, _)| main == *process) {
                    self.told_to_reload(now.mono.before(late(o.at, now)), now);
                }
            }
            Fact::MemoryKill { process, limit } => {
                self.traces.keep(trace(Touch::MemoryKill { process: *process, limit: *limit }));
                if let Some(ended) = self.ended.as_mut().filter(|e| e.process == *process) {
                    ended.end = End::Memory;
                }
            }
            Fact::Unit(unit) => {
                let before = self.unit.as_ref().map_or("", |u| u.file.as_str());
                if !before.is_empty() && !unit.file.is_empty() && before != unit.file {
                    let what = Altered::Enablement { before: before.to_owned(), after: unit.file.clone() };
                    self.traces.keep(trace(Touch::Change { change: Change { subject: unit.unit.clone(), what, actor: None } }));
                }
                self.unit_said(unit, now.mono.before(late(o.at, now)), now);
            }
            Fact::CommandRun { actor } => self.traces.keep(trace(Touch::Command { actor: actor.clone() })),
            Fact::Changed(change) => {
                self.changed(seq, change, altered_at(o, now), now);
                self.traces.keep(trace(Touch::Change { change: change.clone() }));
            }
            Fact::ConfigSeen { path, version } => {
                let known = self.config.get(path).cloned();
                if known.as_ref() == Some(version) {
                    return;
                }
                let when = self.holds(path, Some(version), altered_at(o, now));
                let unread = self.loaded_as_of.is_some_and(|read| read < when);
                // The edit itself went unseen, or it was missing when it was last looked at; or it was there before Muster
                // was, but not when the program read it.
                if known.is_some() || self.good.contains_key(path) || self.validated.is_some() || unread {
                    self.edited(seq, now);
                }
            }
            Fact::Listens { ports, taken } => {
                self.ports = ports.clone();
                self.taken = taken.clone();
                self.ports_mono = Some(now.mono);
                if self.wanted_ports().all(|p| ports.contains(&p)) {
                    self.held_ports_at = Some(now.mono);
                }
            }
            Fact::Probed { probe, answer, took, times } => {
                if let Some(slot) = self.probes.get_mut(*probe as usize) {
                    let right = if answer.is_there() { Some(now.mono) } else { slot.as_ref().and_then(|p| p.right) };
                    *slot = Some(Probed { answer: answer.clone(), took: *took, at: o.at, times: *times, right });
                }
            }
            Fact::Sight(sight) => self.sights.told(seq, sight, now),
            Fact::Rung(_) => {}
        }
    }

    /// The processes that a fact asks to have watched.
    pub(crate) fn to_watch(&self, fact: &Fact) -> impl Iterator<Item = ProcessKey> + use<> {
        match fact {
            Fact::Unit(UnitState { main, .. }) => *main,
            Fact::ProcessSeen { process, .. } => Some(*process),
            _ => None,
        }
        .into_iter()
    }

    fn new_main(&mut self, process: ProcessKey, now: Now) {
        self.main = Some((process, now.mono));
        if self.newest_main.replace(process) == Some(process) {
            return; // an older word of it, told late: nothing was started
        }
        self.started = now.mono;
        self.leaving = None;
        self.unproved = false;
        self.config_loaded(Mono(process.start.saturating_mul(CLOCK_TICK.0)), now);
    }

    /// The program read its configuration at the moment `as_of`. What a file held then that was altered since is not
    /// known: the last good one stands.
    fn config_loaded(&mut self, as_of: Mono, now: Now) {
        let read = |path: &String| self.altered.get(path).is_none_or(|altered| altered.when <= as_of);
        let known = self.config.iter().filter(|(path, _)| read(path));
        let unknown = self.good.iter().filter(|(path, _)| !read(path));
        let loaded = known.chain(unknown).map(|(path, version)| (path.clone(), version.clone())).collect();
        self.loaded = loaded;
        if self.loaded_as_of.is_none() && self.loaded != self.config {
            self.unvalidated = Some(now.mono); // an edit of before Muster's time lies in wait
        }
        self.loaded_mono = now.mono;
        self.loaded_as_of = Some(as_of);
        self.good_said = false;
    }

    /// It was told to read its configuration anew. One that is refused most programs leave aside, and go on with what they
    /// have; the validator may say so only later.
    fn told_to_reload(&mut self, as_of: Mono, now: Now) {
        if self.validated.as_ref().is_some_and(|v| !v.ok) {
            return;
        }
        self.config_loaded(as_of, now);
        self.unproved = self.service.validate.is_some();
    }

    /// The validator looked at the configuration as it stands.
    fn validated(&mut self, ok: bool) {
        self.validated = Some(Validated { ok });
        self.unproved = false;
        let refused =
            |(path, version): (&String, &VersionId)| self.good.get(path) != Some(version) && self.loaded.get(path) == Some(version);
        if !ok && self.config.iter().any(refused) {
            self.loaded = self.good.clone(); // what runs has not read what would have ended it
        }
    }

    /// Notes what a file holds since then; returns the moment. What comes to light late may have been so already when the
    /// program last read it.
    fn holds(&mut self, path: &str, version: Option<&VersionId>, when: Mono) -> Mono {
        if let Some(known) = self.altered.get(path)
            && (self.config.get(path) == version || (known.by_muster && when < known.when && known.when.since(when) < TOLD_LATE))
        {
            return known.when; // it is known already, or was overwritten since
        }
        let put = |files: &mut BTreeMap<String, VersionId>| match version {
            Some(version) => drop(files.insert(path.to_owned(), version.clone())),
            None => drop(files.remove(path)),
        };
        put(&mut self.config);
        match self.loaded_as_of {
            Some(read) if when >= read.after(CLOCK_TICK) => {}
            // The kernel counts the start of a program in ticks: it may have read this, or what was there before.
            Some(read) if when > read => match self.good.get(path) {
                Some(good) => drop(self.loaded.insert(path.to_owned(), good.clone())),
                None => drop(self.loaded.remove(path)),
            },
            _ => put(&mut self.loaded),
        }
        self.altered.insert(path.to_owned(), FileAltered { when, by_muster: false });
        when
    }

    fn process_ended(&mut self, seq: Seq, process: ProcessKey, end: End, at: Time, now: Now) {
        self.processes.remove(&process);
        if let Some(ended) = self.ended.as_mut().filter(|e| e.process == process) {
            // A second source may know more.
            if ended.end == End::Unknown {
                ended.end = end;
            }
            ended.at = ended.at.min(at);
            return;
        }
        let is_main = self.main.is_some_and(|(main, _)| main == process);
        if is_main {
            self.work.main_ended(now);
            self.main = None;
            match self.processes.first_key_value().map(|(p, seen)| (*p, *seen)) {
                _ if matches!(self.service.kind, Kind::Unit(_) | Kind::Own) => {}
                // It was started already, and told before the end of the one whose place it takes.
                Some((next, seen)) if seen > self.started => self.new_main(next, Now { mono: seen, ..now }),
                next => self.main = next,
            }
        }
        if is_main || self.main.is_none() {
            let by_word = self.unit.as_ref().filter(|u| u.main.is_none()).and_then(|u| u.ended);
            let end = if end == End::Unknown { by_word.unwrap_or(end) } else { end };
            let by_memory = self.traces.newest().any(|t| matches!(t.what, Touch::MemoryKill { process: p, .. } if p == process));
            let end = if by_memory { End::Memory } else { end };
            self.ended = Some(Ended { process, end, at, mono: now.mono, happened: now.mono.before(late(at, now)), seq });
        }
    }

    fn unit_said(&mut self, unit: &UnitState, as_of: Mono, now: Now) {
        // The service manager waited for its main process, and knows how it ended even where nobody else was quick enough.
        if let (None, Some(end), Some(ended)) = (unit.main, unit.ended, &mut self.ended)
            && ended.end == End::Unknown
        {
            ended.end = end;
        }
        self.leaving = match unit.job.as_deref() {
            Some("stop") => Some(Leaving::Stop),
            Some("restart" | "try-restart") => Some(Leaving::Restart),
            _ => self.leaving.filter(|_| unit.active != "active"),
        };
        self.missing = (unit.load == "not-found").then(|| self.missing.unwrap_or(now.at));
        if !unit.file.is_empty() {
            self.was_enabled |= unit.file == "enabled";
            self.disabled = self.disabled.or(Some(now.mono)).filter(|_| !COMES_UP.contains(&unit.file.as_str()));
        }
        let was_reloading = self.unit.as_ref().is_some_and(|u| u.active == "reloading");
        match unit.main {
            Some(main) if !self.gone.contains(&main) => {
                // Its end was only an older word of the service manager's.
                self.ended = self.ended.filter(|e| e.process != main);
                if self.main.is_none_or(|(old, _)| old != main) {
                    self.new_main(main, now);
                }
            }
            _ => self.main = None,
        }
        if was_reloading && unit.active == "active" {
            self.told_to_reload(as_of, now);
        }
        self.unit = Some(unit.clone());
        self.unit_mono = now.mono;
        self.unit_as_of = as_of;
    }

    fn changed(&mut self, seq: Seq, change: &Change, when: Mono, now: Now) {
        match &change.what {
            Altered::Created { after: None } | Altered::Edited { after: None, .. } | Altered::Enablement { .. } => return,
            Altered::Created { after } | Altered::Edited { after, .. } => drop(self.holds(&change.subject, after.as_ref(), when)),
            Altered::Deleted { .. } => drop(self.holds(&change.subject, None, when)),
            Altered::Permission { .. } => {}
        }
        self.edited(seq, now);
    }

    /// What was found of the configuration is so no longer.
    fn edited(&mut self, seq: Seq, now: Now) {
        self.edited = seq;
        self.unvalidated = Some(now.mono);
        self.validated = None;
        if std::mem::take(&mut self.unproved) {
            self.loaded = self.good.clone(); // nobody will ever say whether it took what it was told to read
        }
    }

    pub(crate) fn examined(&mut self, seq: Seq, examined: &Examined, now: Now) {
        if let (Exam::Validate, Finding::Validated { ok, .. }) = (&examined.exam, &examined.finding) {
            self.validated(*ok);
        }
        if let Finding::Process { state, .. } = &examined.finding
            && !matches!(state, Some('T' | 't'))
        {
            self.seen_running = seq;
        }
        if let Finding::Unit { state: Some(unit) } = &examined.finding {
            self.unit_said(unit, now.mono, now);
        }
        self.work.examined(seq, examined, now);
    }
}

/// How long ago it happened what is told now. By more than [`TOLD_LATE`], the clock was set.
fn late(at: Time, now: Now) -> Length {
    now.at.since(at).min(TOLD_LATE)
}

/// When a file was altered of which is told now. By its own times that may be long ago; what is seen happening and told so
/// late was not: the clock was set in between.
fn altered_at(o: &Observation, now: Now) -> Mono {
    let ago = now.at.since(o.at);
    if ago > TOLD_LATE && o.source != "vault" { now.mono } else { now.mono.before(ago) }
}

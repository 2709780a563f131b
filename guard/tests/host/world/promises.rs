//! The promises of the design, watched over at every event. Each is written so that it reads as one.

use std::collections::BTreeMap;

use muster_model::cause::{Cause, Code};
use muster_model::event::{Body, Command, Decision, Event};
use muster_model::id::{IncidentId, ServiceName, VersionId};
use muster_model::incident::State;
use muster_model::loss::Loss;
use muster_model::observation::{Fact, Observation};
use muster_model::plan::{Done, Leave, Order, Outcome, Step};
use muster_model::roster::{Kind, Recover};
use muster_model::sight::{OWN_NAME, Sight};
use muster_model::time::{Length, Mono, Time};

use super::truth::Deeds;
use super::{HOUR, MINUTE, S, Truth, UnitFile, World};

/// A service that is visibly absent for so long is on record: the service manager may take 100 s to stop, a start 30 s.
const NOTICED_WITHIN: u64 = 150 * S;
/// The incident of a service that has been well for so long is over.
const OVER_WITHIN: u64 = 60 * S;
/// What is only seen less well is told once Muster has been well for a while.
const BLIND_TOLD_WITHIN: u64 = 12 * S;
/// A service that has been well for so long, and told to be so, is not acted upon.
const SETTLED_WITHIN: u64 = 10 * S;
/// A cause that is named with this confidence must be so.
const ACCUSED: f64 = 0.8;
/// The steps of the longest plan: restore, unmask, enable, start, and the restore undone.
const PLAN_STEPS: u64 = 5;
/// The wall clock may be read a little later than the monotonic one.
const SLACK: u64 = S;

/// What the watch keeps in mind.
#[derive(Default)]
pub struct Promises {
    /// The first promise that was broken.
    pub broken: Option<String>,
    /// Until when all acting, and acting on a service, is paused.
    paused_all: Option<Time>,
    paused: BTreeMap<ServiceName, Time>,
    /// A person said yes, and the service is not back yet.
    granted: BTreeMap<ServiceName, bool>,
    acknowledged: BTreeMap<ServiceName, bool>,
    /// A person closed an incident of it while it was lost: so it is meant to be.
    accepted: BTreeMap<ServiceName, bool>,
    /// Incidents opened for each.
    pub opened: BTreeMap<ServiceName, u32>,
    /// Muster's own sensors that do not see, and since when that was told.
    blind: BTreeMap<String, u64>,
    /// How often that was told. What is seen less well may be told before and after what is not seen at all.
    blinded: u32,
    /// Whether an incident of Muster's own is open, and when one was last.
    own_is_open: bool,
    own_open: u64,
    /// Since when all of them see.
    sees_since: u64,
    /// Since when Muster could have noticed.
    pub(super) excused_until: BTreeMap<ServiceName, u64>,
    open: BTreeMap<IncidentId, ServiceName>,
    /// Acting steps begun, by moment since boot, and for which service.
    begun: Vec<(Mono, ServiceName)>,
    /// The last attempt of each incident: its number, and when its last order ended.
    attempts: BTreeMap<IncidentId, (u32, Option<Mono>)>,
    /// Restores that were done and not taken back.
    restored: BTreeMap<IncidentId, u32>,
    pub decisions: u64,
    pub orders: u64,
    pub verdicts: u64,
    /// Incidents whose settled verdict named the true cause first, of those that had one to name.
    pub escalated: u64,
}

impl World {
    pub fn broken(&mut self, promise: String) {
        let at = self.now as f64 / S as f64;
        self.promises.broken.get_or_insert_with(|| format!("at {at:.3} s: {promise}"));
    }

    /// Muster cannot hear anything before it runs again.
    pub(super) fn told_nobody(&mut self) {
        let now = self.now;
        let names: Vec<ServiceName> = self.services.keys().cloned().collect();
        for name in names {
            self.promises.excused_until.insert(name, now);
        }
    }

    /// The machine went down, and the end of the ledger with it: what is on record is what counts.
    pub(super) fn remember_from_ledger(&mut self) {
        let guard = self.replayed();
        let open: Vec<_> = guard.incidents().filter(|i| i.state.is_open()).collect();
        self.promises.open = open.iter().map(|i| (i.id.clone(), i.service.clone())).collect();
        self.promises.restored.clear();
        // Whoever was back by what is no longer on record is not back, and the yes holds.
        let yes = |service: &ServiceName| self.ledger.iter().rposition(|e| recovers(&e.body, service));
        let over = |service: &ServiceName| {
            let of = |id: &IncidentId| guard.incident(id.as_str()).is_some_and(|i| i.service == *service);
            self.ledger.iter().rposition(|e| match &e.body {
                // A yes to a danger is one to the loss that it became.
                Body::Decided(Decision::Became { incident, state, why, .. }) => {
                    !state.is_open() && why.key != "state-became-a-loss" && of(incident)
                }
                Body::Told(told) => matches!(&told.command, Command::Resolve { incident } if of(incident)),
                _ => false,
            })
        };
        let services = open.iter().map(|i| &i.service).filter(|s| yes(s).is_some() && yes(s) > over(s));
        let granted: Vec<_> = services.map(|s| (s.clone(), true)).collect();
        self.promises.granted.extend(granted);
        // And what was accepted is so still, where that it came back is on record no longer.
        let closed = |service: &ServiceName| {
            self.ledger.iter().rposition(|e| match &e.body {
                Body::Told(told) => matches!(&told.command, Command::Resolve { incident }
                    if guard.incident(incident.as_str()).is_some_and(|i| i.service == *service)),
                _ => false,
            })
        };
        let opened = |service: &ServiceName| {
            self.ledger.iter().rposition(|e| matches!(&e.body, Body::Decided(Decision::Opened { service: s, .. }) if s == service))
        };
        let accepted: Vec<_> = self.services.keys().filter(|s| closed(s).is_some() && closed(s) > opened(s).max(yes(s))).cloned().collect();
        self.promises.accepted.extend(accepted.into_iter().map(|s| (s, true)));
        for t in self.services.values_mut() {
            // A stop that was told to nobody does not outlast the boot.
            t.meant_down = t.meant_down.filter(|_| open.iter().any(|i| i.service == t.row.name && i.loss == Loss::Stopped));
        }
    }

    /// What Muster has been told of an operator's stop.
    fn told_of(&mut self, body: &Body) {
        let Body::Observed(o) = body else { return };
        let Some(t) = o.service.as_ref().and_then(|s| self.services.get_mut(s)) else { return };
        match &o.fact {
            Fact::CommandRun { actor } => {
                let stops = actor.command.as_deref().is_some_and(|c| ["stop", "disable", "mask"].iter().any(|w| c.contains(w)));
                if let Some(meant) = t.meant_down.as_mut().filter(|_| stops) {
                    meant.command_told = true;
                }
            }
            Fact::Unit(unit) => {
                if let Some(meant) = t.meant_down.as_mut().filter(|_| matches!(unit.active.as_str(), "inactive" | "failed")) {
                    meant.unit_told = true;
                }
            }
            Fact::SignalSent { signal: super::manager::SIGSTOP, process, .. } => {
                if t.process.as_ref().is_some_and(|p| p.key == *process) {
                    t.stop_signal_told = true;
                    if t.seen_absent() && t.absent_since.is_none() {
                        t.absent_since = Some(self.now);
                    }
                }
            }
            _ => {}
        }
    }

    /// What Muster has been told of its own sensors. A start begins with new ones.
    fn told_of_itself(&mut self, body: &Body) {
        let (p, now) = (&mut self.promises, self.now);
        match body {
            Body::Started(_) => p.blind.clear(),
            Body::Observed(Observation { fact: Fact::Sight(Sight { sensor, blind: Some(_), .. }), .. }) => {
                p.blind.entry(sensor.clone()).or_insert(now);
                p.blinded += 1;
            }
            Body::Observed(Observation { fact: Fact::Sight(Sight { sensor, .. }), .. }) => drop(p.blind.remove(sensor)),
            Body::Observed(Observation { fact: Fact::Rung(rung), .. }) if rung.source == "none" => {
                p.blind.entry(rung.fact.clone()).or_insert(now);
                p.blinded += 1;
            }
            Body::Observed(Observation { fact: Fact::Rung(rung), .. }) => drop(p.blind.remove(&rung.fact)),
            _ => return,
        }
        p.sees_since = now;
    }

    /// An event is in the ledger, and not yet stepped.
    pub(super) fn recorded(&mut self, event: &Event) {
        self.told_of(&event.body);
        self.told_of_itself(&event.body);
        match &event.body {
            Body::Told(told) => self.told(&told.command, event.at),
            Body::Started(_) if self.ledger.iter().rev().nth(1).is_some_and(|e| e.boot != event.boot) => {
                self.promises.begun.clear();
                self.promises.attempts.values_mut().for_each(|(_, ended)| *ended = None);
            }
            Body::Roster { roster } => {
                let gone = |name: &ServiceName| !roster.services.contains_key(name) && name.as_str() != OWN_NAME;
                self.promises.open.retain(|_, s| !gone(s));
                self.promises.granted.retain(|s, _| !gone(s));
                self.promises.accepted.retain(|s, _| !gone(s));
                self.promises.paused.retain(|s, _| !gone(s));
            }
            Body::Done(done) => {
                if let Some(id) = &done.order.incident
                    && let Some((_, ended)) = self.promises.attempts.get_mut(id)
                {
                    *ended = Some(event.mono);
                }
                if let (Step::ConfigRestore { .. }, Outcome::Done, Some(id)) = (&done.order.step, done.outcome, &done.order.incident)
                    && !done.order.undo
                    && !self.edited_since(done)
                {
                    self.promises.restored.insert(id.clone(), done.order.attempt);
                }
            }
            Body::Decided(decision) => {
                self.promises.decisions += 1;
                self.decided(event, decision);
            }
            _ => {}
        }
    }

    fn told(&mut self, command: &Command, at: Time) {
        let p = &mut self.promises;
        let incident_of = |id: &IncidentId| p.open.get(id).cloned();
        match command {
            Command::Pause { service: None, length, .. } => p.paused_all = Some(at.after(*length)),
            Command::Pause { service: Some(s), length, .. } => {
                p.paused.insert(s.clone(), at.after(*length));
            }
            Command::Resume { service: None } => p.paused_all = None,
            Command::Resume { service: Some(s) } => {
                p.paused.remove(s);
            }
            Command::Recover { service } => {
                p.granted.insert(service.clone(), true);
                if p.accepted.remove(service).is_some()
                    && let Some(t) = self.services.get_mut(service)
                {
                    t.losses += 1; // what was accepted is a loss again
                }
            }
            Command::Acknowledge { incident } => {
                if let Some(s) = incident_of(incident) {
                    p.acknowledged.insert(s, true);
                }
            }
            Command::Resolve { incident } => {
                if let Some(s) = incident_of(incident) {
                    p.open.remove(incident);
                    p.granted.remove(&s);
                    p.accepted.insert(s, true);
                }
            }
            Command::Note { .. } | Command::Assign { .. } | Command::Restore { .. } | Command::Admit { .. } | Command::Dismiss { .. } => {}
        }
    }

    fn decided(&mut self, event: &Event, decision: &Decision) {
        match decision {
            Decision::Opened { service, loss, lost_at, detected_at } => {
                let (losses, deeds) = self.services.get(service).map_or((0, Deeds::default()), |t| (t.losses, t.deeds));
                let opened = self.promises.opened.entry(service.clone()).or_default();
                match loss {
                    // A danger may come and go with the losses in between.
                    Loss::CannotRestart if !deeds.broke_config && !deeds.deleted_config => {
                        self.broken(format!("no incident without a loss: nobody ever broke the configuration of {service}"));
                    }
                    Loss::UnitDisabled if !deeds.disabled => {
                        self.broken(format!("no incident without a loss: nobody ever disabled {service}"));
                    }
                    Loss::Slow if service.as_str() == OWN_NAME => *opened += 1,
                    Loss::Slow | Loss::TlsExpired if !deeds.endangered => {
                        self.broken(format!("no incident without a loss: {service} was never {loss}"));
                    }
                    Loss::CannotRestart | Loss::UnitDisabled | Loss::Slow | Loss::TlsExpired => {}
                    _ => *opened += 1,
                }
                let opened = self.promises.opened.get(service).copied().unwrap_or(0);
                let losses = if service.as_str() == OWN_NAME { 2 * self.promises.blinded } else { losses };
                if opened > losses {
                    self.broken(format!(
                        "no incident without a loss: {service} was lost {losses} times, this is incident {opened} ({loss})"
                    ));
                }
                if lost_at > detected_at {
                    self.broken(format!("a loss is not noticed before it happens: {lost_at} > {detected_at}"));
                }
                if self.promises.open.values().any(|s| s == service) {
                    self.broken(format!("one loss is one incident: {service} has one open"));
                }
                self.promises.open.insert(IncidentId::from(format!("i{}", event.seq)), service.clone());
                self.promises.acknowledged.remove(service);
            }
            Decision::Verdict { incident, causes, settled } => {
                self.promises.verdicts += 1;
                self.promise_verdict(incident, causes, *settled);
            }
            Decision::Planned { incident, plan } => {
                if plan.leave != Leave::Granted {
                    self.promises.restored.remove(incident); // somebody stepped in: Muster leaves all as it is
                }
                let before = self.promises.attempts.insert(incident.clone(), (plan.attempt, None));
                if let Some((n, Some(ended))) = before
                    && plan.attempt == n + 1
                    && plan.leave == Leave::Granted
                    && !self.is_granted(incident)
                    && self.promises.restored.get(incident).is_none_or(|a| *a != n)
                {
                    let least = Length((S << (n - 1).min(16)).min(300 * S));
                    if event.mono.since(ended) < least {
                        self.broken(format!(
                            "backoff grows: attempt {} came {} after the one before ended",
                            n + 1,
                            event.mono.since(ended)
                        ));
                    }
                }
                if plan.leave == Leave::Granted && self.promises.restored.get(incident).is_some_and(|a| *a < plan.attempt) {
                    self.broken(format!(
                        "what did not help is taken back: {incident} plans attempt {} over a restored configuration",
                        plan.attempt
                    ));
                }
            }
            Decision::Begun(order) => self.promise_begun(event, order),
            // A yes to a danger is one to the loss that it became.
            Decision::Became { incident, why, .. } if why.key == "state-became-a-loss" => {
                self.promises.open.remove(incident);
            }
            Decision::Became { incident, state, at, .. } => match state {
                State::Recovered | State::Closed => {
                    let Some(service) = self.promises.open.remove(incident) else { return };
                    self.promises.granted.remove(&service);
                    self.promises.restored.remove(incident);
                    let lost_at = self.muster.as_ref().and_then(|m| m.guard.incident(incident.as_str())).map(|i| i.lost_at);
                    if *state == State::Recovered && lost_at.is_some_and(|l| l > *at) {
                        self.broken(format!("nothing is back before it was lost: {lost_at:?} > {at}"));
                    }
                }
                State::Open => {
                    let service = self.muster.as_ref().and_then(|m| m.guard.incident(incident.as_str())).map(|i| i.service.clone());
                    if let Some(service) = service {
                        self.promises.open.insert(incident.clone(), service);
                    }
                }
                State::Escalated => self.promises.escalated += 1,
                State::Recovering => {}
            },
            Decision::Good { service, files } => self.promise_good(service, files),
            Decision::Refined { .. } | Decision::Asked { .. } | Decision::Confirmed { .. } => {}
        }
    }

    /// Whether somebody has written what Muster put back, before it heard that it was done.
    fn edited_since(&self, done: &Done) -> bool {
        let Step::ConfigRestore { files } = &done.order.step else { return false };
        let disk = self.services.get(&done.order.service).map(|t| &t.disk);
        files.iter().any(|(_, version)| disk != Some(&Some(version.clone())))
    }

    /// What is called the last good configuration is one with which the service was well, or would be. Without a validator
    /// nobody can say whether a program took what it was told to read; and when a file was altered is told by the clock.
    fn promise_good(&mut self, service: &ServiceName, files: &[(String, VersionId)]) {
        let Some(t) = self.services.get(service).filter(|t| t.row.validate.is_some()) else { return };
        let never_well = |version: &VersionId| !version.as_str().starts_with("good") && !t.well_with.contains(version);
        if self.skew == 0
            && let Some((path, version)) = files.iter().find(|(_, version)| never_well(version))
        {
            self.broken(format!("last good is what it was well with: {path} of {service} is {version}"));
        }
    }

    fn is_granted(&self, incident: &IncidentId) -> bool {
        self.promises.open.get(incident).is_some_and(|s| self.promises.granted.contains_key(s))
    }

    fn promise_verdict(&mut self, incident: &IncidentId, causes: &[Cause], settled: bool) {
        if causes.is_empty() {
            return self.broken("a verdict names at least `unknown`".to_owned());
        }
        let sum: f64 = causes.iter().map(|c| c.confidence).sum();
        if sum > 1.001 || causes.iter().any(|c| !(0.0..=1.0).contains(&c.confidence)) {
            self.broken(format!("confidences are probabilities: {sum}"));
        }
        let Some(t) = self.promises.open.get(incident).and_then(|s| self.services.get(s)) else { return };
        let me = self.muster_pid();
        let d = t.deeds;
        let false_charge = causes.iter().filter(|c| settled && c.confidence >= ACCUSED).find(|c| match c.code {
            Code::OperatorKilled => !d.signalled,
            Code::OperatorStopped => !d.stopped,
            Code::OperatorDisabled => !d.disabled,
            Code::ConfigInvalid => !d.broke_config,
            Code::ConfigMissing => !d.deleted_config,
            Code::ConfigChanged => !d.altered_config,
            Code::NetworkPortTaken => !d.took_port,
            Code::ResourceMemory => !d.memory,
            _ => false,
        });
        let me_accused = causes.iter().any(|c| c.confidence >= 0.5 && c.actor.as_ref().is_some_and(|a| a.descends_from(me)));
        if let Some(code) = false_charge.map(|c| c.code) {
            self.broken(format!("no wrong accusation: {incident} has {code}, and nobody did that"));
        } else if me_accused {
            self.broken(format!("Muster does not mistake its own hand for a person's: {incident}"));
        }
    }

    /// A step is about to be run.
    fn promise_begun(&mut self, event: &Event, order: &Order) {
        if let (Step::ConfigRestore { .. }, true, Some(id)) = (&order.step, order.undo, &order.incident) {
            self.promises.restored.remove(id);
        }
        if !order.step.acts() {
            return;
        }
        let name = &order.service;
        let p = &self.promises;
        if p.paused_all.is_some_and(|until| until > event.at) {
            return self.broken(format!("no acting under the global pause: {} of {name}", order.step.code()));
        }
        if p.paused.get(name).is_some_and(|until| *until > event.at) {
            return self.broken(format!("no acting on a paused service: {} of {name}", order.step.code()));
        }
        if order.incident.is_none() {
            return; // a `run` service that was never there is brought up: that is what `run` means
        }
        let Some(t) = self.services.get(name) else { return };
        let granted = p.granted.contains_key(name);
        let wrong = if granted {
            None
        } else if t.row.recover == Recover::Never {
            Some("recover = never means never")
        } else if t.row.recover == Recover::Ask {
            Some("recover = ask waits for a person's yes")
        } else if let Kind::Process(_) = t.row.kind {
            Some("what Muster only watches it does not act upon")
        } else if t
            .meant_down
            .is_some_and(|m| m.command_told && m.unit_told && (p.acknowledged.contains_key(name) || !restore_is_due(t, self.now, m.since)))
        {
            Some("Muster never fights a person")
        } else {
            None
        };
        let loss = self.muster.as_ref().and_then(|m| m.guard.incident(order.incident.as_ref()?.as_str())).map(|i| i.loss);
        let well = t
            .well_since
            .is_some_and(|since| self.now.saturating_sub(since.max(self.excused(name))) > SETTLED_WITHIN + 2 * super::sensors::LATE_MAX);
        let danger = matches!(loss, Some(Loss::CannotRestart | Loss::UnitDisabled | Loss::Slow | Loss::TlsExpired));
        let cut = loss == Some(Loss::Unreachable);
        let wrong = wrong.or((well && !danger && !order.undo).then_some("what is well is left alone"));
        let wrong = wrong.or((danger && !granted).then_some("what still does its work is altered with a person's yes"));
        let wrong = wrong.or(cut.then_some("what is well and cut off is left alone"));
        if let Some(wrong) = wrong {
            return self.broken(format!("{wrong}: {:?} of {name}", order.step));
        }
        let recent = || self.promises.begun.iter().filter(|(t, _)| event.mono.since(*t) < Length(HOUR));
        let (all, most) = (recent().count(), self.limits.steps_an_hour as usize);
        if all >= most && !granted {
            self.broken(format!("at most {most} steps an hour"));
        } else if recent().filter(|(_, of)| of == name).count() >= most.div_ceil(2) && !granted {
            self.broken(format!("at most half of {most} steps an hour for one service: {name}"));
        }
        self.promises.begun.push((event.mono, name.clone()));
    }

    fn excused(&self, name: &ServiceName) -> u64 {
        self.promises.excused_until.get(name).copied().unwrap_or(0)
    }

    /// Orders are about to leave the loop.
    pub(super) fn promise_orders(&mut self, event: &Event, orders: &[Order]) {
        for order in orders {
            self.promises.orders += 1;
            if event.body != Body::Decided(Decision::Begun(order.clone())) || self.ledger.last() != Some(event) {
                return self.broken(format!("written before done: {order:?} has no decision on record"));
            }
            let Some(muster) = self.muster.as_ref().filter(|_| order.step.acts()) else { continue };
            if muster.outstanding.contains_key(&order.service) {
                return self.broken(format!("one acting order at a time for a service: {order:?}"));
            }
            let others = muster.outstanding.values().filter(|o| o.incident.is_some()).count();
            if order.incident.is_some() && others >= self.limits.at_once as usize {
                return self.broken(format!("at most {} services are worked on at once", self.limits.at_once));
            }
        }
    }

    /// Takes down with which configurations services are well, as far as anybody can see.
    pub(super) fn well_with_what(&mut self) {
        for t in self.services.values_mut().filter(|t| !t.seen_absent()) {
            t.well_with.extend(t.process.as_ref().filter(|p| p.ready).and_then(|p| p.loaded.clone()));
        }
    }

    /// After everything that happens.
    pub(super) fn watch_over(&mut self) {
        let now = self.now;
        let wall = self.wall();
        let all_paused = self.promises.paused_all.is_some_and(|until| until > wall);
        let open = self.promises.open.values().any(|s| s.as_str() == OWN_NAME);
        if std::mem::replace(&mut self.promises.own_is_open, open) || open {
            self.promises.own_open = now;
        }
        let Some(muster) = &self.muster else { return };
        let mut wrong = None;
        let told = self.promises.own_open;
        if let Some((sensor, since)) = self.promises.blind.iter().find(|(_, since)| now - told.max(**since) > BLIND_TOLD_WITHIN) {
            wrong = Some(format!("Muster is honest about what it does not see: {sensor} is blind for {} s", (now - since) / S));
        } else if open && self.promises.blind.is_empty() && now - self.promises.sees_since > OVER_WITHIN {
            wrong = Some("what is over is over: Muster sees all, and its incident is open".to_owned());
        }
        for t in self.services.values().filter(|t| t.listed) {
            let name = &t.row.name;
            let paused = self.promises.paused.get(name).is_some_and(|until| *until > wall);
            let accepted = self.promises.accepted.contains_key(name);
            let open = self.promises.open.values().any(|s| s == name);
            let busy = muster.outstanding.contains_key(name);
            if paused
                || accepted
                || busy
                || (open && t.absent_since.is_some())
                || (all_paused && matches!(t.row.kind, Kind::Run(_)))
                || (t.absent_since.is_none() && t.well_since.is_none())
            {
                self.promises.excused_until.insert(name.clone(), now);
                if accepted && t.well_since.is_some_and(|w| now - w > OVER_WITHIN) {
                    self.promises.accepted.remove(name);
                }
                continue;
            }
            let since = self.promises.excused_until.get(name).copied().unwrap_or(0);
            if let Some(absent) = t.absent_since
                && !open
                && now - since.max(absent) > NOTICED_WITHIN
            {
                wrong = Some(format!("every loss that lasts is on record: {name} has been absent for {} s", (now - absent) / S));
            }
            let danger = !t.validates() || !t.way.is_empty() || (t.is_unit() && t.unit.file != UnitFile::Enabled);
            if let Some(well) = t.well_since
                && open
                && !danger
                && now - since.max(well) > OVER_WITHIN
            {
                wrong = Some(format!(
                    "what is over is over: {name} has been well for {} s, is {} at boot, and its incident is open",
                    (now - well) / S,
                    t.unit.file.word()
                ));
            }
            if !open && t.well_since.is_some_and(|w| now - since.max(w) > OVER_WITHIN) {
                self.promises.granted.remove(name);
            }
        }
        if let Some(wrong) = wrong {
            self.broken(wrong);
        }
    }

    /// A guard that has only the ledger knows what the living one knows.
    pub fn promise_replay(&mut self) {
        let Some(muster) = &self.muster else { return };
        let (live, replayed) = (fold_of(&muster.guard), fold_of(&self.replayed()));
        if live != replayed {
            let at = live.bytes().zip(replayed.bytes()).position(|(a, b)| a != b).unwrap_or(0).saturating_sub(200);
            let part = |s: &str| s.get(at..(at + 400).min(s.len())).unwrap_or("").to_owned();
            self.broken(format!("a replay gives the same state:\nlive     …{}…\nreplayed …{}…", part(&live), part(&replayed)));
        }
    }

    /// How long it may take until everything is back that Muster may bring back: an hour's steps may be used up, so may those
    /// of the next by what comes first, one service gets half of them, and the longest backoff is five minutes.
    pub fn quiet_time(&self) -> u64 {
        let steps = self.services.len() as u64 * PLAN_STEPS;
        HOUR * steps.div_ceil(u64::from(self.limits.steps_an_hour).div_ceil(2)) + 20 * MINUTE
    }

    /// At the end of a quiet time: what Muster may bring back is back, and nothing that is over is open.
    pub fn promise_quiet(&mut self) {
        let lacking: Vec<String> = self
            .services
            .values()
            .filter(|t| t.listed && self.lacks(t))
            .map(|t| {
                let incident = self.muster.as_ref().and_then(|m| m.guard.incident_of(t.row.name.as_str()));
                let plan = incident.and_then(|i| i.plan.as_ref());
                format!("{} (works: {}, incident: {:?}, plan: {plan:?})", t.row.name, t.works(), incident.map(|i| (&i.id, i.state, i.loss)))
            })
            .collect();
        if !lacking.is_empty() {
            self.broken(format!("attempts never end: after the quiet time {}", lacking.join(", ")));
        }
    }

    /// Whether a service is not there, or is on record as lost.
    pub fn lacks(&self, t: &Truth) -> bool {
        t.seen_absent() || self.promises.open.values().any(|s| *s == t.row.name)
    }

    /// Whether Muster believes that it is meant to be down, by what people did before.
    fn left_alone(&self, t: &Truth) -> bool {
        let incident = self.muster.as_ref().and_then(|m| m.guard.incident_of(t.row.name.as_str()));
        (t.deeds.stopped || t.deeds.disabled) && incident.and_then(|i| i.plan.as_ref()).is_some_and(|p| p.leave == Leave::Withheld)
    }

    /// Whether Muster may bring it back without a word from a person.
    pub fn is_musters(&self, t: &Truth) -> bool {
        t.row.recover == Recover::Auto
            && !matches!(t.row.kind, Kind::Process(_))
            && t.meant_down.is_none()
            && !self.left_alone(t)
            && !self.promises.accepted.contains_key(&t.row.name)
            && (!t.is_unit() || t.unit.file == UnitFile::Enabled)
    }
}

/// The state that is a fold over events: all but the agenda, which is what the guard has yet to look at.
fn fold_of(guard: &muster_guard::host::Guard) -> String {
    let text = format!("{guard:?}");
    text.rsplit_once(", agenda: ").map_or(text.clone(), |(fold, _)| fold.to_owned())
}

impl Promises {
    /// What a person has written is not to be taken back.
    pub fn edited_by_hand(&mut self, service: &ServiceName) {
        let open = &self.open;
        self.restored.retain(|id, _| open.get(id) != Some(service));
    }
}

fn recovers(body: &Body, name: &ServiceName) -> bool {
    matches!(body, Body::Told(told) if matches!(&told.command, Command::Recover { service } if service == name))
}

fn restore_is_due(t: &Truth, now: u64, stopped: u64) -> bool {
    t.row.restore_after.is_some_and(|after| now + SLACK - stopped >= after.0)
}

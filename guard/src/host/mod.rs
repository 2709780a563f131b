//! The guard of one host: roster → health → diagnosis → plan.
//!
//! [`Guard::apply`] is the fold: the state is what the events so far make of it, decisions among them. [`Guard::step`]
//! folds an event in and then *reconciles* the services it touches: it compares what is with what should be and says
//! which decisions follow. Reconciling alters nothing. A decision takes effect when it comes back as an event, so that
//! whatever is done stands in the ledger first (promise 3), and a restart between any two events loses nothing: the
//! same comparison leads to the same decision again.

mod agenda;
mod bring_back;
mod diagnose;
mod incident;
mod judge;
mod lines;
mod observe;
mod plan;
mod presence;
mod reconcile;
mod sight;
mod traces;
mod watched;
mod work;

use std::collections::{BTreeMap, VecDeque};

use muster_model::event::{Body, Command, Decision, Event};
use muster_model::exam::Exam;
use muster_model::id::{BootId, IncidentId, ProcessKey, ServiceName, VersionId};
use muster_model::incident::{Incident, State};
use muster_model::observation::{Fact, Rung};
use muster_model::plan::{Order, Plan};
use muster_model::request::BlindSpot;
use muster_model::roster::{Kind, Limits, Roster, Service};
use muster_model::sight::OWN_NAME;
use muster_model::text::Text;
use muster_model::time::{Length, Mono, Time};

use agenda::Agenda;
use diagnose::Situation;
use presence::only_degrades;
pub use watched::{Pause, Watched};
use work::{Ground, mends};

/// At most so many closed incidents are kept in memory; the ledger has them all.
const INCIDENTS_MAX: usize = 1_000;

/// The time for which acting steps are counted.
const HOUR: Length = Length::seconds(3600);
/// At most so many of Muster's own earlier process ids are remembered.
const OWN_MAX: usize = 8;

/// What follows from an event.
#[must_use]
#[derive(Debug, Default, PartialEq)]
pub struct Effects {
    /// What follows for a service: to be appended to the ledger and stepped before anything else is.
    pub decided: Option<(ServiceName, Decision)>,
    /// To be run. They are the effect of a decision that is already durable.
    pub orders: Vec<Order>,
    /// To be examined; each answer comes back as an event.
    pub exams: Vec<(ServiceName, Exam)>,
    /// Processes whose end and signals are to be watched from here on.
    pub watch: Vec<(ServiceName, ProcessKey)>,
    /// This service has another main process than before: its ports and probes are to be told anew.
    pub ask: Option<ServiceName>,
    /// The roster changed: every sensor is to be told anew what to look at.
    pub roster: bool,
}

/// The guard's state.
#[derive(Debug, Default)]
pub struct Guard {
    services: BTreeMap<ServiceName, Watched>,
    incidents: BTreeMap<IncidentId, Incident>,
    /// In the order in which they were opened.
    order: VecDeque<IncidentId>,
    limits: Limits,
    pause: Option<Pause>,
    boot: Option<BootId>,
    /// Muster's own process ids in this boot, newest last: what it does is nobody else's hand.
    own: VecDeque<i32>,
    /// What is still being run for services that have left the roster.
    leftover: BTreeMap<ServiceName, Order>,
    /// Acting steps that were begun within the last hour, and for which service.
    begun: VecDeque<(Mono, ServiceName)>,
    rungs: BTreeMap<String, Rung>,
    now: Now,
    /// Which services are to be looked at; derived, not part of the fold.
    agenda: Agenda,
}

/// The moment of the event in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Now {
    pub(crate) at: Time,
    pub(crate) mono: Mono,
}

impl Guard {
    /// A guard that has seen nothing.
    pub fn new() -> Guard {
        Guard { services: BTreeMap::from([sight::own()]), ..Guard::default() }
    }

    /// Folds an event in. A replay of the ledger is this, event by event.
    pub fn apply(&mut self, event: &Event) {
        self.now = Now { at: event.at, mono: event.mono };
        let now = self.now;
        match &event.body {
            Body::Started(started) => {
                let rebooted = self.boot.as_ref().is_some_and(|b| *b != event.boot);
                self.boot = Some(event.boot.clone());
                self.rungs = started.rungs.iter().map(|r| (r.fact.clone(), r.clone())).collect();
                if rebooted {
                    self.begun.clear();
                    self.own.clear();
                }
                if self.own.len() == OWN_MAX {
                    self.own.pop_front();
                }
                self.own.push_back(started.pid);
                self.leftover.clear();
                for watched in self.services.values_mut() {
                    let incident = watched.incident.as_ref().and_then(|id| self.incidents.get(id));
                    let lost = incident.is_some_and(|i| i.state.is_open() && !only_degrades(i.loss));
                    watched.muster_started(now, rebooted.then_some(started.booted_at), lost);
                }
                for incident in self.incidents.values_mut() {
                    incident::interrupted(incident);
                }
            }
            Body::Roster { roster } => {
                self.limits = roster.limits.clone();
                let gone = |name: &ServiceName| !roster.services.contains_key(name) && name.as_str() != OWN_NAME;
                let running = |(name, watched): (&ServiceName, &Watched)| Some((name.clone(), watched.work.running()?.clone()));
                self.leftover.extend(self.services.iter().filter(|(name, _)| gone(name)).filter_map(running));
                self.services.retain(|name, _| !gone(name));
                for incident in self.incidents.values_mut().filter(|i| i.state.is_open() && gone(&i.service)) {
                    incident::became(incident, State::Closed, now.at, &Text::new("state-left-roster"), now.at);
                }
                for (name, service) in roster.services.iter().filter(|(name, _)| name.as_str() != OWN_NAME) {
                    match self.services.get_mut(name) {
                        Some(watched) => watched.set_service(service.clone()),
                        None => {
                            let mut watched = Watched::new(service.clone(), now);
                            // It was away for a moment: what was begun for it before is not over yet.
                            watched.work.goes_on_with(self.leftover.remove(name));
                            self.services.insert(name.clone(), watched);
                        }
                    }
                }
            }
            Body::Observed(observation) => {
                if let Fact::Rung(rung) = &observation.fact {
                    let before = self.rungs.insert(rung.fact.clone(), rung.clone());
                    if let Some(own) = self.services.get_mut(OWN_NAME) {
                        own.sights.rung(event.seq, before.as_ref(), rung, observation.at, now);
                    }
                }
                if let Some(watched) = observation.service.as_ref().and_then(|s| self.services.get_mut(s)) {
                    watched.observe(event.seq, observation, now);
                }
            }
            Body::Examined(examined) => {
                if let Some(watched) = self.services.get_mut(&examined.service) {
                    watched.examined(event.seq, examined, now);
                }
            }
            Body::Done(done) => {
                if self.leftover.get(&done.order.service) == Some(&done.order) {
                    self.leftover.remove(&done.order.service);
                }
                if let Some(watched) = self.services.get_mut(&done.order.service) {
                    watched.work.done(done, now);
                    watched.written(done, now);
                }
                if let Some(incident) = done.order.incident.as_ref().and_then(|id| self.incidents.get_mut(id)) {
                    incident::done(incident, done);
                }
            }
            Body::Told(told) => self.told(&told.by.person(), &told.command),
            Body::Decided(decision) => self.decided(event, decision),
            Body::Ended { services, .. } => {
                for watched in self.services.values_mut().filter(|_| *services) {
                    watched.ended_with_muster();
                }
            }
            Body::RosterRefused { .. } | Body::Timer | Body::Trouble { .. } => {}
        }
        for name in self.touched(event) {
            if let Some(watched) = self.services.get_mut(&name) {
                let presence = watched.presence(now, &self.limits);
                watched.refresh(&presence, now);
            }
        }
    }

    fn told(&mut self, by: &str, command: &Command) {
        let now = self.now;
        match command {
            Command::Recover { service } => {
                if let Some(watched) = self.services.get_mut(service) {
                    watched.work.grant();
                    watched.accepted = None;
                }
            }
            Command::Pause { service, length, reason } => {
                let pause = Some(Pause { until: now.at.after(*length), reason: reason.clone(), by: by.to_owned() });
                match service {
                    None => self.pause = pause,
                    Some(service) => {
                        if let Some(watched) = self.services.get_mut(service) {
                            watched.pause = pause;
                        }
                    }
                }
            }
            Command::Resume { service: None } => self.pause = None,
            Command::Resume { service: Some(service) } => {
                if let Some(watched) = self.services.get_mut(service) {
                    watched.pause = None;
                }
            }
            Command::Acknowledge { incident } | Command::Note { incident, .. } | Command::Assign { incident, .. } => {
                if let Some(incident) = self.incidents.get_mut(incident) {
                    incident::told(incident, by, command, now.at);
                }
            }
            Command::Resolve { incident } => {
                if let Some(incident) = self.incidents.get_mut(incident) {
                    incident::told(incident, by, command, now.at);
                    if let Some(watched) = self.services.get_mut(&incident.service) {
                        watched.accept(incident);
                    }
                }
            }
            // Who may tell it something is the agent's affair, and a file that was put back shows as a change.
            Command::Restore { .. } | Command::Admit { .. } | Command::Dismiss { .. } => {}
        }
    }

    fn decided(&mut self, event: &Event, decision: &Decision) {
        let now = self.now;
        match decision {
            Decision::Opened { service, .. } => {
                let id = IncidentId::from(format!("i{}", event.seq));
                if let Some(watched) = self.services.get_mut(service) {
                    watched.opened(id.clone(), event.seq, now);
                }
                self.incidents.insert(id.clone(), incident::open(id.clone(), event, decision));
                self.order.push_back(id);
                self.forget_old_incidents();
            }
            Decision::Refined { incident, loss } => {
                if let Some(incident) = self.incidents.get_mut(incident) {
                    incident.loss = *loss;
                    if let Some(watched) = self.services.get_mut(&incident.service) {
                        watched.work.refined(now);
                    }
                }
            }
            Decision::Asked { service, exams, incident } => {
                if let Some(watched) = self.services.get_mut(service) {
                    watched.asked(incident.is_some(), exams, now);
                }
            }
            Decision::Verdict { incident, causes, settled } => {
                if let Some(incident) = self.incidents.get_mut(incident) {
                    incident::verdict(incident, causes, *settled, now.at);
                    if let Some(watched) = self.services.get_mut(&incident.service) {
                        watched.work.judged(*settled);
                    }
                }
            }
            Decision::Planned { incident, plan } => {
                let Some(incident) = self.incidents.get_mut(incident) else { return };
                incident::planned(incident, plan);
                let Some(watched) = self.services.get_mut(&incident.service) else { return };
                let ground = Ground::of(&Situation { watched, incident, now, rungs: &self.rungs, own: &self.own });
                watched.work.planned(plan.clone(), ground);
            }
            Decision::Begun(order) => {
                if let Some(watched) = self.services.get_mut(&order.service) {
                    watched.work.begun(order.clone(), now);
                }
                if let Some(incident) = order.incident.as_ref().and_then(|id| self.incidents.get_mut(id)) {
                    incident::begun(incident, order, now.at);
                }
                if order.step.acts() && order.incident.is_some() {
                    while self.begun.front().is_some_and(|(t, _)| now.mono.since(*t) > HOUR) {
                        self.begun.pop_front();
                    }
                    self.begun.push_back((now.mono, order.service.clone()));
                }
            }
            Decision::Confirmed { incident, code } => {
                if let Some(incident) = self.incidents.get_mut(incident) {
                    incident.causes.iter_mut().filter(|c| c.code == *code).for_each(|c| c.confirmed = true);
                }
            }
            Decision::Became { incident, state, at, why } => {
                if let Some(incident) = self.incidents.get_mut(incident) {
                    incident::became(incident, *state, *at, why, now.at);
                    if let Some(watched) = self.services.get_mut(&incident.service) {
                        watched.became(*state, now);
                    }
                }
            }
            Decision::Good { service, files } => {
                if let Some(watched) = self.services.get_mut(service) {
                    watched.good = files.iter().cloned().collect();
                    watched.good_said = true;
                    watched.learn_ports();
                }
            }
        }
    }

    fn forget_old_incidents(&mut self) {
        while self.order.len() > INCIDENTS_MAX {
            let Some(id) = self.order.iter().find(|id| self.incidents.get(*id).is_none_or(|i| !i.state.is_open())).cloned() else { return };
            self.order.retain(|o| *o != id);
            self.incidents.remove(&id);
        }
    }

    /// Folds an event in and says what follows.
    pub fn step(&mut self, event: &Event) -> Effects {
        let before = self.main_of(event);
        self.apply(event);
        let new = self.main_of(event).filter(|main| before.as_ref() != Some(main));
        let mut effects = Effects { ask: new.as_ref().map(|(service, _)| service.clone()), ..Effects::default() };
        match &event.body {
            Body::Decided(Decision::Begun(order)) => effects.orders.push(order.clone()),
            Body::Decided(Decision::Asked { service, exams, .. }) => {
                effects.exams.extend(exams.iter().map(|e| (service.clone(), e.clone())))
            }
            Body::Roster { .. } => effects.roster = true,
            Body::Observed(o) => {
                if let Some(watched) = o.service.as_ref().and_then(|s| self.services.get(s)) {
                    effects.watch.extend(watched.to_watch(&o.fact).map(|p| (watched.service.name.clone(), p)));
                }
            }
            // A main process of which no sensor told.
            Body::Examined(_) => effects.watch.extend(new),
            _ => {}
        }
        self.touched(event).into_iter().for_each(|name| self.agenda.touch(name));
        if let Body::Started(_) = event.body {
            // The roster may be another than before: nothing is decided until it had its chance to say so.
            return effects;
        }
        self.agenda.due(self.now.mono);
        // One decision at a time, since each may alter what follows for the others: the rest is looked at when it
        // has come back.
        while let Some(name) = self.agenda.first() {
            let (decision, again) = self.reconcile(&name);
            if let Some(decision) = decision {
                effects.decided = Some((name, decision));
                break;
            }
            self.agenda.looked(&name, again);
        }
        effects
    }

    /// Leaves a service aside until then, whatever is to be decided for it. For the owner, who sees the guard go in a circle.
    pub fn put_off(&mut self, name: &ServiceName, until: Mono) {
        self.agenda.looked(name, Some(until));
    }

    /// The main process of the service that something was seen of.
    fn main_of(&self, event: &Event) -> Option<(ServiceName, ProcessKey)> {
        let service = match &event.body {
            Body::Observed(o) => o.service.as_ref()?,
            Body::Examined(e) => &e.service,
            _ => return None,
        };
        let (main, _) = self.services.get(service)?.main?;
        Some((service.clone(), main))
    }

    /// The services that an event may concern.
    fn touched(&self, event: &Event) -> Vec<ServiceName> {
        let of = |id: &IncidentId| self.incidents.get(id).map(|i| i.service.clone()).into_iter().collect::<Vec<_>>();
        match &event.body {
            Body::Started(_) | Body::Roster { .. } => self.services.keys().cloned().collect(),
            Body::Observed(o) if matches!(o.fact, Fact::Rung(_)) => vec![ServiceName::from(OWN_NAME)],
            Body::Observed(o) => o.service.iter().cloned().collect(),
            Body::Examined(e) => vec![e.service.clone()],
            Body::Done(d) => {
                // There is one place again, for that which matters most of those that may wait for it.
                let waits = |w: &&Watched| mends(&d.order) && w.work.may_go_on();
                let next = self.services.values().filter(waits).min_by_key(|w| w.service.tier);
                next.map(|w| w.service.name.clone()).into_iter().chain([d.order.service.clone()]).collect()
            }
            Body::Told(t) => match &t.command {
                Command::Recover { service }
                | Command::Pause { service: Some(service), .. }
                | Command::Resume { service: Some(service) } => vec![service.clone()],
                Command::Pause { service: None, .. } | Command::Resume { service: None } => self.services.keys().cloned().collect(),
                Command::Acknowledge { incident }
                | Command::Note { incident, .. }
                | Command::Assign { incident, .. }
                | Command::Resolve { incident } => of(incident),
                Command::Restore { .. } | Command::Admit { .. } | Command::Dismiss { .. } => Vec::new(),
            },
            Body::Decided(d) => match d {
                Decision::Opened { service, .. } | Decision::Asked { service, .. } | Decision::Good { service, .. } => {
                    vec![service.clone()]
                }
                Decision::Begun(order) => vec![order.service.clone()],
                Decision::Became { incident, state: State::Recovered, .. } => {
                    // Those that wait for it may go on now.
                    let back = of(incident);
                    let waiting = self.services.values().filter(|w| back.iter().any(|b| w.service.depends.contains(b)));
                    back.iter().cloned().chain(waiting.map(|w| w.service.name.clone())).collect()
                }
                Decision::Refined { incident, .. }
                | Decision::Verdict { incident, .. }
                | Decision::Planned { incident, .. }
                | Decision::Confirmed { incident, .. }
                | Decision::Became { incident, .. } => of(incident),
            },
            Body::Timer | Body::Ended { .. } | Body::RosterRefused { .. } | Body::Trouble { .. } => Vec::new(),
        }
    }

    /// When the guard next wants to be woken with [`Body::Timer`].
    pub fn wake(&self) -> Option<Mono> {
        self.agenda.wake()
    }

    /// The services of the roster in force.
    pub fn services(&self) -> impl Iterator<Item = &Watched> {
        self.services.values().filter(|w| w.service.kind != Kind::Own)
    }

    /// What Muster cannot see just now though it should.
    pub fn blind(&self) -> Vec<BlindSpot> {
        self.services.get(OWN_NAME).map(|own| own.sights.blind()).unwrap_or_default()
    }

    /// One service; [`OWN_NAME`] is Muster itself.
    pub fn service(&self, name: &str) -> Option<&Watched> {
        self.services.get(name)
    }

    /// The roster in force.
    pub fn roster(&self) -> Roster {
        let services = self.services().map(|w| (w.service.name.clone(), w.service.clone())).collect();
        Roster { services, limits: self.limits.clone() }
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What would be done for a service that is lost, if a person said yes now.
    pub fn would_do(&self, service: &str) -> Option<Plan> {
        let watched = self.services.get(service)?;
        let incident = watched.incident.as_ref().and_then(|id| self.incidents.get(id)).filter(|i| i.state.is_open())?;
        let situation = Situation { watched, incident, now: self.now, rungs: &self.rungs, own: &self.own };
        Some(plan::choose(&situation, watched.work.attempts + 1, true, bring_back::MANAGER_SLACK))
    }

    /// The version of a file with which its service was last well for a while.
    pub fn last_good(&self, path: &str) -> Option<&VersionId> {
        self.services.values().find_map(|w| w.good.get(path))
    }

    /// What a step overwrote, for taking it back.
    pub fn replaced(&self, order: &Order) -> Vec<(String, Option<VersionId>)> {
        let done = self.services.get(&order.service).map_or(&[][..], |w| &w.work.done);
        done.iter().find(|d| d.order.place == order.place).map(|d| d.replaced.clone()).unwrap_or_default()
    }

    /// The roster's row of a service.
    pub fn row(&self, name: &str) -> Option<&Service> {
        self.services.get(name).map(|w| &w.service)
    }

    /// The incidents in memory, newest first.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.order.iter().rev().filter_map(|id| self.incidents.get(id))
    }

    /// One incident.
    pub fn incident(&self, id: &str) -> Option<&Incident> {
        self.incidents.get(id)
    }

    /// A service's open incident, else its latest.
    pub fn incident_of(&self, service: &str) -> Option<&Incident> {
        let of = || self.incidents().filter(|i| i.service.as_str() == service);
        of().find(|i| i.state.is_open()).or_else(|| of().next())
    }

    /// What can be seen, by kind of fact.
    pub fn rungs(&self) -> impl Iterator<Item = &Rung> {
        self.rungs.values()
    }

    /// The pause of all acting, where there is one.
    pub fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref().filter(|p| p.until > self.now.at)
    }
}

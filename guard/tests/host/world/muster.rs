//! Muster's one loop, *receive → append → step → dispatch*, and its death at any point of it.

use std::collections::{BTreeMap, VecDeque};

use muster_guard::host::Guard;
use muster_model::event::{Body, Event, Started};
use muster_model::id::{HostName, Seq, ServiceName};
use muster_model::plan::Order;
use muster_model::roster::Roster;

use super::{Happening, MS, S, World};

/// A running Muster.
pub struct Muster {
    pub guard: Guard,
    /// Acting orders whose end it has not heard.
    pub outstanding: BTreeMap<ServiceName, Order>,
}

/// So many decisions may follow from one thing that happens to one service.
const DECISIONS_MAX: usize = 64;

/// So many events are more than any of these histories needs.
const EVENTS_MAX: usize = 30_000;

impl World {
    pub fn muster_pid(&self) -> i32 {
        500 + self.life as i32
    }

    /// Something reaches Muster.
    pub(super) fn arrives(&mut self, body: Body) {
        if let Body::Done(done) = &body
            && let Some(muster) = self.muster.as_mut()
            && muster.outstanding.get(&done.order.service) == Some(&done.order)
        {
            muster.outstanding.remove(&done.order.service);
        }
        self.receive(body);
    }

    /// The loop's body.
    pub fn receive(&mut self, body: Body) {
        let mut decisions: BTreeMap<ServiceName, usize> = BTreeMap::new();
        let mut to_append = VecDeque::from([body]);
        while let Some(body) = to_append.pop_front() {
            if self.promises.broken.is_some() || self.dies_now() {
                return;
            }
            let event = self.append(body);
            self.recorded(&event);
            if self.dies_now() {
                return;
            }
            let Some(muster) = self.muster.as_mut() else { return };
            let effects = muster.guard.step(&event);
            if let Some((service, decision)) = effects.decided {
                let so_far = decisions.entry(service.clone()).or_default();
                *so_far += 1;
                if *so_far > DECISIONS_MAX {
                    return self.broken(format!("more than {DECISIONS_MAX} decisions on {service} follow from one event: {decision:?}"));
                }
                to_append.push_front(Body::Decided(decision));
            }
            self.promise_orders(&event, &effects.orders);
            if !effects.orders.is_empty() && self.dies_now() {
                return;
            }
            for order in effects.orders {
                if let Some(muster) = self.muster.as_mut().filter(|_| order.step.acts()) {
                    muster.outstanding.insert(order.service.clone(), order.clone());
                }
                self.dispatch(order);
            }
            for (service, exam) in effects.exams {
                self.examine(service, exam);
            }
            if let Some(name) = effects.ask {
                let t = self.truth(&name);
                (t.told_ports, t.told_answer) = (None, None);
                self.touched(&name);
            }
            if effects.roster {
                self.sensors_start();
            }
        }
    }

    fn append(&mut self, body: Body) -> Event {
        let event = Event {
            seq: Seq(self.ledger.len() as u64 + 1),
            at: self.wall(),
            mono: self.mono(),
            boot: self.boot_id(),
            host: HostName::from("box"),
            body,
        };
        self.ledger.push(event.clone());
        if self.ledger.len() > EVENTS_MAX {
            self.broken(format!("a history ends: {} events, the last is {:?}", self.ledger.len(), event.body.kind()));
        }
        event
    }

    /// Whether this is the instant at which Muster is killed.
    fn dies_now(&mut self) -> bool {
        if self.chance.likely(self.weather.dies) {
            self.muster_dies();
            let delay = self.chance.between(50 * MS, 10 * S);
            self.after(delay, Happening::MusterStarts);
        }
        self.muster.is_none()
    }

    /// Muster is killed: what it has in memory is gone.
    pub fn muster_dies(&mut self) {
        self.muster = None;
        let now = self.now;
        self.services.values_mut().for_each(|t| t.fifo = now);
        self.told_nobody();
    }

    /// The machine goes down with everything on it; what was not yet on disk is lost.
    pub fn reboot(&mut self, down: u64) {
        self.muster_dies();
        let durable = self.ledger.iter().rposition(|e| e.body.must_be_durable()).map_or(0, |at| at + 1).max(2.min(self.ledger.len()));
        let lost = if self.weather.varies { self.chance.below((self.ledger.len() - durable) as u64 + 1).min(20) as usize } else { 0 };
        self.ledger.truncate(self.ledger.len() - lost);
        self.remember_from_ledger();
        self.boot += 1;
        self.boot_since = self.now + down;
        let boot_wall = self.wall();
        for t in self.services.values_mut() {
            t.process = None;
            t.start_next = false;
            t.order = None;
            t.thief = None;
            t.losses += 1;
            t.unit.turn += 1;
            t.unit.main = None;
            t.unit.ended = None;
            (t.unit.active, t.unit.sub, t.unit.job, t.unit.result) = ("inactive", "dead", None, "success");
            t.unit.restarts = 0;
            t.unit.since = boot_wall;
            t.unit.starts.clear();
            t.absent_since = Some(self.now);
            t.well_since = None;
        }
        self.queue.retain(|_, what| matches!(what, Happening::Does(_)));
        self.after(down, Happening::Boots);
        let delay = self.about(3 * S);
        self.after(down + delay, Happening::MusterStarts);
    }

    pub(super) fn muster_starts(&mut self) {
        if self.muster.is_some() || self.now < self.boot_since {
            return;
        }
        self.life += 1;
        self.services.values_mut().for_each(|t| t.watched = None);
        let guard = self.replayed();
        self.muster = Some(Muster { guard, outstanding: BTreeMap::new() });
        self.told_nobody();
        let started = Started { version: "0.1.0".to_owned(), pid: self.muster_pid(), booted_at: self.booted_at(), rungs: World::rungs() };
        let (life, first) = (self.life, self.ledger.is_empty());
        self.receive(Body::Started(started));
        let files = self.rows();
        let stale = self.muster.as_ref().is_some_and(|m| m.guard.roster().services != files);
        if first || stale || self.chance.likely(0.2) {
            if self.life == life && self.muster.is_some() {
                self.receive(self.roster());
            }
        } else if self.life == life && self.muster.is_some() {
            self.sensors_start();
        }
    }

    /// A guard that has seen the ledger and nothing else.
    pub fn replayed(&self) -> Guard {
        let mut guard = Guard::new();
        self.ledger.iter().for_each(|e| guard.apply(e));
        guard
    }

    /// The roster as its files have it.
    pub fn roster(&self) -> Body {
        Body::Roster { roster: Box::new(Roster { services: self.rows(), limits: self.limits.clone() }) }
    }
}

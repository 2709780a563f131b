//! What Muster cannot see just now: the state of the one service that is in no roster, Muster itself.

use std::collections::BTreeMap;

use muster_model::id::{Seq, ServiceName};
use muster_model::loss::Loss;
use muster_model::observation::Rung;
use muster_model::request::BlindSpot;
use muster_model::roster::{Kind, Service};
use muster_model::sight::{Blind, Blindness, OWN_NAME, Sight};
use muster_model::time::{Length, Mono, Time};

use super::Now;
use super::presence::Presence;
use super::watched::Watched;

/// So many sensors that do not see are told apart.
const SENSORS_MAX: usize = 64;
/// A sensor that lost its source takes this long to find the next one.
const CLIMBS_WITHIN: Length = Length::seconds(5);

/// The sensors that do not see all that they should.
#[derive(Debug, Default)]
pub(crate) struct Sights(BTreeMap<String, Spot>);

/// One of them.
#[derive(Debug)]
pub(crate) struct Spot {
    /// The event that told it.
    pub(crate) seq: Seq,
    pub(crate) sensor: String,
    pub(crate) facts: Vec<String>,
    pub(crate) blind: Blind,
    /// Until then it may still see again by itself.
    until: Mono,
}

/// The row of Muster itself.
pub(crate) fn own() -> (ServiceName, Watched) {
    let name = ServiceName::from(OWN_NAME);
    let service = Service::new(name.clone(), Kind::Own);
    (name, Watched::new(service, Now::default()))
}

impl Sights {
    /// A sensor does its work in another way than before.
    pub(crate) fn told(&mut self, seq: Seq, sight: &Sight, now: Now) {
        match &sight.blind {
            None => drop(self.0.remove(&sight.sensor)),
            Some(blind) => self.put(
                sight.sensor.clone(),
                Spot { seq, sensor: sight.sensor.clone(), facts: sight.facts.clone(), blind: blind.clone(), until: now.mono },
            ),
        }
    }

    /// A kind of fact is seen from another rung. That none is left is blindness, unless there never was one.
    pub(crate) fn rung(&mut self, seq: Seq, before: Option<&Rung>, rung: &Rung, at: Time, now: Now) {
        if rung.source != "none" {
            self.0.remove(&rung.fact);
        } else if let Some(before) = before.filter(|before| before.source != "none") {
            let why = Blindness::Ended { error: rung.why.clone().unwrap_or_default() };
            let facts = vec![rung.fact.clone()];
            let until = now.mono.after(CLIMBS_WITHIN);
            self.put(rung.fact.clone(), Spot { seq, sensor: before.source.clone(), facts, blind: Blind { since: at, why }, until });
        }
    }

    fn put(&mut self, key: String, spot: Spot) {
        if self.0.len() < SENSORS_MAX || self.0.contains_key(&key) {
            self.0.insert(key, spot);
        }
    }

    /// Muster starts anew, and its sensors with it.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    pub(crate) fn presence(&self, now: Now) -> Presence {
        let first =
            |total: bool| self.0.values().filter(|s| s.blind.why.is_total() == total && s.until <= now.mono).map(|s| s.blind.since).min();
        if let Some(at) = first(true) {
            return Presence::Lost { loss: Loss::Hung, at };
        }
        if let Some(until) = self.0.values().map(|s| s.until).filter(|until| *until > now.mono).min() {
            return Presence::Unknown { until };
        }
        first(false).map_or(Presence::Present, |at| Presence::Degraded { loss: Loss::Slow, at })
    }

    pub(crate) fn spots(&self) -> impl Iterator<Item = &Spot> {
        self.0.values()
    }

    /// For the roll call, the longest first.
    pub(crate) fn blind(&self) -> Vec<BlindSpot> {
        let spot = |s: &Spot| BlindSpot { facts: s.facts.clone(), since: s.blind.since, why: s.blind.why.text(&s.sensor, &s.facts) };
        let mut all: Vec<BlindSpot> = self.0.values().map(spot).collect();
        all.sort_by_key(|s| s.since);
        all
    }
}

//! Which units are watched for which services, and what was last told of each: only differences are told.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossbeam_channel::TrySendError;
use muster_model::id::ServiceName;
use muster_model::observation::{Fact, Observation, UnitState};
use muster_model::time::Time;

use crate::pulse::Pulse;
use crate::{Sink, clock};

/// A unit's state as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) state: UnitState,
    /// When the last main process ended (ExecMainExitTimestamp).
    pub(super) ended_at: Option<Time>,
}

/// The watched units.
pub(super) struct Roll {
    sink: Sink,
    pulse: Arc<Pulse>,
    units: BTreeMap<String, BTreeMap<ServiceName, Option<Seen>>>,
}

impl Roll {
    pub(super) fn new(sink: Sink, pulse: Arc<Pulse>) -> Roll {
        Roll { sink, pulse, units: BTreeMap::new() }
    }

    /// The sensor's thread comes round.
    pub(super) fn beat(&self) {
        self.pulse.beat();
    }

    /// Watches these instead of those before; returns the units of which something is still to be told.
    pub(super) fn replace(&mut self, units: Vec<(ServiceName, String)>) -> Vec<String> {
        let mut before = std::mem::take(&mut self.units);
        for (service, unit) in units {
            let told = before.get_mut(&unit).and_then(|services| services.remove(&service)).flatten();
            self.units.entry(unit).or_default().insert(service, told);
        }
        self.units.iter().filter(|(_, services)| services.values().any(Option::is_none)).map(|(unit, _)| unit.clone()).collect()
    }

    pub(super) fn units(&self) -> impl Iterator<Item = &String> {
        self.units.keys()
    }

    pub(super) fn watches(&self, unit: &str) -> bool {
        self.units.contains_key(unit)
    }

    /// What was last told of a unit.
    pub(super) fn told(&self, unit: &str) -> Option<&Seen> {
        self.units.get(unit)?.values().find_map(Option::as_ref)
    }

    /// Tells what differs from what was told before. `false`: there was no room; see it again later.
    #[must_use]
    pub(super) fn see(&mut self, unit: &str, seen: &Seen, source: &str) -> bool {
        let Some(services) = self.units.get_mut(unit) else { return true };
        let mut room = true;
        for (service, told) in services {
            if told.as_ref().is_some_and(|t| t.state == seen.state) {
                *told = Some(seen.clone());
                continue;
            }
            let observation = Observation {
                at: moment(told.as_ref(), seen),
                source: source.to_owned(),
                service: Some(service.clone()),
                fact: Fact::Unit(seen.state.clone()),
            };
            match self.sink.try_send(observation) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => *told = Some(seen.clone()),
                Err(TrySendError::Full(_)) => {
                    self.pulse.crowded(1);
                    room = false;
                }
            }
        }
        room
    }
}

/// When it came to be so, by the service manager's own clock: the end of the main process where that is the news, else the
/// last change of state; for what it gives no time (enabled, masked), now.
fn moment(told: Option<&Seen>, seen: &Seen) -> Time {
    let ended = seen.ended_at.filter(|at| match told {
        Some(t) => t.ended_at != Some(*at),
        None => seen.state.main.is_none(),
    });
    let changed = seen.state.since.filter(|at| told.is_none_or(|t| t.state.since != Some(*at)));
    ended.or(changed).unwrap_or_else(|| clock::now().0)
}

#[cfg(test)]
mod tests {
    use muster_model::observation::End;

    use super::*;

    fn pulse() -> Arc<Pulse> {
        Pulse::new("units", &["unit"])
    }

    fn seen(active: &str, since: i64, ended_at: Option<i64>) -> Seen {
        let ended = ended_at.map(|_| End::Signal(9));
        Seen {
            state: UnitState { unit: "a.service".into(), active: active.into(), since: Some(Time(since)), ended, ..UnitState::default() },
            ended_at: ended_at.map(Time),
        }
    }

    #[test]
    fn a_state_is_told_once_and_with_the_service_managers_moment() {
        let (sink, told) = crossbeam_channel::bounded(8);
        let mut roll = Roll::new(sink, pulse());
        assert_eq!(roll.replace(vec![("web".into(), "a.service".into())]), ["a.service"]);
        assert!(roll.see("a.service", &seen("active", 10, None), "dbus"));
        assert!(roll.see("a.service", &seen("active", 10, None), "dbus"));
        assert!(roll.see("a.service", &seen("failed", 21, Some(20)), "dbus"));
        assert!(roll.see("a.service", &seen("activating", 30, Some(20)), "dbus"));
        assert!(roll.see("b.service", &seen("active", 10, None), "dbus"), "what is not watched is not told");
        let told: Vec<Time> = told.try_iter().map(|o| o.at).collect();
        assert_eq!(told, [Time(10), Time(20), Time(30)]);
    }

    #[test]
    fn what_found_no_room_is_told_later() {
        let (sink, told) = crossbeam_channel::bounded(1);
        let mut roll = Roll::new(sink, pulse());
        roll.replace(vec![("web".into(), "a.service".into()), ("shop".into(), "a.service".into())]);
        assert!(!roll.see("a.service", &seen("active", 10, None), "dbus"), "there is room for one only");
        assert_eq!(roll.pulse.read().crowded, 1);
        assert_eq!(told.try_recv().unwrap().service.unwrap().as_str(), "shop");
        assert!(roll.see("a.service", &seen("active", 10, None), "dbus"));
        assert_eq!(told.try_recv().unwrap().service.unwrap().as_str(), "web");
    }

    #[test]
    fn a_unit_that_stays_is_not_told_again_when_others_come() {
        let (sink, _told) = crossbeam_channel::bounded(8);
        let mut roll = Roll::new(sink, pulse());
        roll.replace(vec![("web".into(), "a.service".into())]);
        assert!(roll.see("a.service", &seen("active", 10, None), "dbus"));
        let new = roll.replace(vec![("web".into(), "a.service".into()), ("db".into(), "b.service".into())]);
        assert_eq!(new, ["b.service"]);
    }
}

//! Muster watches its own sensors: their pulses are compared once a round, and what is not seen is told as a fact about
//! Muster itself, which the guard folds like every other.

use std::sync::Arc;

use muster_model::event::Body;
use muster_model::id::ServiceName;
use muster_model::observation::{Fact, Observation};
use muster_model::request::LostCount;
use muster_model::sight::{Blind, Blindness, OWN_NAME, Sight};
use muster_model::time::{Length, Mono, Time};
use muster_sense::clock;
use muster_sense::pulse::{BEAT_EVERY, Pulse, Reading};

use crate::host::Host;

/// A sensor whose thread has not come round for so long stands still. A look at everything may take some seconds.
const STALLED_AFTER: Length = Length(4 * BEAT_EVERY.0);
/// A sensor that has lost nothing for so long sees all again.
const CALM: Length = Length::seconds(10);
/// After a round this late Muster's own loop stood still, or the whole machine did: the sensors get their time anew.
const LATE: Length = Length::seconds(10);

/// The sensors, as they were at the last round.
pub(crate) struct Sights {
    sensors: Vec<Sensor>,
    last: (Time, Mono),
    /// Since when the loop has come round in time.
    awake: Mono,
}

/// One sensor.
struct Sensor {
    pulse: Arc<Pulse>,
    read: Reading,
    /// It loses something.
    spell: Option<Spell>,
    told: Option<Blind>,
}

/// From the first loss to the last of them.
struct Spell {
    since: Time,
    last: Mono,
    overflowed: u64,
    crowded: u64,
}

impl Sights {
    pub(crate) fn new(pulses: Vec<Arc<Pulse>>, now: (Time, Mono)) -> Sights {
        let sensor = |pulse: Arc<Pulse>| Sensor { read: pulse.read(), pulse, spell: None, told: None };
        Sights { sensors: pulses.into_iter().map(sensor).collect(), last: now, awake: now.1 }
    }

    /// What each could not keep since the start.
    pub(crate) fn lost(&self) -> Vec<LostCount> {
        let count = |sensor: &Sensor| {
            let read = sensor.pulse.read();
            LostCount { sensor: sensor.pulse.sensor().to_owned(), kernel: read.overflowed, muster: read.crowded }
        };
        self.sensors.iter().map(count).collect()
    }

    /// What is other than at the last round, and whether anything was lost since.
    fn round(&mut self, now: (Time, Mono)) -> (Vec<Sight>, bool) {
        if now.1.since(self.last.1) > LATE {
            self.awake = now.1;
        }
        let (before, awake) = (std::mem::replace(&mut self.last, now).0, self.awake);
        let mut lost = false;
        let mut news = Vec::new();
        for sensor in &mut self.sensors {
            let read = sensor.pulse.read();
            lost |= sensor.count(read, before, now.1);
            let blind = sensor.blind(read, awake, now);
            if sensor.is_news(blind.as_ref()) {
                sensor.told.clone_from(&blind);
                let facts = sensor.pulse.facts().iter().map(|fact| (*fact).to_owned()).collect();
                news.push(Sight { sensor: sensor.pulse.sensor().to_owned(), facts, blind });
            }
        }
        (news, lost)
    }
}

impl Sensor {
    /// Takes down what was lost since the round at `before`; true where something was.
    fn count(&mut self, read: Reading, before: Time, now: Mono) -> bool {
        let overflowed = read.overflowed.saturating_sub(self.read.overflowed);
        let crowded = read.crowded.saturating_sub(self.read.crowded);
        self.read = read;
        if overflowed + crowded > 0 {
            let spell = self.spell.get_or_insert(Spell { since: before, last: now, overflowed: 0, crowded: 0 });
            spell.last = now;
            spell.overflowed += overflowed;
            spell.crowded += crowded;
        } else {
            self.spell.take_if(|spell| now.since(spell.last) >= CALM);
        }
        overflowed + crowded > 0
    }

    /// Why it does not see all now; a thread that stands still is the worst.
    fn blind(&self, read: Reading, awake: Mono, now: (Time, Mono)) -> Option<Blind> {
        if now.1.since(read.beat.max(awake)) > STALLED_AFTER {
            return Some(Blind { since: clock_of(read.beat, now), why: Blindness::Stalled });
        }
        let spell = self.spell.as_ref()?;
        let why = match spell {
            Spell { overflowed: lost, .. } if *lost > 0 => Blindness::Overflowed { lost: *lost },
            Spell { crowded: lost, .. } => Blindness::Crowded { lost: *lost },
        };
        Some(Blind { since: spell.since, why })
    }

    /// Whether it is worth telling: another kind of blindness, or twice as much lost as was told.
    fn is_news(&self, blind: Option<&Blind>) -> bool {
        match (self.told.as_ref().map(|b| &b.why), blind.map(|b| &b.why)) {
            (Some(Blindness::Overflowed { lost: told }), Some(Blindness::Overflowed { lost }))
            | (Some(Blindness::Crowded { lost: told }), Some(Blindness::Crowded { lost })) => *lost >= told.saturating_mul(2),
            (told, now) => told != now,
        }
    }
}

/// The wall-clock time of a moment since boot.
fn clock_of(moment: Mono, (at, mono): (Time, Mono)) -> Time {
    at.before(mono.since(moment))
}

/// Compares the pulses. Where something was lost on the way, what can be looked at is looked at anew.
pub(crate) fn round(host: &mut Host) {
    let (news, lost) = host.sights.round(clock::now());
    if lost {
        look_again(host);
    }
    for sight in news {
        let at = sight.blind.as_ref().map_or(clock::now().0, |blind| blind.since);
        let service = Some(ServiceName::from(OWN_NAME));
        host.record(Body::Observed(Observation { at, source: "pulse".to_owned(), service, fact: Fact::Sight(sight) }));
    }
}

/// Ends and starts of processes that were not told. The sensors look again by themselves at what they hold a state of: files,
/// units, ports, answers.
fn look_again(host: &mut Host) {
    let known: Vec<_> = host.guard.services().flat_map(|w| w.pids().into_iter().map(|p| (w.name().clone(), p))).collect();
    for (service, process) in known {
        host.sensors.processes.watch(&service, process);
    }
    let found = host.matching.everywhere();
    host.found(found);
}

#[cfg(test)]
mod tests;

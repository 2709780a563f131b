//! The pulse of a sensor: that its thread comes round, and what it could not keep. Whoever watches the sensors compares two
//! readings; the sensor itself pays a store now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use muster_model::time::{Length, Mono};
use rustix::event::Timespec;

use crate::clock;

/// A sensor's thread comes round at least this often, also where nothing happens.
pub const BEAT_EVERY: Length = Length::seconds(5);
/// The longest wait in a thread that has nothing to do.
pub(crate) const WAIT_MAX: Duration = BEAT_EVERY.std();
/// The same, for poll(2).
pub(crate) const WAIT_MAX_SPEC: Timespec = Timespec { tv_sec: WAIT_MAX.as_secs().cast_signed(), tv_nsec: 0 };

/// The pulse of one sensor.
#[derive(Debug)]
pub struct Pulse {
    sensor: &'static str,
    facts: &'static [&'static str],
    beat: AtomicU64,
    overflowed: AtomicU64,
    crowded: AtomicU64,
}

/// What a pulse says at a moment. Counts are since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// When the thread last came round.
    pub beat: Mono,
    /// What the kernel's queue had no room for, as far as the kernel says.
    pub overflowed: u64,
    /// What Muster's own queue had no room for.
    pub crowded: u64,
}

impl Pulse {
    /// Of a sensor that begins now to see these kinds of facts (`muster_model::observation::Rung`).
    pub fn new(sensor: &'static str, facts: &'static [&'static str]) -> Arc<Pulse> {
        let pulse = Pulse { sensor, facts, beat: AtomicU64::new(0), overflowed: AtomicU64::new(0), crowded: AtomicU64::new(0) };
        pulse.beat();
        Arc::new(pulse)
    }

    /// The sensor's name.
    pub fn sensor(&self) -> &'static str {
        self.sensor
    }

    /// The kinds of facts that it sees.
    pub fn facts(&self) -> &'static [&'static str] {
        self.facts
    }

    /// How it is now.
    pub fn read(&self) -> Reading {
        Reading {
            beat: Mono(self.beat.load(Ordering::Relaxed)),
            overflowed: self.overflowed.load(Ordering::Relaxed),
            crowded: self.crowded.load(Ordering::Relaxed),
        }
    }

    /// The thread comes round.
    pub(crate) fn beat(&self) {
        self.beat.store(clock::since_boot().0, Ordering::Relaxed);
    }

    /// The kernel's queue was full: so many events were lost, or at least so many.
    pub(crate) fn overflowed(&self, lost: u64) {
        self.overflowed.fetch_add(lost, Ordering::Relaxed);
    }

    /// Muster's own queue was full.
    pub(crate) fn crowded(&self, lost: u64) {
        self.crowded.fetch_add(lost, Ordering::Relaxed);
    }
}

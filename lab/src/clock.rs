//! The clocks of the laboratory: it measures, so it reads them, here and nowhere else.

use std::time::Duration;

use muster_model::time::{Length, Time};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The wall clock (`CLOCK_REALTIME`), which all namespaces of a machine share.
pub(crate) fn now() -> Time {
    Time(nanoseconds(clock_gettime(ClockId::Realtime)))
}

/// Nanoseconds on `CLOCK_MONOTONIC`.
pub(crate) fn monotonic_ns() -> i64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

fn nanoseconds(t: Timespec) -> i64 {
    t.tv_sec * 1_000_000_000 + t.tv_nsec
}

/// A moment by which something must have happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    monotonic_ns: i64,
}

impl Deadline {
    /// So far from now.
    pub(crate) fn after(length: Length) -> Deadline {
        Deadline { monotonic_ns: monotonic_ns().saturating_add_unsigned(length.0) }
    }

    /// What is left of it; zero when it is over.
    pub(crate) fn left(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.monotonic_ns - monotonic_ns()).unwrap_or(0))
    }

    /// Whether it is over.
    pub(crate) fn is_over(self) -> bool {
        self.left().is_zero()
    }
}

/// Looks every `every` until `look` finds something or the deadline is over. For what gives no sign of itself, such as
/// a systemd that is still booting; where there is a sign, wait for that.
pub(crate) fn look_until<T>(deadline: Deadline, every: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if deadline.is_over() {
            return None;
        }
        period(every.min(deadline.left()));
    }
}

/// Lets `length` pass: the period between two looks, or the time for which a quiet machine is watched.
pub(crate) fn period(length: Duration) {
    let timeout = Timespec { tv_sec: length.as_secs().cast_signed(), tv_nsec: length.subsec_nanos().into() };
    // A signal may end it early; whoever calls looks again in any case.
    let _ = rustix::event::poll(&mut [], Some(&timeout));
}

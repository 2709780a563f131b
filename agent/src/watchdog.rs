//! The service manager's watchdog (sd_watchdog_enabled(3)): the loop itself says that it goes on, so that one that hangs is
//! ended and started anew. No thread of its own does: that one would go on without the loop.

use muster_model::time::{Length, Mono};
use sd_notify::NotifyState;

/// A watchdog that wants to hear more often is not kept.
const EVERY_MIN: Length = Length::ms(10);

/// When the loop has to say that it goes on.
pub(crate) struct Watchdog {
    /// `None`: nobody waits for it.
    every: Option<Length>,
    next: Mono,
}

impl Watchdog {
    /// What the service manager asks for in `WATCHDOG_USEC`.
    pub(crate) fn of_environment() -> Watchdog {
        Watchdog::within(sd_notify::watchdog_enabled().map(Length::from))
    }

    /// The manager ends Muster when it has heard nothing for so long: it is told three times within it.
    fn within(patience: Option<Length>) -> Watchdog {
        Watchdog { every: patience.filter(|p| p.0 > 0).map(|p| Length(p.0 / 3).max(EVERY_MIN)), next: Mono(0) }
    }

    /// When the loop has to come by, where that is before `wake`.
    pub(crate) fn wake(&self, wake: Mono) -> Mono {
        self.every.map_or(wake, |_| wake.min(self.next))
    }

    /// The loop comes by.
    pub(crate) fn beat(&mut self, now: Mono) {
        if self.is_due(now) {
            // Where nobody listens any more, there is nobody to miss it.
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
    }

    fn is_due(&mut self, now: Mono) -> bool {
        let Some(every) = self.every.filter(|_| now >= self.next) else { return false };
        self.next = now.after(every);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manager_hears_of_a_loop_that_turns_within_half_its_patience() {
        let patience = Length::seconds(3);
        let mut watchdog = Watchdog::within(Some(patience));
        let (mut now, mut last) = (Mono(0), Mono(0));
        for _ in 0..1_000 {
            if watchdog.is_due(now) {
                assert!(now.since(last).0 < patience.0 / 2, "{now:?} after {last:?}");
                last = now;
            }
            now = watchdog.wake(now.after(Length::seconds(1))); // the loop's own round is a second
        }
        assert!(last > Mono(0));
    }

    #[test]
    fn of_a_loop_that_hangs_it_hears_nothing() {
        let mut watchdog = Watchdog::within(Some(Length::seconds(3)));
        assert!(watchdog.is_due(Mono(0)));
        assert!(!watchdog.is_due(Mono(999_999_999)), "coming by too soon says nothing");
        // Between two turns nothing is said, however long that takes: only coming by says it.
        assert!(watchdog.is_due(Mono(60_000_000_000)));
        assert!(!watchdog.is_due(Mono(60_000_000_001)), "and what was missed is not made up for");
    }

    #[test]
    fn without_a_watchdog_the_loop_is_not_woken_for_it() {
        let mut watchdog = Watchdog::within(None);
        assert!(!watchdog.is_due(Mono(7)));
        assert_eq!(watchdog.wake(Mono(9)), Mono(9));
        assert_eq!(Watchdog::within(Some(Length(0))).wake(Mono(9)), Mono(9));
    }
}

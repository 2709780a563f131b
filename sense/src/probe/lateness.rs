//! How late questions are put: between the moment one is due and the moment it is put lie timers, threads and the queues for
//! room. Under overload this grows before anything else does.

use std::sync::atomic::{AtomicU64, Ordering};

use muster_model::request::Lateness;
use muster_model::time::Length;

/// Four steps for each doubling, of microseconds: a value is told at most a quarter too large.
const STEPS: usize = 64 * 4;

/// Counts by how late.
pub(super) struct Counts([AtomicU64; STEPS]);

impl Default for Counts {
    fn default() -> Counts {
        Counts(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Counts {
    pub(super) fn add(&self, late: Length) {
        if let Some(count) = self.0.get(step(late.0 / 1000)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn lateness(&self) -> Lateness {
        let counts: Vec<u64> = self.0.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let asked: u64 = counts.iter().sum();
        let not_later = |wanted: u64| {
            let mut so_far = 0;
            let found = counts.iter().position(|count| {
                so_far += count;
                so_far >= wanted && *count > 0
            });
            found.map_or(Length(0), |step| Length(end(step).saturating_mul(1000)))
        };
        Lateness { asked, p50: not_later(asked.div_ceil(2)), p99: not_later((asked * 99).div_ceil(100)), max: not_later(asked) }
    }
}

fn step(us: u64) -> usize {
    if us < 4 {
        return usize::try_from(us).unwrap_or(0);
    }
    let doublings = us.ilog2();
    usize::try_from(u64::from(doublings - 1) * 4 + ((us >> (doublings - 2)) & 3)).unwrap_or(STEPS - 1)
}

/// The smallest number of microseconds that lies beyond the step.
fn end(step: usize) -> u64 {
    let next = u64::try_from(step).unwrap_or(0) + 1;
    if next < 4 { next } else { (4 + next % 4).checked_shl(u32::try_from(next / 4 - 1).unwrap_or(64)).unwrap_or(u64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_lies_in_its_step_and_is_told_at_most_a_quarter_too_large() {
        for us in (0..5000).chain([1 << 20, 123_456_789, u64::MAX / 2000]) {
            let told = end(step(us));
            assert!(told > us && told <= us + us / 4 + 1, "{us} told as {told}");
        }
        assert!(step(u64::MAX / 1000) < STEPS);
    }

    #[test]
    fn parts_of_a_hundred_are_counted() {
        let counts = Counts::default();
        assert_eq!(counts.lateness(), Lateness::default());
        for ms in [1, 1, 1, 40] {
            counts.add(Length::ms(ms));
        }
        let told = counts.lateness();
        assert!(told.asked == 4 && told.p50 >= Length::ms(1) && told.p50 < Length::ms(2), "{told:?}");
        assert!(told.p99 == told.max && told.max >= Length::ms(40) && told.max <= Length::ms(50), "{told:?}");
    }
}

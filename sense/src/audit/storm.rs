//! Too many events: the rules are taken out for a while, so that a machine that signals a lot does not pay for each.

use muster_model::time::{Length, Mono};

/// More events than this in a second are a storm.
const EVENTS_PER_SECOND_MAX: u32 = 2000;
/// So long the rules are out.
const REST: Length = Length::seconds(10);

/// The count of this second.
#[derive(Debug, Default)]
pub(super) struct Storm {
    second: u64,
    events: u32,
    /// The rules are out until then.
    pub(super) until: Option<Mono>,
}

impl Storm {
    /// True when it has just begun.
    pub(super) fn comes(&mut self, events: u32, now: Mono) -> bool {
        let second = now.0 / 1_000_000_000;
        if second != self.second {
            (self.second, self.events) = (second, 0);
        }
        self.events = self.events.saturating_add(events);
        let begins = self.events > EVENTS_PER_SECOND_MAX && self.until.is_none();
        if begins {
            self.until = Some(now.after(REST));
        }
        begins
    }

    pub(super) fn is_over(&mut self, now: Mono) -> bool {
        self.until.take_if(|until| now >= *until).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_begins_once_and_ends_after_a_rest() {
        let mut storm = Storm::default();
        let at = |ms: u64| Mono(ms * 1_000_000);
        assert!(!storm.comes(EVENTS_PER_SECOND_MAX, at(100)) && !storm.comes(EVENTS_PER_SECOND_MAX, at(1100)), "not within one second");
        assert!(storm.comes(1, at(1200)) && !storm.comes(EVENTS_PER_SECOND_MAX, at(1300)));
        assert!(!storm.is_over(at(11_100)) && storm.is_over(at(11_200)) && !storm.is_over(at(11_300)));
    }
}

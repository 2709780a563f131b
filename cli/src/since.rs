//! `--since T`: a moment in RFC 3339, or how long ago.

use std::str::FromStr;

use muster_model::time::{Length, Time};

/// A moment as it was typed; what is relative waits for the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// `2026-11-22T10:00:00Z`.
    At(Time),
    /// `10m`, `2h 30m`, `10m ago`.
    Ago(Length),
}

impl Since {
    /// The moment it means at `now`.
    pub(crate) fn moment(self, now: Time) -> Time {
        match self {
            Since::At(at) => at,
            Since::Ago(length) => now.before(length),
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let length = s.trim().trim_end_matches("ago");
        match (length.parse(), s.trim().parse()) {
            (Ok(length), _) => Ok(Since::Ago(length)),
            (_, Ok(at)) => Ok(Since::At(at)),
            _ => Err(format!("`{s}` is not a moment; write 2026-11-22T10:00:00Z, or how long ago: 10m, 2h")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_a_length_back_from_now() {
        let now = Time(1_790_000_000_000_000_000);
        let ten = Ok(now.before(Length::seconds(600)));
        for typed in ["10m", "10m ago", " 600s ", "2026-09-21T14:03:20Z", "2026-09-21T16:03:20+02:00"] {
            assert_eq!(typed.parse().map(|since: Since| since.moment(now)), ten, "{typed}");
        }
        for bad in ["", "ago", "yesterday", "10", "2026-09-21", "-5m"] {
            assert!(bad.parse::<Since>().is_err(), "{bad}");
        }
        assert_eq!("500y".parse::<Since>().ok(), None);
        assert_eq!(Since::Ago(Length(u64::MAX)).moment(now), Time(i64::MIN).max(now.before(Length(u64::MAX))));
    }
}

//! Moments and lengths of time as people say them. JSON has them exactly; here two units are enough.

use muster_model::time::{Length, Time};

use crate::catalogue::say_key;
use crate::language::Language;

const US: u64 = 1_000;
const MS: u64 = 1_000 * US;
const SECOND: u64 = 1_000 * MS;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A length in its two largest units: `140 µs`, `12.3 s`, `1 h 5 min`.
pub fn length(language: Language, length: Length) -> String {
    let n = length.0;
    let one = |key, value: &dyn std::fmt::Display| say_key(language, key, &[("n", value)]);
    let two = |large: String, small: u64, key| if small == 0 { large } else { format!("{large} {}", one(key, &small)) };
    match n {
        0..MS => one("length-us", &(n / US)),
        MS..SECOND => one("length-ms", &tenths(n, MS)),
        SECOND..MINUTE => one("length-s", &tenths(n, SECOND)),
        MINUTE..HOUR => two(one("length-min", &(n / MINUTE)), n % MINUTE / SECOND, "length-s"),
        HOUR..DAY => two(one("length-h", &(n / HOUR)), n % HOUR / MINUTE, "length-min"),
        DAY.. => two(one("length-d", &(n / DAY)), n % DAY / HOUR, "length-h"),
    }
}

/// `1.2` below ten, whole numbers above; `.0` is left out. Cut off, not rounded: what has not gone by is not claimed.
fn tenths(n: u64, unit: u64) -> String {
    let (whole, tenth) = (n / unit, n % unit * 10 / unit);
    if whole >= 10 || tenth == 0 { whole.to_string() } else { format!("{whole}.{tenth}") }
}

/// How long ago a moment was: `3 s ago`; `just now` within a second, also of moments to come (another host's clock).
pub fn ago(language: Language, now: Time, then: Time) -> String {
    let gone = now.since(then);
    if gone.0 < SECOND {
        return say_key(language, "time-just-now", &[]);
    }
    // Beyond ten seconds tenths are noise, and beyond a minute seconds are.
    let coarse = match gone.0 {
        SECOND..MINUTE => gone.0 / SECOND * SECOND,
        MINUTE..HOUR => gone.0 / MINUTE * MINUTE,
        _ => gone.0,
    };
    say_key(language, "time-ago", &[("length", &length(language, Length(coarse)))])
}

/// The time of day in UTC to the millisecond, `10:00:01.123`.
pub fn clock(at: Time) -> String {
    at.to_string().get(11..23).unwrap_or_default().to_owned()
}

/// Date and time of day in UTC to the millisecond, `2026-11-22 10:00:01.123`.
pub fn date_and_clock(at: Time) -> String {
    at.to_string().get(..23).unwrap_or_default().replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_at_most_two_units() {
        let said: Vec<String> =
            [0, 140_000, 4_560_000, 45 * MS, 1_200 * MS, 12_345 * MS, 90 * SECOND, HOUR + 5 * MINUTE, 3 * DAY, 400 * DAY + HOUR]
                .map(|n| length(Language::En, Length(n)))
                .to_vec();
        assert_eq!(said, ["0 µs", "140 µs", "4.5 ms", "45 ms", "1.2 s", "12 s", "1 min 30 s", "1 h 5 min", "3 d", "400 d 1 h"]);
        assert_eq!(length(Language::ZhCn, Length(HOUR + 5 * MINUTE)), "1 小时 5 分钟");
        assert_eq!(length(Language::ZhCn, Length(140_000)), "140 微秒");
    }

    #[test]
    fn what_was_a_moment_ago_and_what_is_to_come_is_just_now() {
        let now = Time(1_790_000_000_000_000_000);
        let said = |back: u64| ago(Language::En, now, now.before(Length(back)));
        assert_eq!([said(0), said(999 * MS), said(3_900 * MS), said(119 * SECOND)], ["just now", "just now", "3 s ago", "1 min ago"]);
        assert_eq!(ago(Language::ZhCn, now, now.before(Length(3 * DAY + HOUR))), "3 天 1 小时前");
        assert_eq!(ago(Language::En, now, now.after(Length(HOUR))), "just now");
    }

    #[test]
    fn a_moment_outside_the_calendar_does_not_panic() {
        for at in [Time(i64::MIN), Time(i64::MAX), Time(0)] {
            let _ = (clock(at), date_and_clock(at));
        }
        assert_eq!(date_and_clock(Time(0)), "1970-01-01 00:00:00.000");
    }
}

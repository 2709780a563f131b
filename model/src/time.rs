//! Moments and lengths of time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A wall-clock moment: nanoseconds since the Unix epoch, UTC. Written as RFC 3339 with nine digits of nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub i64);

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Time {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}
#[cfg(feature = "schema")]
impl utoipa::ToSchema for Time {}

impl Time {
    /// The length from `earlier` to this moment; zero where `earlier` is later.
    pub fn since(self, earlier: Time) -> Length {
        Length(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This moment, moved back by `length`.
    pub fn before(self, length: Length) -> Time {
        Time(self.0.saturating_sub_unsigned(length.0))
    }

    /// This moment, moved on by `length`.
    pub fn after(self, length: Length) -> Time {
        Time(self.0.saturating_add_unsigned(length.0))
    }
}

impl Time {
    /// The moment that the text has (RFC 3339), or the nearest that this type can hold.
    ///
    /// # Errors
    /// The text is no moment.
    pub fn nearest(text: &str) -> Result<Time, String> {
        let t: jiff::Timestamp = text.parse().map_err(|e: jiff::Error| e.to_string())?;
        let bounds = (i128::from(i64::MIN), i128::from(i64::MAX));
        Ok(Time(i64::try_from(t.as_nanosecond().clamp(bounds.0, bounds.1)).unwrap_or_default()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(t) => write!(f, "{t:.9}"),
            Err(_) => write!(f, "{}ns", self.0),
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Time {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let t: jiff::Timestamp = s.parse().map_err(|e: jiff::Error| e.to_string())?;
        i64::try_from(t.as_nanosecond()).map(Time).map_err(|_| format!("{s} is outside the years 1678 to 2262"))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

/// A monotonic moment: nanoseconds since boot (`CLOCK_BOOTTIME`). Only meaningful within one boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mono(pub u64);

impl Mono {
    /// This moment, moved back by `length`, at most to the boot.
    pub fn before(self, length: Length) -> Mono {
        Mono(self.0.saturating_sub(length.0))
    }

    /// The length from `earlier` to this moment; zero where `earlier` is later.
    pub fn since(self, earlier: Mono) -> Length {
        Length(self.0.saturating_sub(earlier.0))
    }

    /// This moment, moved on by `length`.
    pub fn after(self, length: Length) -> Mono {
        Mono(self.0.saturating_add(length.0))
    }
}

/// A length of time in nanoseconds. Written as people write it: `500ms`, `1s`, `5m`, `2h`, `7d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Length(pub u64);

const UNITS: [(&str, u64); 8] = [
    ("w", 604_800_000_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl Length {
    /// A length of whole milliseconds.
    pub const fn ms(n: u64) -> Length {
        Length(n.saturating_mul(1_000_000))
    }
    /// A length of whole seconds.
    pub const fn seconds(n: u64) -> Length {
        Length(n.saturating_mul(1_000_000_000))
    }
    /// This length in milliseconds, with fractions.
    pub fn as_ms(self) -> f64 {
        self.0 as f64 / 1e6
    }
    /// This length as the standard library's type.
    pub const fn std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.0)
    }
}

impl From<std::time::Duration> for Length {
    fn from(d: std::time::Duration) -> Self {
        Length(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Length {
    /// The two largest units that say it: `1h 5m`, `12.3s`, `450ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ns = self.0;
        let (ms, s) = (ns / 1_000_000, ns / 1_000_000_000);
        match s {
            0 if ns == 0 => write!(f, "0s"),
            0 if ms == 0 => write!(f, "{}us", ns / 1_000),
            0 => write!(f, "{ms}ms"),
            1..60 if ms % 1000 / 100 != 0 && s < 10 => write!(f, "{}.{}s", s, ms % 1000 / 100),
            1..60 => write!(f, "{s}s"),
            60..3600 if s % 60 == 0 => write!(f, "{}m", s / 60),
            60..3600 => write!(f, "{}m {}s", s / 60, s % 60),
            3600..86_400 if s / 60 % 60 == 0 => write!(f, "{}h", s / 3600),
            3600..86_400 => write!(f, "{}h {}m", s / 3600, s / 60 % 60),
            _ if s / 3600 % 24 == 0 => write!(f, "{}d", s / 86_400),
            _ => write!(f, "{}d {}h", s / 86_400, s / 3600 % 24),
        }
    }
}

impl fmt::Debug for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Length {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let hint = || format!("`{s}` is not a length of time; write a number and a unit, such as 500ms, 1s, 5m, 2h, 7d");
        let mut rest = s.trim();
        let mut sum: u64 = 0;
        if rest.is_empty() {
            return Err(hint());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (number, tail) = rest.split_at(digits);
            let end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(end);
            let number: f64 = number.parse().map_err(|_| hint())?;
            let scale = UNITS.iter().find(|(u, _)| *u == unit).map(|(_, n)| *n).ok_or_else(hint)?;
            let part = number * scale as f64;
            if !part.is_finite() || part >= u64::MAX as f64 {
                return Err(format!("`{s}` is longer than 500 years"));
            }
            sum = sum.checked_add(part as u64).ok_or_else(hint)?;
            rest = tail.trim_start();
        }
        Ok(Length(sum))
    }
}

impl Serialize for Length {
    /// Exact, so that a stored roster reads back the same: the largest unit that divides it.
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (unit, scale) = UNITS.iter().find(|(_, n)| self.0 >= *n && self.0.is_multiple_of(*n)).copied().unwrap_or(("s", 1));
        s.collect_str(&format_args!("{}{unit}", self.0 / scale))
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_nine_digits_and_read_back() {
        let t = Time(1_790_000_000_000_000_012);
        assert_eq!(t.to_string(), "2026-09-21T14:13:20.000000012Z");
        assert_eq!(t.to_string().parse(), Ok(t));
    }

    #[test]
    fn lengths_read_back_exactly_and_refuse_what_is_not_one() {
        for s in ["500ms", "1s", "5m", "2h", "7d", "90s", "1500ms"] {
            let l: Length = s.parse().unwrap();
            let json = serde_json::to_string(&l).unwrap();
            assert_eq!(serde_json::from_str::<Length>(&json).unwrap(), l, "{s} as {json}");
        }
        assert_eq!("1m30s".parse(), Ok(Length::seconds(90)));
        assert_eq!(Length(0), serde_json::from_str(&serde_json::to_string(&Length(0)).unwrap()).unwrap());
        for bad in ["", "5", "s", "1 parsec", "-1s", "1e30d", "..s"] {
            assert!(bad.parse::<Length>().is_err(), "{bad}");
        }
    }
}

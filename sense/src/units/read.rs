//! From what systemd says, over D-Bus or through `systemctl show`, to a unit's state (org.freedesktop.systemd1(5)).

use std::collections::BTreeMap;

use muster_model::observation::{End, UnitState};
use muster_model::time::{Length, Time};
use zbus::Variant;

use super::leader;
use super::roll::Seen;

/// The properties of a unit, in whichever form they came.
pub(super) trait Properties {
    /// A property that is a text.
    fn text(&self, name: &str) -> String;
    /// A property that is a whole number.
    fn number(&self, name: &str) -> Option<i64>;
    /// A property that is a moment.
    fn time(&self, name: &str) -> Option<Time>;
    /// A property that is a length of time.
    fn length(&self, name: &str) -> Length;
}

/// What systemd says of a unit of any type.
#[derive(Default)]
pub(super) struct General {
    pub(super) load: String,
    pub(super) active: String,
    pub(super) sub: String,
    /// The kind of the queued job.
    pub(super) job: Option<String>,
    /// Whether it is enabled, masked …; empty where that is not known.
    pub(super) file: String,
    /// A socket waits in its place.
    pub(super) on_demand: bool,
}

impl General {
    /// Whether it rests, so that it matters what would start it.
    pub(super) fn rests(&self) -> bool {
        self.active == "inactive" && self.load == "loaded"
    }
}

/// A unit's state, under the name it is watched by, from what is said of any unit and its properties as a service.
pub(super) fn seen(unit: &str, general: General, service: &impl Properties) -> Seen {
    let result = service.text("Result");
    let General { load, active, sub, job, file, on_demand } = general;
    let main = match service.number("MainPID") {
        Some(0) if active == "active" && sub == "running" => leader::of(unit),
        main => main.and_then(|pid| i32::try_from(pid).ok()).and_then(crate::proc::process_key),
    };
    let state = UnitState {
        unit: unit.to_owned(),
        load,
        active,
        sub,
        file,
        main,
        ended: ended(service.number("ExecMainCode"), service.number("ExecMainStatus"), &result),
        result,
        restarts: service.number("NRestarts").and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        restart: service.text("Restart"),
        restart_after: service.length("RestartUSec"),
        job,
        since: service.time("StateChangeTimestamp"),
        on_demand,
    };
    Seen { state, ended_at: service.time("ExecMainExitTimestamp") }
}

/// How the last main process ended, from the codes of waitid(2) (CLD_EXITED 1, CLD_KILLED 2, CLD_DUMPED 3).
fn ended(code: Option<i64>, status: Option<i64>, result: &str) -> Option<End> {
    let status = i32::try_from(status?).ok()?;
    match code? {
        1 => Some(End::Code(status)),
        2 | 3 if result == "oom-kill" => Some(End::Memory),
        2 | 3 => Some(End::Signal(status)),
        _ => None,
    }
}

/// Microseconds since the epoch; systemd writes 0 (and for lengths 2^64 - 1) for "never".
fn time_us(us: u64) -> Option<Time> {
    let ns = i64::try_from(us.checked_mul(1_000)?).ok()?;
    (ns > 0).then_some(Time(ns))
}

/// Properties as `GetAll` gives them.
impl Properties for BTreeMap<&str, Variant<'_>> {
    fn text(&self, name: &str) -> String {
        match self.get(name) {
            Some(Variant::Str(s)) => s.as_str().to_owned(),
            _ => String::new(),
        }
    }

    fn number(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Variant::U32(n) => Some(i64::from(*n)),
            Variant::I32(n) => Some(i64::from(*n)),
            Variant::U64(n) => i64::try_from(*n).ok(),
            _ => None,
        }
    }

    fn time(&self, name: &str) -> Option<Time> {
        match self.get(name)? {
            Variant::U64(us) => time_us(*us),
            _ => None,
        }
    }

    fn length(&self, name: &str) -> Length {
        match self.get(name) {
            Some(Variant::U64(us)) => Length(us.saturating_mul(1_000)),
            _ => Length::default(),
        }
    }
}

/// Properties as `systemctl show` prints them.
pub(super) struct Shown<'a>(pub(super) BTreeMap<&'a str, &'a str>);

impl Properties for Shown<'_> {
    fn text(&self, name: &str) -> String {
        self.0.get(name).copied().unwrap_or_default().to_owned()
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.parse().ok()
    }

    /// `Sun 2026-11-22 23:05:01.123456 UTC`; older releases leave the fraction out.
    fn time(&self, name: &str) -> Option<Time> {
        let mut words = self.0.get(name)?.split(' ').skip(1);
        let (date, clock, zone) = (words.next()?, words.next()?, words.next()?);
        if zone == "UTC" { format!("{date}T{clock}Z").parse().ok() } else { None }
    }

    /// `100ms`, `1min 30s`, `infinity` (systemd.time(7)).
    fn length(&self, name: &str) -> Length {
        let shown = self.0.get(name).copied().unwrap_or_default();
        if shown == "infinity" { Length(u64::MAX) } else { shown.replace("min", "m").replace(' ', "").parse().unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemctl_prints_reads_as_what_the_bus_says() {
        let shown = Shown(BTreeMap::from([
            ("MainPID", "0"),
            ("Result", "oom-kill"),
            ("ExecMainCode", "2"),
            ("ExecMainStatus", "9"),
            ("NRestarts", "3"),
            ("RestartUSec", "1min 30s"),
            ("StateChangeTimestamp", "Sat 2026-11-21 23:05:01.123456 UTC"),
            ("ExecMainExitTimestamp", ""),
        ]));
        let said: BTreeMap<&str, Variant<'_>> = BTreeMap::from([
            ("MainPID", Variant::from(0u32)),
            ("Result", Variant::from("oom-kill")),
            ("ExecMainCode", Variant::from(2i32)),
            ("ExecMainStatus", Variant::from(9i32)),
            ("NRestarts", Variant::from(3u32)),
            ("RestartUSec", Variant::from(90_000_000u64)),
            ("StateChangeTimestamp", Variant::from(1_795_302_301_123_456u64)),
            ("ExecMainExitTimestamp", Variant::from(0u64)),
        ]);
        let (a, b) = (seen("a.service", General::default(), &shown), seen("a.service", General::default(), &said));
        assert_eq!(a, b);
        assert_eq!(a.state.ended, Some(End::Memory));
        assert_eq!(a.state.main, None);
    }

    #[test]
    fn lengths_of_systemd_are_understood_or_zero() {
        for (shown, length) in
            [("100ms", Length::ms(100)), ("5min", Length::seconds(300)), ("infinity", Length(u64::MAX)), ("?", Length(0))]
        {
            assert_eq!(Shown(BTreeMap::from([("RestartUSec", shown)])).length("RestartUSec"), length, "{shown}");
        }
    }
}

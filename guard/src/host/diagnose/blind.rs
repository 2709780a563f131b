//! Why Muster does not see all that it should. Its sensors say what they know; a thread that stands still says nothing.

use muster_model::cause::Code;
use muster_model::sight::Blindness;
use muster_model::text::Text;

use super::{Hypothesis, Situation};

/// A sensor that stands still, and could not say why, does so by a fault of its own.
pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    let stalled = s.watched.sights.spots().filter(|spot| spot.blind.why == Blindness::Stalled);
    let names: Vec<&str> = stalled.map(|spot| spot.sensor.as_str()).collect();
    let first = names.first()?;
    let mut h = Hypothesis::new(Code::HangDeadlock, Text::new("verdict-blind-stalled").with("sensors", names.join(", ")));
    h.subject = Some((*first).to_owned());
    weigh(s, &mut h, 2.0);
    Some(h)
}

/// Where the cause lies outside: more happened than could be taken in, or a source broke.
pub(super) fn unknown(s: &Situation<'_>) -> Hypothesis {
    let mut h = Hypothesis::new(Code::Unknown, Text::new("verdict-blind"));
    weigh(s, &mut h, 0.0);
    h
}

fn weigh(s: &Situation<'_>, h: &mut Hypothesis, stalled: f64) {
    for spot in s.watched.sights.spots() {
        let weight = if spot.blind.why == Blindness::Stalled { stalled } else { 0.0 };
        let text = spot.blind.why.text(&spot.sensor, &spot.facts);
        h.weigh(spot.blind.since, &spot.sensor, weight, text, Some(format!("event:{}", spot.seq)));
    }
}

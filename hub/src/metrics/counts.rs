//! What the hub counts of itself: answers by route, and who was turned away.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};

use super::exposition::{Exposition, Kind};

/// The bounds of the histogram of answers, in seconds.
const BOUNDS: [f64; 8] = [0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0];
/// Methods are counted by these names; whatever else is sent is one.
const METHODS: [&str; 3] = ["GET", "HEAD", "POST"];

/// The counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    answers: BTreeMap<(String, &'static str, u16), u64>,
    took: BTreeMap<String, Took>,
    refused: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default)]
struct Took {
    counts: [u64; BOUNDS.len() + 1],
    sum: f64,
}

impl Counts {
    /// A request was answered. `route` is a pattern of the router, so that nobody makes up names.
    pub(crate) fn answered(&self, route: &str, method: &Method, status: StatusCode, took: Duration) {
        let method = METHODS.into_iter().find(|known| method.as_str() == *known).unwrap_or("other");
        let seconds = took.as_secs_f64();
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counted.answers.get_mut(&(route.to_owned(), method, status.as_u16())) {
            Some(count) => *count += 1,
            None => drop(counted.answers.insert((route.to_owned(), method, status.as_u16()), 1)),
        }
        let took = counted.took.entry(route.to_owned()).or_default();
        let place = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        if let Some(count) = took.counts.get_mut(place) {
            *count += 1;
        }
        took.sum += seconds;
    }

    /// Somebody was turned away: `rate`, `host`, `cross-site`, `token`.
    pub(crate) fn refused(&self, why: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).refused.entry(why).or_default() += 1;
    }

    /// Writes them.
    pub(super) fn write(&self, out: &mut Exposition) {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.family("muster_hub_requests", Kind::Counter, "Requests that the hub has answered.");
        for ((route, method, status), n) in &counted.answers {
            out.sample("muster_hub_requests_total", &[("route", route), ("method", method), ("status", status)], n);
        }
        out.family("muster_hub_request_duration_seconds", Kind::Histogram, "How long answers took.");
        for (route, took) in &counted.took {
            let so_far: Vec<u64> = took
                .counts
                .iter()
                .scan(0, |so_far, n| {
                    *so_far += n;
                    Some(*so_far)
                })
                .collect();
            out.histogram("muster_hub_request_duration_seconds", &[("route", route)], &BOUNDS, &so_far, took.sum);
        }
        out.family("muster_hub_refused", Kind::Counter, "Requests that were turned away, by reason.");
        for (why, n) in &counted.refused {
            out.sample("muster_hub_refused_total", &[("why", why)], n);
        }
    }
}

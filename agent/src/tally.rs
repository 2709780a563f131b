//! How often and how long services were lost: a fold over the record beside the guard's, for those who draw graphs of it. The
//! guard keeps the last thousand incidents; these numbers only grow.

use std::collections::BTreeMap;

use muster_guard::host::Guard;
use muster_model::event::{Body, Decision, Event};
use muster_model::id::{IncidentId, ServiceName};
use muster_model::incident::State;
use muster_model::loss::Loss;
use muster_model::request::{LASTED, LossCount, Measures};
use muster_model::time::Length;

/// Services that are counted; a roster has no more, but those of years may have had.
const SERVICES_MAX: usize = 20_000;

/// The counts so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    services: BTreeMap<ServiceName, Counts>,
    lasted: [u64; LASTED.len() + 1],
    lasted_sum: Length,
}

#[derive(Debug, Default)]
struct Counts {
    losses: BTreeMap<Loss, u64>,
    lasted: Length,
    /// Those that are not over.
    open: Vec<IncidentId>,
}

impl Tally {
    /// Counts an event that the guard has folded in.
    pub(crate) fn apply(&mut self, event: &Event, guard: &Guard) {
        match &event.body {
            Body::Decided(Decision::Opened { service, loss, .. })
                if self.services.len() < SERVICES_MAX || self.services.contains_key(service) =>
            {
                let counts = self.services.entry(service.clone()).or_default();
                *counts.losses.entry(*loss).or_default() += 1;
                counts.open.push(IncidentId::from(format!("i{}", event.seq)));
            }
            Body::Decided(Decision::Became { incident, state: State::Recovered | State::Closed, .. }) => {
                let Some(incident) = guard.incident(incident.as_str()) else { return };
                let Some(counts) = self.services.get_mut(&incident.service) else { return };
                let Some(place) = counts.open.iter().position(|open| *open == incident.id) else { return };
                counts.open.swap_remove(place);
                let lasted = incident.recovered_at.unwrap_or(event.at).since(incident.lost_at);
                counts.lasted = Length(counts.lasted.0.saturating_add(lasted.0));
                self.lasted_sum = Length(self.lasted_sum.0.saturating_add(lasted.0));
                let bound = LASTED.iter().position(|bound| lasted <= Length::seconds(u64::from(*bound))).unwrap_or(LASTED.len());
                if let Some(count) = self.lasted.get_mut(bound) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }

    /// Puts the counts in.
    pub(crate) fn fill(&self, measures: &mut Measures) {
        let count = |(service, counts): (&ServiceName, &Counts)| LossCount {
            service: service.clone(),
            losses: counts.losses.iter().map(|(loss, n)| (*loss, *n)).collect(),
            lasted: counts.lasted,
        };
        measures.losses = self.services.iter().map(count).collect();
        measures.lasted_sum = self.lasted_sum;
        measures.lasted = self
            .lasted
            .iter()
            .scan(0, |so_far, count| {
                *so_far += count;
                Some(*so_far)
            })
            .collect();
    }
}

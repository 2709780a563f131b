//! What the roll call must say before anything is broken. Pure: the document comes in, what it still lacks goes out.

use muster_model::health::Health;
use muster_model::time::Length;

use crate::document::{Service, Status};
use crate::scenario::{Cast, Learned};

/// So much longer than Muster's own `steady`, that Muster has taken its decisions by then.
const STEADY_SLACK: Length = Length::ms(300);

/// Services that are not yet there for long enough.
pub(crate) fn not_steady(cast: &Cast, status: &Status) -> Vec<String> {
    let steady = Length(cast.steady.0 + STEADY_SLACK.0);
    let is_steady = |s: &Service| s.health == Health::Present && s.since.is_some_and(|since| status.at.since(since) >= steady);
    let lacks = |name: &String| match status.services.iter().find(|s| s.name == *name) {
        Some(service) if is_steady(service) => None,
        Some(service) => Some(format!("{name} is {}", service.health)),
        None => Some(format!("{name} is not in the roll call")),
    };
    cast.services.keys().filter_map(lacks).collect()
}

/// What Muster has not found out by itself, or found and should not have.
pub(crate) fn not_learned(cast: &Cast, status: &Status) -> Vec<String> {
    if cast.learns.is_empty() {
        return Vec::new();
    }
    let lacks = |(name, wanted): (&String, &Learned)| match status.services.iter().find(|s| s.name == *name) {
        Some(service) => {
            let found = (&service.kind, &service.target, sorted(&service.ports), &service.pack, service.health);
            let right = (&"unit".to_owned(), &wanted.unit, sorted(&wanted.ports), &wanted.pack, Health::Present);
            (found != right).then(|| format!("{name} is {found:?}, not {right:?}"))
        }
        None => Some(format!("{name} is not in the roll call")),
    };
    let nobodys = status.services.iter().filter(|s| !cast.services.contains_key(&s.name));
    let nobodys = nobodys.map(|s| format!("{} is in the roll call: {} {}", s.name, s.kind, s.target));
    cast.learns.iter().filter_map(lacks).chain(nobodys).collect()
}

fn sorted(ports: &[u16]) -> Vec<u16> {
    let mut ports = ports.to_vec();
    ports.sort_unstable();
    ports
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    fn cast() -> Cast {
        let web = Learned { unit: "nginx.service".to_owned(), ports: vec![80, 443], pack: Some("nginx".to_owned()) };
        Cast {
            services: BTreeMap::from([("nginx".to_owned(), Some("nginx.service".to_owned()))]),
            learns: BTreeMap::from([("nginx".to_owned(), web)]),
            steady: Length::seconds(3),
        }
    }

    fn status(services: Value) -> Status {
        serde_json::from_value(json!({"at": "2026-09-21T14:13:20.000000000Z", "services": services})).unwrap()
    }

    fn nginx(ports: &[u16], health: &str, since: &str) -> Value {
        json!({"name": "nginx", "kind": "unit", "target": "nginx.service", "pack": "nginx", "ports": ports, "health": health, "since": since})
    }

    #[test]
    fn a_service_is_steady_when_it_is_there_for_longer_than_muster_asks() {
        let lacks = |row: Value| not_steady(&cast(), &status(json!([row])));
        assert_eq!(lacks(nginx(&[], "present", "2026-09-21T14:13:16.700000000Z")), [""; 0]);
        assert_eq!(lacks(nginx(&[], "present", "2026-09-21T14:13:17.000000000Z")), ["nginx is present"]);
        assert_eq!(lacks(nginx(&[], "lost", "2026-09-21T14:13:00.000000000Z")), ["nginx is lost"]);
        assert_eq!(not_steady(&cast(), &status(json!([]))), ["nginx is not in the roll call"]);
    }

    #[test]
    fn what_is_learned_has_its_ports_and_its_pack_and_nothing_else_is_learned() {
        let since = "2026-09-21T14:13:00.000000000Z";
        let found = |rows: Value| not_learned(&cast(), &status(rows)).len();
        assert_eq!(found(json!([nginx(&[443, 80], "present", since)])), 0);
        assert_eq!(found(json!([nginx(&[80], "present", since)])), 1);
        assert_eq!(found(json!([nginx(&[80, 443], "lost", since)])), 1);
        let stranger = json!({"name": "nc-9", "kind": "process", "target": "/usr/bin/nc", "health": "present", "since": since});
        assert_eq!(found(json!([stranger])), 2);
        let declared = Cast { learns: BTreeMap::new(), ..cast() };
        assert_eq!(not_learned(&declared, &status(json!([stranger]))), [""; 0], "a roster that was given is asked nothing");
    }
}

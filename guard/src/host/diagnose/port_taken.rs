//! Another process holds its port.

use muster_model::cause::Code;
use muster_model::exam::Finding;
use muster_model::loss::Loss;
use muster_model::text::Text;

use super::{Hypothesis, Situation};

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    if matches!(s.incident.loss, Loss::Stopped | Loss::OomKilled) {
        return None;
    }
    let (at, holders) = s.watched.work.finding(|f| match &f.examined.finding {
        Finding::PortHolders { holders } => Some((f.at, holders)),
        _ => None,
    })?;
    let service = &s.watched.service.name;
    let thief = holders.iter().find(|h| !h.own);
    let lines = s.known_lines(Code::NetworkPortTaken);
    if thief.is_none() && lines.is_empty() {
        return None;
    }
    let summary = match thief {
        Some(t) => Text::new("verdict-port-taken")
            .with("service", service)
            .with("port", t.port)
            .with("holder", t.holder.as_ref().map_or("?".to_owned(), ToString::to_string)),
        None => Text::new("verdict-port-was-taken").with("service", service),
    };
    let mut h = Hypothesis::new(Code::NetworkPortTaken, summary);
    if let Some(t) = thief {
        let holder = t.holder.as_ref().map_or("?".to_owned(), ToString::to_string);
        h.subject = Some(format!("port {}: {holder}", t.port));
        h.actor = t.holder.clone();
        h.weigh(at, "sock_diag", 4.5, Text::new("evidence-port-holder").with("port", t.port).with("holder", holder), None);
    } else {
        h.weigh(at, "sock_diag", -2.0, Text::new("evidence-port-free"), None);
    }
    if let Some((line, means)) = lines.first() {
        h.weigh(line.at, "journal", 3.0, Text::new("evidence-known-line").with("line", &line.text).with_phrase("means", means), None);
    }
    if let Some((false, said, _, at)) = s.validated()
        && !said.to_ascii_lowercase().contains("address already in use")
    {
        h.weigh(at, "validate", -4.0, Text::new("evidence-validator-refuses").with("said", said), None);
    }
    Some(h)
}

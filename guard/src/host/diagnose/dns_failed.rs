//! The name of an endpoint elsewhere does not resolve.

use muster_model::cause::Code;
use muster_model::loss::Loss;
use muster_model::probe::Answer;
use muster_model::text::Text;

use super::{Hypothesis, Situation};

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    if s.incident.loss != Loss::Unreachable {
        return None;
    }
    let (question, probed) = s.answers().find(|(_, probed)| matches!(probed.answer, Answer::Unresolved { .. }))?;
    let address = question.ask.address().unwrap_or_else(|| question.ask.target().to_owned());
    let name = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host).to_owned();
    let summary = Text::new("verdict-dns-failed").with("service", &s.watched.service.name).with("name", &name);
    let mut h = Hypothesis::new(Code::DnsFailed, summary);
    h.subject = Some(name);
    h.weigh_answer(question, probed, 4.5);
    Some(h)
}

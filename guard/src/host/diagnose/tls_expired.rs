//! Its certificate is past its time.

use muster_model::cause::Code;
use muster_model::probe::Answer;
use muster_model::text::Text;

use super::{Hypothesis, Situation};

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    let (question, probed) = s.answers().find(|(_, probed)| matches!(probed.answer, Answer::Expired { .. }))?;
    let summary = Text::new("verdict-tls-expired").with("service", &s.watched.service.name).with("said", probed.answer.text());
    let mut h = Hypothesis::new(Code::TlsExpired, summary);
    h.subject = Some(question.ask.target().to_owned());
    h.weigh_answer(question, probed, 6.0);
    Some(h)
}

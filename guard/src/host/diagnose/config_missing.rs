//! Its configuration is gone.

use muster_model::cause::Code;
use muster_model::loss::Loss;
use muster_model::text::Text;

use super::situation::{Altering, change_id};
use super::{Hypothesis, Situation};

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    let altered = s.altered();
    let blamed = || s.blamed_gone().map(|path| Altering { path, gone: true, trace: None });
    let gone = altered.into_iter().find(|a| a.gone).or_else(blamed)?;
    let actor = gone.trace.and_then(|(_, c)| c.actor.clone());
    let service = &s.watched.service.name;
    let summary = match &actor {
        Some(who) => Text::new("verdict-config-missing").with("service", service).with("path", gone.path).with("who", who),
        None => Text::new("verdict-config-missing-unseen").with("service", service).with("path", gone.path),
    };
    let mut h = Hypothesis::new(Code::ConfigMissing, summary);
    h.subject = Some(gone.path.to_owned());
    h.actor = actor;
    h.weigh(s.now.at, "compare", 4.0, Text::new("evidence-file-gone").with("path", gone.path), None);
    if let Some((trace, change)) = gone.trace {
        h.change = Some(change_id(trace));
        let who = change.actor.as_ref().map_or("?".to_owned(), ToString::to_string);
        let text = Text::new("evidence-change").with("path", &change.subject).with("what", change.what.word()).with("who", who);
        h.weigh(trace.at, &trace.source, 1.5, text, Some(format!("change:{}", change_id(trace))));
    }
    match s.validated() {
        Some((false, said, _, at)) => h.weigh(at, "validate", 2.0, Text::new("evidence-validator-refuses").with("said", said), None),
        Some((true, _, _, at)) => h.weigh(at, "validate", -4.0, Text::new("evidence-validator-accepts"), None),
        None => {}
    }
    if matches!(s.incident.loss, Loss::Killed | Loss::OomKilled | Loss::Stopped | Loss::Hung) {
        h.weigh(s.incident.lost_at, "guard", -5.0, Text::new("evidence-ended-otherwise").with("loss", s.incident.loss), None);
    }
    Some(h)
}

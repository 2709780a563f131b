//! Its configuration no longer validates.

use muster_model::cause::Code;
use muster_model::loss::Loss;
use muster_model::text::Text;

use super::situation::change_id;
use super::{Hypothesis, Situation};

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    let altered = s.altered();
    let lines = s.known_lines(Code::ConfigInvalid);
    let validated = s.validated();
    let refused = validated.filter(|(ok, ..)| !ok);
    if refused.is_none() && lines.is_empty() {
        return None;
    }
    let blamed = refused.and_then(|(_, _, blames, _)| blames);
    // The file that the validator blames, else the one changed last.
    let file = altered.iter().find(|a| blamed.is_some_and(|(path, _)| path == a.path)).or_else(|| altered.iter().find(|a| !a.gone));
    let path = file.map(|f| f.path.to_owned()).or_else(|| blamed.map(|(path, _)| path.clone()));
    let actor = file.and_then(|f| f.trace).and_then(|(_, c)| c.actor.clone());
    let service = &s.watched.service.name;
    let place = match (&path, blamed) {
        (Some(path), Some((b, Some(line)))) if b == path => format!("{path}:{line}"),
        (Some(path), _) => path.clone(),
        (None, _) => "?".to_owned(),
    };
    let summary = match &actor {
        Some(who) => Text::new("verdict-config-invalid").with("service", service).with("place", &place).with("who", who),
        None => Text::new("verdict-config-invalid-unseen").with("service", service).with("place", &place),
    };
    let mut h = Hypothesis::new(Code::ConfigInvalid, summary);
    h.subject = path;
    h.actor = actor;
    if let Some((_, said, _, at)) = refused {
        h.weigh(at, "validate", 5.0, Text::new("evidence-validator-refuses").with("said", said), None);
    } else if let Some((true, _, _, at)) = validated {
        h.weigh(at, "validate", -6.0, Text::new("evidence-validator-accepts"), None);
    }
    if let Some((line, means)) = lines.last() {
        h.weigh(line.at, "journal", 1.5, Text::new("evidence-known-line").with("line", &line.text).with_phrase("means", means), None);
    }
    if let Some((trace, change)) = file.and_then(|f| f.trace) {
        h.change = Some(change_id(trace));
        let text = Text::new("evidence-change")
            .with("path", &change.subject)
            .with("what", change.what.word())
            .with("who", change.actor.as_ref().map_or("?".to_owned(), ToString::to_string));
        h.weigh(trace.at, &trace.source, 1.5, text, Some(format!("change:{}", change_id(trace))));
    } else if altered.is_empty() && !s.watched.good.is_empty() {
        h.weigh(s.now.at, "compare", -2.0, Text::new("evidence-config-as-good"), None);
    }
    if let Some(gone) = altered.iter().find(|a| a.gone).map(|a| a.path).or(s.blamed_gone()) {
        h.weigh(s.now.at, "compare", -4.0, Text::new("evidence-file-gone").with("path", gone), None);
    }
    if matches!(s.incident.loss, Loss::Killed | Loss::OomKilled | Loss::Stopped) {
        h.weigh(s.incident.lost_at, "guard", -4.0, Text::new("evidence-ended-otherwise").with("loss", s.incident.loss), None);
    }
    Some(h)
}

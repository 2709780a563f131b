//! Its configuration validates, but the edit is what broke it.

use muster_model::cause::Code;
use muster_model::loss::Loss;
use muster_model::text::Text;
use muster_model::time::Length;

use super::situation::change_id;
use super::{Hypothesis, Situation};

/// A loss this soon after the program read the edited file follows from it.
const SOON: Length = Length::seconds(60);

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    let altered = s.altered();
    let first = altered.iter().find(|a| !a.gone)?;
    let actor = first.trace.and_then(|(_, c)| c.actor.clone());
    let service = &s.watched.service.name;
    let summary = match &actor {
        Some(who) => Text::new("verdict-config-changed").with("service", service).with("path", first.path).with("who", who),
        None => Text::new("verdict-config-changed-unseen").with("service", service).with("path", first.path),
    };
    let mut h = Hypothesis::new(Code::ConfigChanged, summary);
    h.subject = Some(first.path.to_owned());
    h.actor = actor;
    if let Some((trace, change)) = first.trace {
        h.change = Some(change_id(trace));
        let who = change.actor.as_ref().map_or("?".to_owned(), ToString::to_string);
        let text = Text::new("evidence-change").with("path", &change.subject).with("what", change.what.word()).with("who", who);
        h.weigh(trace.at, &trace.source, 1.5, text, Some(format!("change:{}", change_id(trace))));
    } else {
        h.weigh(s.now.at, "compare", 1.0, Text::new("evidence-config-differs").with("path", first.path), None);
    }
    let read =
        s.watched.loaded.get(first.path) == s.watched.config.get(first.path) && s.watched.loaded_mono != s.watched.watched_since.mono;
    match s.incident.loss {
        Loss::Exited | Loss::CrashLoop | Loss::PortClosed | Loss::EndpointWrong | Loss::Hung => {
            if read && s.now.mono.since(s.watched.loaded_mono) < SOON.max(Length(s.now.mono.since(s.watched.work.opened).0 + SOON.0)) {
                h.weigh(s.incident.lost_at, "guard", 2.5, Text::new("evidence-lost-after-reading"), None);
            }
            if matches!(s.incident.loss, Loss::PortClosed | Loss::EndpointWrong) {
                h.weigh(s.incident.lost_at, "guard", 1.5, Text::new("evidence-lives-but").with("loss", s.incident.loss), None);
            }
        }
        _ => h.weigh(s.incident.lost_at, "guard", -5.0, Text::new("evidence-ended-otherwise").with("loss", s.incident.loss), None),
    }
    match s.validated() {
        Some((false, said, _, at)) => h.weigh(at, "validate", -6.0, Text::new("evidence-validator-refuses").with("said", said), None),
        Some((true, _, _, at)) => h.weigh(at, "validate", 0.5, Text::new("evidence-validator-accepts"), None),
        None => {}
    }
    Some(h)
}

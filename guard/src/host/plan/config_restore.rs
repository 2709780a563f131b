//! The last good configuration, where the present one is what keeps the service down.

use muster_model::cause::Code;
use muster_model::incident::Action;
use muster_model::loss::Loss;
use muster_model::plan::{Leave, Outcome, Step};
use muster_model::text::Text;
use muster_model::time::Length;

use super::{Remedy, unmask};
use crate::host::diagnose::Situation;

/// A cause at least this sure is acted on.
const SURE: f64 = 0.6;
/// What was told to read its configuration anew answers from it within this time.
const RELOADED_WITHIN: Length = Length::seconds(5);
/// A configuration that is valid, and was only changed, is restored so often for one incident.
const TRIES_MAX: usize = 3;

pub(super) fn remedy(s: &Situation<'_>) -> Option<Remedy> {
    let blamed = s.incident.causes.iter().find(|c| {
        matches!(c.code, Code::ConfigInvalid | Code::ConfigMissing | Code::ConfigChanged)
            && (c.confidence >= SURE || is_refused(s) && c.code != Code::ConfigChanged)
    });
    // Whatever took it down: with what its own program refuses it would not come up again.
    let in_the_way = || (s.watched.main.is_none() && is_refused(s)).then_some(Code::ConfigInvalid);
    let code = blamed.map(|c| c.code).or_else(in_the_way)?;
    // What failed its rehearsal is not tried again; what did not help, a few times: the start after it may have failed. With
    // one that is refused or missing nothing else helps, whatever else is in the way.
    let outcomes = |of: &[Outcome]| {
        let ended = |a: &&Action| a.step == "config.restore" && a.outcome.is_some_and(|o| of.contains(&o));
        s.incident.actions.iter().filter(ended).count()
    };
    let needed = is_refused(s) || code == Code::ConfigMissing;
    let tried = outcomes(&[Outcome::Skipped]) > 0 || (!needed && outcomes(&[Outcome::Done, Outcome::Failed]) >= TRIES_MAX);
    let files: Vec<_> = s.altered().iter().filter_map(|a| s.watched.good.get(a.path).map(|v| (a.path.to_owned(), v.clone()))).collect();
    if tried || files.is_empty() {
        // What still does its work is not restarted into the same configuration.
        let danger = s.incident.loss == Loss::CannotRestart;
        let why = Text::new("plan-config-by-hand").with("service", &s.watched.service.name);
        return danger.then_some(Remedy { steps: Vec::new(), why, leave: Leave::Withheld });
    }
    let list = files.iter().map(|(p, _)| p.as_str()).collect::<Vec<_>>().join(", ");
    let mut steps = vec![Step::ConfigRestore { files }];
    if s.incident.loss == Loss::CannotRestart {
        // It still does its work: whoever is in the middle of an edit is not to be interrupted.
        return Some(Remedy { steps, why: Text::new("plan-config-offered").with("files", list), leave: Leave::Asked });
    }
    // What answers, if wrongly, is told to read it anew; where that did not help, it is restarted. A reload that moves a
    // port back is more than many programs can do.
    let serves = s.incident.loss == Loss::EndpointWrong;
    let reloads = s.watched.service.reload.is_some() && outcomes(&[Outcome::Undone]) == 0;
    steps.extend(unmask::steps(s));
    let leave = if steps.len() > 1 { Leave::Asked } else { Leave::Granted };
    match s.watched.main {
        Some(_) if serves && reloads => steps.extend([Step::Reload, Step::Await { within: RELOADED_WITHIN }]),
        Some(_) => steps.push(Step::Restart),
        None => steps.push(Step::Start),
    }
    let why = Text::new("plan-config-restore").with("files", list).with("code", code);
    Some(Remedy { steps, why, leave })
}

fn is_refused(s: &Situation<'_>) -> bool {
    s.watched.validated.as_ref().is_some_and(|v| !v.ok)
}

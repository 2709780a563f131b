//! What hangs is ended for good and started: a plain restart would wait for an answer that never comes.

use muster_model::loss::Loss;
use muster_model::plan::{Leave, Step};
use muster_model::text::Text;

use super::Remedy;
use crate::host::diagnose::Situation;

pub(super) fn remedy(s: &Situation<'_>) -> Option<Remedy> {
    let (process, _) = s.watched.main.filter(|_| s.incident.loss == Loss::Hung)?;
    Some(Remedy {
        steps: vec![Step::KillRestart { process }],
        why: Text::new("plan-kill-restart").with("pid", process.pid),
        leave: Leave::Granted,
    })
}

//! A masked unit cannot be started.

use muster_model::plan::{Leave, Step};
use muster_model::text::Text;

use super::Remedy;
use crate::host::diagnose::Situation;

/// What makes it a unit that can be started; nothing where it is one.
pub(super) fn steps(s: &Situation<'_>) -> Vec<Step> {
    match &s.watched.unit {
        Some(unit) if unit.file.starts_with("masked") => vec![Step::Unmask, Step::Enable],
        Some(unit) if unit.load == "masked" => vec![Step::Unmask],
        _ => Vec::new(),
    }
}

/// Whether it cannot be started as it is.
pub(crate) fn is_masked(s: &Situation<'_>) -> bool {
    !steps(s).is_empty()
}

pub(super) fn remedy(s: &Situation<'_>) -> Option<Remedy> {
    let mut steps = Some(steps(s)).filter(|steps| !steps.is_empty())?;
    let unit = s.watched.unit.as_ref()?;
    steps.push(Step::Start);
    // Whoever masked it meant something by it, even where the loss has another cause.
    Some(Remedy { steps, why: Text::new("plan-unmask").with("unit", &unit.unit), leave: Leave::Asked })
}

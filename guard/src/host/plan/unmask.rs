//! A masked unit cannot be started.

use muster_model::plan::{Leave, Step};
use muster_model::text::Text;

use super::Remedy;
use crate::host::diagnose::Situation;

pub(super) fn remedy(s: &Situation<'_>) -> Option<Remedy> {
    let unit = s.watched.unit.as_ref()?;
    let mut steps = match unit.file.as_str() {
        "masked" | "masked-runtime" => vec![Step::Unmask, Step::Enable],
        _ if unit.load == "masked" => vec![Step::Unmask],
        _ => return None,
    };
    steps.push(Step::Start);
    // Whoever masked it meant something by it, even where the loss has another cause.
    Some(Remedy { steps, why: Text::new("plan-unmask").with("unit", &unit.unit), leave: Leave::Asked })
}

//! How many processes a systemd unit has: those in its control group and the groups below.

use muster_model::probe::Answer;
use muster_model::roster::Count;

use super::answers::{Step, right, unasked, wrong};
use super::progress::{Progress, Reached};
use crate::proc::{Proc, unit_of};

pub(super) async fn put(unit: &str, wanted: Count, progress: &Progress) -> Step<Answer> {
    progress.reached(Reached::Asked);
    let unit = unit.to_owned();
    tokio::task::spawn_blocking(move || look(&unit, wanted)).await.map_err(|error| unasked(error.to_string()))
}

fn look(unit: &str, wanted: Count) -> Answer {
    let here = Proc::here();
    let pids = match here.pids() {
        Ok(pids) => pids,
        Err(error) => return unasked(error.to_string()),
    };
    let found = pids.into_iter().filter(|pid| unit_of(&here, *pid).as_deref() == Some(unit)).count();
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    if found < wanted.min || found > wanted.max {
        wrong(format!("{found} processes, not {wanted}"))
    } else {
        right(format!("{found} processes"))
    }
}

//! How many processes a service has: a systemd unit those in its control group and the groups below; what Muster runs itself
//! those that carry its mark, and their descendants.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::probe::{Answer, Counted};
use muster_model::roster::Count;

use super::answers::{Step, right, unasked, wrong};
use super::progress::{Progress, Reached};
use crate::proc::{Proc, mark_of, unit_of};

pub(super) async fn put(whose: &Counted, wanted: Count, progress: &Progress) -> Step<Answer> {
    progress.reached(Reached::Asked);
    let whose = whose.clone();
    tokio::task::spawn_blocking(move || look(&whose, wanted)).await.map_err(|error| unasked(error.to_string()))
}

fn look(whose: &Counted, wanted: Count) -> Answer {
    let here = Proc::here();
    let pids = match here.pids() {
        Ok(pids) => pids,
        Err(error) => return unasked(error.to_string()),
    };
    let found = match whose {
        Counted::Unit(unit) => pids.into_iter().filter(|pid| unit_of(&here, *pid).as_deref() == Some(unit)).count(),
        Counted::Marked { service, data } => {
            let is_marked = |pid: &i32| {
                mark_of(&here, *pid).is_some_and(|mark| mark.service == *service && data.as_ref().is_none_or(|data| mark.data == *data))
            };
            let marked = pids.iter().copied().filter(is_marked).collect();
            with_descendants(marked, pids.iter().filter_map(|pid| Some((*pid, here.stat(*pid).ok()??.parent))).collect())
        }
    };
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    if found < wanted.min || found > wanted.max {
        wrong(format!("{found} processes, not {wanted}"))
    } else {
        right(format!("{found} processes"))
    }
}

/// A program may write over its environment, where the mark is; its children are its children all the same.
fn with_descendants(mut found: BTreeSet<i32>, parents: BTreeMap<i32, i32>) -> usize {
    loop {
        let more: Vec<i32> =
            parents.iter().filter(|(pid, parent)| found.contains(parent) && !found.contains(pid)).map(|(pid, _)| *pid).collect();
        if more.is_empty() {
            return found.len();
        }
        found.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::with_descendants;

    #[test]
    fn children_of_children_count_and_others_do_not() {
        let parents = [(2, 1), (3, 2), (4, 3), (5, 1), (6, 5)].into();
        assert_eq!(with_descendants([2].into(), parents), 3);
    }
}

//! Runs scenarios, a few at a time, each in a box of its own.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use muster_model::time::Length;

use crate::clock::{Deadline, monotonic_ns, period};
use crate::report;
use crate::scenario::{Kind, Scenario};
use crate::score::{Score, judge};
use crate::stage::{Before, Stage};

/// Between two looks at what Muster says: often enough to see it settle, seldom enough not to be the load.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// What came of one scenario.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) score: Score,
    pub(crate) took: Length,
    /// Where what tells of a failure is kept.
    pub(crate) kept: Option<PathBuf>,
}

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Paths {
    /// The root file system of the boxes.
    pub(crate) root: PathBuf,
    /// The `muster` to be tested.
    pub(crate) muster: PathBuf,
    /// Where the records of failed scenarios are kept.
    pub(crate) keep: PathBuf,
}

/// Runs all of them, `jobs` at a time, in an order that the seed decides; outcomes come back in the order of names.
pub(crate) fn run_all<'a>(scenarios: &'a [Scenario], paths: &Paths, jobs: usize, seed: u64) -> Vec<Outcome<'a>> {
    let mut order: Vec<&Scenario> = scenarios.iter().collect();
    shuffle(&mut order, seed);
    let queue = Mutex::new(VecDeque::from(order));
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(scenario) = next else { return };
                    let outcome = run_one(scenario, paths);
                    println!("{}", report::line(&outcome));
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by(|a, b| a.scenario.name.cmp(&b.scenario.name));
    outcomes
}

fn run_one<'a>(scenario: &'a Scenario, paths: &Paths) -> Outcome<'a> {
    let began = monotonic_ns();
    let (mut score, mut kept) = (Score::default(), None);
    match Stage::set(&paths.root, scenario) {
        Err(e) => score.why_not.push(format!("{e:#}")),
        Ok(mut stage) => {
            match play(&mut stage, scenario, paths) {
                Ok(s) => score = s,
                Err(e) => score.why_not.push(format!("{e:#}")),
            }
            if !score.pass() {
                let dir = paths.keep.join(&scenario.name);
                match stage.keep(&dir) {
                    Ok(()) => kept = Some(dir),
                    Err(e) => score.why_not.push(format!("its record could not be kept: {e:#}")),
                }
            }
        }
    }
    Outcome { scenario, score, took: Length(u64::try_from(monotonic_ns() - began).unwrap_or(0)), kept }
}

/// Starts Muster, does the deeds, and looks until all is as it must be and stays so, or the time is over.
fn play(stage: &mut Stage<'_>, scenario: &Scenario, paths: &Paths) -> Result<Score> {
    stage.start_muster(&paths.muster)?;
    let before = stage.before()?;
    let since = Stage::moment();
    for deed in &scenario.fault {
        stage.act(deed, since)?;
    }
    let deadline = Deadline::after(scenario.within);
    let mut holds: Option<Deadline> = None;
    loop {
        let score = assess(stage, scenario, &before, deadline.is_over());
        let (pass, hopeless) = match &score {
            // What is on record stays there: a quiet machine with an incident cannot pass any more.
            Ok(score) => (score.pass(), scenario.kind == Kind::Healthy && !score.innocent.is_empty()),
            Err(_) => (false, false),
        };
        if pass {
            let until = *holds.get_or_insert_with(|| Deadline::after(scenario.watch()));
            if until.is_over() {
                return score;
            }
        } else {
            holds = None;
            if hopeless || deadline.is_over() {
                return score;
            }
        }
        period(LOOK_EVERY);
    }
}

/// Judges what is there now. The checks, which are clients' work, are run once everything else is right, and at the end.
fn assess(stage: &Stage<'_>, scenario: &Scenario, before: &Before, last: bool) -> Result<Score> {
    let mut seen = stage.look(before)?;
    let score = judge(scenario, &seen);
    if !score.pass() && !last {
        return Ok(score);
    }
    stage.check(before, &mut seen)?;
    Ok(judge(scenario, &seen))
}

/// Fisher-Yates with splitmix64: the same seed gives the same order on every machine.
pub(crate) fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let chosen = usize::try_from(z % (last as u64 + 1)).unwrap_or(last);
        items.swap(last, chosen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_order_and_nothing_is_lost_by_it() {
        let order = |seed| {
            let mut items: Vec<u32> = (0..30).collect();
            shuffle(&mut items, seed);
            items
        };
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
        let mut sorted = order(7);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..30).collect::<Vec<_>>());
    }
}

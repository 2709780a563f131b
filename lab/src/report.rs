//! The score table: on the terminal, as Markdown for the README, as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::run::Outcome;
use crate::scenario::Kind;
use crate::score::Mark;

/// Sums over all scenarios.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Summary {
    pub(crate) scenarios: usize,
    pub(crate) passed: usize,
    /// Losses that were made, and of them: seen, named right, done by a hand that was to be named, named it, to be
    /// recovered, recovered.
    pub(crate) losses: usize,
    pub(crate) detected: usize,
    pub(crate) cause_right: usize,
    pub(crate) actors: usize,
    pub(crate) actor_right: usize,
    pub(crate) recoverable: usize,
    pub(crate) recovered: usize,
    pub(crate) healthy: usize,
    pub(crate) healthy_quiet: usize,
    pub(crate) accusations: u32,
    pub(crate) wrong_accusations: usize,
    pub(crate) detect_ms: Vec<f64>,
    pub(crate) first_verdict_ms: Vec<f64>,
    pub(crate) settled_verdict_ms: Vec<f64>,
}

/// Adds the outcomes up.
pub(crate) fn summary(outcomes: &[Outcome<'_>]) -> Summary {
    let mut sum = Summary { scenarios: outcomes.len(), ..Summary::default() };
    for outcome in outcomes {
        let score = &outcome.score;
        sum.passed += usize::from(score.pass());
        sum.accusations += score.accusations;
        sum.wrong_accusations += score.wrong_accusations.len();
        if outcome.scenario.kind == Kind::Healthy {
            sum.healthy += 1;
            sum.healthy_quiet += usize::from(score.pass());
        }
        // A scenario that broke down before it was judged counts with all its losses as missed.
        sum.losses += outcome.scenario.expect.len();
        sum.actors += outcome.scenario.expect.iter().filter(|e| e.actor.is_some()).count();
        sum.recoverable += outcome.scenario.expect.iter().filter(|e| e.state == muster_model::incident::State::Recovered).count();
        for mark in &score.marks {
            sum.detected += usize::from(mark.detected);
            sum.cause_right += usize::from(mark.cause_right);
            sum.actor_right += usize::from(mark.actor_right == Some(true));
            sum.recovered += usize::from(mark.recovered == Some(true));
            sum.detect_ms.extend(mark.detect_ms);
            sum.first_verdict_ms.extend(mark.verdicts.first_ms);
            sum.settled_verdict_ms.extend(mark.verdicts.settled_ms);
        }
    }
    for figures in [&mut sum.detect_ms, &mut sum.first_verdict_ms, &mut sum.settled_verdict_ms] {
        figures.sort_by(f64::total_cmp);
    }
    sum
}

/// The value below which `share` of the sorted figures lie (nearest rank).
pub(crate) fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank.min(sorted.len()).checked_sub(1)?).copied()
}

/// One line for one scenario, as soon as it is over.
pub(crate) fn line(outcome: &Outcome<'_>) -> String {
    let passed = if outcome.score.pass() { "pass" } else { "FAIL" };
    let mut line = format!("{passed}  {:<34} {:>5}  {}", outcome.scenario.name, outcome.took.to_string(), outcome.scenario.title);
    for why in &outcome.score.why_not {
        let _ = write!(line, "\n        {why}");
    }
    if let Some(dir) = &outcome.kept {
        let _ = write!(line, "\n        kept: {}", dir.display());
    }
    line
}

const HEADINGS: [&str; 10] = ["scenario", "service", "loss", "cause", "actor", "back", "detected", "first verdict", "settled", "result"];

/// The table's rows: one for each loss that was made, one for each healthy scenario.
fn rows(outcomes: &[Outcome<'_>]) -> Vec<[String; 10]> {
    let mut rows = Vec::new();
    for outcome in outcomes {
        let result = if outcome.score.pass() { "pass" } else { "**fail**" };
        let title = &outcome.scenario.title;
        if outcome.score.marks.is_empty() {
            let quiet = if outcome.scenario.kind == Kind::Healthy && outcome.score.pass() { "none, rightly" } else { "-" };
            let dash = || "-".to_owned();
            rows.push([title.clone(), dash(), quiet.to_owned(), dash(), dash(), dash(), dash(), dash(), dash(), result.to_owned()]);
        }
        for mark in &outcome.score.marks {
            rows.push([
                title.clone(),
                mark.service.clone(),
                if mark.detected { mark.loss.clone() } else { "not seen".to_owned() },
                tick(mark.cause_right, &format!("{} {:.2}", mark.cause, mark.confidence)),
                mark.actor_right.map_or_else(|| "-".to_owned(), |right| tick(right, "")),
                mark.recovered.map_or_else(|| mark.state.clone(), |back| tick(back, &ms(mark.recovered_ms))),
                ms(mark.detect_ms),
                ms(mark.verdicts.first_ms),
                ms(mark.verdicts.settled_ms),
                result.to_owned(),
            ]);
        }
    }
    rows
}

fn tick(right: bool, text: &str) -> String {
    format!("{} {text}", if right { "✓" } else { "✗" }).trim().to_owned()
}

fn ms(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(v) if v < 10.0 => format!("{v:.2} ms"),
        Some(v) if v < 10_000.0 => format!("{v:.0} ms"),
        Some(v) => format!("{:.1} s", v / 1000.0),
    }
}

/// The sums in sentences, one a line.
pub(crate) fn sentences(sum: &Summary) -> Vec<String> {
    let of = |part: usize, whole: usize| format!("{part} of {whole}");
    let figures = |name: &str, sorted: &[f64]| {
        format!("{name}: p50 {}, p99 {}, n {}", ms(percentile(sorted, 0.5)), ms(percentile(sorted, 0.99)), sorted.len())
    };
    vec![
        format!("scenarios passed: {}", of(sum.passed, sum.scenarios)),
        format!("losses detected: {}", of(sum.detected, sum.losses)),
        format!("right cause first: {}", of(sum.cause_right, sum.losses)),
        format!("right actor: {}", of(sum.actor_right, sum.actors)),
        format!("recovered, of the recoverable: {}", of(sum.recovered, sum.recoverable)),
        format!("healthy scenarios without an incident: {}", of(sum.healthy_quiet, sum.healthy)),
        format!("wrong accusations (confidence 0.8 and above): {}", of(sum.wrong_accusations, sum.accusations as usize)),
        figures("from the loss to its detection", &sum.detect_ms),
        figures("from the detection to the first verdict", &sum.first_verdict_ms),
        figures("from the detection to the settled verdict", &sum.settled_verdict_ms),
    ]
}

/// The table in Markdown, with the sums below it.
pub(crate) fn markdown(outcomes: &[Outcome<'_>]) -> String {
    let mut text = format!("| {} |\n|{}\n", HEADINGS.join(" | "), "---|".repeat(HEADINGS.len()));
    for row in rows(outcomes) {
        let _ = writeln!(text, "| {} |", row.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    text.push('\n');
    for sentence in sentences(&summary(outcomes)) {
        let _ = writeln!(text, "- {sentence}");
    }
    text
}

/// The table for the terminal: the same rows in aligned columns.
pub(crate) fn table(outcomes: &[Outcome<'_>]) -> String {
    let mut rows = rows(outcomes);
    rows.insert(0, HEADINGS.map(str::to_owned));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

/// The whole result (DESIGN §12): `scenarios:[{name, expected, got, pass, why_not}]` and `summary`.
pub(crate) fn json(outcomes: &[Outcome<'_>], seed: u64) -> Value {
    let sum = summary(outcomes);
    let figures = |sorted: &[f64]| json!({"n": sorted.len(), "p50": percentile(sorted, 0.5), "p99": percentile(sorted, 0.99)});
    json!({
        "scenarios": outcomes.iter().map(one).collect::<Vec<_>>(),
        "summary": {
            "seed": seed, "scenarios": sum.scenarios, "passed": sum.passed,
            "losses": sum.losses, "detected": sum.detected, "cause_right": sum.cause_right,
            "actors": sum.actors, "actor_right": sum.actor_right,
            "recoverable": sum.recoverable, "recovered": sum.recovered,
            "healthy": sum.healthy, "healthy_quiet": sum.healthy_quiet,
            "accusations": sum.accusations, "wrong_accusations": sum.wrong_accusations,
            "detect_ms": figures(&sum.detect_ms), "first_verdict_ms": figures(&sum.first_verdict_ms),
            "settled_verdict_ms": figures(&sum.settled_verdict_ms),
        },
    })
}

fn one(outcome: &Outcome<'_>) -> Value {
    let expected = outcome.scenario.expect.iter().map(|e| {
        json!({
            "service": e.service,
            "loss": e.loss.iter().map(|l| l.code()).collect::<Vec<_>>(),
            "cause": e.cause.iter().map(|c| c.code()).collect::<Vec<_>>(),
            "state": e.state.code(),
        })
    });
    json!({
        "name": outcome.scenario.name,
        "title": outcome.scenario.title,
        "expected": expected.collect::<Vec<_>>(),
        "got": outcome.score.marks.iter().map(got).collect::<Vec<_>>(),
        "innocent": outcome.score.innocent,
        "wrong_accusations": outcome.score.wrong_accusations,
        "pass": outcome.score.pass(),
        "why_not": outcome.score.why_not,
        "seconds": outcome.took.as_ms() / 1000.0,
    })
}

fn got(mark: &Mark) -> Value {
    json!({
        "service": mark.service, "loss": mark.loss, "cause": mark.cause, "confidence": mark.confidence, "actor": mark.actor,
        "state": mark.state, "detected": mark.detected, "cause_right": mark.cause_right, "actor_right": mark.actor_right,
        "recovered": mark.recovered, "detect_ms": mark.detect_ms, "recovered_ms": mark.recovered_ms,
        "first_verdict_ms": mark.verdicts.first_ms, "settled_verdict_ms": mark.verdicts.settled_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(&hundred, 0.5), Some(50.0));
        assert_eq!(percentile(&hundred, 0.99), Some(99.0));
        assert_eq!(percentile(&[7.0], 0.99), Some(7.0));
        assert_eq!(percentile(&[], 0.5), None);
    }
}

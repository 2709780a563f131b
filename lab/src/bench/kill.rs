//! From SIGKILL to the loss on record, and to the new main().

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use anyhow::{Context, Result, bail};
use clap::Args;
use muster_model::time::{Length, Time};
use serde_json::{Value, json};

use super::guardian::{Guardian, MUSTER};
use super::{CALM, Output, Programs, Table, Who};
use crate::clock::{Deadline, now, period};
use crate::report::percentile;
use crate::run::shuffle;
use crate::systemd_box::SystemdBox;

const BACK_WITHIN: Length = Length::seconds(20);
const ON_RECORD_WITHIN: Length = Length::seconds(20);

/// What is killed, and how often.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many processes Muster keeps and watches.
    #[arg(long, default_value_t = 1000)]
    services: usize,
    /// How many units, and how many processes of the other guardians.
    #[arg(long, default_value_t = 100)]
    peers: usize,
    /// How many are killed, one after the other; monit, which takes long, gets a fifth of it.
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// Decides which.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    pub(super) who: Who,
    #[command(flatten)]
    pub(super) output: Output,
}

/// Milliseconds after kill(2), each sorted.
#[derive(Debug, Default)]
struct Figures {
    /// A client that follows the events has the loss.
    told: Vec<f64>,
    /// The loss was detected, by its own word.
    detected: Vec<f64>,
    /// The event was taken down.
    taken_down: Vec<f64>,
    /// The new main() began.
    back: Vec<f64>,
}

pub(super) fn measure(options: &Options, programs: &Programs) -> Result<Table> {
    let mut rows = Vec::new();
    for guardian in options.who.guardians.iter().copied() {
        let (number, kills) = match guardian {
            Guardian::MusterRun => (options.services, options.kills),
            Guardian::MusterUnit | Guardian::Systemd | Guardian::Runit => (options.peers, options.kills),
            Guardian::Monit => (options.peers, options.kills / 5),
        };
        let kills = kills.min(number);
        eprintln!("lab: {}: {kills} of {number}", guardian.name());
        let figures = one(guardian, number, kills, options.seed, programs).with_context(|| guardian.name())?;
        rows.push(row(guardian, number, &figures));
    }
    Ok(Table { headings: vec!["guardian", "watched", "n", "loss at a follower", "detected", "taken down", "new main()"], rows })
}

fn one(guardian: Guardian, number: usize, kills: usize, seed: u64, programs: &Programs) -> Result<Figures> {
    let place = SystemdBox::boot(&programs.root)?;
    let mut victims = guardian.keep(&place, number, programs)?;
    let follower = if guardian.is_muster() { Some(Follower::start(&place)?) } else { None };
    period(CALM.std());
    let mut names = victims.names();
    shuffle(&mut names, seed);
    let mut figures = Figures::default();
    // Each is killed once: what is killed again and again would meet the backoff, which is another matter.
    for name in names.iter().take(kills) {
        let killed = victims.kill(name)?;
        let ms = |at: Time| at.since(killed).as_ms();
        let story = || told_of(&place, guardian, name);
        figures.back.push(ms(victims.wait_for_return(name, killed, BACK_WITHIN).with_context(story)?));
        if let Some(follower) = &follower {
            let loss = follower.wait_for(name).with_context(story)?;
            figures.told.push(ms(loss.told));
            figures.detected.push(ms(loss.detected));
            figures.taken_down.push(ms(loss.taken_down));
        }
    }
    for sorted in [&mut figures.told, &mut figures.detected, &mut figures.taken_down, &mut figures.back] {
        sorted.sort_by(f64::total_cmp);
    }
    Ok(figures)
}

/// What Muster itself says of a victim, for the message when something does not come.
fn told_of(place: &SystemdBox, guardian: Guardian, name: &str) -> String {
    if !guardian.is_muster() {
        return name.to_owned();
    }
    place
        .sh(&format!("{MUSTER} status {name}; {MUSTER} why {name}"), BACK_WITHIN)
        .map_or_else(|e| format!("{e:#}"), |said| said.out + &said.err)
}

/// A loss as the follower of the events has it.
#[derive(Debug)]
struct Loss {
    service: String,
    told: Time,
    detected: Time,
    taken_down: Time,
}

/// A client that follows the ledger, as anybody's would.
#[derive(Debug)]
struct Follower {
    child: Child,
    losses: Receiver<Loss>,
}

impl Follower {
    fn start(place: &SystemdBox) -> Result<Follower> {
        let mut command = place.command("sh");
        // The line before says that it is connected, as what comes before that is lost to it.
        command.args(["-c", &format!("exec {MUSTER} --json events --follow --kind incident.opened")]);
        let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run the follower")?;
        let lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let (send, losses) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let told = now();
                if loss(&line, told).is_some_and(|loss| send.send(loss).is_err()) {
                    return;
                }
            }
        });
        Ok(Follower { child, losses })
    }

    fn wait_for(&self, service: &str) -> Result<Loss> {
        let deadline = Deadline::after(ON_RECORD_WITHIN);
        loop {
            match self.losses.recv_timeout(deadline.left()) {
                Ok(loss) if loss.service == service => return Ok(loss),
                Ok(_) => {}
                Err(e) => bail!("no loss of {service} on record after {ON_RECORD_WITHIN} ({e})"),
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn loss(line: &str, told: Time) -> Option<Loss> {
    let event: Value = serde_json::from_str(line).ok()?;
    let text = |pointer: &str| event.pointer(pointer)?.as_str();
    Some(Loss {
        service: text("/body/service")?.to_owned(),
        told,
        detected: text("/body/detected_at")?.parse().ok()?,
        taken_down: text("/at")?.parse().ok()?,
    })
}

fn row(guardian: Guardian, number: usize, figures: &Figures) -> (Vec<String>, Value) {
    let cell = |sorted: &[f64]| match (percentile(sorted, 0.5), percentile(sorted, 0.99)) {
        (Some(p50), Some(p99)) => format!("p50 {p50:.2} ms, p99 {p99:.2} ms"),
        _ => "-".to_owned(),
    };
    let all = [&figures.told, &figures.detected, &figures.taken_down, &figures.back];
    let mut cells = vec![guardian.name().to_owned(), number.to_string(), figures.back.len().to_string()];
    cells.extend(all.map(|sorted| cell(sorted)));
    println!("{}", cells.join("  "));
    let summary = |sorted: &[f64]| {
        json!({"n": sorted.len(), "p50_ms": percentile(sorted, 0.5), "p90_ms": percentile(sorted, 0.9),
               "p99_ms": percentile(sorted, 0.99), "max_ms": sorted.last()})
    };
    let [told, detected, taken_down, back] = all.map(|sorted| summary(sorted));
    let value = json!({"guardian": guardian.name(), "watched": number, "told": told, "detected": detected,
                       "taken_down": taken_down, "new_main": back});
    (cells, value)
}

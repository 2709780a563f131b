//! What watching costs: processor time and memory for a number of services, idle and with forks on the machine.

use std::fs;

use anyhow::{Context, Result, ensure};
use clap::Args;
use muster_model::time::Length;
use rustix::process::Pid;
use serde_json::{Value, json};

use super::guardian::{Guardian, processes_named, sh};
use super::{CALM, Output, Programs, Table, Who};
use crate::clock::{monotonic_ns, period};
use crate::systemd_box::SystemdBox;

/// Forks so many times a second for so many seconds, and prints how many it were.
const FORKS: &str = r#"use Time::HiRes qw(time sleep); use POSIX ();
my ($rate, $seconds) = @ARGV; my ($began, $n) = (time, 0);
while (time - $began < $seconds) {
    while ($n < (time - $began) * $rate && time - $began < $seconds) { my $p = fork; POSIX::_exit(0) if defined $p && !$p; waitpid $p, 0; $n++ }
    sleep 0.0005;
}
print $n;"#;

/// The Prometheus blackbox exporter, which watches nothing by itself.
const EXPORTER: &str = "blackbox exporter, asked nothing";
const EXPORTER_COMM: &str = "prometheus-blac";

/// What is measured.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Numbers of services.
    #[arg(long, value_delimiter = ',', default_value = "1,100,1000")]
    services: Vec<usize>,
    /// For how long each is looked at.
    #[arg(long, default_value = "10s")]
    look: Length,
    /// Forks a second on the machine.
    #[arg(long, default_value_t = 1000)]
    forks: u32,
    #[command(flatten)]
    pub(super) who: Who,
    #[command(flatten)]
    pub(super) output: Output,
}

/// The cost of one guardian with one number of services.
#[derive(Debug)]
struct Cost {
    idle_percent: f64,
    forks_percent: f64,
    forks_a_second: f64,
    resident_mib: f64,
    proportional_mib: f64,
    processes: usize,
}

pub(super) fn measure(options: &Options, programs: &Programs) -> Result<Table> {
    let mut rows = Vec::new();
    for number in &options.services {
        for guardian in options.who.guardians.iter().copied() {
            eprintln!("lab: {}: {number}", guardian.name());
            match one(guardian, *number, options, programs) {
                Ok(cost) => rows.push(row(guardian.name(), *number, &cost)),
                // That a peer does not get so many up is a result too.
                Err(error) if !guardian.is_muster() => rows.push(failed(guardian.name(), *number, &error)),
                Err(error) => return Err(error.context(format!("{}, {number}", guardian.name()))),
            }
        }
    }
    eprintln!("lab: {EXPORTER}");
    match exporter(options, programs) {
        Ok(cost) => rows.push(row(EXPORTER, 0, &cost)),
        Err(error) => rows.push(failed(EXPORTER, 0, &error)),
    }
    Ok(Table { headings: vec!["guardian", "watched", "idle", "with forks", "forks/s", "RSS", "PSS", "processes"], rows })
}

fn one(guardian: Guardian, number: usize, options: &Options, programs: &Programs) -> Result<Cost> {
    let place = SystemdBox::boot(&programs.root)?;
    let _victims = guardian.keep(&place, number, programs)?;
    cost(&place, || guardian.processes(&place), options)
}

/// What the Prometheus blackbox exporter costs while nobody asks it anything; what its probes cost, `bench probes` says.
fn exporter(options: &Options, programs: &Programs) -> Result<Cost> {
    let place = SystemdBox::boot(&programs.root)?;
    sh(&place, "systemctl stop nginx redis-server 'postgresql@*' haproxy 2>/dev/null; systemctl start prometheus-blackbox-exporter")?;
    cost(&place, || processes_named(&place, &[EXPORTER_COMM]), options)
}

fn cost(place: &SystemdBox, processes: impl Fn() -> Result<Vec<Pid>>, options: &Options) -> Result<Cost> {
    period(CALM.std());
    let idle_percent = percent(&processes()?, || {
        period(options.look.std());
        Ok(())
    })?;
    let mut forks = 0.0;
    let seconds = options.look.as_ms() / 1000.0;
    let forks_percent = percent(&processes()?, || {
        let line = format!("exec perl -e '{FORKS}' {} {seconds}", options.forks);
        let said = place.sh(&line, Length(options.look.0 + CALM.0))?.ok()?;
        forks = said.trim().parse().with_context(|| format!("the forker said {said}"))?;
        Ok(())
    })?;
    let processes = processes()?;
    let memory = |key| processes.iter().map(|pid| memory_mib(*pid, key)).sum();
    Ok(Cost {
        idle_percent,
        forks_percent,
        forks_a_second: forks / seconds,
        resident_mib: memory("Rss:"),
        proportional_mib: memory("Pss:"),
        processes: processes.len(),
    })
}

/// The share of one core that these processes took while `meanwhile` went on.
fn percent(processes: &[Pid], mut meanwhile: impl FnMut() -> Result<()>) -> Result<f64> {
    ensure!(!processes.is_empty(), "it has no processes");
    let used = || processes.iter().map(|pid| processor_ns(*pid)).sum::<u64>();
    let (began, before) = (monotonic_ns(), used());
    meanwhile()?;
    Ok(used().saturating_sub(before) as f64 / (monotonic_ns() - began) as f64 * 100.0)
}

/// Nanoseconds on a processor, over all threads (`/proc/PID/task/TID/schedstat`, first field).
pub(super) fn processor_ns(pid: Pid) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())) else { return 0 };
    let of = |path: std::path::PathBuf| fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse::<u64>().ok();
    threads.flatten().filter_map(|entry| of(entry.path())).sum::<u64>()
}

/// What a process holds, by a line of its `smaps_rollup`.
pub(super) fn memory_mib(pid: Pid, key: &str) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", pid.as_raw_nonzero())).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn failed(guardian: &str, number: usize, error: &anyhow::Error) -> (Vec<String>, Value) {
    let why = format!("{error:#}");
    println!("{}  {number}  {why}", guardian);
    let mut cells = vec![guardian.to_owned(), number.to_string(), why.clone()];
    cells.resize(8, "-".to_owned());
    (cells, json!({"guardian": guardian, "watched": number, "failed": why}))
}

fn row(guardian: &str, number: usize, cost: &Cost) -> (Vec<String>, Value) {
    let cells = vec![
        guardian.to_owned(),
        number.to_string(),
        format!("{:.3} %", cost.idle_percent),
        format!("{:.3} %", cost.forks_percent),
        format!("{:.0}", cost.forks_a_second),
        format!("{:.1} MiB", cost.resident_mib),
        format!("{:.1} MiB", cost.proportional_mib),
        cost.processes.to_string(),
    ];
    println!("{}", cells.join("  "));
    let value = json!({"guardian": guardian, "watched": number, "idle_percent_of_a_core": cost.idle_percent,
                       "with_forks_percent_of_a_core": cost.forks_percent, "forks_a_second": cost.forks_a_second,
                       "resident_mib": cost.resident_mib, "proportional_mib": cost.proportional_mib, "processes": cost.processes});
    (cells, value)
}

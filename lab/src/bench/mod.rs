//! Benchmarks: how soon a loss is on record, how soon the process is back, what watching costs; Muster beside systemd,
//! runit and monit, on the same machine, in the same run. Run by hand, never as tests.

mod api;
mod cost;
mod guardian;
mod kill;
mod probes;
mod victims;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use muster_model::time::Length;
use serde_json::Value;

use self::guardian::Guardian;
use crate::root::{self, Furniture};

/// Between the start and the first measurement: the start's own work is over by then, and no guardian takes the first kill
/// for a program that does not come up (runit waits a second where one ended within its first).
const CALM: Length = Length::seconds(5);

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// SIGKILL to the loss on record, and to the new main().
    Kill(kill::Options),
    /// Processor time and memory, idle and with forks on the machine.
    Cost(cost::Options),
    /// HTTP probes a second, how late they are put, and what they cost; beside the blackbox exporter and monit.
    Probes(probes::Options),
    /// Roll calls a second over the API, and what they cost.
    Api(api::Options),
}

/// Who is measured.
#[derive(Debug, Args)]
pub(crate) struct Who {
    /// Only these.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "muster-run,muster-unit,systemd,runit,monit")]
    guardians: Vec<Guardian>,
}

/// Where results go.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Write the result here, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the table here, as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// The program to be measured; the one built beside this one where not given.
    #[arg(long, value_name = "PATH", env = "MUSTER")]
    muster: Option<PathBuf>,
}

/// The programs a benchmark needs.
#[derive(Debug)]
struct Programs {
    root: PathBuf,
    muster: PathBuf,
    victim: PathBuf,
    answerer: PathBuf,
    scraper: PathBuf,
}

/// A table of results, each row also as JSON.
#[derive(Debug)]
struct Table {
    headings: Vec<&'static str>,
    rows: Vec<(Vec<String>, Value)>,
}

impl Table {
    fn markdown(&self) -> String {
        let mut text = format!("| {} |\n|{}\n", self.headings.join(" | "), "---|".repeat(self.headings.len()));
        for (cells, _) in &self.rows {
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }
}

/// Measures, prints and writes.
pub(crate) fn run(bench: &Bench) -> Result<()> {
    let output = match bench {
        Bench::Kill(options) => &options.output,
        Bench::Cost(options) => &options.output,
        Bench::Probes(options) => &options.output,
        Bench::Api(options) => &options.output,
    };
    let measures_muster = match bench {
        Bench::Kill(kill::Options { who, .. }) | Bench::Cost(cost::Options { who, .. }) => who.guardians.iter().any(|g| g.is_muster()),
        Bench::Probes(options) => options.measures_muster(),
        Bench::Api(_) => true,
    };
    let programs = Programs {
        root: root::cached(Furniture::Peers)?,
        muster: if measures_muster { crate::program(output.muster.as_deref(), "muster")? } else { PathBuf::new() },
        victim: crate::program(None, "victim")?,
        answerer: crate::program(None, "answerer")?,
        scraper: crate::program(None, "scraper")?,
    };
    let table = match bench {
        Bench::Kill(options) => kill::measure(options, &programs)?,
        Bench::Cost(options) => cost::measure(options, &programs)?,
        Bench::Probes(options) => probes::measure(options, &programs)?,
        Bench::Api(options) => api::measure(options, &programs)?,
    };
    let machine = machine();
    println!("\n{machine}\n\n{}", table.markdown());
    if let Some(file) = &output.json {
        let rows: Vec<&Value> = table.rows.iter().map(|(_, json)| json).collect();
        write(file, &format!("{:#}\n", serde_json::json!({"machine": machine, "rows": rows})))?;
    }
    if let Some(file) = &output.markdown {
        write(file, &format!("{machine}\n\n{}", table.markdown()))?;
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The machine in a line, without which no figure says anything.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    format!("{cores} cores, kernel {}, load at the end {}", kernel.trim(), load.split(' ').next().unwrap_or("?"))
}

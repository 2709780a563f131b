//! What the API answers: roll calls (and other documents) a second, how long they take, and what that costs.

use anyhow::{Context, Result};
use clap::Args;
use muster_model::time::Length;
use serde_json::{Value, json};

use super::cost::{memory_mib, processor_ns};
use super::guardian::{Guardian, processes_named, sh};
use super::{CALM, Output, Programs, Table};
use crate::clock::{monotonic_ns, period};
use crate::systemd_box::SystemdBox;

const HUB: &str = "127.0.0.1:7373";

/// What is measured.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many services there are.
    #[arg(long, default_value_t = 1000)]
    services: usize,
    /// Requests a second.
    #[arg(long, value_delimiter = ',', default_value = "500,2000,4000")]
    rates: Vec<u64>,
    /// What is asked for.
    #[arg(long, value_delimiter = ',', default_value = "/api/v1/status")]
    paths: Vec<String>,
    /// For how long.
    #[arg(long, default_value = "10s")]
    look: Length,
    #[command(flatten)]
    pub(super) output: Output,
}

pub(super) fn measure(options: &Options, programs: &Programs) -> Result<Table> {
    let place = SystemdBox::boot(&programs.root)?;
    sh(&place, "systemctl stop nginx redis-server 'postgresql@*' haproxy prometheus-blackbox-exporter 2>/dev/null || true")?;
    let _victims = Guardian::MusterRun.keep(&place, options.services, programs)?;
    place.install(&programs.scraper, "/usr/bin/scraper")?;
    period(CALM.std());
    let mut rows = Vec::new();
    for path in &options.paths {
        for rate in options.rates.iter().copied() {
            eprintln!("lab: {path}: {rate} a second");
            rows.push(one(&place, path, rate, options).with_context(|| format!("{path}, {rate} a second"))?);
        }
    }
    let headings =
        vec!["path", "services", "due/s", "answered/s", "n", "took p50", "took p99", "took max", "agent CPU", "hub CPU", "hub RSS"];
    Ok(Table { headings, rows })
}

fn one(place: &SystemdBox, path: &str, rate: u64, options: &Options) -> Result<(Vec<String>, Value)> {
    let seconds = options.look.as_ms() / 1000.0;
    let (agent, hub) = (processes_named(place, &["muster"])?, processes_named(place, &["muster-hub"])?);
    let used = |pids: &[rustix::process::Pid]| pids.iter().map(|pid| processor_ns(*pid)).sum::<u64>();
    let (began, of_agent, of_hub) = (monotonic_ns(), used(&agent), used(&hub));
    let line = format!("exec /usr/bin/scraper {HUB} {rate} {seconds:.0} {path}");
    let said: Value = serde_json::from_str(&place.sh(&line, Length(options.look.0 * 3))?.ok()?)?;
    let past = (monotonic_ns() - began) as f64;
    let percent = |before: u64, now: u64| now.saturating_sub(before) as f64 / past * 100.0;
    let (agent_percent, hub_percent) = (percent(of_agent, used(&agent)), percent(of_hub, used(&hub)));
    let resident: f64 = hub.iter().map(|pid| memory_mib(*pid, "Rss:")).sum();
    let number = |pointer: &str| said.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("{said}"));
    let (right, p50, p99, max) = (number("/right")?, number("/took/p50_ms")?, number("/took/p99_ms")?, number("/took/max_ms")?);
    let cells = vec![
        path.to_owned(),
        options.services.to_string(),
        rate.to_string(),
        format!("{:.0}", right / seconds),
        format!("{right}"),
        format!("{p50:.2} ms"),
        format!("{p99:.2} ms"),
        format!("{max:.2} ms"),
        format!("{agent_percent:.1} %"),
        format!("{hub_percent:.1} %"),
        format!("{resident:.1} MiB"),
    ];
    println!("{}", cells.join("  "));
    let value = json!({"path": path, "services": options.services, "due_a_second": rate, "answered_a_second": right / seconds, "n": right,
                       "took_ms": {"p50": p50, "p99": p99, "max": max}, "agent_percent_of_a_core": agent_percent,
                       "hub_percent_of_a_core": hub_percent, "hub_resident_mib": resident});
    Ok((cells, value))
}

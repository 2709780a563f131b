//! How many HTTP probes a second are put, how late, and what they cost: Muster beside the Prometheus blackbox exporter and
//! monit, each in a box of its own, against the same server on many addresses, one after the other in one run.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use clap::Args;
use muster_model::time::Length;
use serde_json::{Value, json};

use super::cost::{memory_mib, processor_ns};
use super::guardian::{MUSTER, MUSTER_UNIT, processes_named, sh};
use super::{CALM, Output, Programs, Table};
use crate::clock::{Deadline, look_until, monotonic_ns, period};
use crate::systemd_box::SystemdBox;

const PORT: u16 = 18_080;
/// Where the exporter listens, as Debian ships it.
const EXPORTER: &str = "127.0.0.1:9115";
const STARTED_WITHIN: Length = Length::seconds(120);
/// Hosts: as many loopback addresses.
const HOSTS: usize = 200;

/// What is asked, and how often.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Questions a second.
    #[arg(long, value_delimiter = ',', default_value = "1000,5000,10000")]
    rates: Vec<u64>,
    /// Services, each with one probe.
    #[arg(long, default_value_t = 1000)]
    services: usize,
    /// For how long each is looked at.
    #[arg(long, default_value = "10s")]
    look: Length,
    /// How often each is measured.
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// Only these.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "muster,blackbox,monit")]
    askers: Vec<Asker>,
    #[command(flatten)]
    pub(super) output: Output,
}

impl Options {
    pub(super) fn measures_muster(&self) -> bool {
        self.askers.contains(&Asker::Muster)
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Asker {
    /// `muster up` with a roster.
    Muster,
    /// The Prometheus blackbox exporter, asked at this pace as Prometheus would.
    Blackbox,
    /// monit at its shortest cycle, one second.
    Monit,
}

impl Asker {
    fn name(self) -> &'static str {
        match self {
            Asker::Muster => "Muster",
            Asker::Blackbox => "blackbox exporter",
            Asker::Monit => "monit, every 1 s",
        }
    }

    /// The name of its processes (`/proc/PID/comm`).
    fn comm(self) -> &'static str {
        match self {
            Asker::Muster => "muster",
            Asker::Blackbox => "prometheus-blac",
            Asker::Monit => "monit",
        }
    }
}

/// What came of one asker at one rate.
#[derive(Debug)]
struct Figures {
    /// Questions that the server got.
    asked: u64,
    seconds: f64,
    /// Milliseconds after they were due, by the asker's own word: the middle, 99 of 100, the last.
    late_ms: Option<[f64; 3]>,
    /// Of one core.
    asker_percent: f64,
    server_percent: f64,
    resident_mib: f64,
}

pub(super) fn measure(options: &Options, programs: &Programs) -> Result<Table> {
    let mut rows = Vec::new();
    for _ in 0..options.runs {
        for asker in options.askers.iter().copied() {
            // monit has one pace.
            let rates = if asker == Asker::Monit { &options.rates[..1] } else { &options.rates };
            for rate in rates.iter().copied() {
                eprintln!("lab: {}: {rate} a second", asker.name());
                let figures = one(asker, rate, options, programs).with_context(|| format!("{}, {rate} a second", asker.name()))?;
                rows.push(row(asker, rate, &figures));
            }
        }
    }
    let headings =
        vec!["asker", "due/s", "asked/s", "n", "late p50", "late p99", "late max", "CPU", "CPU a probe", "the server's CPU", "RSS"];
    Ok(Table { headings, rows })
}

fn one(asker: Asker, rate: u64, options: &Options, programs: &Programs) -> Result<Figures> {
    let place = SystemdBox::boot(&programs.root)?;
    // What else the box has would only blur what is measured.
    sh(&place, "systemctl stop nginx redis-server 'postgresql@*' haproxy prometheus-blackbox-exporter 2>/dev/null || true")?;
    place.install(&programs.answerer, "/usr/bin/answerer")?;
    sh(&place, &format!("systemd-run --quiet --unit=answerer -p LimitNOFILE=100000 /usr/bin/answerer {PORT}"))?;
    look_until(Deadline::after(STARTED_WITHIN), std::time::Duration::from_millis(50), || count(&place).ok())
        .context("the server does not answer")?;
    let urls: Vec<String> = (0..options.services).map(|n| format!("http://127.0.1.{}:{PORT}/{n}", 1 + n % HOSTS)).collect();
    let seconds = options.look.as_ms() / 1000.0;
    match asker {
        Asker::Muster => start_muster(&place, &urls, rate, programs)?,
        Asker::Monit => start_monit(&place, &urls)?,
        Asker::Blackbox => {
            place.install(&programs.scraper, "/usr/bin/scraper")?;
            sh(&place, "systemctl start prometheus-blackbox-exporter")?;
        }
    }
    let exporter = format!("http://{EXPORTER}/metrics");
    if asker == Asker::Blackbox {
        let up = || place.sh(&format!("curl -sf {exporter}"), STARTED_WITHIN).ok().filter(|said| said.status.success());
        look_until(Deadline::after(STARTED_WITHIN), std::time::Duration::from_millis(100), up).context("the exporter does not answer")?;
    }
    period(CALM.std());

    let (askers, servers) = (processes_named(&place, &[asker.comm()])?, processes_named(&place, &["answerer"])?);
    let used = |pids: &[rustix::process::Pid]| pids.iter().map(|pid| processor_ns(*pid)).sum::<u64>();
    let (began, before, of_asker, of_server) = (monotonic_ns(), count(&place)?, used(&askers), used(&servers));
    let mut late_ms = None;
    if asker == Asker::Blackbox {
        // A command line holds so many.
        let urls = urls.iter().take(1000).map(String::as_str).collect::<Vec<_>>().join(" ");
        let line = format!("exec /usr/bin/scraper {EXPORTER} {rate} {seconds:.0} {urls}");
        let said: Value = serde_json::from_str(&place.sh(&line, Length(options.look.0 + STARTED_WITHIN.0))?.ok()?)?;
        late_ms = late(&said, "/late");
    } else {
        period(options.look.std());
    }
    let took = (monotonic_ns() - began) as f64;
    let (asked, of_asker, of_server) = (count(&place)? - before, used(&askers) - of_asker, used(&servers) - of_server);
    if asker == Asker::Muster {
        let said = sh(&place, &format!("{MUSTER} --json status"))?;
        late_ms = late(&serde_json::from_str(&said)?, "/lateness");
    }
    let percent = |ns: u64| ns as f64 / took * 100.0;
    Ok(Figures {
        asked,
        seconds: took / 1e9,
        late_ms,
        asker_percent: percent(of_asker),
        server_percent: percent(of_server),
        resident_mib: askers.iter().map(|pid| memory_mib(*pid, "Rss:")).sum(),
    })
}

fn late(said: &Value, at: &str) -> Option<[f64; 3]> {
    let figure = |name: &str| said.pointer(at)?.get(name)?.as_f64();
    Some([figure("p50_ms")?, figure("p99_ms")?, figure("max_ms")?])
}

/// How often the server was asked.
fn count(place: &SystemdBox) -> Result<u64> {
    sh(place, &format!("curl -sf http://127.0.0.1:{PORT}/count"))?.trim().parse().context("the server's count is no number")
}

fn start_muster(place: &SystemdBox, urls: &[String], rate: u64, programs: &Programs) -> Result<()> {
    let every_ms = (urls.len() as u64 * 1000 / rate).max(1);
    let mut services = String::new();
    for (n, url) in urls.iter().enumerate() {
        let _ = writeln!(
            services,
            "[[service]]\nname = \"s{n:05}\"\nprocess = {{ exe = \"/usr/bin/answerer\" }}\nrecover = \"never\"\n\
             probe = [{{ http = \"{url}\", expect = 200, every = \"{every_ms}ms\", timeout = \"{every_ms}ms\" }}]"
        );
    }
    place.install(&programs.muster, "/usr/bin/muster")?;
    place.write("/etc/muster/muster.toml", services.as_bytes())?;
    place.write("/etc/systemd/system/muster.service", MUSTER_UNIT.as_bytes())?;
    // Every open question is a descriptor.
    place.write("/etc/systemd/system/muster.service.d/files.conf", b"[Service]\nLimitNOFILE=20000\n")?;
    sh(place, "systemctl daemon-reload && systemctl start muster || { journalctl -u muster -n 5 --no-pager >&2; false; }")?;
    // Every probe was asked when the roll call has an answer to each.
    let all_asked = || {
        let status: Value = serde_json::from_str(&place.sh(&format!("{MUSTER} --json status"), STARTED_WITHIN).ok()?.out).ok()?;
        let services = status.get("services")?.as_array()?;
        let asked = services.iter().filter(|s| s.pointer("/probes/0/answer").is_some_and(|answer| !answer.is_null())).count();
        (asked == urls.len()).then_some(())
    };
    look_until(Deadline::after(STARTED_WITHIN), std::time::Duration::from_millis(500), all_asked).context("not every probe was asked")
}

fn start_monit(place: &SystemdBox, urls: &[String]) -> Result<()> {
    let mut rules = "set daemon 1\nset logfile /run/monit.log\nset pidfile /run/monit.pid\nset statefile /run/monit.state\n".to_owned();
    for (n, url) in urls.iter().enumerate() {
        let host = url.trim_start_matches("http://").split(':').next().unwrap_or_default();
        let _ =
            writeln!(rules, "check host s{n:05} with address {host}\n  if failed port {PORT} protocol http request \"/{n}\" then alert");
    }
    place.write("/run/monitrc", rules.as_bytes())?;
    sh(place, "chmod 600 /run/monitrc && systemd-run --quiet --unit=peer monit -I -c /run/monitrc").map(|_| ())
}

fn row(asker: Asker, rate: u64, figures: &Figures) -> (Vec<String>, Value) {
    let reached = figures.asked as f64 / figures.seconds;
    let microseconds = figures.asker_percent / 100.0 * figures.seconds * 1e6 / (figures.asked.max(1) as f64);
    let late = |place: usize| figures.late_ms.map_or("-".to_owned(), |late| format!("{:.2} ms", late[place]));
    let cells = vec![
        asker.name().to_owned(),
        rate.to_string(),
        format!("{reached:.0}"),
        figures.asked.to_string(),
        late(0),
        late(1),
        late(2),
        format!("{:.1} %", figures.asker_percent),
        format!("{microseconds:.0} µs"),
        format!("{:.1} %", figures.server_percent),
        format!("{:.1} MiB", figures.resident_mib),
    ];
    println!("{}", cells.join("  "));
    let value = json!({"asker": asker.name(), "due_a_second": rate, "asked_a_second": reached, "n": figures.asked,
                       "late_ms": figures.late_ms.map(|[p50, p99, max]| json!({"p50": p50, "p99": p99, "max": max})),
                       "percent_of_a_core": figures.asker_percent, "us_a_probe": microseconds,
                       "server_percent_of_a_core": figures.server_percent, "resident_mib": figures.resident_mib});
    (cells, value)
}

//! The ledger's figures on this machine: `cargo run --release -p muster-ledger --example ledger_bench [EVENTS]`.
//!
//! Bodies are those of a busy host: exits, signals with their sender, unit states, verdicts. Every figure is measured
//! through the public handle, on the file system of the temporary directory (`TMPDIR`).
#![allow(clippy::disallowed_methods, reason = "a measurement needs the clock")]
#![allow(clippy::unwrap_used, reason = "a measurement that fails is no measurement")]

use std::time::{Duration, Instant};

use muster_ledger::{Ledger, Options, Waits, verify_file};
use muster_model::event::Body;
use muster_model::id::Seq;
use muster_model::request::EventQuery;
use muster_model::time::{Length, Mono, Time};

/// One JSON body a line: the samples of the stored format.
const SAMPLES: &str = include_str!("../tests/formats/v1.jsonl");
/// How often a single event is appended to an idle ledger.
const SINGLES: usize = 1_000;
/// The pause before it.
const PAUSE: Duration = Duration::from_millis(2);

fn main() {
    let events: u64 = std::env::args().nth(1).map_or(1_000_000, |n| n.parse().unwrap());
    let bodies: Vec<Body> = SAMPLES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let bodies: Vec<Body> = bodies.into_iter().filter(|body| matches!(body, Body::Observed(_) | Body::Decided(_))).collect();
    let bytes: usize = bodies.iter().map(|body| serde_json::to_string(body).unwrap().len()).sum();
    println!("bodies     {} kinds, {} bytes on average", bodies.len(), bytes / bodies.len());

    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), "bench".into(), "boot".into(), Options::default()).unwrap();

    let (began, cpu) = (Instant::now(), cpu_seconds());
    for n in 0..events {
        ledger.append(Time(1_790_000_000_000_000_000 + i64::try_from(n).unwrap() * 1_000_000), Mono(n), body(&bodies, n));
    }
    let appended = began.elapsed();
    ledger.sync().unwrap();
    let synced = began.elapsed();
    let rate = |took: Duration| events as f64 / took.as_secs_f64();
    let spent = cpu_seconds() - cpu;
    println!("append     n={events}: {:.0} a second to the last commit and fsync ({:.0} into the backlog)", rate(synced), rate(appended));
    println!("           {:.0} a second of processor time, of all threads", events as f64 / spent);

    assert_eq!(ledger.state().lost, 0);

    wait_idle(&ledger);
    singles(&ledger, &bodies, "append to subscriber, idle", |ledger, body| drop(ledger.append(Time(0), Mono(0), body)));
    singles(&ledger, &bodies, "append_durable, idle", |ledger, body| drop(ledger.append_durable(Time(0), Mono(0), body).unwrap()));

    let began = Instant::now();
    let n = ledger.replay(Seq(1)).unwrap().filter(|event| event.as_ref().unwrap().seq > Seq(0)).count();
    println!("replay     n={n}: {:.0} a second", n as f64 / began.elapsed().as_secs_f64());
    for query in [
        EventQuery::default(),
        EventQuery { kind: Some("unit".to_owned()), ..EventQuery::default() },
        EventQuery { subject: Some("web".to_owned()), ..EventQuery::default() },
        EventQuery { words: Some("sudo alice".to_owned()), limit: Some(100), ..EventQuery::default() },
    ] {
        let began = Instant::now();
        let found = ledger.query(&query).unwrap().len();
        println!("query      {:>8.2?} for {found} events: {}", began.elapsed(), serde_json::to_string(&query).unwrap());
    }
    ledger.close().unwrap();
    for _ in 0..3 {
        let (began, cpu) = (Instant::now(), cpu_seconds());
        let verified = verify_file(dir.path(), None).unwrap();
        let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        assert_eq!(verified.broken, None);
        let n = verified.events as f64;
        println!("verify     n={n}: {:.0} a second ({:.0} a second of processor time)", n / wall, n / cpu);
    }
    let size = std::fs::metadata(dir.path().join("ledger.db")).unwrap().len();
    println!("file       {} bytes an event, indexes and search included", size / events);
}

/// The processor time that this process has used: on a busy machine it says more than the clock on the wall.
fn cpu_seconds() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 / 1e9
}

fn body(bodies: &[Body], n: u64) -> Body {
    bodies[usize::try_from(n).unwrap() % bodies.len()].clone()
}

/// Waits until the ledger has nothing left to tidy.
fn wait_idle(ledger: &Ledger) {
    ledger.query(&EventQuery { words: Some("x".to_owned()), ..EventQuery::default() }).unwrap();
}

fn singles(ledger: &Ledger, bodies: &[Body], what: &str, append: impl Fn(&Ledger, Body)) {
    let seen = ledger.subscribe();
    let (_never, tick) = crossbeam_channel::bounded::<()>(0);
    let mut waits = Vec::new();
    for n in 0..SINGLES {
        let _ = tick.recv_timeout(PAUSE);
        let body = body(bodies, n as u64);
        let began = Instant::now();
        append(ledger, body);
        seen.recv().unwrap();
        waits.push(Length::from(began.elapsed()));
    }
    let waits = Waits::of(waits);
    let us = |length: Length| length.0 as f64 / 1e3;
    println!(
        "latency    {what}: n={} median {:.0} us, p99 {:.0} us, max {:.0} us",
        waits.n,
        us(waits.median),
        us(waits.p99),
        us(waits.max)
    );
}

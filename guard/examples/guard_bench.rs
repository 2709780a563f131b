//! How many events a second the guard takes on one core, and what it costs in memory.
//!
//! `cargo run --release -p muster-guard --example guard_bench`. Sensors tell of ports, probes, commands and units of each
//! service in turn; one event in 1,000, 100 or 10 begins a kill, with its verdict, plan and recovery. What the guard
//! decides is stepped too, as in the agent's loop, and counted.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // it measures time, and has nobody to hand an error to

use std::collections::VecDeque;
use std::time::Instant;

use muster_guard::host::Guard;
use muster_model::actor::Actor;
use muster_model::event::{Body, Event, Started};
use muster_model::id::{BootId, HostName, Pid, ProcessKey, Seq, ServiceName};
use muster_model::observation::{End, Fact, Observation, UnitState};
use muster_model::plan::{Done, Outcome};
use muster_model::probe::{Answer, Ask, Probe};
use muster_model::roster::{Kind, Limits, Roster, Service};
use muster_model::time::{Length, Mono, Time};

/// Events from outside in each run.
const EVENTS: u64 = 1_000_000;
/// Time between two events.
const STEP: u64 = 1_000_000;

fn main() {
    let args: Vec<u32> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    if let [services, losses] = args[..] {
        return one(services, losses);
    }
    println!("services  a loss in  decisions   events/s   a loss, p99   resident  after as many more");
    // Each in a process of its own: what one left behind would be taken for the next one's.
    for [services, losses] in [[100, 100], [1_000, 1_000], [1_000, 100], [1_000, 10], [10_000, 100]] {
        let me = std::env::current_exe().unwrap();
        std::process::Command::new(me).args([services.to_string(), losses.to_string()]).status().unwrap();
    }
}

fn one(services: u32, losses: u32) {
    let before = resident_kib();
    let mut run = Run::new(services);
    let (seconds, p99) = run.events(EVENTS, u64::from(losses));
    let decisions = run.decisions;
    let rate = (EVENTS + decisions) as f64 / seconds;
    let mib = |kib: u64| kib.saturating_sub(before) as f64 / 1024.0;
    let first = mib(resident_kib());
    run.events(EVENTS, u64::from(losses));
    let second = mib(resident_kib());
    println!("{services:>8} {losses:>10} {decisions:>10} {rate:>10.0} {p99:>11.1}us {first:>7.1}MiB {second:>15.1}MiB");
}

struct Run {
    guard: Guard,
    names: Vec<ServiceName>,
    pids: Vec<i32>,
    last_pid: i32,
    seq: u64,
    now: u64,
    decisions: u64,
    waiting: VecDeque<Body>,
}

impl Run {
    fn new(services: u32) -> Run {
        let names: Vec<ServiceName> = (0..services).map(|n| ServiceName::from(format!("service-{n}"))).collect();
        let rows = names.iter().enumerate().map(|(n, name)| (name.clone(), row(name, n))).collect();
        // A bound on acting would keep the work from being done that is measured here.
        let limits = Limits { steps_an_hour: u32::MAX, at_once: u32::MAX, ..Limits::default() };
        let pids = vec![0; names.len()];
        let (guard, waiting) = (Guard::new(), VecDeque::new());
        let mut run = Run { guard, names, pids, last_pid: 1_000, seq: 0, now: 0, decisions: 0, waiting };
        run.take(Body::Started(Started { version: "0".to_owned(), pid: 2, booted_at: Time(0), rungs: Vec::new() }));
        run.take(Body::Roster { roster: Box::new(Roster { services: rows, limits }) });
        for n in 0..run.names.len() {
            run.starts(n);
        }
        run
    }

    /// Takes so many events; in how many seconds, and the 99th percentile of an end in microseconds.
    fn events(&mut self, count: u64, losses: u64) -> (f64, f64) {
        let mut each = Vec::with_capacity(100_000);
        let began = Instant::now();
        for n in 0..count {
            self.now += STEP;
            let service = (n / 10) as usize % self.names.len();
            // Five events make a loss: the signal, the end, the manager's two words, the probe's answer.
            let phase = if n % losses < 10 { n % 10 } else { 5 + n % 5 };
            let end = (phase == 1).then(Instant::now);
            match phase {
                0 => {
                    let signal = Fact::SignalSent { process: self.process(service), signal: 9, sender: Some(person()) };
                    self.seen(service, "ebpf", signal);
                }
                1 => self.seen(service, "ebpf", Fact::ProcessExited { process: self.process(service), end: End::Signal(9) }),
                2 => self.seen(service, "dbus", Fact::Unit(unit(service, "activating", "auto-restart", None))),
                3 => self.starts(service),
                4 | 8 => self.seen(service, "probe", probed()),
                5 | 6 => self.seen(service, "sock_diag", Fact::Listens { ports: vec![8000], taken: Vec::new() }),
                7 => self.seen(service, "ebpf", Fact::CommandRun { actor: person() }),
                _ => self.take(Body::Timer),
            }
            each.extend(end.map(|began| began.elapsed().as_nanos() as f64 / 1e3));
        }
        let seconds = began.elapsed().as_secs_f64();
        each.sort_by(f64::total_cmp);
        (seconds, each[each.len() * 99 / 100])
    }

    fn process(&self, n: usize) -> ProcessKey {
        ProcessKey { pid: Pid::new(self.pids[n]).unwrap(), start: self.pids[n] as u64 }
    }

    fn starts(&mut self, n: usize) {
        self.last_pid += 1;
        self.pids[n] = self.last_pid;
        self.seen(n, "dbus", Fact::Unit(unit(n, "active", "running", Some(self.process(n)))));
    }

    fn seen(&mut self, n: usize, source: &str, fact: Fact) {
        let service = Some(self.names[n].clone());
        self.take(Body::Observed(Observation { at: Time(self.now as i64), source: source.to_owned(), service, fact }));
    }

    /// *append → step → dispatch*; orders are answered at once.
    fn take(&mut self, body: Body) {
        self.waiting.push_back(body);
        while let Some(body) = self.waiting.pop_front() {
            self.seq += 1;
            let (boot, host) = (BootId::from("boot"), HostName::from("host"));
            let event = Event { seq: Seq(self.seq), at: Time(self.now as i64), mono: Mono(self.now), boot, host, body };
            let effects = self.guard.step(&event);
            if let Some((_, decision)) = effects.decided {
                self.decisions += 1;
                self.waiting.push_front(Body::Decided(decision));
            }
            for order in effects.orders {
                let (outcome, said, replaced) = (Outcome::Done, String::new(), Vec::new());
                let done = Done { order, outcome, rehearsed: false, said, replaced, began: event.at, took: Length(0) };
                self.waiting.push_back(Body::Done(done));
            }
        }
    }
}

fn row(name: &ServiceName, n: usize) -> Service {
    let ask = Ask::Tcp { address: "127.0.0.1:8000".to_owned(), talk: None };
    Service {
        probes: vec![Probe::new(ask, Length::seconds(1), Length::ms(500))],
        ..Service::new(name.clone(), Kind::Unit(format!("service-{n}.service")))
    }
}

fn unit(n: usize, active: &str, sub: &str, main: Option<ProcessKey>) -> UnitState {
    UnitState {
        unit: format!("service-{n}.service"),
        load: "loaded".to_owned(),
        active: active.to_owned(),
        sub: sub.to_owned(),
        file: "enabled".to_owned(),
        main,
        result: if main.is_some() { "success" } else { "signal" }.to_owned(),
        restart: "always".to_owned(),
        ..UnitState::default()
    }
}

fn probed() -> Fact {
    Fact::Probed { probe: 0, answer: Answer::Right { text: None, perfdata: Vec::new() }, took: Length::ms(1), times: 1 }
}

fn person() -> Actor {
    let (tty, command) = (Some("pts/0".to_owned()), Some("kill -9".to_owned()));
    Actor { uid: Some(1000), login_uid: Some(1000), tty, pid: Some(77), command, ..Actor::default() }
}

/// What the process has in memory, from `/proc/self/statm` (proc_pid_statm(5)), in KiB.
fn resident_kib() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).map_or(0, |pages| pages * 4)
}

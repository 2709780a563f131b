//! How many HTTP probes a second this machine can put: `cargo run --release --example probe_rate [PROBES [SECONDS]]`.
//!
//! The server is a thread of the same process, so both ends share the processors.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use muster_model::probe::{Ask, Probe};
use muster_model::time::Length;
use muster_sense::clock;
use muster_sense::probe::Prober;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = |place: usize, otherwise: u64| std::env::args().nth(place).and_then(|a| a.parse().ok()).unwrap_or(otherwise);
    let (probes, seconds) = (number(1, 1_200), number(2, 10));
    let answered = Arc::new(AtomicU64::new(0));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let count = Arc::clone(&answered);
    thread::spawn(move || {
        let mut request = [0; 1024];
        for mut stream in listener.incoming().flatten() {
            // A request is one short packet here, and the probe wants no body.
            if stream.read(&mut request).is_ok_and(|n| n > 0)
                && stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").is_ok()
            {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let (sink, observations) = crossbeam_channel::bounded(100_000);
    let prober = Prober::start(sink)?;
    let ask = Ask::Http { url: format!("http://127.0.0.1:{port}/"), expect: Some(200), body: None };
    let probe = Probe { ask, every: Length::ms(100), timeout: Length::ms(100) };
    prober.set((0..probes).map(|i| (format!("service-{i}").into(), vec![probe.clone()])).collect());
    let start = clock::now().1;
    let ticks = crossbeam_channel::tick(Duration::from_secs(1));
    let (mut before, mut wrong) = (0, 0_u64);
    for _ in 0..seconds {
        ticks.recv()?;
        let now = answered.load(Ordering::Relaxed);
        wrong +=
            observations.try_iter().filter(|o| format!("{o:?}").contains("Silent") || format!("{o:?}").contains("Unasked")).count() as u64;
        println!("{:>8} in the last second, {wrong} not answered in time so far", now - before);
        before = now;
    }
    let took = clock::now().1.since(start);
    println!("{:.0} a second over {took}, {probes} probes each every 100 ms", before as f64 / took.as_ms() * 1000.0);
    Ok(())
}

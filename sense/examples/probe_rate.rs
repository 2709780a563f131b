//! How many HTTP probes a second this machine can put: `cargo run --release --example probe_rate [PROBES [SECONDS]]`.
//!
//! The server is in the same process, so both ends share the processors. A probe that is late is asked as soon as it can be:
//! with more probes than the machine can ask in 100 ms this shows the most it can do.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use muster_model::observation::Fact;
use muster_model::probe::{Ask, Probe};
use muster_model::time::Length;
use muster_sense::clock;
use muster_sense::probe::Prober;

/// Threads that answer.
const SERVERS: usize = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = |place: usize, otherwise: u64| std::env::args().nth(place).and_then(|a| a.parse().ok()).unwrap_or(otherwise);
    let (probes, seconds) = (number(1, 1_200), number(2, 10));
    let answered = Arc::new(AtomicU64::new(0));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    for _ in 0..SERVERS {
        let (listener, count) = (listener.try_clone()?, Arc::clone(&answered));
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
    }
    let (sink, observations) = crossbeam_channel::bounded(100_000);
    let prober = Prober::start(sink)?;
    let ask = Ask::Http { url: format!("http://127.0.0.1:{port}/"), expect: Some(200), body: None, roots: None };
    let probe = Probe::new(ask, Length::ms(100), Length::seconds(10));
    prober.set((0..probes).map(|i| (format!("service-{i}").into(), vec![probe.clone()])).collect());
    let ticks = crossbeam_channel::tick(Duration::from_secs(1));
    let (start, mut before) = (clock::now().1, 0);
    for _ in 0..seconds {
        ticks.recv()?;
        let now = answered.load(Ordering::Relaxed);
        println!("{:>8} in the last second", now - before);
        before = now;
    }
    let took = clock::now().1.since(start);
    let wrong = observations.try_iter().filter(|o| !matches!(&o.fact, Fact::Probed { answer, .. } if answer.is_right())).count();
    println!("{:.0} a second over {took}, {probes} probes each every 100 ms; {wrong} not right", before as f64 / took.as_ms() * 1000.0);
    Ok(())
}

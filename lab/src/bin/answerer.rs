//! What the benchmarks of probes ask: an HTTP server that does as little as a server can, so that it is not what is measured.
//!
//! `answerer PORT` answers everything on every address with 200 and hangs up; `/count` says how often it was asked for
//! anything else.
#![forbid(unsafe_code)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Threads that answer. Each waits for one asker at a time, who has his question ready.
const THREADS: usize = 8;
/// One who connects and asks nothing is let go.
const ASKED_WITHIN: Duration = Duration::from_secs(1);

static ASKED: AtomicU64 = AtomicU64::new(0);

fn main() -> ExitCode {
    let Some(port) = std::env::args().nth(1).and_then(|port| port.parse().ok()) else {
        eprintln!("usage: answerer PORT");
        return ExitCode::from(2);
    };
    let listener = match TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("answerer: cannot listen on port {port}: {error}");
            return ExitCode::FAILURE;
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| answer(&listener));
        }
    });
    ExitCode::SUCCESS
}

fn answer(listener: &TcpListener) {
    let mut question = [0; 1024];
    for mut stream in listener.incoming().flatten() {
        let _ = stream.set_read_timeout(Some(ASKED_WITHIN));
        // A question is one short packet here.
        let Ok(1..) = stream.read(&mut question) else { continue };
        // Whoever hung up has his loss.
        let _ = if question.starts_with(b"GET /count ") {
            let count = ASKED.load(Ordering::Relaxed).to_string();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{count}", count.len())
        } else {
            ASKED.fetch_add(1, Ordering::Relaxed);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        };
    }
}

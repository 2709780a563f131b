//! What the benchmarks kill: the first thing it does is to stamp the moment, then it says so and waits for its end.
//!
//! `victim SOCKET NAME` sends one datagram, `NAME NANOSECONDS` (`CLOCK_REALTIME`), to a Unix socket.
#![forbid(unsafe_code)]

use std::os::unix::net::UnixDatagram;
use std::process::ExitCode;

use rustix::time::{ClockId, clock_gettime};

fn main() -> ExitCode {
    let began = clock_gettime(ClockId::Realtime);
    let arguments: Vec<String> = std::env::args().collect();
    let [_, socket, name] = arguments.as_slice() else {
        eprintln!("usage: victim SOCKET NAME");
        return ExitCode::from(2);
    };
    let word = format!("{name} {}", i128::from(began.tv_sec) * 1_000_000_000 + i128::from(began.tv_nsec));
    if let Err(e) = UnixDatagram::unbound().and_then(|s| s.send_to(word.as_bytes(), socket)) {
        eprintln!("victim {name}: cannot write to {socket}: {e}");
        return ExitCode::FAILURE;
    }
    loop {
        std::thread::park();
    }
}

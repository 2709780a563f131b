//! Puts a question, and holds the prober to its bounds while it does.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{bounded, tick};
use muster_model::observation::Fact;
use muster_model::probe::{Ask, Probe};
use muster_model::time::Length;
use muster_sense::clock;
use muster_sense::probe::Prober;

/// What is not right is asked three times before it is told.
const TIMES: u64 = 3;
/// A loaded machine may take so much longer than the probe's own time.
const SLACK: Length = Length::seconds(10);
/// The prober, its threads and the server of the test take no more than this, whatever they are sent.
const MEMORY_GROWTH_BYTES_MAX: u64 = 48 << 20;

/// The answer that is told: its kind, and its text.
pub(crate) fn ask(ask: Ask, timeout_ms: u64) -> (&'static str, String) {
    ask_all(vec![ask], timeout_ms).remove(0)
}

/// The answers to questions that are put at the same time, in their order.
pub(crate) fn ask_all(asks: Vec<Ask>, timeout_ms: u64) -> Vec<(&'static str, String)> {
    let before = peak_bytes();
    let (sink, observations) = bounded(asks.len());
    let prober = Prober::start(sink).unwrap();
    let (timeout, start) = (Length::ms(timeout_ms), clock::now().1);
    let number = asks.len();
    let probe = |(n, ask): (usize, Ask)| (n.to_string().into(), vec![Probe::new(ask, Length::seconds(600), timeout)]);
    prober.set(asks.into_iter().enumerate().map(probe).collect());
    // The first question is put within a second; the questions after it follow after 100 ms.
    let within = Length(TIMES * (timeout.0 + Length::ms(100).0) + Length::seconds(1).0 + SLACK.0);
    let mut told = vec![("", String::new()); number];
    for _ in 0..number {
        let left = Length(within.0.saturating_sub(clock::now().1.since(start).0));
        let observation = observations.recv_timeout(left.std()).expect("something is told in time");
        let (Fact::Probed { answer, took, .. }, Some(service)) = (observation.fact, observation.service) else { panic!("not an answer") };
        assert!(took <= Length(timeout.0 + SLACK.0), "{took}");
        let text = answer.text().to_owned();
        assert!(text.chars().count() <= 600 && !text.contains(char::is_control), "{text:?}");
        told[service.as_str().parse::<usize>().unwrap()] = (answer.kind(), text);
    }
    let grown = peak_bytes().saturating_sub(before);
    assert!(grown <= MEMORY_GROWTH_BYTES_MAX, "{grown} bytes more");
    told
}

/// The most memory that this process ever held (VmHWM, proc_pid_status(5)).
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// A server on a port of its own; `handle` gets each connection in a thread of its own.
pub(crate) fn serve(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let handle = Arc::new(handle);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handle = Arc::clone(&handle);
            thread::spawn(move || handle(stream));
        }
    });
    port
}

/// Says this without end, until the other side hangs up.
pub(crate) fn pour(stream: &mut TcpStream, chunk: &[u8]) {
    while stream.write_all(chunk).is_ok() {}
}

/// Says this a byte at a time, again and again, until the other side hangs up.
pub(crate) fn drip(stream: &mut TcpStream, text: &[u8]) {
    let pace = tick(Duration::from_millis(20));
    for byte in text.iter().cycle() {
        if stream.write_all(&[*byte]).is_err() || pace.recv().is_err() {
            return;
        }
    }
}

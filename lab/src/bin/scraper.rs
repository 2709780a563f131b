//! What drives an exporter in the benchmarks of probes, as Prometheus would: it asks for `/probe?target=…` at a pace, over
//! connections that stay open.
//!
//! `scraper EXPORTER RATE SECONDS URL…`: so many a second over all of the URLs in turn. Prints a line of JSON: how many were
//! asked and were right, and how late and how long they were. What begins with `/` instead is asked for as it is, and is right
//! where it is answered with 200.
#![forbid(unsafe_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Questions that are open at once.
const CONNECTIONS: u64 = 64;
/// Prometheus' own limit, unless told otherwise.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
/// A longer line is none of an exporter's.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// One question, in nanoseconds.
struct Asked {
    late: i64,
    took: i64,
    right: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [exporter, rate, seconds, urls @ ..] = arguments.as_slice() else { return usage() };
    let (Ok(rate), Ok(seconds)) = (rate.parse::<u64>(), seconds.parse::<u64>()) else { return usage() };
    if rate == 0 || urls.is_empty() {
        return usage();
    }
    let (next, all) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let begin = now();
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut mine = Vec::new();
                let mut connection = None;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let due = begin + (u128::from(number) * 1_000_000_000 / u128::from(rate)) as i64;
                    if due >= begin + seconds.cast_signed() * 1_000_000_000 || now() >= begin + seconds.cast_signed() * 1_000_000_000 {
                        break;
                    }
                    wait_until(due);
                    let asked = now();
                    let right = ask(&mut connection, exporter, &urls[(number % urls.len() as u64) as usize]).unwrap_or(false);
                    if !right {
                        connection = None;
                    }
                    mine.push(Asked { late: asked - due, took: now() - asked, right });
                }
                if let Ok(mut all) = all.lock() {
                    all.append(&mut mine);
                }
            });
        }
    });
    let all = all.into_inner().unwrap_or_default();
    let right = all.iter().filter(|asked| asked.right).count();
    let figures = |of: fn(&Asked) -> i64| {
        let mut sorted: Vec<i64> = all.iter().map(of).collect();
        sorted.sort_unstable();
        let at =
            |part: f64| sorted.get(((sorted.len() as f64 * part).ceil() as usize).saturating_sub(1)).map_or(0.0, |ns| *ns as f64 / 1e6);
        serde_json::json!({"p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0)})
    };
    println!("{}", serde_json::json!({"asked": all.len(), "right": right, "late": figures(|a| a.late), "took": figures(|a| a.took)}));
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: scraper EXPORTER RATE SECONDS URL…");
    ExitCode::from(2)
}

fn now() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

fn wait_until(due: i64) {
    let left = due - now();
    if left > 0 {
        // Woken early, it is asked a little early.
        let _ = rustix::event::poll(&mut [], Some(&Timespec { tv_sec: left / 1_000_000_000, tv_nsec: left % 1_000_000_000 }));
    }
}

/// Whether the exporter says that the probe was right.
fn ask(connection: &mut Option<BufReader<TcpStream>>, exporter: &str, url: &str) -> std::io::Result<bool> {
    let reader = match connection {
        Some(reader) => reader,
        none => {
            let stream = TcpStream::connect(exporter)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
            none.insert(BufReader::new(stream))
        }
    };
    let asked_as_it_is = url.starts_with('/');
    let path = if asked_as_it_is { url.to_owned() } else { format!("/probe?module=http_2xx&target={url}") };
    write!(reader.get_mut(), "GET {path} HTTP/1.1\r\nHost: {exporter}\r\nAccept-Encoding: gzip\r\n\r\n")?;
    let (mut length, mut chunked, mut is_ok) = (0, false, false);
    loop {
        let line = line(reader)?.to_ascii_lowercase();
        is_ok |= line.starts_with("http/1.1 200");
        if line.is_empty() {
            break;
        } else if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        } else if line.starts_with("transfer-encoding:") {
            chunked = true;
        }
    }
    let mut body = Vec::new();
    loop {
        if chunked {
            length = u64::from_str_radix(&line(reader)?, 16).unwrap_or(0);
        }
        reader.by_ref().take(length).read_to_end(&mut body)?;
        if chunked {
            line(reader)?;
        }
        if !chunked || length == 0 {
            break;
        }
    }
    if asked_as_it_is {
        return Ok(is_ok && !body.is_empty());
    }
    Ok(body.split(|b| *b == b'\n').any(|line| line == b"probe_success 1"))
}

fn line(reader: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    if reader.take(LINE_BYTES_MAX).read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

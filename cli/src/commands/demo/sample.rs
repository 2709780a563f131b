//! A small web service for `demo`. Like real ones it reads a settings file, takes up a changed one without a restart,
//! and ends with an error where the file makes no sense.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::arguments::SampleService;
use crate::failure::{DONE, FAILED, Outcome};

/// When nobody asks for so long, the demo is over: nothing is left behind even where it was cut short.
const IDLE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };
/// A request that is not there by then is not answered.
const REQUEST_WITHIN: Duration = Duration::from_millis(500);
/// As much of a request as is read.
const REQUEST_BYTES_MAX: usize = 4096;
/// EX_CONFIG of sysexits(3).
const BAD_SETTINGS: u8 = 78;

/// What the settings file says: `greeting = TEXT` and `workers = NUMBER`.
#[derive(Debug, PartialEq, Eq)]
struct Settings {
    greeting: String,
    workers: u16,
}

pub(in crate::commands) fn run(typed: &SampleService) -> Outcome {
    let name = &typed.name;
    let mut text = fs::read_to_string(&typed.settings)?;
    let mut settings = match parse(&typed.settings, &text) {
        Ok(settings) => settings,
        Err(wrong) => return refuse(name, &wrong),
    };
    if typed.check {
        return Ok(DONE);
    }
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, typed.port)) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("{name}: cannot listen on port {}: {error}", typed.port);
            return Ok(FAILED);
        }
    };
    eprintln!("{name}: listening on port {} with {} workers", typed.port, settings.workers);
    while poll(&mut [PollFd::new(&listener, PollFlags::IN)], Some(&IDLE)).map_err(io::Error::from)? > 0 {
        let (stream, _) = listener.accept()?;
        let now = fs::read_to_string(&typed.settings)?;
        if now != text {
            text = now;
            settings = match parse(&typed.settings, &text) {
                Ok(settings) => settings,
                Err(wrong) => return refuse(name, &wrong),
            };
            eprintln!("{name}: settings read again");
        }
        // An asker who leaves is no trouble of the service's.
        let _ = answer(&stream, &settings);
    }
    eprintln!("{name}: nobody asks any more");
    Ok(DONE)
}

fn refuse(name: &str, wrong: &str) -> Outcome {
    eprintln!("{name}: invalid configuration: {wrong}");
    Ok(BAD_SETTINGS)
}

fn parse(path: &Path, text: &str) -> Result<Settings, String> {
    let mut settings = Settings { greeting: "hello".to_owned(), workers: 1 };
    for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
        let wrong = |what: String| format!("{what} in {}:{}", path.display(), place + 1);
        let (key, value) = line.split_once('=').ok_or_else(|| wrong(format!("`{line}` is not KEY = VALUE")))?;
        match (key.trim(), value.trim()) {
            ("greeting", value) => settings.greeting = value.to_owned(),
            ("workers", value) => settings.workers = value.parse().map_err(|_| wrong(format!("workers is no number: `{value}`")))?,
            (key, _) => return Err(wrong(format!("unknown directive `{key}`"))),
        }
    }
    Ok(settings)
}

fn answer(mut stream: &TcpStream, settings: &Settings) -> io::Result<()> {
    stream.set_read_timeout(Some(REQUEST_WITHIN))?;
    stream.set_write_timeout(Some(REQUEST_WITHIN))?;
    let mut request = Vec::new();
    let mut part = [0; 512];
    while request.len() < REQUEST_BYTES_MAX && !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut part)? {
            0 => break,
            read => request.extend_from_slice(&part[..read]),
        }
    }
    let body = &settings.greeting;
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_make_no_sense_are_refused_with_their_line() {
        let parsed = |text| parse(Path::new("/a/web.conf"), text);
        assert_eq!(parsed("# a\ngreeting = hi\nworkers = 4\n"), Ok(Settings { greeting: "hi".to_owned(), workers: 4 }));
        assert_eq!(parsed("greeting = hi\nworkers = many"), Err("workers is no number: `many` in /a/web.conf:2".to_owned()));
        assert_eq!(parsed("\nwrkers = 4"), Err("unknown directive `wrkers` in /a/web.conf:2".to_owned()));
        assert_eq!(parsed("workers"), Err("`workers` is not KEY = VALUE in /a/web.conf:1".to_owned()));
    }
}

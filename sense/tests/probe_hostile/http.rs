//! HTTP: bodies and heads that are too large, too slow, without end, broken, or not what they say.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use muster_model::probe::Ask;

use super::asking::{ask, ask_all, drip, pour, serve};

fn get(port: u16) -> Ask {
    Ask::Http { url: format!("http://127.0.0.1:{port}/"), expect: Some(200), body: Some("needle".to_owned()), roots: None }
}

/// A server that is asked, and then does this.
fn asked(then: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> u16 {
    serve(move |mut stream| {
        let mut read = Vec::new();
        let mut byte = [0];
        while !read.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
            read.extend(byte);
        }
        then(&mut stream);
    })
}

/// Says this and waits for the other side to hang up.
fn says(text: &'static [u8]) -> u16 {
    asked(move |stream| {
        let _ = stream.write_all(text);
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

/// Says this and hangs up.
fn says_all(text: &'static [u8]) -> u16 {
    asked(move |stream| drop(stream.write_all(text)))
}

/// Says this, and then that without end.
fn says_ever(head: &'static [u8], chunk: &[u8]) -> u16 {
    let chunk = chunk.repeat(65_536 / chunk.len());
    asked(move |stream| {
        let _ = stream.write_all(head);
        pour(stream, &chunk);
    })
}

#[test]
fn of_a_body_of_a_gigabyte_the_beginning_is_taken() {
    const BODY_BYTES: usize = 1 << 30;
    let poured = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&poured);
    let port = asked(move |stream| {
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY_BYTES}\r\n\r\n").as_bytes());
        while stream.write_all(&[b'x'; 65_536]).is_ok() {
            count.fetch_add(65_536, Ordering::SeqCst);
        }
    });
    assert_eq!(ask(get(port), 10_000), ("wrong", "status 200 OK, but the body does not hold `needle`".to_owned()));
    // Three times: what the prober takes, and what the kernel keeps of a connection on its way.
    let poured = poured.load(Ordering::SeqCst);
    assert!(poured < 3 * (16 << 20), "{poured} bytes");
}

#[test]
fn what_has_no_end_is_cut_short_and_named() {
    let no_needle = "status 200 OK, but the body does not hold `needle`";
    let not_http = "not an answer over HTTP: ";
    let cases = [
        ("a body", says_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), no_needle),
        ("a body that is not UTF-8", says_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"\xff\xfe\xc3\x28"), no_needle),
        ("a body of zeros", says_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"\0"), no_needle),
        ("small chunks", says_ever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), no_needle),
        ("one chunk", says_ever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", b"x"), no_needle),
        ("a head of many lines", says_ever(b"HTTP/1.1 200 OK\r\n", b"X-Long: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"), not_http),
        ("a line of the head", says_ever(b"HTTP/1.1 200 OK\r\nX: ", b"y"), not_http),
        ("a first line", says_ever(b"HTTP/1.1 200 ", b"O"), not_http),
        ("no line", says_ever(b"", b"A"), not_http),
        (
            "word that it is about to answer",
            says_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            "not an answer over HTTP: connection error: it said more than 1048576 bytes",
        ),
    ];
    let told = ask_all(cases.iter().map(|(_, port, _)| get(*port)).collect(), 10_000);
    for ((what, _, expected), (kind, text)) in cases.into_iter().zip(told) {
        assert!(kind == "wrong" && text.starts_with(expected), "{what}: {kind} {text}");
    }
}

#[test]
fn what_is_slow_is_silent_when_its_time_is_over() {
    let terabyte = b"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\nthe beginning";
    let cases = [
        ("nothing after a part of a terabyte", says(terabyte), "the body not within 300ms"),
        (
            "a body a byte at a time",
            {
                asked(|stream| {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                    drip(stream, b"x");
                })
            },
            "the body not within 300ms",
        ),
        ("a head a byte at a time", asked(|stream| drip(stream, b"HTTP/1.1 200 OK\r\nX: y\r\nX: y")), "no answer within 300ms"),
    ];
    let told = ask_all(cases.iter().map(|(_, port, _)| get(*port)).collect(), 300);
    for ((what, _, expected), (kind, text)) in cases.into_iter().zip(told) {
        assert!(kind == "silent" && text.contains(expected), "{what}: {kind} {text}");
    }
}

#[test]
fn what_is_broken_is_named() {
    let broke_off = "status 200 OK, but the body broke off: ";
    let not_http = "not an answer over HTTP: ";
    let cases = [
        ("fewer bytes than said", says_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nneedl"), broke_off),
        ("a chunk of no size", says_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nneedle"), broke_off),
        (
            "a chunk of more than there are numbers",
            says_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nneedle"),
            broke_off,
        ),
        ("a chunk longer than said", says_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nneedle\r\n0\r\n\r\n"), broke_off),
        ("two lengths", says_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Length: 7\r\n\r\nneedle"), not_http),
        ("a length that is none", says_all(b"HTTP/1.1 200 OK\r\nContent-Length: -6\r\n\r\nneedle"), not_http),
        ("a zero in the head", says_all(b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\nneedle"), not_http),
        ("no name in the head", says_all(b"HTTP/1.1 200 OK\r\n: x\r\n\r\nneedle"), not_http),
        ("HTTP/2", says_all(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80"), not_http),
        ("nothing", says_all(b""), not_http),
    ];
    let told = ask_all(cases.iter().map(|(_, port, _)| get(*port)).collect(), 10_000);
    for ((what, _, expected), (kind, text)) in cases.into_iter().zip(told) {
        assert!(kind == "wrong" && text.starts_with(expected) && text.len() > expected.len(), "{what}: {kind} {text}");
    }
    // A phrase is the server's to choose, also in bytes that are no text.
    assert_eq!(ask(get(says_all(b"HTTP/1.1 200 \xff\xfe\r\n\r\nneedle")), 10_000).0, "right");
}

#[test]
fn a_body_that_is_packed_is_not_unpacked() {
    // gzip(1) of `needle`.
    let packed = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\
        \x1f\x8b\x08\0\0\0\0\0\x02\xff\xcbKMM\xc9I\x05\0\x05\xe2Xe\x06\0\0\0";
    assert_eq!(ask(get(says_all(packed)), 10_000), ("wrong", "status 200 OK, but the body does not hold `needle`".to_owned()));
}

#[test]
fn a_redirect_to_a_long_or_a_silent_place_is_named() {
    let long =
        asked(|stream| drop(stream.write_all(format!("HTTP/1.1 302 Found\r\nLocation: /{}\r\n\r\n", "a".repeat(60_000)).as_bytes())));
    let (kind, text) = ask(get(long), 10_000);
    assert!(kind == "wrong" && text.starts_with("redirected in a circle: http://"), "{kind} {text}");
    let silent = says(b"");
    let there = asked(move |stream| drop(write!(stream, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{silent}/\r\n\r\n")));
    let (kind, text) = ask(get(there), 300);
    assert!(kind == "silent", "{kind} {text}");
}

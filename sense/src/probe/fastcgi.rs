//! A GET over FastCGI (FastCGI specification 1.0), such as to the ping or status page of PHP-FPM.

use muster_model::probe::{Answer, Peer};

use super::answers::{Step, right, shown, words, wrong};
use super::octets::Octets;
use super::progress::Progress;
use super::wire::Wire;

const VERSION: u8 = 1;
const REQUEST: u16 = 1;
const BEGIN: u8 = 1;
const END: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;
const STDERR: u8 = 7;
/// Bytes of an answer that are looked at.
const ANSWER_BYTES_MAX: usize = 64 << 10;
const COMPLAINT_BYTES_MAX: usize = 1024;

pub(super) async fn put(peer: &Peer, path: &str, body: Option<&str>, progress: &Progress) -> Step<Answer> {
    speak(Wire::meet(peer, progress).await?, path, body.map(str::as_bytes)).await
}

pub(super) async fn speak(mut wire: Wire, path: &str, wanted: Option<&[u8]>) -> Step<Answer> {
    let begin = record(BEGIN, &[0, 1, 0, 0, 0, 0, 0, 0]);
    let params = record(PARAMS, &params(path));
    wire.say(&[begin, params, record(PARAMS, b""), record(STDIN, b"")].concat()).await?;
    let (mut answer, mut complaint) = (Vec::new(), Vec::new());
    // A record without content costs the server eight bytes, which the wire counts.
    while answer.len() < ANSWER_BYTES_MAX {
        let head = wire.exactly(8).await?;
        let mut rest = Octets(&head);
        let (Some(VERSION), Some(kind), Some(REQUEST), Some(length), Some(padding)) =
            (rest.u8(), rest.u8(), rest.u16(), rest.u16(), rest.u8())
        else {
            return Err(wrong(format!("answered {}, which is not what FastCGI says", shown(&head))));
        };
        let mut content = wire.exactly(usize::from(length) + usize::from(padding)).await?;
        content.truncate(usize::from(length));
        match kind {
            STDOUT => answer.extend_from_slice(&content),
            STDERR if complaint.len() < COMPLAINT_BYTES_MAX => complaint.extend_from_slice(&content),
            END => match content.get(4) {
                Some(0) => break,
                Some(2) => return Err(wrong("it has no room for another request")),
                _ => return Err(wrong("it refused the request")),
            },
            _ => {}
        }
    }
    judge(&answer, &complaint, wanted)
}

/// What a program says over CGI (RFC 3875 §6): a head, an empty line, a body.
fn judge(answer: &[u8], complaint: &[u8], wanted: Option<&[u8]>) -> Step<Answer> {
    let end = |gap: &[u8]| answer.windows(gap.len()).position(|w| w == gap).map(|at| (at, at + gap.len()));
    let Some((head, body)) = end(b"\r\n\r\n").or_else(|| end(b"\n\n")) else {
        let said = if complaint.is_empty() { shown(answer) } else { words(complaint) };
        return Err(wrong(format!("an answer without a head: {said}")));
    };
    let (head, body) = (answer.get(..head).unwrap_or_default(), answer.get(body..).unwrap_or_default());
    let status = head.split(|b| *b == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(7)?;
        name.eq_ignore_ascii_case(b"status:").then(|| words(value))
    });
    let status = status.unwrap_or_else(|| "200 OK".to_owned());
    if !status.starts_with(['2', '3']) {
        return Err(wrong(format!("status {status}")));
    }
    match wanted {
        Some(wanted) if !body.windows(wanted.len().max(1)).any(|w| w == wanted) => {
            Err(wrong(format!("status {status}, but the body does not hold `{}`", wanted.escape_ascii())))
        }
        _ => Ok(right(format!("status {status}"))),
    }
}

fn params(path: &str) -> Vec<u8> {
    let (script, query) = path.split_once('?').unwrap_or((path, ""));
    let all = [
        ("GATEWAY_INTERFACE", "CGI/1.1"),
        ("REQUEST_METHOD", "GET"),
        ("REQUEST_URI", path),
        ("SCRIPT_NAME", script),
        ("SCRIPT_FILENAME", script),
        ("QUERY_STRING", query),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("SERVER_SOFTWARE", "muster"),
        ("REMOTE_ADDR", "127.0.0.1"),
    ];
    let mut params = Vec::new();
    for (name, value) in all {
        for text in [name, value] {
            match u8::try_from(text.len()) {
                Ok(short @ 0..128) => params.push(short),
                _ => params.extend_from_slice(&(u32::try_from(text.len()).unwrap_or(0) | 1 << 31).to_be_bytes()),
            }
        }
        params.extend_from_slice(name.as_bytes());
        params.extend_from_slice(value.as_bytes());
    }
    params
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(0).to_be_bytes();
    [&[VERSION, kind], &REQUEST.to_be_bytes()[..], &length, &[0, 0], content].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire::tests::{finish, saying};
    use super::*;

    #[test]
    fn what_programs_say_over_fastcgi_is_understood() {
        let end = record(END, &[0; 8]);
        let out = |text: &str| record(STDOUT, text.as_bytes());
        for (said, wanted, expected) in [
            ([out("Content-type: text/plain\r\n\r\n"), out("pong"), end.clone()].concat(), Some("pong"), "right: status 200 OK"),
            ([out("X: y\n\nfine"), end.clone()].concat(), None, "right: status 200 OK"),
            ([out("\r\n\r\nno"), end.clone()].concat(), Some("pong"), "wrong: status 200 OK, but the body does not hold `pong`"),
            ([out("Status: 404 Not Found\r\n\r\nFile not found."), end.clone()].concat(), None, "wrong: status 404 Not Found"),
            ([record(STDERR, b"PHP message: oh"), end.clone()].concat(), None, "wrong: an answer without a head: PHP message: oh"),
            (record(END, &[0, 0, 0, 0, 2, 0, 0, 0]), None, "wrong: it has no room for another request"),
            (b"HTTP/1.1 400 Bad Request".to_vec(), None, "wrong: answered `HTTP/1.1`, which is not what FastCGI says"),
        ] {
            let answer = finish(speak(saying(&said), "/ping", wanted.map(str::as_bytes))).unwrap_or_else(|answer| answer);
            assert_eq!(format!("{}: {}", if answer.is_right() { "right" } else { "wrong" }, answer.text()), expected);
        }
        assert!(!finish(speak(saying(&record(STDERR, b"").repeat(100_000)), "/", None)).is_ok_and(|a| a.is_right()));
        assert!(params(&"/".repeat(200)).windows(4).any(|w| w == [0x80, 0, 0, 200]));
    }

    proptest! {
        #[test]
        fn any_records_are_an_answer(said in proptest::collection::vec((0_u8..12, proptest::collection::vec(any::<u8>(), 0..60)), 0..10), raw in proptest::collection::vec(any::<u8>(), 0..100)) {
            let said: Vec<u8> = said.iter().flat_map(|(kind, content)| record(*kind, content)).collect();
            for said in [said, raw] {
                let (Ok(answer) | Err(answer)) = finish(speak(saying(&said), "/", Some(b"x")));
                prop_assert!(answer.text().chars().count() < 600);
            }
        }
    }
}

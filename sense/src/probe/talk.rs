//! What is sent over a socket, and what must come back.

use muster_model::probe::{Answer, Talk};
use regex::bytes::Regex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::answers::shown;

/// Bytes of an answer that are looked at.
const HEARD_BYTES_MAX: usize = 4096;

/// A talk, ready to be held.
pub(super) struct Words {
    send: Vec<u8>,
    expect: Expect,
}

enum Expect {
    Beginning(Vec<u8>),
    Pattern(Regex),
}

/// What the bytes so far say.
enum Verdict {
    Right,
    Wrong,
    Open,
}

impl Words {
    pub(super) fn new(talk: &Talk) -> Result<Words, String> {
        let expect = match talk.expect.strip_prefix("re:") {
            Some(pattern) => Expect::Pattern(Regex::new(pattern).map_err(|e| format!("`{pattern}` is not a regular expression: {e}"))?),
            None => Expect::Beginning(bytes(&talk.expect)?),
        };
        Ok(Words { send: bytes(&talk.send)?, expect })
    }

    /// Says it, and listens until what came back decides. A hang-up ends the answer; it may still be the right one.
    pub(super) async fn exchange(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Answer {
        // One who hangs up while we speak may have answered before.
        let said = stream.write_all(&self.send).await;
        let mut heard = Vec::with_capacity(256);
        loop {
            let room = HEARD_BYTES_MAX.saturating_sub(heard.len());
            let came = (&mut stream).take(room as u64).read_buf(&mut heard).await;
            let end = !matches!(came, Ok(n) if n > 0);
            match self.judge(&heard) {
                Verdict::Right => return Answer::Right { text: None, perfdata: Vec::new() },
                Verdict::Open if !end => {}
                Verdict::Wrong | Verdict::Open => {
                    let text = match (heard.is_empty(), came.and(said)) {
                        (false, _) => format!("answered {}", shown(&heard)),
                        (true, Ok(())) => "hung up without an answer".to_owned(),
                        (true, Err(error)) => format!("hung up without an answer: {error}"),
                    };
                    return Answer::Wrong { text, perfdata: Vec::new() };
                }
            }
        }
    }

    fn judge(&self, heard: &[u8]) -> Verdict {
        match &self.expect {
            Expect::Beginning(expected) if heard.starts_with(expected) => Verdict::Right,
            Expect::Beginning(expected) if expected.starts_with(heard) => Verdict::Open,
            Expect::Beginning(_) => Verdict::Wrong,
            Expect::Pattern(pattern) if pattern.is_match(heard) => Verdict::Right,
            Expect::Pattern(_) => Verdict::Open,
        }
    }
}

/// Text as it is, or bytes in hexadecimal after `hex:`.
fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let Some(hex) = text.strip_prefix("hex:") else { return Ok(text.as_bytes().to_owned()) };
    let digits: Option<Vec<u8>> = hex.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => Ok(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |n, d| n << 4 | d)).collect()),
        _ => Err(format!("`{hex}` is not bytes in hexadecimal")),
    }
}

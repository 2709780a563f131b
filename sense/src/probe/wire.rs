//! A connection to a server of a protocol: over TCP or a Unix socket, in the clear or encrypted. What is read of it is bounded.

use std::io;

use muster_model::probe::{Answer, Peer};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

use super::answers::{Step, unasked, wrong};
use super::progress::{Progress, Reached};
use super::tcp::{self, not_connected};
use super::trust;

/// Bytes that are read for one question. No handshake here needs a tenth of it.
const HEARD_BYTES_MAX: usize = 256 << 10;
const CHUNK_BYTES: u64 = 4096;
/// A longer line is none.
const LINE_BYTES_MAX: usize = 4096;
const PASSWORD_BYTES_MAX: u64 = 4096;

/// A stream in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection, and what was heard of it and not yet understood.
pub(super) struct Wire {
    stream: Box<dyn Duplex>,
    unread: Vec<u8>,
    heard: usize,
    /// Nobody on the way can read what is said.
    pub(super) private: bool,
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Duplex>, private: bool) -> Wire {
        Wire { stream, unread: Vec::new(), heard: 0, private }
    }

    /// Connects in the clear.
    pub(super) async fn open(address: &str, progress: &Progress) -> Step<Wire> {
        if address.starts_with('/') {
            progress.reached(Reached::Resolved);
            let stream = UnixStream::connect(address).await.map_err(|error| not_connected(&error))?;
            progress.reached(Reached::Connected);
            return Ok(Wire::new(Box::new(stream), true));
        }
        let stream = tcp::connect(address, progress).await?;
        let private = stream.peer_addr().is_ok_and(|a| a.ip().is_loopback());
        Ok(Wire::new(Box::new(stream), private))
    }

    /// Connects, encrypted from the first byte on where the peer is to be met so.
    pub(super) async fn meet(peer: &Peer, progress: &Progress) -> Step<Wire> {
        let wire = Wire::open(&peer.address, progress).await?;
        if peer.encrypt.is_some() { wire.encrypt(peer, progress).await } else { Ok(wire) }
    }

    /// Goes on encrypted. What was said in the clear after the word to encrypt would be believed as if it were not: it ends here.
    pub(super) async fn encrypt(self, peer: &Peer, progress: &Progress) -> Step<Wire> {
        if !self.unread.is_empty() {
            return Err(wrong("it went on in the clear after it had agreed to encrypt"));
        }
        let trusted = peer.encrypt.clone().unwrap_or_default();
        let name = server_name(trusted.name.as_deref(), &peer.address)?;
        let roots = trust::roots(trusted.roots.as_deref()).await?;
        let hands = trust::shake(self.stream, &roots, name, &[]).await?;
        progress.reached(Reached::Secured);
        Ok(Wire { stream: Box::new(hands.stream), unread: Vec::new(), heard: self.heard, private: true })
    }

    pub(super) async fn say(&mut self, bytes: &[u8]) -> Step<()> {
        let said = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        said.await.map_err(|error| hung_up(&error))
    }

    /// The next `n` bytes. The caller has bounded `n`; more than all that is read for a question is refused here.
    pub(super) async fn exactly(&mut self, n: usize) -> Step<Vec<u8>> {
        while self.unread.len() < n {
            self.hear().await?;
        }
        let rest = self.unread.split_off(n);
        Ok(std::mem::replace(&mut self.unread, rest))
    }

    /// The next line, without its end.
    pub(super) async fn line(&mut self) -> Step<Vec<u8>> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.unread.iter().skip(searched).position(|b| *b == b'\n') {
                let mut line = self.exactly(searched + end + 1).await?;
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            searched = self.unread.len();
            if searched > LINE_BYTES_MAX {
                return Err(wrong(format!("a line of more than {LINE_BYTES_MAX} bytes")));
            }
            self.hear().await?;
        }
    }

    async fn hear(&mut self) -> Step<()> {
        if self.heard > HEARD_BYTES_MAX {
            return Err(wrong(format!("it said more than {HEARD_BYTES_MAX} bytes")));
        }
        match (&mut self.stream).take(CHUNK_BYTES).read_buf(&mut self.unread).await {
            Ok(0) if self.unread.is_empty() => Err(wrong("hung up without an answer")),
            Ok(0) => Err(wrong(format!("hung up after {}", super::answers::shown(&self.unread)))),
            Ok(n) => {
                self.heard = self.heard.saturating_add(n);
                Ok(())
            }
            Err(error) => Err(hung_up(&error)),
        }
    }
}

fn hung_up(error: &io::Error) -> Answer {
    wrong(format!("hung up: {error}"))
}

/// The name that a certificate must be made out to.
pub(super) fn server_name(name: Option<&str>, address: &str) -> Step<ServerName<'static>> {
    let host = name.unwrap_or_else(|| address.rsplit_once(':').map_or(address, |(host, _)| host));
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(bare.to_owned()).map_err(|_| unasked(format!("`{bare}` is no name that a certificate could be made out to")))
}

/// The password in the peer's file, without the end of its line; empty where it has none.
pub(super) async fn password(peer: &Peer) -> Step<Vec<u8>> {
    let Some(path) = &peer.password_file else { return Ok(Vec::new()) };
    let mut password = trust::read_file(path, PASSWORD_BYTES_MAX).await?;
    while password.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
        password.pop();
    }
    Ok(password)
}

#[cfg(test)]
pub(super) mod tests {
    pub(in super::super) use super::super::fuzz::{finish, saying};
    use super::*;

    #[test]
    fn lines_and_lengths_are_bounded() {
        let mut wire = saying(b"one\r\ntwo\nthree");
        assert_eq!(finish(wire.line()), Ok(b"one".to_vec()));
        assert_eq!(finish(wire.exactly(2)), Ok(b"tw".to_vec()));
        assert_eq!(finish(wire.line()), Ok(b"o".to_vec()));
        assert_eq!(finish(wire.line()), Err(wrong("hung up after `three`")));
        assert_eq!(finish(saying(&[b'x'; 100_000]).line()), Err(wrong("a line of more than 4096 bytes")));
        assert_eq!(finish(saying(&vec![0; 1 << 20]).exactly(usize::MAX)), Err(wrong("it said more than 262144 bytes")));
        assert_eq!(finish(saying(b"").line()), Err(wrong("hung up without an answer")));
    }

    #[test]
    fn names_are_those_of_the_address_unless_one_is_given() {
        for (name, address, expected) in [
            (None, "example.org:443", "example.org"),
            (None, "[::1]:443", "::1"),
            (Some("other.org"), "127.0.0.1:443", "other.org"),
            (Some("db"), "/run/x", "db"),
        ] {
            assert_eq!(server_name(name, address).map(|n| n.to_str().into_owned()), Ok(expected.to_owned()));
        }
        assert!(matches!(server_name(None, "a..b:1"), Err(Answer::Unasked { .. })));
    }
}

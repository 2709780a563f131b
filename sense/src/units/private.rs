//! systemd's own socket, `/run/systemd/private`: D-Bus without a bus daemon in between, for root.
//!
//! systemd fills in the sender there as `org.freedesktop.systemd1`, where the specification asks for a unique name, and
//! zbus does not take such messages. So the first letter of that name is read as the `:` that unique names begin with.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use zbus::connection::socket::{ReadHalf, Socket, Split, WriteHalf};
use zbus::export::async_trait::async_trait;

/// The name that systemd fills in.
const SENDER: &[u8] = b"org.freedesktop.systemd1";
/// What stands before the sender's name in a message: header field 7, of type `s`, and the length of the name
/// (D-Bus specification, "Header Fields").
const FIELD: usize = 8;

/// A connected socket, to be handed to zbus.
pub(super) struct Private(UnixStream);

impl Private {
    pub(super) async fn connect(path: &Path) -> io::Result<Private> {
        UnixStream::connect(path).await.map(Private)
    }
}

impl Socket for Private {
    type ReadHalf = Reader;
    type WriteHalf = Writer;

    fn split(self) -> Split<Reader, Writer> {
        let (read, write) = self.0.into_split();
        Split::new(Reader { socket: read, senders: Senders::default() }, Writer(write))
    }
}

#[derive(Debug)]
pub(super) struct Reader {
    socket: OwnedReadHalf,
    senders: Senders,
}

#[async_trait]
impl ReadHalf for Reader {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        let n = self.socket.read(buffer).await?;
        self.senders.correct(&mut buffer[..n]);
        Ok((n, Vec::new()))
    }
}

#[derive(Debug)]
pub(super) struct Writer(OwnedWriteHalf);

#[async_trait]
impl WriteHalf for Writer {
    async fn sendmsg(&mut self, buffer: &[u8], _fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.0.write(buffer).await
    }

    async fn close(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }
}

/// Corrects the sender in a stream of bytes, however it is cut into reads.
#[derive(Debug, Default)]
struct Senders {
    /// The bytes read last, oldest first.
    last: [u8; FIELD],
}

impl Senders {
    fn correct(&mut self, bytes: &mut [u8]) {
        let field = field();
        for byte in bytes {
            if self.last == field && *byte == SENDER[0] {
                *byte = b':';
            }
            self.last.rotate_left(1);
            self.last[FIELD - 1] = *byte;
        }
    }
}

fn field() -> [u8; FIELD] {
    let mut field = [7, 1, b's', 0, 0, 0, 0, 0];
    field[4..].copy_from_slice(&(SENDER.len() as u32).to_ne_bytes());
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_corrected_wherever_the_stream_is_cut_and_nothing_else_is() {
        let mut stream = b"org.freedesktop.systemd1\0".to_vec();
        stream.extend(field());
        stream.extend(SENDER);
        stream.extend(b"\0org.freedesktop.systemd1");
        let mut whole = stream.clone();
        Senders::default().correct(&mut whole);
        let changed: Vec<usize> = (0..stream.len()).filter(|&i| whole[i] != stream[i]).collect();
        assert_eq!(changed, [25 + FIELD]);
        assert!(zbus::names::UniqueName::try_from(str::from_utf8(&whole[25 + FIELD..][..SENDER.len()]).unwrap()).is_ok());
        for cut in 0..stream.len() {
            let (mut senders, mut parts) = (Senders::default(), stream.clone());
            let (left, right) = parts.split_at_mut(cut);
            senders.correct(left);
            senders.correct(right);
            assert_eq!(parts, whole, "cut at {cut}");
        }
    }
}

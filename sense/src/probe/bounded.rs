//! A stream of which only so much is read. A library that reads a protocol bounds what it keeps of it, not what it reads: a
//! server that says without end that it is about to answer would hold the thread, and with it the questions to others.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::wire::Duplex;

/// Bytes that are read for one question over HTTP: of a body that comes in chunks of one byte the first 64 KiB take 384.
const HEARD_BYTES_MAX: usize = 1 << 20;

/// The stream, and how much may still be read of it.
pub(super) struct Bounded {
    stream: Box<dyn Duplex>,
    encrypted: bool,
    left: usize,
}

impl Bounded {
    pub(super) fn new(stream: Box<dyn Duplex>, encrypted: bool) -> Bounded {
        Bounded { stream, encrypted, left: HEARD_BYTES_MAX }
    }
}

impl AsyncRead for Bounded {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other(format!("it said more than {HEARD_BYTES_MAX} bytes"))));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        // The last read may go beyond by what the reader has room for, which its library bounds.
        self.left = self.left.saturating_sub(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Only where it says goodbye: that nothing more comes the kernel tells when the connection is closed, which is at once.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.encrypted { Pin::new(&mut self.stream).poll_shutdown(context) } else { Poll::Ready(Ok(())) }
    }
}

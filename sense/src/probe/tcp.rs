//! A TCP connection, and what is said over it.

use std::io;
use std::net::SocketAddr;

use muster_model::probe::Answer;
use tokio::net::TcpStream;

use super::answers::{Step, unresolved};
use super::progress::{Progress, Reached};
use super::talk::Words;

pub(super) async fn put(address: &str, words: Option<&Words>, progress: &Progress) -> Answer {
    match connect(address, progress).await {
        Ok(stream) => match words {
            Some(words) => words.exchange(stream).await,
            None => Answer::Right { text: None, perfdata: Vec::new() },
        },
        Err(answer) => answer,
    }
}

/// A connection to `HOST:PORT`, or the answer that it could not be had.
pub(super) async fn connect(address: &str, progress: &Progress) -> Step<TcpStream> {
    let addresses: Vec<_> = lookup(address, progress).await?;
    let stream = TcpStream::connect(addresses.as_slice()).await.map_err(|error| not_connected(&error))?;
    progress.reached(Reached::Connected);
    Ok(stream)
}

/// The first address of `HOST:PORT`.
pub(super) async fn resolve(address: &str, progress: &Progress) -> Step<SocketAddr> {
    lookup(address, progress).await?.first().copied().ok_or_else(|| unresolved(format!("{address} has no address")))
}

async fn lookup(address: &str, progress: &Progress) -> Step<Vec<SocketAddr>> {
    let found = tokio::net::lookup_host(address).await;
    let found = found.map_err(|error| unresolved(format!("{address} does not resolve: {error}")))?.collect();
    progress.reached(Reached::Resolved);
    Ok(found)
}

/// The answer that an error of connect(2) is.
pub(super) fn not_connected(error: &io::Error) -> Answer {
    let text = error.to_string();
    match error.kind() {
        // A Unix socket whose owner no longer takes connections has a full queue and says so at once.
        io::ErrorKind::WouldBlock => Answer::Silent { text: "its queue of connections is full".to_owned() },
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Answer::Unreached { text },
        // Not the service's fault: no right to ask, or this host has no ports or descriptors left.
        io::ErrorKind::PermissionDenied | io::ErrorKind::AddrNotAvailable => Answer::Unasked { text },
        _ if error.raw_os_error().is_some_and(|code| [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOBUFS].contains(&code)) => {
            Answer::Unasked { text }
        }
        _ => Answer::Refused { text },
    }
}

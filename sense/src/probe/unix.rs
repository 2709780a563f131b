//! A connection to a Unix socket, and what is said over it.

use muster_model::probe::Answer;
use tokio::net::UnixStream;

use super::progress::{Progress, Reached};
use super::talk::Words;
use super::tcp::not_connected;

pub(super) async fn put(path: &str, words: Option<&Words>, progress: &Progress) -> Answer {
    progress.reached(Reached::Resolved);
    let stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error) => return not_connected(&error),
    };
    progress.reached(Reached::Connected);
    match words {
        Some(words) => words.exchange(stream).await,
        None => Answer::Right { text: None, perfdata: Vec::new() },
    }
}

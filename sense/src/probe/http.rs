//! A GET over HTTP/1.1 (RFC 9110, RFC 9112) on a connection of its own. Redirects are answers, not followed.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use muster_model::probe::Answer;

use super::progress::{Progress, Reached};
use super::tcp;

/// Bytes of a body that are searched.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Bytes that the head of an answer may have.
const HEAD_BYTES_MAX: usize = 64 << 10;
const AGENT: &str = concat!("muster/", env!("CARGO_PKG_VERSION"));

/// A GET, ready to be put.
pub(super) struct Get {
    /// `HOST:PORT` to connect to.
    address: String,
    /// As in the address, for the `Host` header.
    authority: String,
    target: Uri,
    expect: Option<u16>,
    body: Option<Vec<u8>>,
}

impl Get {
    pub(super) fn new(url: &str, expect: Option<u16>, body: Option<&str>, _roots: Option<&str>) -> Result<Get, String> {
        let bad = |why: &str| format!("`{url}` is not an address: {why}");
        let uri: Uri = url.parse().map_err(|e: hyper::http::uri::InvalidUri| bad(&e.to_string()))?;
        if uri.scheme_str() != Some("http") {
            return Err(bad("only http:// is asked"));
        }
        let host = uri.host().ok_or_else(|| bad("no host"))?;
        let address = format!("{host}:{}", uri.port_u16().unwrap_or(80));
        let authority = uri.authority().map_or(host, |a| a.as_str()).to_owned();
        let target = uri.path_and_query().map_or(Ok(Uri::from_static("/")), |p| p.as_str().parse()).map_err(|_| bad("no path"))?;
        Ok(Get { address, authority, target, expect, body: body.map(|b| b.as_bytes().to_owned()) })
    }

    pub(super) async fn put(&self, progress: &Progress) -> Answer {
        let stream = match tcp::connect(&self.address, progress).await {
            Ok(stream) => stream,
            Err(answer) => return answer,
        };
        let shaken = http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = match shaken {
            Ok(both) => both,
            Err(error) => return not_http(&error),
        };
        let exchange = async {
            let request = Request::get(self.target.clone())
                .header(HOST, &self.authority)
                .header(USER_AGENT, AGENT)
                .header(ACCEPT, "*/*")
                .header(CONNECTION, "close")
                .body(Empty::<Bytes>::new());
            match request {
                Err(error) => Answer::Unasked { text: error.to_string() },
                Ok(request) => match sender.send_request(request).await {
                    Err(error) => not_http(&error),
                    Ok(response) => self.judge(response, progress).await,
                },
            }
        };
        // The connection moves the bytes. It ends with the last of them, which the exchange may still have to look at.
        let moved = async {
            let _ = connection.await;
            std::future::pending::<Answer>().await
        };
        tokio::select! {
            answer = exchange => answer,
            answer = moved => answer,
        }
    }

    async fn judge(&self, response: Response<Incoming>, progress: &Progress) -> Answer {
        let status = response.status();
        progress.reached(Reached::Status(status.as_u16()));
        let right = self.expect.map_or(status.as_u16() < 500, |expected| status.as_u16() == expected);
        if !right {
            return Answer::Wrong { text: format!("status {status}"), perfdata: Vec::new() };
        }
        match &self.body {
            Some(wanted) if !holds(response.into_body(), wanted).await => {
                let text = format!("status {status}, but the body does not hold `{}`", wanted.escape_ascii());
                Answer::Wrong { text, perfdata: Vec::new() }
            }
            _ => Answer::Right { text: None, perfdata: Vec::new() },
        }
    }
}

/// Whether the beginning of the body has these bytes in it. One that breaks off has what came.
async fn holds(mut body: Incoming, wanted: &[u8]) -> bool {
    let mut read: Vec<u8> = Vec::new();
    while read.len() < BODY_BYTES_MAX {
        let Some(Ok(frame)) = body.frame().await else { return false };
        let Some(data) = frame.data_ref() else { continue };
        // Only what is new needs to be searched, with so much before it as a match may reach back.
        let from = read.len().saturating_sub(wanted.len());
        let room = BODY_BYTES_MAX - read.len();
        read.extend_from_slice(data.get(..room).unwrap_or(data));
        if read.get(from..).is_some_and(|new| new.windows(wanted.len().max(1)).any(|w| w == wanted)) {
            return true;
        }
    }
    false
}

fn not_http(error: &hyper::Error) -> Answer {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Answer::Wrong { text: format!("not an answer over HTTP: {error}{cause}"), perfdata: Vec::new() }
}

//! A GET over HTTP/1.1 (RFC 9110, RFC 9112), in the clear or encrypted, on a connection of its own. A redirect that is not
//! itself the right answer is followed. Each step's time is told.

use std::fmt;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, LOCATION, USER_AGENT};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use muster_model::probe::Answer;

use super::answers::{Step, line, unasked, wrong};
use super::bounded::Bounded;
use super::progress::{Progress, Reached};
use super::wire::{Duplex, server_name};
use super::{tcp, trust};

/// Bytes of a body that are searched.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Bytes that the head of an answer may have.
const HEAD_BYTES_MAX: usize = 64 << 10;
const AGENT: &str = concat!("muster/", env!("CARGO_PKG_VERSION"));

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 5;

/// A GET, ready to be put.
pub(super) struct Get {
    pub(super) first: Place,
    expect: Option<u16>,
    body: Option<Vec<u8>>,
    roots: Option<String>,
    /// The name that the first server's certificate must be made out to, where it is not that of the address.
    name: Option<String>,
}

impl Get {
    pub(super) fn new(url: &str, expect: Option<u16>, body: Option<&str>, roots: Option<&str>) -> Result<Get, String> {
        let first = Place::read(url)?;
        Ok(Get { first, expect, body: body.map(|b| b.as_bytes().to_owned()), roots: roots.map(str::to_owned), name: None })
    }

    /// The same, with the first connection made to this `HOST:PORT`.
    pub(super) fn at(mut self, elsewhere: &str) -> Get {
        self.name = Some(self.first.host().to_owned());
        elsewhere.clone_into(&mut self.first.address);
        self
    }

    pub(super) async fn put(&self, progress: &Progress) -> Answer {
        let mut seen = vec![self.first.clone()];
        let mut place = self.first.clone();
        loop {
            let next = match Box::pin(self.ask(&place, progress)).await {
                Ok(Heard::Answer(answer)) | Err(answer) => return answer,
                Ok(Heard::Elsewhere(location)) => place.follow(&location),
            };
            match next {
                Err(why) => return wrong(why),
                Ok(next) if seen.contains(&next) => {
                    let way: Vec<String> = seen.iter().chain([&next]).map(ToString::to_string).collect();
                    return wrong(line(&format!("redirected in a circle: {}", way.join(" → "))));
                }
                Ok(next) if seen.len() > REDIRECTS_MAX => {
                    return wrong(format!("redirected more than {REDIRECTS_MAX} times, lastly to {next}"));
                }
                Ok(next) => {
                    seen.push(next.clone());
                    place = next;
                }
            }
        }
    }

    async fn ask(&self, place: &Place, progress: &Progress) -> Step<Heard> {
        let stream = tcp::connect(&place.address, progress).await?;
        let stream: Box<dyn Duplex> = if place.encrypted {
            let roots = Box::pin(trust::roots(self.roots.as_deref())).await?;
            let name = server_name(self.name.as_deref().filter(|_| *place == self.first), &place.address)?;
            let hands = Box::pin(trust::shake(Box::new(stream), &roots, name, &[b"http/1.1"])).await?;
            progress.reached(Reached::Secured);
            Box::new(hands.stream)
        } else {
            Box::new(stream)
        };
        self.exchange(stream, place, progress).await
    }

    /// Asks on a connection that stands.
    pub(super) async fn exchange(&self, stream: Box<dyn Duplex>, place: &Place, progress: &Progress) -> Step<Heard> {
        let shaken =
            http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).handshake(TokioIo::new(Bounded::new(stream, place.encrypted))).await;
        let (mut sender, connection) = shaken.map_err(|error| not_http(&error))?;
        let exchange = async {
            let request = Request::get(place.target.clone())
                .header(HOST, &place.authority)
                .header(USER_AGENT, AGENT)
                .header(ACCEPT, "*/*")
                .header(CONNECTION, "close")
                .body(Empty::<Bytes>::new())
                .map_err(|error| unasked(error.to_string()))?;
            let response = sender.send_request(request).await.map_err(|error| not_http(&error))?;
            progress.reached(Reached::Status(response.status().as_u16()));
            match self.elsewhere(&response) {
                Some(location) => Ok(Heard::Elsewhere(location)),
                None => Ok(Heard::Answer(self.judge(response, progress).await)),
            }
        };
        // The connection moves the bytes. It ends with the last of them, which the exchange may still have to look at.
        let moved = async {
            let _ = connection.await;
            std::future::pending::<Step<Heard>>().await
        };
        tokio::select! {
            heard = exchange => heard,
            heard = moved => heard,
        }
    }

    /// Where a redirect leads that is not itself the right answer: somebody wants another status or a body.
    fn elsewhere(&self, response: &Response<Incoming>) -> Option<String> {
        let status = response.status();
        let followed = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
            && (self.expect.is_some_and(|expected| expected != status.as_u16()) || self.expect.is_none() && self.body.is_some());
        if !followed {
            return None;
        }
        response.headers().get(LOCATION).map(|location| String::from_utf8_lossy(location.as_bytes()).into_owned())
    }

    async fn judge(&self, response: Response<Incoming>, progress: &Progress) -> Answer {
        let status = response.status();
        let right = self.expect.map_or(status.as_u16() < 500, |expected| status.as_u16() == expected);
        if !right {
            return Answer::Wrong { text: format!("status {status}"), perfdata: progress.steps() };
        }
        let why = match &self.body {
            Some(wanted) => looked_for(response.into_body(), wanted).await.err(),
            None => None,
        };
        match why {
            Some(why) => Answer::Wrong { text: format!("status {status}, but the body {why}"), perfdata: progress.steps() },
            None => Answer::Right { text: None, perfdata: progress.steps() },
        }
    }
}

/// What came of one GET.
pub(super) enum Heard {
    Answer(Answer),
    /// The `Location` of a redirect.
    Elsewhere(String),
}

/// Where a GET goes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    encrypted: bool,
    /// `HOST:PORT` to connect to.
    address: String,
    /// As in the address, for the `Host` header.
    authority: String,
    target: Uri,
}

impl Place {
    fn read(url: &str) -> Result<Place, String> {
        let bad = |why: &str| line(&format!("`{url}` is not an address: {why}"));
        let uri: Uri = url.parse().map_err(|e: hyper::http::uri::InvalidUri| bad(&e.to_string()))?;
        let encrypted = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad("only http:// and https:// are asked")),
        };
        let host = uri.host().ok_or_else(|| bad("no host"))?;
        let address = format!("{host}:{}", uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 }));
        let authority = uri.authority().map_or(host, |a| a.as_str()).to_owned();
        let target = uri.path_and_query().map_or(Ok(Uri::from_static("/")), |p| p.as_str().parse()).map_err(|_| bad("no path"))?;
        Ok(Place { encrypted, address, authority, target })
    }

    /// The host of its address.
    fn host(&self) -> &str {
        self.address.rsplit_once(':').map_or(self.address.as_str(), |(host, _)| host)
    }

    /// The place that a `Location` leads to (RFC 9110 §10.2.2): a whole address, one without scheme, a path, or one beside this.
    pub(super) fn follow(&self, location: &str) -> Result<Place, String> {
        let scheme = if self.encrypted { "https" } else { "http" };
        let location = location.split('#').next().unwrap_or_default();
        let here = format!("{scheme}://{}", self.authority);
        let url = if location.contains("://") {
            location.to_owned()
        } else if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{here}{location}")
        } else if location.starts_with('?') {
            format!("{here}{}{location}", self.target.path())
        } else {
            let folder = self.target.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{here}{folder}/{location}")
        };
        let next = Place::read(&url).map_err(|why| format!("redirected to where nobody can go: {why}"))?;
        if self.encrypted && !next.encrypted {
            return Err(format!("redirected out of encryption, to {next}"));
        }
        Ok(next)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.encrypted { "https" } else { "http" }, self.authority, self.target)
    }
}

/// Looks for these bytes in the beginning of the body. The error says why they were not found.
async fn looked_for(mut body: Incoming, wanted: &[u8]) -> Result<(), String> {
    let mut read: Vec<u8> = Vec::new();
    while read.len() < BODY_BYTES_MAX
        && let Some(frame) = body.frame().await
    {
        let frame = frame.map_err(|error| line(&format!("broke off: {}", with_cause(&error))))?;
        let Some(data) = frame.data_ref() else { continue };
        // Only what is new needs to be searched, with so much before it as a match may reach back.
        let from = read.len().saturating_sub(wanted.len());
        let room = BODY_BYTES_MAX - read.len();
        read.extend_from_slice(data.get(..room).unwrap_or(data));
        if read.get(from..).is_some_and(|new| new.windows(wanted.len().max(1)).any(|w| w == wanted)) {
            return Ok(());
        }
    }
    Err(format!("does not hold `{}`", wanted.escape_ascii()))
}

fn not_http(error: &hyper::Error) -> Answer {
    wrong(line(&format!("not an answer over HTTP: {}", with_cause(error))))
}

fn with_cause(error: &hyper::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

//! `grpc.health.v1.Health/Check` over HTTP/2 (gRPC health checking protocol), in the clear (h2c) or encrypted.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::header::{CONTENT_TYPE, HeaderMap, TE, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use muster_model::probe::{Answer, Peer};

use super::answers::{Step, line, unasked, words, wrong};
use super::bounded::Bounded;
use super::octets::Octets;
use super::progress::{Progress, Reached};
use super::wire::{Duplex, server_name};
use super::{tcp, trust};

const PATH: &str = "/grpc.health.v1.Health/Check";
const HEAD_BYTES_MAX: u32 = 16 << 10;
const BODY_BYTES_MAX: usize = 4096;
const AGENT: &str = concat!("muster/", env!("CARGO_PKG_VERSION"));

pub(super) async fn put(peer: &Peer, service: &str, progress: &Progress) -> Step<Answer> {
    let stream = tcp::connect(&peer.address, progress).await?;
    let stream: Box<dyn Duplex> = match &peer.encrypt {
        None => Box::new(stream),
        Some(wanted) => {
            let roots = trust::roots(wanted.roots.as_deref()).await?;
            let name = server_name(wanted.name.as_deref(), &peer.address)?;
            let hands = trust::shake(Box::new(stream), &roots, name, &[b"h2"]).await?;
            progress.reached(Reached::Secured);
            Box::new(hands.stream)
        }
    };
    let not_grpc = |error: hyper::Error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        wrong(line(&format!("not an answer over HTTP/2: {error}{cause}")))
    };
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.max_header_list_size(HEAD_BYTES_MAX);
    let (mut sender, connection) = builder.handshake(TokioIo::new(Bounded::new(stream, peer.encrypt.is_some()))).await.map_err(not_grpc)?;
    let scheme = if peer.encrypt.is_some() { "https" } else { "http" };
    let request = Request::post(format!("{scheme}://{}{PATH}", peer.address))
        .header(CONTENT_TYPE, "application/grpc")
        .header(TE, "trailers")
        .header(USER_AGENT, AGENT)
        .body(Full::new(Bytes::from(message(service))))
        .map_err(|error| unasked(error.to_string()))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(not_grpc)?;
        progress.reached(Reached::Status(response.status().as_u16()));
        heard(response, progress).await
    };
    let moved = async {
        let _ = connection.await;
        std::future::pending::<Step<Answer>>().await
    };
    tokio::select! {
        answer = exchange => answer,
        answer = moved => answer,
    }
}

async fn heard(response: Response<Incoming>, progress: &Progress) -> Step<Answer> {
    if response.status() != 200 {
        return Err(wrong(format!("status {}, which is not what gRPC says", response.status())));
    }
    let mut head = response.headers().clone();
    let mut body = response.into_body();
    let mut content = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| wrong(line(&format!("the answer broke off: {error}"))))?;
        match frame.into_data() {
            Ok(data) => content.extend_from_slice(&data),
            Err(frame) => head.extend(frame.into_trailers().unwrap_or_default()),
        }
        if content.len() > BODY_BYTES_MAX {
            return Err(wrong(format!("an answer of more than {BODY_BYTES_MAX} bytes")));
        }
    }
    judge(&head, &content, progress.steps())
}

pub(super) fn judge(head: &HeaderMap, content: &[u8], perfdata: Vec<String>) -> Step<Answer> {
    let field = |name: &str| head.get(name).map(|value| words(value.as_bytes())).unwrap_or_default();
    match field("grpc-status").as_str() {
        "0" => {}
        "5" => return Err(wrong("it knows no such service")),
        "12" => return Err(wrong("it does not tell its health: grpc.health.v1.Health is not there")),
        "" => return Err(wrong("an answer without a status of gRPC")),
        code => return Err(wrong(line(&format!("status {code} of gRPC: {}", field("grpc-message"))))),
    }
    match health(content) {
        Some(1) => Ok(Answer::Right { text: Some("SERVING".to_owned()), perfdata }),
        Some(2) => Err(Answer::Wrong { text: "NOT_SERVING".to_owned(), perfdata }),
        Some(3) => Err(wrong("it knows no such service")),
        Some(0) => Err(wrong("it does not know its own health: UNKNOWN")),
        _ => Err(wrong("an answer that is not a health")),
    }
}

/// `HealthCheckRequest { service: 1 }` behind the five bytes of a message that is not compressed.
fn message(service: &str) -> Vec<u8> {
    // The configuration allows 255 bytes: a length of at most two bytes.
    let mut fields = Vec::new();
    if !service.is_empty() {
        fields.push(0x0a);
        match u8::try_from(service.len()) {
            Ok(short @ 0..128) => fields.push(short),
            Ok(long) => fields.extend_from_slice(&[long, 1]),
            Err(_) => return vec![0; 5],
        }
        fields.extend_from_slice(service.as_bytes());
    }
    [&[0], &u32::try_from(fields.len()).unwrap_or(0).to_be_bytes()[..], &fields].concat()
}

/// `HealthCheckResponse { status: 1 }`: a message without fields is 0.
fn health(content: &[u8]) -> Option<u8> {
    let mut rest = Octets(content);
    let (compressed, length) = (rest.u8()?, usize::try_from(rest.u32()?).ok()?);
    match (compressed, rest.take(length)?) {
        (0, []) => Some(0),
        (0, [0x08, status @ 0..128]) => Some(*status),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn healths_and_statuses_are_understood() {
        for (status, content, expected) in [
            (Some("0"), &b"\0\0\0\0\x02\x08\x01"[..], "right: SERVING"),
            (Some("0"), b"\0\0\0\0\x02\x08\x02", "wrong: NOT_SERVING"),
            (Some("0"), b"\0\0\0\0\0", "wrong: it does not know its own health: UNKNOWN"),
            (Some("0"), b"\x01\0\0\0\x02\x08\x01", "wrong: an answer that is not a health"),
            (Some("5"), b"", "wrong: it knows no such service"),
            (Some("12"), b"", "wrong: it does not tell its health: grpc.health.v1.Health is not there"),
            (Some("14"), b"", "wrong: status 14 of gRPC:"),
            (None, b"", "wrong: an answer without a status of gRPC"),
        ] {
            let head = status.map(|s| ("grpc-status".parse().unwrap(), HeaderValue::from_static(s))).into_iter().collect();
            let answer = judge(&head, content, Vec::new()).unwrap_or_else(|answer| answer);
            assert_eq!(format!("{}: {}", if answer.is_right() { "right" } else { "wrong" }, answer.text()), expected);
        }
        assert_eq!(message("x.Y"), b"\0\0\0\0\x05\x0a\x03x.Y");
        assert_eq!(message(&"a".repeat(200)).get(..8), Some(&[0, 0, 0, 0, 203, 0x0a, 200, 1][..]));
    }

    proptest! {
        #[test]
        fn any_content_is_survived(content in proptest::collection::vec(any::<u8>(), 0..40), status in "[0-9]{0,3}") {
            let head = [("grpc-status".parse().unwrap(), HeaderValue::from_str(&status).unwrap())].into_iter().collect();
            let (Ok(answer) | Err(answer)) = judge(&head, &content, Vec::new());
            prop_assert!(!answer.text().is_empty());
        }
    }
}

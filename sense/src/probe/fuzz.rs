//! What servers and plugins may answer, as functions of bytes for the fuzz targets (`fuzz/`): whatever they say, it ends
//! in an answer that is short and fit to be shown.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use hyper::header::{HeaderMap, HeaderValue};
use muster_model::probe::{Answer, Peer, Record, Talk};
use muster_model::time::{Length, Time};
use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::answers::Step;
use super::http::{Get, Heard};
use super::mysql::{self, Greeting};
use super::ntp::Told;
use super::progress::Progress;
use super::scram::Scram;
use super::talk::Words;
use super::trust::{self, Certificate};
use super::wire::Wire;
use super::{amqp, dns, exec, fastcgi, grpc, icmp, mqtt, postgres, redis, smtp};

/// No text of an answer is longer: 512 characters from outside, and our own around them.
const ANSWER_CHARS_MAX: usize = 600;
/// Items of performance data; those of a plugin are the most.
const PERFDATA_MAX: usize = 64;
/// Room on the way between a client and its server.
const ON_THE_WAY_BYTES: usize = 1 << 20;

/// A server that says this, listens to nothing and hangs up.
pub(super) fn saying(bytes: &[u8]) -> Wire {
    Wire::new(Box::new(tokio::io::join(std::io::Cursor::new(bytes.to_vec()), tokio::io::sink())), true)
}

/// Runs an exchange to its end. It has no clock: an exchange that would wait for ever is a fault.
#[allow(clippy::expect_used, reason = "a runtime without drivers asks the machine for nothing")]
pub(super) fn finish<T>(exchange: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(exchange)
}

fn check(answer: Step<Answer>) {
    let (Ok(answer) | Err(answer)) = answer;
    let (Answer::Right { perfdata, .. } | Answer::Warning { perfdata, .. } | Answer::Wrong { perfdata, .. }) = &answer else {
        return check_text(answer.text());
    };
    assert!(perfdata.len() <= PERFDATA_MAX, "{answer:?}");
    [answer.text()].into_iter().chain(perfdata.iter().map(String::as_str)).for_each(check_text);
}

fn check_text(text: &str) {
    assert!(text.chars().count() <= ANSWER_CHARS_MAX, "{} characters: {text}", text.chars().count());
    assert!(!text.contains(char::is_control), "{text:?}");
}

/// The first byte says what is looked for, the rest is what comes over HTTP.
pub fn http(bytes: &[u8]) {
    let Some((wanted, said)) = bytes.split_first() else { return };
    let get = Get::new("http://example.org/a/b?c", (wanted & 1 != 0).then_some(200), (wanted & 2 != 0).then_some("needle"), None);
    let Ok(get) = get else { return };
    let (ours, mut theirs) = duplex(ON_THE_WAY_BYTES);
    let server = async move {
        // One who is asked first, and then says it all.
        if theirs.read(&mut [0; 1024]).await.is_ok() {
            let _ = theirs.write_all(said).await;
        }
    };
    let progress = Progress::new();
    match finish(async { tokio::join!(get.exchange(Box::new(ours), &get.first, &progress), server).0 }) {
        Ok(Heard::Elsewhere(location)) => {
            let next = get.first.follow(&location);
            check_text(&next.map_or_else(|why| why, |next| super::answers::line(&next.to_string())));
        }
        Ok(Heard::Answer(answer)) | Err(answer) => check(Ok(answer)),
    }
}

/// The first byte says which record is asked for; the rest is a reply to it, and a `resolv.conf`.
pub fn dns(bytes: &[u8]) {
    let Some((kind, reply)) = bytes.split_first() else { return };
    let record = Record::ALL[usize::from(*kind) % Record::ALL.len()].0;
    for expect in [None, Some("192.0.2.1")] {
        check(dns::Asked { name: "example.org", record, expect, server: None }.judge(reply));
    }
    if let Some(query) = dns::query(7, "example.org", record) {
        assert!(!dns::belongs(reply, &query) || reply.len() >= query.len());
    }
    let _ = dns::first_server(reply);
}

/// A conversation with Redis.
pub fn redis(bytes: &[u8]) {
    check(finish(redis::speak(saying(bytes), &Peer::default(), b"")));
    let peer = Peer { password_file: Some("/x".to_owned()), ..Peer::default() };
    check(finish(redis::speak(saying(bytes), &peer, b"secret")));
}

/// A conversation with PostgreSQL.
pub fn postgres(bytes: &[u8]) {
    for password in [&b""[..], b"secret"] {
        check(finish(postgres::speak(saying(bytes), "user", "database", password)));
    }
}

/// A server's challenge in SCRAM, and after an empty line its last word.
pub fn scram(bytes: &[u8]) {
    let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap_or(bytes.len());
    let (challenge, last) = bytes.split_at(end);
    if let Ok(proof) = Scram::with_nonce(b"secret", String::new()).answer(challenge) {
        assert!(proof.say.len() <= challenge.len() + 64);
        let _ = proof.shows(last);
    }
}

/// A conversation with MySQL.
pub fn mysql(bytes: &[u8]) {
    let login = async {
        let mut wire = saying(bytes);
        let mut number = 0;
        let greeting = Greeting::read(&mysql::packet(&mut wire, &mut number).await?)?;
        mysql::sign_in(&mut wire, number, &greeting, 0, ("user", b"secret", Some("database"))).await
    };
    check(finish(login));
}

/// A conversation with a mail server.
pub fn smtp(bytes: &[u8]) {
    for encrypt in [false, true] {
        match finish(smtp::greet(&mut saying(bytes), encrypt)) {
            Ok(banner) => check_text(&banner),
            Err(answer) => check(Err(answer)),
        }
    }
}

/// A conversation with a broker of AMQP.
pub fn amqp(bytes: &[u8]) {
    check(finish(amqp::speak(saying(bytes))));
}

/// A conversation with a broker of MQTT.
pub fn mqtt(bytes: &[u8]) {
    for login in [None, Some(("user", Some(&b"secret"[..])))] {
        check(finish(mqtt::speak(saying(bytes), "muster-1", login)));
    }
}

/// An answer over FastCGI.
pub fn fastcgi(bytes: &[u8]) {
    for wanted in [None, Some(&b"pong"[..])] {
        check(finish(fastcgi::speak(saying(bytes), "/ping?a=b", wanted)));
    }
}

/// Up to the first zero the status and up to the second the message of gRPC; then the content.
pub fn grpc(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |b| *b == 0);
    let mut head = HeaderMap::new();
    for name in ["grpc-status", "grpc-message"] {
        if let Some(value) = parts.next().and_then(|part| HeaderValue::from_bytes(part).ok()) {
            head.insert(name, value);
        }
    }
    check(grpc::judge(&head, parts.next().unwrap_or_default(), Vec::new()));
}

/// A packet of NTP; the cookie is the one in it, as if it were the answer.
pub fn ntp(bytes: &[u8]) {
    let Some(cookie) = bytes.get(24..32).and_then(|c| <[u8; 8]>::try_from(c).ok()) else { return };
    let asked = Time(i64::from_be_bytes(cookie));
    if let Some(told) = Told::read(bytes, cookie) {
        check(told.judge(asked, asked.after(Length::ms(3)), Length::seconds(1)));
    }
}

/// The first byte says which family and kind of socket; the rest is a packet.
pub fn icmp(bytes: &[u8]) {
    let Some((first, packet)) = bytes.split_first() else { return };
    let cookie = b"0123456789abcdef";
    let taken = icmp::answers(packet, first & 1 != 0, first & 2 != 0, cookie);
    assert!(!taken || packet.ends_with(cookie));
}

/// Two bytes of a plugin's status; up to the first zero its output, then its errors.
pub fn plugin(bytes: &[u8]) {
    let Some((status, said)) = bytes.split_first_chunk() else { return };
    let end = said.iter().position(|b| *b == 0).unwrap_or(said.len());
    let (out, err) = said.split_at(end);
    check(Ok(exec::understand(ExitStatus::from_raw(u16::from_le_bytes(*status).into()), out, err)));
}

/// Up to the first zero what is expected of a talk, then what is said in it.
pub fn talk(bytes: &[u8]) {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let (expect, said) = bytes.split_at(end);
    let expect = String::from_utf8_lossy(expect).into_owned();
    if let Ok(words) = Words::new(&Talk { send: "hex:00ff".to_owned(), expect }) {
        let stream = tokio::io::join(std::io::Cursor::new(said.to_vec()), tokio::io::sink());
        check(Ok(finish(words.exchange(stream))));
    }
}

/// A server's certificate.
pub fn certificate(bytes: &[u8]) {
    let der = CertificateDer::from(bytes);
    let Ok(name) = ServerName::try_from("example.org") else { return };
    if Certificate::read(&der).is_some() {
        for why in [
            CertificateError::Expired,
            CertificateError::NotValidYet,
            CertificateError::NotValidForName,
            CertificateError::UnknownIssuer,
            CertificateError::BadSignature,
            CertificateError::ApplicationVerificationFailure,
        ] {
            check_text(&trust::refused(&why, &[der.clone(), der.clone()], &name));
            check_text(&trust::refused(&why, std::slice::from_ref(&der), &name));
        }
    }
    let _ = trust::pinned(&der, &name, UnixTime::since_unix_epoch(Duration::from_secs(1_790_000_000)));
}

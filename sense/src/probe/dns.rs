//! A question to a DNS server over UDP, and over TCP where the answer was cut (RFC 1035).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use aws_lc_rs::rand;
use muster_model::probe::{Answer, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::answers::{Step, line, unasked, wrong};
use super::octets::Octets;
use super::progress::{Progress, Reached};
use super::tcp::not_connected;
use super::trust::read_file;

const MESSAGE_BYTES_MAX: usize = 64 << 10;
const RESOLV_CONF: &str = "/etc/resolv.conf";
const RESOLV_CONF_BYTES_MAX: u64 = 64 << 10;
/// Letters and dots of a name (RFC 1035 §3.1), also of one that is written with escapes.
const NAME_BYTES_MAX: usize = 1024;
/// Places that a name may lead on to. Each must lie before the last, so that there is an end.
const JUMPS_MAX: usize = 64;
/// Records of an answer that are looked at, and told.
const RECORDS_MAX: usize = 256;
const RECORDS_TOLD_MAX: usize = 8;
const CLASS_IN: u16 = 1;

/// What is asked, and what must be in the answer.
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    pub(super) record: Record,
    pub(super) expect: Option<&'a str>,
    pub(super) server: Option<&'a str>,
}

impl Asked<'_> {
    pub(super) async fn put(&self, progress: &Progress) -> Step<Answer> {
        let server = match self.server {
            Some(server) => server.parse().map_err(|_| unasked(format!("`{server}` is not ADDRESS:PORT")))?,
            None => system_server().await?,
        };
        let mut id = [0; 2];
        rand::fill(&mut id).map_err(|_| unasked("this system gives no random numbers"))?;
        let query =
            query(u16::from_be_bytes(id), self.name, self.record).ok_or_else(|| unasked(format!("`{}` is not a name", self.name)))?;
        progress.reached(Reached::Asked);
        let reply = match over_udp(server, &query).await? {
            Reply::Cut => over_tcp(server, &query).await?,
            Reply::Whole(reply) => reply,
        };
        self.judge(&reply)
    }

    pub(super) fn judge(&self, reply: &[u8]) -> Step<Answer> {
        let (kind, _) = self.record.known();
        let broken = || wrong("an answer that breaks the rules of DNS");
        let code = reply.get(3).map(|flags| flags & 0x0f).ok_or_else(broken)?;
        match code {
            0 => {}
            1 => return Err(wrong("the server did not understand the question (FORMERR)")),
            2 => return Err(wrong("the server could not find out (SERVFAIL)")),
            3 => return Err(wrong(format!("there is no name {} (NXDOMAIN)", self.name))),
            5 => return Err(wrong("the server refuses to answer (REFUSED)")),
            other => return Err(wrong(format!("the server answers with code {other}"))),
        }
        let records = records(reply, self.record).ok_or_else(broken)?;
        let told = line(&records.iter().take(RECORDS_TOLD_MAX).cloned().collect::<Vec<_>>().join(", "));
        match self.expect {
            _ if records.is_empty() => Err(wrong(self.nothing(reply, kind))),
            Some(expected) if !records.iter().any(|record| same(record, expected)) => Err(wrong(format!("it is {told}, not {expected}"))),
            _ => Ok(Answer::Right { text: Some(told), perfdata: vec![format!("records={}", records.len())] }),
        }
    }

    /// The words for an answer without a record that was asked for: where its aliases lead, if it has some.
    fn nothing(&self, reply: &[u8], kind: &str) -> String {
        let aliases = records(reply, Record::Cname).unwrap_or_default();
        let way: Vec<&str> = std::iter::once(self.name).chain(aliases.iter().map(String::as_str)).take(RECORDS_TOLD_MAX).collect();
        let circle = way.iter().enumerate().any(|(n, name)| way.iter().take(n).any(|before| same(before, name)));
        line(&match aliases.last() {
            Some(_) if circle => format!("its aliases lead in a circle: {}", way.join(" → ")),
            Some(last) => format!("{} is an alias of {last}, which has no record of type {kind}", self.name),
            None => format!("{} has no record of type {kind}", self.name),
        })
    }
}

fn same(record: &str, expected: &str) -> bool {
    match (record.parse::<IpAddr>(), expected.parse::<IpAddr>()) {
        (Ok(a), Ok(b)) => a == b,
        _ => record.trim_end_matches('.').eq_ignore_ascii_case(expected.trim_end_matches('.')),
    }
}

/// The first server of `/etc/resolv.conf`; this host where there is none (resolv.conf(5)).
async fn system_server() -> Step<SocketAddr> {
    let text = read_file(RESOLV_CONF, RESOLV_CONF_BYTES_MAX).await?;
    Ok(SocketAddr::new(first_server(&text).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), 53))
}

pub(super) fn first_server(resolv_conf: &[u8]) -> Option<IpAddr> {
    let text = String::from_utf8_lossy(resolv_conf);
    text.lines().filter_map(|l| l.trim().strip_prefix("nameserver")).find_map(|rest| rest.trim().parse().ok())
}

enum Reply {
    Whole(Vec<u8>),
    Cut,
}

/// A reply that does not belong to the question, such as one that somebody else made up, is passed over.
async fn over_udp(server: SocketAddr, query: &[u8]) -> Step<Reply> {
    let from: SocketAddr = if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let exchange = async {
        let socket = UdpSocket::bind(from).await?;
        socket.connect(server).await?;
        socket.send(query).await?;
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        loop {
            let n = socket.recv(&mut buffer).await?;
            let reply = buffer.get(..n).unwrap_or_default();
            if belongs(reply, query) {
                let cut = reply.get(2).is_some_and(|flags| flags & 0x02 != 0);
                return Ok(if cut { Reply::Cut } else { Reply::Whole(reply.to_vec()) });
            }
        }
    };
    exchange.await.map_err(|error: io::Error| not_connected(&error))
}

async fn over_tcp(server: SocketAddr, query: &[u8]) -> Step<Vec<u8>> {
    let exchange = async {
        let mut stream = TcpStream::connect(server).await?;
        let length = u16::try_from(query.len()).unwrap_or(0).to_be_bytes();
        stream.write_all(&[&length, query].concat()).await?;
        let mut length = [0; 2];
        stream.read_exact(&mut length).await?;
        let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut reply).await?;
        Ok(reply)
    };
    let reply = exchange.await.map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => wrong("the answer is too large for UDP, and over TCP the server hung up"),
        _ => not_connected(&error),
    })?;
    if belongs(&reply, query) { Ok(reply) } else { Err(wrong("an answer to another question")) }
}

/// A reply has the question's number, says that it is one, and repeats the question.
pub(super) fn belongs(reply: &[u8], query: &[u8]) -> bool {
    let question = query.get(12..).unwrap_or_default();
    let repeated = reply.get(12..12 + question.len());
    reply.get(..2) == query.get(..2)
        && reply.get(2).is_some_and(|flags| flags & 0x80 != 0)
        && repeated.is_some_and(|repeated| repeated.eq_ignore_ascii_case(question))
}

/// The message that asks; `None` where the text is not a name.
pub(super) fn query(id: u16, name: &str, record: Record) -> Option<Vec<u8>> {
    const RECURSION_DESIRED: u16 = 0x0100;
    let mut message = Vec::with_capacity(64);
    for number in [id, RECURSION_DESIRED, 1, 0, 0, 0] {
        message.extend_from_slice(&number.to_be_bytes());
    }
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|n| (1..64).contains(n))?;
        message.push(length);
        message.extend_from_slice(label.as_bytes());
    }
    message.push(0);
    message.extend_from_slice(&record.known().1.to_be_bytes());
    message.extend_from_slice(&CLASS_IN.to_be_bytes());
    Some(message)
}

/// The records of this type in a reply, as text; `None` where the reply breaks the rules.
fn records(reply: &[u8], record: Record) -> Option<Vec<String>> {
    let mut rest = Octets(reply);
    rest.take(4)?;
    let (questions, answers) = (rest.u16()?, rest.u16()?);
    rest.take(4)?;
    for _ in 0..questions {
        name(reply, &mut rest)?;
        rest.take(4)?;
    }
    let mut found = Vec::new();
    for _ in 0..usize::from(answers).min(RECORDS_MAX) {
        name(reply, &mut rest)?;
        let (kind, class) = (rest.u16()?, rest.u16()?);
        rest.take(4)?;
        let length = usize::from(rest.u16()?);
        let data = Octets(rest.take(length)?);
        if (kind, class) == (record.known().1, CLASS_IN) {
            found.push(text(reply, data, record)?);
        }
    }
    Some(found)
}

/// A record as people write it.
fn text<'a>(reply: &'a [u8], mut data: Octets<'a>, record: Record) -> Option<String> {
    Some(match record {
        Record::A => Ipv4Addr::from(<[u8; 4]>::try_from(data.0).ok()?).to_string(),
        Record::Aaaa => Ipv6Addr::from(<[u8; 16]>::try_from(data.0).ok()?).to_string(),
        Record::Cname | Record::Ns | Record::Ptr => name(reply, &mut data)?,
        Record::Mx => format!("{} {}", data.u16()?, name(reply, &mut data)?),
        Record::Srv => format!("{} {} {} {}", data.u16()?, data.u16()?, data.u16()?, name(reply, &mut data)?),
        Record::Soa => format!("{} {} {}", name(reply, &mut data)?, name(reply, &mut data)?, data.u32()?),
        Record::Txt => {
            let mut whole = String::new();
            while let Some(length) = data.u8() {
                whole.push_str(&String::from_utf8_lossy(data.take(usize::from(length))?));
            }
            line(&whole)
        }
    })
}

/// A name at the front of `rest`, which may lead on to an earlier place in the reply (RFC 1035 §4.1.4).
fn name<'a>(reply: &'a [u8], rest: &mut Octets<'a>) -> Option<String> {
    let mut whole = String::new();
    let mut jumped: Option<Octets<'a>> = None;
    let mut jumps = 0;
    // A jump goes back, never on: the name ends.
    let mut before = usize::MAX;
    loop {
        let at = jumped.as_mut().unwrap_or(rest);
        match at.u8()? {
            0 => return Some(if whole.is_empty() { ".".to_owned() } else { whole }),
            length @ 1..64 => {
                for byte in at.take(usize::from(length))? {
                    match byte {
                        b'.' | b'\\' => whole.extend(['\\', char::from(*byte)]),
                        b'!'..=b'~' => whole.push(char::from(*byte)),
                        other => whole.push_str(&format!("\\{other:03}")),
                    }
                }
                whole.push('.');
            }
            high @ 0xc0.. => {
                let place = usize::from(u16::from_be_bytes([high & 0x3f, at.u8()?]));
                jumps += 1;
                if place >= before || jumps > JUMPS_MAX {
                    return None;
                }
                before = place;
                jumped = Some(Octets(reply.get(place..)?));
            }
            _ => return None,
        }
        if whole.len() > NAME_BYTES_MAX {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked<'a>(record: Record, expect: Option<&'a str>) -> Asked<'a> {
        Asked { name: "example.org", record, expect, server: None }
    }

    /// A reply to a question for `example.org`, whose records all have the question's name by a jump.
    fn reply(record: Record, code: u8, records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut message = query(7, "example.org", record).unwrap();
        message[2] |= 0x80;
        message[3] |= code;
        message[7] = records.len() as u8;
        for (kind, data) in records {
            message.extend_from_slice(&[0xc0, 12]);
            message.extend_from_slice(&kind.to_be_bytes());
            message.extend_from_slice(&[0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
            message.extend_from_slice(data);
        }
        message
    }

    #[test]
    fn replies_are_judged_by_their_code_and_records() {
        let a = [(1, &[192, 0, 2, 1][..]), (1, &[192, 0, 2, 2])];
        let mx = [(15, &b"\0\x0a\x04mail\xc0\x0c"[..])];
        let alias = [(5, &b"\x03www\xc0\x0c"[..]), (1, &[192, 0, 2, 9])];
        for (record, code, records, expect, expected) in [
            (Record::A, 0, &a[..], None, "right: 192.0.2.1, 192.0.2.2"),
            (Record::A, 0, &a, Some("192.0.2.2"), "right: 192.0.2.1, 192.0.2.2"),
            (Record::A, 0, &a, Some("192.0.2.3"), "wrong: it is 192.0.2.1, 192.0.2.2, not 192.0.2.3"),
            (Record::A, 0, &alias, None, "right: 192.0.2.9"),
            (Record::Cname, 0, &alias, Some("WWW.example.org"), "right: www.example.org."),
            (Record::Mx, 0, &mx, Some("10 mail.example.org"), "right: 10 mail.example.org."),
            (Record::Txt, 0, &[(16, b"\x02v=\x04spf1")], Some("v=spf1"), "right: v=spf1"),
            (Record::Srv, 0, &[(33, b"\0\x01\0\x02\x14\x95\x01s\0")], None, "right: 1 2 5269 s."),
            (Record::Soa, 0, &[(6, b"\x01n\0\x01r\0\0\0\0\x05")], None, "right: n. r. 5"),
            (Record::Aaaa, 0, &a, None, "wrong: example.org has no record of type AAAA"),
            (Record::A, 3, &[], None, "wrong: there is no name example.org (NXDOMAIN)"),
            (Record::A, 2, &[], None, "wrong: the server could not find out (SERVFAIL)"),
            (Record::A, 0, &[(1, b"abc")], None, "wrong: an answer that breaks the rules of DNS"),
        ] {
            let answer = asked(record, expect).judge(&reply(record, code, records)).unwrap_or_else(|answer| answer);
            assert_eq!(format!("{}: {}", if answer.is_right() { "right" } else { "wrong" }, answer.text()), expected);
        }
    }

    #[test]
    fn a_name_that_leads_in_a_circle_has_an_end() {
        let mut circle = reply(Record::Cname, 0, &[(5, b"\xc0\x00")]);
        let last = circle.len() - 1;
        circle[last] = u8::try_from(last - 1).unwrap();
        assert_eq!(records(&circle, Record::Cname), None);
        let long = [b"\x3f".as_slice(), &[b'a'; 63]].concat().repeat(40);
        assert_eq!(name(&long, &mut Octets(&long)), None);
    }

    #[test]
    fn a_reply_to_another_question_is_not_believed() {
        let query = query(7, "example.org", Record::A).unwrap();
        let good = reply(Record::A, 0, &[]);
        assert!(belongs(&good, &query));
        for place in [0, 1, 13, 20] {
            let mut other = good.clone();
            other[place] ^= 0x05;
            assert!(!belongs(&other, &query), "{place}");
        }
        assert!(!belongs(&query, &query), "an echo is not a reply");
        assert!(super::query(1, &"a".repeat(64), Record::A).is_none() && super::query(1, "a..b", Record::A).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0_usize..80, kind in 0_usize..9) {
            let record = Record::ALL[kind].0;
            let _ = records(&bytes, record);
            let mut altered = reply(record, 0, &[(record.known().1, &bytes[..bytes.len().min(200)])]);
            altered.truncate(altered.len().saturating_sub(cut));
            let (Ok(answer) | Err(answer)) = asked(record, Some("x")).judge(&altered);
            prop_assert!(answer.text().chars().count() < 600);
        }
    }
}

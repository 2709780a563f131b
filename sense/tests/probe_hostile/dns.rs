//! DNS: servers that lie, speak for others, lead in circles, or keep the asker waiting.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;

use muster_model::probe::{Ask, Record};

use super::asking::ask_all;

const NO_ANSWER: (&str, &str) = ("silent", "no answer within 300ms");
const BREAKS: (&str, &str) = ("wrong", "an answer that breaks the rules of DNS");

/// What comes over UDP is `answer`ed by datagrams, each from the server's own socket or from a `stranger`'s.
struct Udp {
    own: UdpSocket,
    stranger: UdpSocket,
}

/// A server whose TCP port has the same number; what `tcp` gets is a connection after its question was read.
fn server(answer: impl Fn(&Udp, SocketAddr, Vec<u8>) + Send + 'static, tcp: impl Fn(TcpStream, Vec<u8>) + Send + 'static) -> SocketAddr {
    let (own, listener) = (0..100)
        .find_map(|_| {
            let own = UdpSocket::bind("127.0.0.1:0").unwrap();
            let listener = TcpListener::bind(own.local_addr().unwrap()).ok()?;
            Some((own, listener))
        })
        .expect("a number that is free for both");
    let address = own.local_addr().unwrap();
    let udp = Udp { own, stranger: UdpSocket::bind("127.0.0.1:0").unwrap() };
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((n, from)) = udp.own.recv_from(&mut query) {
            answer(&udp, from, query[..n].to_vec());
        }
    });
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut query = vec![0; u16::from_be_bytes(length).into()];
            stream.read_exact(&mut query).unwrap();
            tcp(stream, query);
        }
    });
    address
}

fn a(server: SocketAddr) -> (&'static str, String) {
    all(&[("", server)]).remove(0)
}

fn all(servers: &[(&str, SocketAddr)]) -> Vec<(&'static str, String)> {
    let question = |server: &SocketAddr| Ask::Dns {
        name: "example.org".to_owned(),
        record: Record::A,
        expect: None,
        server: Some(server.to_string()),
    };
    ask_all(servers.iter().map(|(_, server)| question(server)).collect(), 300)
}

/// A reply to the query with so many records announced, and these bytes after the question.
fn reply(query: &[u8], records: u8, rest: &[u8]) -> Vec<u8> {
    let mut reply = query.to_vec();
    (reply[2], reply[3], reply[7]) = (0x81, 0x80, records);
    reply.extend_from_slice(rest);
    reply
}

/// A record of the name that was asked for.
fn record(kind: u8, data: &[u8]) -> Vec<u8> {
    [&[0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, data.len() as u8], data].concat()
}

fn good(query: &[u8]) -> Vec<u8> {
    reply(query, 1, &record(1, &[192, 0, 2, 1]))
}

/// Answers by this alone.
fn answers(by: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    server(move |udp, from, query| drop(udp.own.send_to(&by(&query), from)), |_, _| {})
}

#[test]
fn who_answers_another_question_or_in_the_name_of_another_is_not_heard() {
    let wrong_id = |query: &[u8]| {
        let mut reply = good(query);
        reply[0] ^= 1;
        reply
    };
    let wrong_name = |query: &[u8]| {
        let mut reply = good(query);
        reply[14] ^= 1;
        reply
    };
    let wrong_kind = |query: &[u8]| {
        let mut reply = good(query);
        reply[query.len() - 3] = 28;
        reply
    };
    let servers = [
        ("another id", answers(wrong_id)),
        ("another name", answers(wrong_name)),
        ("another type", answers(wrong_kind)),
        ("the question itself", answers(<[u8]>::to_vec)),
        ("nothing", answers(|_| Vec::new())),
        ("garbage", answers(|_| vec![0xff; 60_000])),
        ("from another port", server(|udp, from, query| drop(udp.stranger.send_to(&good(&query), from)), |_, _| {})),
        (
            "from another address",
            server(
                |udp, from, query| {
                    let port = udp.own.local_addr().unwrap().port();
                    let stranger = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), port)).unwrap();
                    let _ = stranger.send_to(&good(&query), from);
                },
                |_, _| {},
            ),
        ),
    ];
    for ((what, _), (kind, text)) in servers.iter().zip(all(&servers)) {
        assert_eq!((kind, text.as_str()), NO_ANSWER, "{what}");
    }
    // A lie that comes first does not hide the answer.
    let both = server(
        move |udp, from, query| {
            for _ in 0..100 {
                let _ = udp.own.send_to(&wrong_id(&query), from);
                let _ = udp.stranger.send_to(&reply(&query, 1, &record(1, &[6, 6, 6, 6])), from);
            }
            let _ = udp.own.send_to(&good(&query), from);
        },
        |_, _| {},
    );
    assert_eq!(a(both), ("right", "192.0.2.1".to_owned()));
}

#[test]
fn lies_without_end_end_with_the_time() {
    let flood = server(
        |udp, from, query| {
            let mut lie = good(&query);
            lie[0] ^= 1;
            // Until the asker's socket is gone, which the kernel tells on the loopback; and never for ever.
            for _ in 0..2_000_000 {
                if udp.own.send_to(&lie, from).is_err() {
                    return;
                }
            }
        },
        |_, _| {},
    );
    let (kind, text) = a(flood);
    assert_eq!((kind, text.as_str()), NO_ANSWER);
}

#[test]
fn messages_that_do_not_hold_together_are_named() {
    let circle = |query: &[u8]| {
        let at = query.len() as u8;
        reply(query, 1, &[0xc0, at, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 2, 3, 4])
    };
    let forward = |query: &[u8]| reply(query, 1, &record(5, b"\xc0\xff"));
    let servers = [
        ("a name that leads to itself", answers(circle)),
        ("a record that is not there", answers(|query| reply(query, 1, b""))),
        ("fewer records than announced", answers(|query| reply(query, 255, &record(1, &[1, 2, 3, 4])))),
        ("cut in the middle of a record", answers(|query| good(query)[..query.len() + 7].to_vec())),
        ("an address of two bytes", answers(|query| reply(query, 1, &record(1, &[1, 2])))),
        ("a label of a kind that is none", answers(|query| reply(query, 1, &[0x80, 1, 0, 1, 0, 1]))),
        ("64 KiB of garbage", answers(|query| reply(query, 255, &[0xaa; 60_000]))),
    ];
    for ((what, _), (kind, text)) in servers.iter().zip(all(&servers)) {
        assert_eq!((kind, text.as_str()), BREAKS, "{what}");
    }
    // The alias leads on beyond its own end, where nothing is.
    assert_eq!(a(answers(forward)), ("wrong", "example.org has no record of type A".to_owned()));
    // example.org → www.example.org → example.org, and no address anywhere.
    let aliases = |query: &[u8]| {
        let back = [&b"\x03www\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x02\xc0\x0c"[..]].concat();
        reply(query, 2, &[record(5, b"\x03www\xc0\x0c"), back].concat())
    };
    let circle = "its aliases lead in a circle: example.org → www.example.org. → example.org.";
    assert_eq!(a(answers(aliases)), ("wrong", circle.to_owned()));
    let alias = |query: &[u8]| reply(query, 1, &record(5, b"\x03www\xc0\x0c"));
    let nowhere = "example.org is an alias of www.example.org., which has no record of type A";
    assert_eq!(a(answers(alias)), ("wrong", nowhere.to_owned()));
}

#[test]
fn who_says_that_more_comes_over_tcp_must_bring_it() {
    let cut = |udp: &Udp, from: SocketAddr, query: Vec<u8>| {
        let mut reply = good(&query);
        reply[2] |= 0x02;
        let _ = udp.own.send_to(&reply, from);
    };
    let framed = |reply: Vec<u8>| [&(reply.len() as u16).to_be_bytes()[..], &reply].concat();
    let hangs = server(cut, |mut stream, _| drop(stream.read_to_end(&mut Vec::new())));
    assert_eq!(a(hangs), ("silent", "no answer within 300ms".to_owned()));
    let half = server(cut, move |mut stream, query| {
        let _ = stream.write_all(&framed(good(&query))[..20]);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert_eq!(a(half), ("silent", "no answer within 300ms".to_owned()));
    let hangs_up = server(cut, |_, _| {});
    assert_eq!(a(hangs_up), ("wrong", "the answer is too large for UDP, and over TCP the server hung up".to_owned()));
    let another = server(cut, move |mut stream, _| drop(stream.write_all(&framed(vec![0xaa; 65_535]))));
    assert_eq!(a(another), ("wrong", "an answer to another question".to_owned()));
    let garbage = server(cut, move |mut stream, query| drop(stream.write_all(&framed(reply(&query, 200, &[0xaa; 60_000])))));
    assert_eq!(a(garbage), (BREAKS.0, BREAKS.1.to_owned()));
    // Cut again, where nothing can be cut: what is there is the answer.
    let cut_again = server(cut, move |mut stream, query| {
        let mut reply = good(&query);
        reply[2] |= 0x02;
        let _ = stream.write_all(&framed(reply));
    });
    assert_eq!(a(cut_again), ("right", "192.0.2.1".to_owned()));
}

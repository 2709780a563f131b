//! Every protocol, met by servers that say nothing, say it slowly, or say too much.

use std::io::Read;

use muster_model::probe::{Ask, Peer, Talk};

use super::asking::{ask_all, drip, pour, serve};

/// A question in each protocol that begins with a connection.
fn asks(port: u16) -> Vec<(&'static str, Ask)> {
    let peer = Peer { address: format!("127.0.0.1:{port}"), ..Peer::default() };
    let user = Peer { user: Some("u".to_owned()), ..peer.clone() };
    let talk = Talk { send: "x".to_owned(), expect: "re:needle".to_owned() };
    vec![
        ("tcp", Ask::Tcp { address: peer.address.clone(), talk: Some(talk) }),
        ("redis", Ask::Redis(peer.clone())),
        ("postgres", Ask::Postgres(peer.clone())),
        ("postgres with a user", Ask::Postgres(user.clone())),
        ("mysql", Ask::Mysql(peer.clone())),
        ("mysql with a user", Ask::Mysql(user)),
        ("smtp", Ask::Smtp(peer.clone())),
        ("amqp", Ask::Amqp(peer.clone())),
        ("mqtt", Ask::Mqtt(peer.clone())),
        ("grpc", Ask::Grpc { peer: peer.clone(), service: String::new() }),
        ("fastcgi", Ask::Fastcgi { peer, path: "/ping".to_owned(), body: None }),
    ]
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_silent() {
    let port = serve(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let (whats, questions): (Vec<_>, Vec<_>) = asks(port).into_iter().unzip();
    for (what, (kind, text)) in whats.into_iter().zip(ask_all(questions, 200)) {
        assert!(kind == "silent" && text.starts_with("connected after "), "{what}: {kind} {text}");
    }
}

#[test]
fn garbage_without_end_is_named_by_its_beginning() {
    // Bytes that no protocol says; and a kind of message in some of them, of a length that never comes.
    for garbage in [&b"A"[..], b"\xff\xfe\0\n", b"220-x\r\n", b"\0\0\0\0", b"\x01\x06\0\x01\xff\xff\xff\0", b"N\0\0\0\x05x"] {
        let chunk = garbage.repeat(65_536 / garbage.len());
        let port = serve(move |mut stream| pour(&mut stream, &chunk));
        let (whats, questions): (Vec<_>, Vec<_>) = asks(port).into_iter().unzip();
        for (what, (kind, text)) in whats.into_iter().zip(ask_all(questions, 10_000)) {
            // What begins as PostgreSQL's refusal to encrypt is an answer there.
            let answers = what == "postgres" && garbage.starts_with(b"N");
            assert!(
                kind == if answers { "right" } else { "wrong" } && !text.is_empty(),
                "{what}, {}: {kind} {text}",
                garbage.escape_ascii()
            );
        }
    }
}

#[test]
fn an_answer_a_byte_at_a_time_is_silent_when_its_time_is_over() {
    let port = serve(|mut stream| drip(&mut stream, b"220-a line that is never done "));
    let peer = Peer { address: format!("127.0.0.1:{port}"), ..Peer::default() };
    for (kind, text) in ask_all(vec![Ask::Redis(peer.clone()), Ask::Smtp(peer)], 300) {
        assert!(kind == "silent" && text.starts_with("connected after "), "{kind} {text}");
    }
}

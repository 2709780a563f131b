//! The start of a session with PostgreSQL, protocol 3.0 (PostgreSQL manual, chapter "Frontend/Backend Protocol").

use md5::{Digest, Md5};
use muster_model::probe::{Answer, Peer};

use super::answers::{Step, right, shown, unasked, words, wrong};
use super::octets::Octets;
use super::progress::Progress;
use super::scram::{Proof, Scram};
use super::wire::{Wire, password};

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
const PROTOCOL_3_0: u32 = 196_608;
/// Messages of a server before it is ready; there are about twenty.
const MESSAGES_MAX: usize = 256;
const MESSAGE_BYTES_MAX: usize = 64 << 10;

pub(super) async fn put(peer: &Peer, progress: &Progress) -> Step<Answer> {
    let password = password(peer).await?;
    let mut wire = Wire::open(&peer.address, progress).await?;
    if peer.encrypt.is_some() || peer.user.is_none() {
        wire.say(&SSL_REQUEST).await?;
        match wire.exactly(1).await?.as_slice() {
            // An answer to the offer is a server that takes sessions; nobody wants one.
            b"S" | b"N" if peer.user.is_none() && peer.encrypt.is_none() => return Ok(right("it takes sessions")),
            b"S" => wire = wire.encrypt(peer, progress).await?,
            b"N" => return Err(wrong("it does not encrypt sessions")),
            b"E" => {
                let (_, body) = message_after(&mut wire, b'E').await?;
                return Err(server_error(&body));
            }
            other => return Err(wrong(format!("answered {}, which is not what PostgreSQL says", shown(other)))),
        }
    }
    match &peer.user {
        Some(user) => speak(wire, user, peer.database.as_deref().unwrap_or(user), &password).await,
        None => Ok(right("it takes encrypted sessions")),
    }
}

pub(super) async fn speak(mut wire: Wire, user: &str, database: &str, password: &[u8]) -> Step<Answer> {
    wire.say(&startup(user, database)).await?;
    let mut sign_in = SignIn { user, password, scram: None, proof: None };
    let mut version = String::new();
    let mut asked = false;
    let mut one = false;
    for _ in 0..MESSAGES_MAX {
        let kind = wire.exactly(1).await?;
        let (kind, body) = message_after(&mut wire, kind.first().copied().unwrap_or(0)).await?;
        match kind {
            b'R' => {
                if let Some(reply) = sign_in.reply(&body, wire.private)? {
                    wire.say(&frame(b'p', &reply)).await?;
                }
            }
            b'E' => return Err(server_error(&body)),
            b'S' => {
                let mut fields = Octets(&body);
                if fields.until_zero() == Some(b"server_version") {
                    version = words(fields.until_zero().unwrap_or_default());
                }
            }
            b'D' if asked => one = body == [0, 1, 0, 0, 0, 1, b'1'],
            b'Z' if !asked => {
                wire.say(&frame(b'Q', b"SELECT 1\0")).await?;
                asked = true;
            }
            b'Z' => {
                // Said goodbye, a session that ends is not logged as a lost one.
                let _ = wire.say(&frame(b'X', b"")).await;
                return if one { Ok(right(format!("version {version}"))) } else { Err(wrong("SELECT 1 did not give 1")) };
            }
            // A key to cancel with, notices, the description and the end of the one row.
            b'K' | b'N' | b'T' | b'C' | b'A' | b'v' => {}
            other => return Err(wrong(format!("a message {}, which is not what PostgreSQL says", shown(&[other])))),
        }
    }
    Err(wrong("it talks without ever becoming ready"))
}

/// A message whose first byte was read.
async fn message_after(wire: &mut Wire, kind: u8) -> Step<(u8, Vec<u8>)> {
    let head = wire.exactly(4).await?;
    let length = Octets(&head).u32().and_then(|n| usize::try_from(n).ok()).and_then(|n| n.checked_sub(4));
    match length.filter(|n| *n <= MESSAGE_BYTES_MAX) {
        Some(length) => Ok((kind, wire.exactly(length).await?)),
        None => Err(wrong(format!("answered {}, which is not what PostgreSQL says", shown(&[&[kind], head.as_slice()].concat())))),
    }
}

struct SignIn<'a> {
    user: &'a str,
    password: &'a [u8],
    scram: Option<Scram>,
    proof: Option<Proof>,
}

impl SignIn<'_> {
    /// What is said to a demand; `None`: nothing, it lets us in.
    fn reply(&mut self, demand: &[u8], private: bool) -> Step<Option<Vec<u8>>> {
        let mut fields = Octets(demand);
        let method = fields.u32();
        if self.password.is_empty() && matches!(method, Some(3 | 5 | 10)) {
            return Err(unasked(format!("it asks for the password of {}: name its file in `password_file`", self.user)));
        }
        match method {
            // Let in. One who was to show that he knows the password must have done so.
            Some(0) if self.scram.is_some() => Err(wrong("it let us in without showing that it knows the password")),
            Some(0) => Ok(None),
            Some(3) if !private => Err(unasked("it wants the password itself, and anybody could read it on the way: add `encrypt = true`")),
            Some(3) => Ok(Some([self.password, b"\0"].concat())),
            Some(5) => {
                let salt = fields.take(4).ok_or_else(|| wrong("a demand for a password without salt"))?;
                let inner = hex(&Md5::digest([self.password, self.user.as_bytes()].concat()));
                let outer = hex(&Md5::digest([inner.as_bytes(), salt].concat()));
                Ok(Some(format!("md5{outer}\0").into_bytes()))
            }
            Some(10) => {
                let mut offered = std::iter::from_fn(|| fields.until_zero().filter(|m| !m.is_empty()));
                if !offered.any(|m| m == b"SCRAM-SHA-256") {
                    return Err(unasked("it offers no way to sign in that is known here"));
                }
                let scram = Scram::new(self.password).ok_or_else(|| unasked("this system gives no random numbers"))?;
                let first = scram.first();
                self.scram = Some(scram);
                let length = u32::try_from(first.len()).unwrap_or(0).to_be_bytes();
                Ok(Some([b"SCRAM-SHA-256\0", &length[..], first.as_bytes()].concat()))
            }
            Some(11) => {
                let scram = self.scram.as_ref().ok_or_else(|| wrong("a challenge that nobody asked for"))?;
                let proof = scram.answer(fields.0).map_err(wrong)?;
                let say = proof.say.clone().into_bytes();
                self.proof = Some(proof);
                Ok(Some(say))
            }
            Some(12) if self.proof.as_ref().is_some_and(|proof| proof.shows(fields.0)) => {
                self.scram = None;
                Ok(None)
            }
            Some(12) => Err(wrong("it does not know the password that it asks for")),
            Some(other) => Err(unasked(format!("it wants to be signed in to by method {other}, which is not known here"))),
            None => Err(wrong("a demand that says nothing")),
        }
    }
}

fn startup(user: &str, database: &str) -> Vec<u8> {
    let mut body = PROTOCOL_3_0.to_be_bytes().to_vec();
    for text in ["user", user, "database", database, "application_name", "muster", ""] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    [&length_of(&body)[..], &body].concat()
}

fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], &length_of(body)[..], body].concat()
}

/// A length counts itself.
fn length_of(body: &[u8]) -> [u8; 4] {
    u32::try_from(body.len().saturating_add(4)).unwrap_or(u32::MAX).to_be_bytes()
}

/// The server's own words: severity, code, message.
fn server_error(body: &[u8]) -> Answer {
    let mut fields = Octets(body);
    let (mut severity, mut code, mut message) = (String::new(), String::new(), String::new());
    while let Some(kind) = fields.u8().filter(|k| *k != 0) {
        let Some(text) = fields.until_zero() else { break };
        match kind {
            b'S' => severity = words(text),
            b'C' => code = words(text),
            b'M' => message = words(text),
            _ => {}
        }
    }
    wrong(super::answers::line(&format!("{severity} {code}: {message}")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire::tests::{finish, saying};
    use super::*;

    fn heard(said: &[u8], password: &[u8]) -> Answer {
        finish(speak(saying(said), "u", "d", password)).unwrap_or_else(|answer| answer)
    }

    #[test]
    fn a_session_is_followed_to_its_end_or_to_the_servers_error() {
        let ok = frame(b'R', &[0; 4]);
        let version = frame(b'S', b"server_version\x0015.4\0");
        let ready = frame(b'Z', b"I");
        let one = frame(b'D', &[0, 1, 0, 0, 0, 1, b'1']);
        let two = frame(b'D', &[0, 1, 0, 0, 0, 1, b'2']);
        let starting = frame(b'E', b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0");
        let clear = frame(b'R', &[0, 0, 0, 3]);
        for (said, password, expected) in [
            (vec![&ok, &version, &ready, &one, &ready], "", "right: version 15.4"),
            (vec![&clear, &ok, &ready, &one, &ready], "x", "right: version "),
            (vec![&ok, &ready, &two, &ready], "", "wrong: SELECT 1 did not give 1"),
            (vec![&starting], "", "wrong: FATAL 57P03: the database system is starting up"),
            (vec![&clear], "", "wrong: it asks for the password of u: name its file in `password_file`"),
            (vec![&frame(b'R', &[0, 0, 0, 7])], "x", "wrong: it wants to be signed in to by method 7, which is not known here"),
            (vec![&b"HTTP/1.1 400 Bad Request".to_vec()], "", "wrong: answered `HTTP/`, which is not what PostgreSQL says"),
        ] {
            let answer = heard(&said.into_iter().flatten().copied().collect::<Vec<u8>>(), password.as_bytes());
            assert_eq!(format!("{}: {}", if answer.is_right() { "right" } else { "wrong" }, answer.text()), expected);
        }
        assert!(!heard(&frame(b'N', b"").repeat(1000), b"").is_right());
    }

    #[test]
    fn a_server_that_does_not_show_that_it_knows_the_password_is_not_believed() {
        let mut sign_in = SignIn { user: "u", password: b"x", scram: None, proof: None };
        let offer = b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
        assert!(sign_in.reply(offer, true).is_ok_and(|r| r.is_some_and(|r| r.starts_with(b"SCRAM-SHA-256\0"))));
        assert!(sign_in.reply(&[0; 4], true).is_err());
        let mut sign_in = SignIn { user: "u", password: b"x", scram: None, proof: None };
        assert!(matches!(sign_in.reply(&[0, 0, 0, 3], false), Err(Answer::Unasked { .. })), "no password in the clear");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(said in proptest::collection::vec(any::<u8>(), 0..500)) {
            prop_assert!(heard(&said, b"x").text().chars().count() < 600);
        }

        #[test]
        fn any_messages_are_an_answer(said in proptest::collection::vec((prop::sample::select(b"RESZDKNTCX".to_vec()), proptest::collection::vec(any::<u8>(), 0..40)), 0..20)) {
            let bytes: Vec<u8> = said.iter().flat_map(|(kind, body)| frame(*kind, body)).collect();
            prop_assert!(heard(&bytes, b"x").text().chars().count() < 600);
        }
    }
}

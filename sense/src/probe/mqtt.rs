//! CONNECT and CONNACK of MQTT 3.1.1 (OASIS standard, §3.1, §3.2).

use aws_lc_rs::rand;
use muster_model::probe::{Answer, Peer};

use super::answers::{Step, right, shown, unasked, wrong};
use super::progress::Progress;
use super::wire::{Wire, password};

const KEEP_ALIVE_SECONDS: u16 = 30;
const DISCONNECT: [u8; 2] = [0xe0, 0];
const CLEAN_SESSION: u8 = 0x02;
const HAS_PASSWORD: u8 = 0x40;
const HAS_USER: u8 = 0x80;

pub(super) async fn put(peer: &Peer, progress: &Progress) -> Step<Answer> {
    let password = password(peer).await?;
    let mut id = [0; 4];
    rand::fill(&mut id).map_err(|_| unasked("this system gives no random numbers"))?;
    // Two clients of one name throw each other out.
    let id = format!("muster-{:08x}", u32::from_be_bytes(id));
    let login = peer.user.as_deref().map(|user| (user, peer.password_file.is_some().then_some(password.as_slice())));
    speak(Wire::meet(peer, progress).await?, &id, login).await
}

pub(super) async fn speak(mut wire: Wire, id: &str, login: Option<(&str, Option<&[u8]>)>) -> Step<Answer> {
    wire.say(&connect(id, login)).await?;
    let head = wire.exactly(2).await?;
    if head != [0x20, 2] {
        return Err(wrong(format!("answered {}, which is not what MQTT says", shown(&head))));
    }
    match wire.exactly(2).await?.as_slice() {
        [_, 0] => {
            let _ = wire.say(&DISCONNECT).await;
            Ok(Answer::Right { text: None, perfdata: Vec::new() })
        }
        // It is there and well; who it lets in is not the question that was put.
        [_, 4 | 5] if login.is_none() => Ok(right("it answers, and asks for a login")),
        [_, code] => Err(wrong(match code {
            1 => "it does not speak MQTT 3.1.1",
            2 => "it refuses the name of the client",
            3 => "it says that it is unavailable",
            4 => "it refuses the user or the password",
            5 => "it does not let the user in",
            _ => "it refuses for a reason that is not in the standard",
        })),
        other => Err(wrong(format!("answered {}, which is not what MQTT says", shown(other)))),
    }
}

fn connect(id: &str, login: Option<(&str, Option<&[u8]>)>) -> Vec<u8> {
    let mut flags = CLEAN_SESSION;
    let mut body = Vec::new();
    let mut texts = vec![id.as_bytes()];
    if let Some((user, password)) = login {
        flags |= HAS_USER | if password.is_some() { HAS_PASSWORD } else { 0 };
        texts.push(user.as_bytes());
        texts.extend(password);
    }
    body.extend_from_slice(b"\0\x04MQTT\x04");
    body.push(flags);
    body.extend_from_slice(&KEEP_ALIVE_SECONDS.to_be_bytes());
    for text in texts {
        body.extend_from_slice(&u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
        body.extend_from_slice(text);
    }
    let mut packet = vec![0x10];
    let mut length = body.len();
    loop {
        let low = u8::try_from(length % 128).unwrap_or(0);
        length /= 128;
        packet.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            break;
        }
    }
    packet.extend_from_slice(&body);
    packet
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire::tests::{finish, saying};
    use super::*;

    #[test]
    fn what_brokers_say_is_understood() {
        let login = Some(("u", Some(b"p".as_slice())));
        for (said, login, expected) in [
            (&b"\x20\x02\0\0"[..], None, "right: "),
            (b"\x20\x02\0\x05", None, "right: it answers, and asks for a login"),
            (b"\x20\x02\0\x05", login, "wrong: it does not let the user in"),
            (b"\x20\x02\0\x03", None, "wrong: it says that it is unavailable"),
            (b"HTTP/1.1", None, "wrong: answered `HT`, which is not what MQTT says"),
            (b"\x20\x02", None, "wrong: hung up without an answer"),
        ] {
            let answer = finish(speak(saying(said), "muster-1", login)).unwrap_or_else(|answer| answer);
            assert_eq!(format!("{}: {}", if answer.is_right() { "right" } else { "wrong" }, answer.text()), expected);
        }
        assert_eq!(connect("i", login), b"\x10\x13\0\x04MQTT\x04\xc2\0\x1e\0\x01i\0\x01u\0\x01p");
        assert_eq!(connect(&"i".repeat(200), None).get(..3), Some(&[0x10, 0xd4, 0x01][..]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(said in proptest::collection::vec(any::<u8>(), 0..10)) {
            let (Ok(answer) | Err(answer)) = finish(speak(saying(&said), "i", None));
            prop_assert!(answer.text().chars().count() < 600);
        }
    }
}

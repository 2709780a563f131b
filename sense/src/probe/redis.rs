//! PING in the protocol of Redis (RESP), which Valkey, KeyDB and others speak too.

use muster_model::probe::{Answer, Peer};

use super::answers::{Step, right, shown, words, wrong};
use super::progress::Progress;
use super::wire::{Wire, password};

pub(super) async fn put(peer: &Peer, progress: &Progress) -> Step<Answer> {
    let password = password(peer).await?;
    speak(Wire::meet(peer, progress).await?, peer, &password).await
}

pub(super) async fn speak(mut wire: Wire, peer: &Peer, password: &[u8]) -> Step<Answer> {
    if peer.password_file.is_some() {
        let user = peer.user.as_deref().map(str::as_bytes);
        wire.say(&command(&[Some(&b"AUTH"[..]), user, Some(password)])).await?;
        match wire.line().await?.as_slice() {
            b"+OK" => {}
            answer => return Err(refused(answer)),
        }
    }
    wire.say(&command(&[Some(b"PING")])).await?;
    match wire.line().await?.as_slice() {
        b"+PONG" => Ok(Answer::Right { text: None, perfdata: Vec::new() }),
        // It is there and well; who it lets in is not the question that was put.
        answer if answer.starts_with(b"-NOAUTH") && peer.password_file.is_none() => Ok(right("it answers, and asks for a password")),
        answer => Err(refused(answer)),
    }
}

fn refused(answer: &[u8]) -> Answer {
    match answer.strip_prefix(b"-") {
        Some(error) => wrong(words(error)),
        None => wrong(format!("answered {}, which is not what Redis says", shown(answer))),
    }
}

/// An array of bulk strings.
fn command(parts: &[Option<&[u8]>]) -> Vec<u8> {
    let mut text = format!("*{}\r\n", parts.iter().flatten().count()).into_bytes();
    for part in parts.iter().flatten() {
        text.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
        text.extend_from_slice(part);
        text.extend_from_slice(b"\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire::tests::{finish, saying};
    use super::*;

    fn peer(with_password: bool) -> Peer {
        Peer { password_file: with_password.then(|| "/x".to_owned()), ..Peer::default() }
    }

    #[test]
    fn what_redis_says_is_understood() {
        for (said, with_password, expected) in [
            ("+PONG\r\n", false, "right: "),
            ("-NOAUTH Authentication required.\r\n", false, "right: it answers, and asks for a password"),
            ("+OK\r\n+PONG\r\n", true, "right: "),
            ("-WRONGPASS invalid username-password pair\r\n", true, "wrong: WRONGPASS invalid username-password pair"),
            ("-LOADING Redis is loading the dataset in memory\r\n", false, "wrong: LOADING Redis is loading the dataset in memory"),
            ("HTTP/1.1 400 Bad\r\n", false, "wrong: answered `HTTP/1.1 400 Bad`, which is not what Redis says"),
            ("", false, "wrong: hung up without an answer"),
            ("+PO", false, "wrong: hung up after `+PO`"),
        ] {
            let answer = finish(speak(saying(said.as_bytes()), &peer(with_password), b"secret")).unwrap_or_else(|answer| answer);
            let kind = if answer.is_right() { "right" } else { "wrong" };
            assert_eq!(format!("{kind}: {}", answer.text()), expected, "{said:?}");
        }
        assert_eq!(command(&[Some(b"AUTH"), None, Some(b"a b")]), b"*2\r\n$4\r\nAUTH\r\n$3\r\na b\r\n");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(said in proptest::collection::vec(any::<u8>(), 0..2000), with_password: bool) {
            let (Ok(answer) | Err(answer)) = finish(speak(saying(&said), &peer(with_password), b"secret"));
            prop_assert!(answer.text().chars().count() < 600);
        }
    }
}

//! The greeting of a mail server, EHLO, and STARTTLS where encryption is asked for (RFC 5321, RFC 3207).

use muster_model::probe::{Answer, Peer};

use super::answers::{Step, right, shown, words, wrong};
use super::progress::Progress;
use super::wire::Wire;

/// Lines of one reply.
const LINES_MAX: usize = 100;
/// We have no name in the mail system (RFC 5321 §4.1.3).
const EHLO: &[u8] = b"EHLO [127.0.0.1]\r\n";

pub(super) async fn put(peer: &Peer, progress: &Progress) -> Step<Answer> {
    let mut wire = Wire::open(&peer.address, progress).await?;
    let banner = greet(&mut wire, peer.encrypt.is_some()).await?;
    if peer.encrypt.is_some() {
        wire = wire.encrypt(peer, progress).await?;
        wire.say(EHLO).await?;
        expect(&mut wire, 250).await?;
    }
    let _ = wire.say(b"QUIT\r\n").await;
    Ok(right(banner))
}

/// Up to the reply to EHLO, or to STARTTLS.
pub(super) async fn greet(wire: &mut Wire, encrypt: bool) -> Step<String> {
    let banner = expect(wire, 220).await?;
    wire.say(EHLO).await?;
    let offers = expect(wire, 250).await?;
    if encrypt {
        if !offers.iter().any(|offer| offer.eq_ignore_ascii_case(b"STARTTLS")) {
            return Err(wrong("it does not offer STARTTLS"));
        }
        wire.say(b"STARTTLS\r\n").await?;
        expect(wire, 220).await?;
    }
    Ok(banner.first().map(|text| words(text)).unwrap_or_default())
}

/// The lines of a reply with this code, without it.
async fn expect(wire: &mut Wire, code: u16) -> Step<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    while lines.len() < LINES_MAX {
        let line = wire.line().await?;
        let (digits, rest) = line.split_at_checked(3).unwrap_or((&line, b""));
        if digits.len() != 3 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(wrong(format!("answered {}, which is not what a mail server says", shown(&line))));
        }
        if digits != code.to_string().as_bytes() {
            return Err(wrong(words(&line)));
        }
        let (more, text) = rest.split_at_checked(1).unwrap_or((b"", b""));
        lines.push(text.to_owned());
        if more != b"-" {
            return Ok(lines);
        }
    }
    Err(wrong(format!("a reply of more than {LINES_MAX} lines")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire::tests::{finish, saying};
    use super::*;

    #[test]
    fn what_mail_servers_say_is_understood() {
        let postfix = "220 mail.example.org ESMTP Postfix (Debian/GNU)\r\n250-mail.example.org\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n";
        let plain = "220-mail\r\n220 mail\r\n250 mail\r\n";
        for (said, encrypt, expected) in [
            (postfix.to_owned(), false, Ok("mail.example.org ESMTP Postfix (Debian/GNU)".to_owned())),
            (format!("{postfix}220 2.0.0 Ready to start TLS\r\n"), true, Ok("mail.example.org ESMTP Postfix (Debian/GNU)".to_owned())),
            (plain.to_owned(), false, Ok("mail".to_owned())),
            (plain.to_owned(), true, Err(wrong("it does not offer STARTTLS"))),
            ("554 no service for you\r\n".to_owned(), false, Err(wrong("554 no service for you"))),
            ("421 busy".to_owned(), false, Err(wrong("hung up after `421 busy`"))),
            ("SSH-2.0-x\r\n".to_owned(), false, Err(wrong("answered `SSH-2.0-x`, which is not what a mail server says"))),
            ("\u{e9}\u{e9}\r\n".to_owned(), false, Err(wrong("answered `\\xc3\\xa9\\xc3\\xa9`, which is not what a mail server says"))),
            ("220-x\r\n".repeat(1000), false, Err(wrong("a reply of more than 100 lines"))),
        ] {
            assert_eq!(finish(greet(&mut saying(said.as_bytes()), encrypt)), expected);
        }
    }

    proptest! {
        #[test]
        fn any_lines_are_an_answer(said in "(220|250|[0-9]{1,4}|\\PC{0,4})[ -]?\\PC{0,20}\r?\n|.{0,2000}", encrypt: bool) {
            let answer = finish(greet(&mut saying(said.as_bytes()), encrypt));
            prop_assert!(answer.map_or_else(|a| a.text().chars().count() < 600, |t| t.chars().count() < 600));
        }
    }
}

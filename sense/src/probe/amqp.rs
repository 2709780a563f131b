//! The head of AMQP 0-9-1, up to the server's `connection.start` (AMQP specification, §4.2.2, §4.2.3).

use muster_model::probe::{Answer, Peer};

use super::answers::{Step, right, shown, words, wrong};
use super::octets::Octets;
use super::progress::Progress;
use super::wire::Wire;

const HEAD: &[u8; 8] = b"AMQP\0\0\x09\x01";
const FRAME_METHOD: u8 = 1;
const FRAME_END: u8 = 0xce;
/// `connection.start`: class and method.
const START: (u16, u16) = (10, 10);
const FRAME_BYTES_MAX: usize = 64 << 10;

pub(super) async fn put(peer: &Peer, progress: &Progress) -> Step<Answer> {
    speak(Wire::meet(peer, progress).await?).await
}

pub(super) async fn speak(mut wire: Wire) -> Step<Answer> {
    wire.say(HEAD).await?;
    let head = wire.exactly(7).await?;
    if head.starts_with(b"AMQP") {
        let version = [head.get(4..).unwrap_or_default(), &wire.exactly(1).await?].concat();
        let version = version.iter().map(u8::to_string).collect::<Vec<_>>().join(".");
        return Err(wrong(format!("it speaks AMQP, but not 0-9-1: it offers {version}")));
    }
    let mut rest = Octets(&head);
    let (kind, channel, length) = (rest.u8(), rest.u16(), rest.u32().and_then(|n| usize::try_from(n).ok()));
    let length = length.filter(|n| *n <= FRAME_BYTES_MAX && kind == Some(FRAME_METHOD) && channel == Some(0));
    let length = length.ok_or_else(|| wrong(format!("answered {}, which is not what AMQP says", shown(&head))))?;
    let frame = wire.exactly(length + 1).await?;
    match started(&frame) {
        Some(product) => Ok(right(product)),
        None => Err(wrong(format!("answered {}, which is not the start of a connection", shown(&frame)))),
    }
}

/// What the server calls itself in a `connection.start`.
fn started(frame: &[u8]) -> Option<String> {
    let (end, method) = frame.split_last()?;
    let mut rest = Octets(method);
    ((*end, rest.u16()?, rest.u16()?) == (FRAME_END, START.0, START.1)).then_some(())?;
    rest.take(2)?;
    let length = usize::try_from(rest.u32()?).ok()?;
    let mut properties = Octets(rest.take(length)?);
    let (mut product, mut version) = (String::new(), String::new());
    // Properties of a kind that is not known here end the list; those looked for come as texts.
    while let Some((name, value)) = property(&mut properties) {
        match name {
            b"product" => product = words(value),
            b"version" => version = words(value),
            _ => {}
        }
    }
    Some(super::answers::line(&format!("{product} {version}")))
}

fn property<'a>(properties: &mut Octets<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let length = properties.u8()?;
    let name = properties.take(usize::from(length))?;
    let length = match properties.u8()? {
        b'S' | b'F' => usize::try_from(properties.u32()?).ok()?,
        b't' | b'b' => 1,
        b'I' | b'i' => 4,
        b'l' | b'T' => 8,
        _ => return None,
    };
    Some((name, properties.take(length)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire::tests::{finish, saying};
    use super::*;

    fn text(name: &str, value: &str) -> Vec<u8> {
        [&[name.len() as u8], name.as_bytes(), b"S", &(value.len() as u32).to_be_bytes(), value.as_bytes()].concat()
    }

    /// A `connection.start` laid out by the specification, with properties as RabbitMQ has them.
    fn start() -> Vec<u8> {
        let able = b"\x0ccapabilitiesF\0\0\0\x15\x12publisher_confirmst\x01".as_slice();
        let properties = [able, &text("cluster_name", "rabbit@h"), &text("product", "RabbitMQ"), &text("version", "3.10.8")].concat();
        let lists = b"\0\0\0\x0ePLAIN AMQPLAIN\0\0\0\x05en_US".as_slice();
        let method = [b"\0\x0a\0\x0a\0\x09", &(properties.len() as u32).to_be_bytes()[..], &properties, lists].concat();
        [b"\x01\0\0", &(method.len() as u32).to_be_bytes()[..], &method, &[FRAME_END]].concat()
    }

    #[test]
    fn the_start_of_a_connection_is_read() {
        for (said, expected) in [
            (start(), "right: RabbitMQ 3.10.8"),
            (b"AMQP\x00\x01\x00\x00".to_vec(), "wrong: it speaks AMQP, but not 0-9-1: it offers 0.1.0.0"),
            (b"HTTP/1.1 400 Bad Request".to_vec(), "wrong: answered `HTTP/1.`, which is not what AMQP says"),
            (
                b"\x01\0\0\0\0\0\x04\0\x0a\0\x0b\xce".to_vec(),
                "wrong: answered `\\x00\\n\\x00\\x0b\\xce`, which is not the start of a connection",
            ),
            (b"\x01\0\0\xff\xff\xff\xff".to_vec(), "wrong: answered `\\x01\\x00\\x00\\xff\\xff\\xff\\xff`, which is not what AMQP says"),
        ] {
            let answer = finish(speak(saying(&said))).unwrap_or_else(|answer| answer);
            assert_eq!(format!("{}: {}", if answer.is_right() { "right" } else { "wrong" }, answer.text()), expected);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(said in proptest::collection::vec(any::<u8>(), 0..300), place in 0_usize..100, byte: u8) {
            let mut altered = start();
            if let Some(at) = altered.get_mut(place) {
                *at = byte;
            }
            for said in [said, altered] {
                let (Ok(answer) | Err(answer)) = finish(speak(saying(&said)));
                prop_assert!(answer.text().chars().count() < 600);
            }
        }
    }
}

//! The greeting of MySQL and MariaDB, and with a user the login and a ping (MySQL client/server protocol, version 10).

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use muster_model::probe::{Answer, Peer};

use super::answers::{Step, line, right, shown, unasked, words, wrong};
use super::octets::Octets;
use super::progress::Progress;
use super::wire::{Wire, password};

const PACKET_BYTES_MAX: usize = 64 << 10;
/// Packets of a login; there are at most five.
const PACKETS_MAX: usize = 16;
const SALT_BYTES: usize = 20;
const CHARSET_UTF8MB4: u8 = 45;
const COM_QUIT: u8 = 1;
const COM_PING: u8 = 14;
const CLIENT_CONNECT_WITH_DB: u32 = 1 << 3;
const CLIENT_SSL: u32 = 1 << 11;
/// LONG_PASSWORD, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION and PLUGIN_AUTH.
const CLIENT_USUAL: u32 = 1 | 1 << 9 | 1 << 13 | 1 << 15 | 1 << 19;

pub(super) async fn put(peer: &Peer, progress: &Progress) -> Step<Answer> {
    let password = password(peer).await?;
    let mut wire = Wire::open(&peer.address, progress).await?;
    let mut number = 0;
    let greeting = Greeting::read(&packet(&mut wire, &mut number).await?)?;
    let mut wants = CLIENT_USUAL | if peer.database.is_some() { CLIENT_CONNECT_WITH_DB } else { 0 };
    if peer.encrypt.is_some() {
        if greeting.can & CLIENT_SSL == 0 {
            return Err(wrong("it does not encrypt sessions"));
        }
        wants |= CLIENT_SSL;
        say(&mut wire, &mut number, &head(wants)).await?;
        wire = wire.encrypt(peer, progress).await?;
    }
    match &peer.user {
        None => Ok(right(format!("version {}", greeting.version))),
        Some(user) => sign_in(&mut wire, number, &greeting, wants, (user, &password, peer.database.as_deref())).await,
    }
}

/// What a server says first.
pub(super) struct Greeting {
    version: String,
    salt: Vec<u8>,
    can: u32,
    plugin: Vec<u8>,
}

impl Greeting {
    pub(super) fn read(packet: &[u8]) -> Step<Greeting> {
        if packet.first() == Some(&0xff) {
            return Err(server_error(packet));
        }
        let parts = || {
            let mut rest = Octets(packet);
            rest.u8().filter(|protocol| *protocol == 10)?;
            let version = words(rest.until_zero()?);
            rest.take(4)?;
            let mut salt = rest.take(8)?.to_vec();
            rest.take(1)?;
            let can_low = rest.u16_le()?;
            rest.take(3)?;
            let can = u32::from(can_low) | u32::from(rest.u16_le()?) << 16;
            rest.take(11)?;
            salt.extend_from_slice(rest.take(SALT_BYTES - 8)?);
            rest.take(1)?;
            let plugin = rest.until_zero().unwrap_or(rest.0).to_vec();
            Some(Greeting { version, salt, can, plugin })
        };
        parts().ok_or_else(|| wrong(format!("answered {}, which is not what MySQL says", shown(packet))))
    }
}

pub(super) async fn sign_in(
    wire: &mut Wire,
    mut number: u8,
    greeting: &Greeting,
    wants: u32,
    (user, password, database): (&str, &[u8], Option<&str>),
) -> Step<Answer> {
    let plugin = if known(&greeting.plugin) { greeting.plugin.as_slice() } else { b"mysql_native_password" };
    let scrambled = scramble(plugin, password, &greeting.salt);
    let mut login = head(wants);
    login.extend_from_slice(user.as_bytes());
    login.extend_from_slice(&[0, u8::try_from(scrambled.len()).unwrap_or(0)]);
    login.extend_from_slice(&scrambled);
    if let Some(database) = database {
        login.extend_from_slice(database.as_bytes());
        login.push(0);
    }
    login.extend_from_slice(plugin);
    login.push(0);
    say(wire, &mut number, &login).await?;
    for _ in 0..PACKETS_MAX {
        let answer = packet(wire, &mut number).await?;
        match answer.as_slice() {
            [0x00, ..] => return ping(wire, greeting).await,
            [0xff, ..] => return Err(server_error(&answer)),
            // It wants the password shown in another way.
            [0xfe, rest @ ..] => {
                let mut rest = Octets(rest);
                let wanted = rest.until_zero().unwrap_or_default();
                if !known(wanted) {
                    return Err(unasked(format!("it wants {user} signed in by {}, which is not known here", shown(wanted))));
                }
                let salt = rest.0.get(..SALT_BYTES).unwrap_or(rest.0);
                say(wire, &mut number, &scramble(wanted, password, salt)).await?;
            }
            // caching_sha2_password: it has it cached, or wants the password itself.
            [0x01, 0x03] => {}
            [0x01, 0x04] if wire.private => say(wire, &mut number, &[password, b"\0"].concat()).await?,
            [0x01, 0x04] => {
                return Err(unasked("it wants the password itself, and anybody could read it on the way: add `encrypt = true`"));
            }
            other => return Err(wrong(format!("answered {} to the login, which is not what MySQL says", shown(other)))),
        }
    }
    Err(wrong("a login without an end"))
}

async fn ping(wire: &mut Wire, greeting: &Greeting) -> Step<Answer> {
    let mut number = 0;
    say(wire, &mut number, &[COM_PING]).await?;
    let answer = packet(wire, &mut number).await?;
    if answer.first() != Some(&0) {
        return Err(server_error(&answer));
    }
    let mut number = 0;
    // Said goodbye, a session that ends is not counted as an aborted one.
    let _ = say(wire, &mut number, &[COM_QUIT]).await;
    Ok(right(format!("version {}", greeting.version)))
}

fn known(plugin: &[u8]) -> bool {
    matches!(plugin, b"mysql_native_password" | b"caching_sha2_password" | b"unix_socket" | b"auth_socket")
}

/// What shows that the password is known, without saying it.
fn scramble(plugin: &[u8], password: &[u8], salt: &[u8]) -> Vec<u8> {
    let hash = |algorithm: &'static Algorithm, parts: &[&[u8]]| digest(algorithm, &parts.concat());
    let both = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| a ^ b).collect();
    match plugin {
        _ if password.is_empty() => Vec::new(),
        b"mysql_native_password" => {
            let algorithm = &SHA1_FOR_LEGACY_USE_ONLY;
            let once = hash(algorithm, &[password]);
            let twice = hash(algorithm, &[once.as_ref()]);
            both(once.as_ref(), hash(algorithm, &[salt, twice.as_ref()]).as_ref())
        }
        b"caching_sha2_password" => {
            let once = hash(&SHA256, &[password]);
            let twice = hash(&SHA256, &[once.as_ref()]);
            both(once.as_ref(), hash(&SHA256, &[twice.as_ref(), salt]).as_ref())
        }
        // The kernel says who asks.
        _ => Vec::new(),
    }
}

/// The head of a login, which alone asks for encryption.
fn head(wants: u32) -> Vec<u8> {
    let mut head = wants.to_le_bytes().to_vec();
    head.extend_from_slice(&u32::try_from(PACKET_BYTES_MAX).unwrap_or(u32::MAX).to_le_bytes());
    head.push(CHARSET_UTF8MB4);
    head.extend_from_slice(&[0; 23]);
    head
}

/// The next packet; `number` goes on with it.
pub(super) async fn packet(wire: &mut Wire, number: &mut u8) -> Step<Vec<u8>> {
    let head = wire.exactly(4).await?;
    let length = head.iter().take(3).rev().fold(0_usize, |n, b| n << 8 | usize::from(*b));
    if length == 0 || length > PACKET_BYTES_MAX {
        return Err(wrong(format!("answered {}, which is not what MySQL says", shown(&head))));
    }
    *number = head.last().copied().unwrap_or(0).wrapping_add(1);
    wire.exactly(length).await
}

async fn say(wire: &mut Wire, number: &mut u8, body: &[u8]) -> Step<()> {
    let length = u32::try_from(body.len()).unwrap_or(0).to_le_bytes();
    let packet = [length.get(..3).unwrap_or_default(), &[*number], body].concat();
    *number = number.wrapping_add(1);
    wire.say(&packet).await
}

/// The server's own words.
fn server_error(packet: &[u8]) -> Answer {
    let mut rest = Octets(packet.get(1..).unwrap_or_default());
    let code = rest.u16_le().unwrap_or(0);
    let text = rest.0.strip_prefix(b"#").and_then(|t| t.get(5..)).unwrap_or(rest.0);
    wrong(line(&format!("error {code}: {}", words(text))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire::tests::{finish, saying};
    use super::*;

    /// The greeting of MariaDB 10.11 as Debian 12 ships it.
    const MARIADB: &[u8] = b"\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\0\x1f\0\0\0abcdefgh\0\xfe\xf7\x2d\x02\0\xff\x81\x15\0\0\0\0\0\0\x1d\0\0\0ijklmnopqrst\0mysql_native_password\0";

    fn framed(packets: &[&[u8]]) -> Vec<u8> {
        packets.iter().flat_map(|p| [&[p.len() as u8, 0, 0, 2], *p].concat()).collect()
    }

    fn signed_in(packets: &[&[u8]], password: &[u8]) -> Answer {
        let greeting = Greeting::read(MARIADB).unwrap();
        let mut wire = saying(&framed(packets));
        finish(sign_in(&mut wire, 1, &greeting, CLIENT_USUAL, ("u", password, Some("d")))).unwrap_or_else(|answer| answer)
    }

    #[test]
    fn greetings_are_read() {
        let greeting = Greeting::read(MARIADB).unwrap();
        assert_eq!(
            (greeting.version.as_str(), greeting.salt.as_slice()),
            ("5.5.5-10.11.6-MariaDB-0+deb12u1", &b"abcdefghijklmnopqrst"[..])
        );
        assert_eq!((greeting.plugin.as_slice(), greeting.can & CLIENT_SSL), (&b"mysql_native_password"[..], 0));
        let busy = Greeting::read(b"\xff\x10\x04Too many connections").err().unwrap();
        assert_eq!(busy.text(), "error 1040: Too many connections");
        for n in 0..MARIADB.len() - 23 {
            assert!(Greeting::read(&MARIADB[..n]).is_err(), "{n}");
        }
    }

    #[test]
    fn logins_are_followed_to_their_end() {
        let ok: &[u8] = &[0, 0, 0, 2, 0, 0, 0];
        assert!(signed_in(&[ok, ok], b"x").is_right());
        assert!(signed_in(&[b"\xfecaching_sha2_password\x00abcdefghijklmnopqrst\0", b"\x01\x03", ok, ok], b"x").is_right());
        assert!(signed_in(&[b"\x01\x04", ok, ok], b"x").is_right(), "the wire is private");
        let denied = signed_in(&[b"\xff\x15\x04#28000Access denied for user 'u'@'localhost'"], b"x");
        assert_eq!(denied.text(), "error 1045: Access denied for user 'u'@'localhost'");
        assert!(matches!(signed_in(&[b"\xfeclient_ed25519\0abc"], b"x"), Answer::Unasked { .. }));
        assert!(!signed_in(&[&b"\x01\x03"[..]; 100], b"x").is_right());
    }

    #[test]
    fn the_password_is_shown_as_the_manual_says() {
        // SHA1(p) XOR SHA1(salt + SHA1(SHA1(p))), computed with Python's hashlib.
        assert_eq!(scramble(b"mysql_native_password", b"secret", b"abcdefghijklmnopqrst"), NATIVE);
        assert_eq!(scramble(b"caching_sha2_password", b"secret", b"abcdefghijklmnopqrst"), CACHING);
    }

    const NATIVE: [u8; 20] = [136, 23, 197, 15, 167, 121, 218, 239, 1, 14, 231, 87, 120, 37, 176, 132, 125, 249, 132, 46];
    const CACHING: [u8; 32] = [
        199, 110, 40, 152, 97, 42, 76, 240, 66, 199, 127, 168, 196, 112, 44, 76, 100, 192, 194, 197, 87, 197, 60, 77, 117, 89, 90, 170,
        106, 186, 232, 9,
    ];

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(said in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Greeting::read(&said);
            let greeting = Greeting::read(MARIADB).unwrap();
            let (Ok(answer) | Err(answer)) = finish(sign_in(&mut saying(&said), 1, &greeting, CLIENT_USUAL, ("u", b"x", None)));
            prop_assert!(answer.text().chars().count() < 600);
        }

        #[test]
        fn any_packets_are_an_answer(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..60), 0..8)) {
            let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
            prop_assert!(signed_in(&packets, b"x").text().chars().count() < 600);
        }
    }
}

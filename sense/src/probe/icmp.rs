//! An ICMP echo request (RFC 792, RFC 4443): over a ping socket (icmp(7)), or where the kernel does not allow one, a raw socket.

use std::io;
use std::net::{SocketAddr, UdpSocket as StdSocket};

use aws_lc_rs::rand;
use muster_model::probe::Answer;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with};
use tokio::net::UdpSocket;

use super::answers::{Step, unasked};
use super::progress::{Progress, Reached};
use super::tcp::{not_connected, resolve};
use crate::clock;

/// Random bytes by which the answer is known.
const COOKIE_BYTES: usize = 16;
/// An echo and the longest head of IPv4.
const PACKET_BYTES_MAX: usize = 128;
/// Type of the request and of the answer.
const ECHO_V4: (u8, u8) = (8, 0);
const ECHO_V6: (u8, u8) = (128, 129);

pub(super) async fn put(host: &str, progress: &Progress) -> Step<Answer> {
    let target = resolve(&format!("{host}:0"), progress).await?;
    let mut cookie = [0; COOKIE_BYTES];
    rand::fill(&mut cookie).map_err(|_| unasked("this system gives no random numbers"))?;
    let (socket, raw) = open(target).map_err(|error| unasked(format!("this system allows no ping: {error}")))?;
    let exchange = async {
        let socket = UdpSocket::from_std(socket)?;
        socket.connect(target).await?;
        let start = clock::now().1;
        socket.send(&request(target.is_ipv4(), &cookie)).await?;
        progress.reached(Reached::Asked);
        let mut buffer = [0; PACKET_BYTES_MAX];
        loop {
            let n = socket.recv(&mut buffer).await?;
            if answers(buffer.get(..n).unwrap_or_default(), target.is_ipv4(), raw, &cookie) {
                return Ok(clock::now().1.since(start));
            }
        }
    };
    let rtt = exchange.await.map_err(|error: io::Error| not_connected(&error))?;
    Ok(Answer::Right { text: None, perfdata: vec![format!("rtt={:.3}ms", rtt.as_ms())] })
}

/// A ping socket, or a raw one.
fn open(target: SocketAddr) -> io::Result<(StdSocket, bool)> {
    let (family, protocol) = if target.is_ipv4() { (AddressFamily::INET, ipproto::ICMP) } else { (AddressFamily::INET6, ipproto::ICMPV6) };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    match socket_with(family, SocketType::DGRAM, flags, Some(protocol)) {
        Ok(socket) => Ok((StdSocket::from(socket), false)),
        // `net.ipv4.ping_group_range` allows it to nobody, as is usual.
        Err(_) => Ok((StdSocket::from(socket_with(family, SocketType::RAW, flags, Some(protocol))?), true)),
    }
}

fn request(v4: bool, cookie: &[u8; COOKIE_BYTES]) -> Vec<u8> {
    let kind = if v4 { ECHO_V4.0 } else { ECHO_V6.0 };
    // A ping socket puts its own number in place of ours; of ICMPv6 the kernel makes the checksum.
    let mut packet = [&[kind, 0, 0, 0, 0, 0, 0, 1], cookie.as_slice()].concat();
    if v4 {
        let sum = packet.chunks(2).map(|pair| pair.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b))).sum::<u32>();
        let folded = (sum & 0xffff) + (sum >> 16);
        let folded = (folded & 0xffff) + (folded >> 16);
        let [high, low] = (!u16::try_from(folded).unwrap_or(0)).to_be_bytes();
        packet.splice(2..4, [high, low]);
    }
    packet
}

/// Whether the packet is the answer; a raw socket hears all of ICMP, and of IPv4 the head too.
pub(super) fn answers(packet: &[u8], v4: bool, raw: bool, cookie: &[u8; COOKIE_BYTES]) -> bool {
    let head = if v4 && raw { packet.first().map_or(0, |b| usize::from(b & 0x0f) * 4) } else { 0 };
    let kind = if v4 { ECHO_V4.1 } else { ECHO_V6.1 };
    packet.get(head..).is_some_and(|p| p.first() == Some(&kind) && p.get(8..) == Some(cookie))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_answer_to_this_request_is_taken() {
        let cookie = [7; COOKIE_BYTES];
        let mut reply = request(true, &cookie);
        assert!(!answers(&reply, true, false, &cookie), "a raw socket on the loopback hears the request too");
        let sum: u32 = reply.chunks(2).map(|p| u32::from(p[0]) << 8 | u32::from(p[1])).sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "the sum over a packet with its checksum is all ones (RFC 1071)");
        reply[0] = ECHO_V4.1;
        assert!(answers(&reply, true, false, &cookie) && !answers(&reply, true, false, &[8; COOKIE_BYTES]));
        let with_head = [&[0x45; 20][..], &reply].concat();
        assert!(answers(&with_head, true, true, &cookie) && !answers(&with_head, true, false, &cookie));
    }

    proptest! {
        #[test]
        fn any_packet_is_survived(packet in proptest::collection::vec(any::<u8>(), 0..128), v4: bool, raw: bool) {
            prop_assert!(!answers(&packet, v4, raw, b"0123456789abcdef"));
        }
    }
}

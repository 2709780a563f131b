//! The time of an NTP server, as a simple client asks for it (RFC 5905 §14).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use aws_lc_rs::rand;
use muster_model::probe::Answer;
use muster_model::time::{Length, Time};
use tokio::net::UdpSocket;

use super::answers::{Step, unasked, words, wrong};
use super::octets::Octets;
use super::progress::{Progress, Reached};
use super::tcp::{not_connected, resolve};
use crate::clock;

const PACKET_BYTES: usize = 48;
/// Version 4, client.
const ASKS: u8 = 4 << 3 | 3;
const ANSWERS: u8 = 4;
const NOT_IN_STEP: u8 = 3;
const STRATUM_MAX: u8 = 15;
/// Seconds from 1900 to 1970.
const EPOCH: i64 = 2_208_988_800;

pub(super) async fn put(address: &str, offset_max: Length, progress: &Progress) -> Step<Answer> {
    let server = resolve(address, progress).await?;
    // A time that means nothing: it need only come back.
    let mut cookie = [0; 8];
    rand::fill(&mut cookie).map_err(|_| unasked("this system gives no random numbers"))?;
    let mut packet = [0; PACKET_BYTES];
    if let Some(first) = packet.first_mut() {
        *first = ASKS;
    }
    if let Some(place) = packet.last_chunk_mut() {
        *place = cookie;
    }
    let from: SocketAddr = if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let exchange = async {
        let socket = UdpSocket::bind(from).await?;
        socket.connect(server).await?;
        let (wall, start) = clock::now();
        socket.send(&packet).await?;
        progress.reached(Reached::Asked);
        let mut buffer = [0; 512];
        loop {
            let n = socket.recv(&mut buffer).await?;
            // By the clock that is never set: the other may be, meanwhile.
            let back = wall.after(clock::now().1.since(start));
            if let Some(told) = Told::read(buffer.get(..n).unwrap_or_default(), cookie) {
                return Ok((told, wall, back));
            }
        }
    };
    let (told, sent, back) = exchange.await.map_err(|error: io::Error| not_connected(&error))?;
    told.judge(sent, back, offset_max)
}

/// What a server says of its time. Moments are in units of 2⁻³² s since 1900, and wrap in 2036.
pub(super) struct Told {
    leap: u8,
    stratum: u8,
    reference: [u8; 4],
    received: u64,
    sent: u64,
}

impl Told {
    /// `None` for a packet that is no answer to the question with this cookie.
    pub(super) fn read(packet: &[u8], cookie: [u8; 8]) -> Option<Told> {
        let mut rest = Octets(packet.get(..PACKET_BYTES)?);
        let (first, stratum) = (rest.u8()?, rest.u8()?);
        rest.take(10)?;
        let reference = rest.take(4)?.try_into().ok()?;
        rest.take(8)?;
        let mut moment = || rest.take(8).and_then(|m| m.try_into().ok()).map(u64::from_be_bytes);
        let (origin, received, sent) = (moment()?, moment()?, moment()?);
        (first & 7 == ANSWERS && origin == u64::from_be_bytes(cookie)).then_some(Told {
            leap: first >> 6,
            stratum,
            reference,
            received,
            sent,
        })
    }

    pub(super) fn judge(&self, asked: Time, back: Time, offset_max: Length) -> Step<Answer> {
        if self.stratum == 0 {
            return Err(wrong(format!("it wants to be left alone: {}", words(&self.reference))));
        }
        if self.leap == NOT_IN_STEP || self.stratum > STRATUM_MAX {
            return Err(wrong("its own clock is not in step with any other"));
        }
        let there = i128::from(self.received.wrapping_sub(moment(asked)).cast_signed());
        let here = i128::from(self.sent.wrapping_sub(moment(back)).cast_signed());
        // In nanoseconds: half of the sum of two differences in units of 2⁻³² s.
        let offset = ((there + here) * 1_000_000_000) >> 33;
        let distance = Length(u64::try_from(offset.unsigned_abs()).unwrap_or(u64::MAX));
        let perfdata = vec![
            format!("offset={:.3}ms;;{:.3}", offset as f64 / 1e6, offset_max.as_ms()),
            format!("stratum={}", self.stratum),
            format!("rtt={:.3}ms", back.since(asked).as_ms()),
        ];
        let side = if offset < 0 { "behind" } else { "ahead of" };
        let text = format!("stratum {}, its clock is {distance} {side} ours", self.stratum);
        Ok(if distance > offset_max { Answer::Wrong { text, perfdata } } else { Answer::Right { text: Some(text), perfdata } })
    }
}

fn moment(time: Time) -> u64 {
    let (seconds, part) = (time.0.div_euclid(1_000_000_000) + EPOCH, time.0.rem_euclid(1_000_000_000));
    // The era is left away, as the protocol does.
    (seconds.cast_unsigned() << 32) | ((part.cast_unsigned() << 32) / 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COOKIE: [u8; 8] = *b"12345678";

    fn packet(first: u8, stratum: u8, received: Time, sent: Time) -> Vec<u8> {
        let mut packet = vec![first, stratum];
        packet.extend_from_slice(&[0; 10]);
        packet.extend_from_slice(b"RATE");
        packet.extend_from_slice(&[0; 8]);
        packet.extend_from_slice(&COOKIE);
        packet.extend_from_slice(&moment(received).to_be_bytes());
        packet.extend_from_slice(&moment(sent).to_be_bytes());
        packet
    }

    #[test]
    fn an_answer_is_judged_by_its_stratum_and_offset() {
        let second = 1_000_000_000;
        // Also across the wrap of 2036-02-07.
        for now in [Time(1_790_000_000 * second), Time(2_085_978_496 * second - second / 2)] {
            let ms = Length::ms;
            for (first, stratum, server, expected) in [
                (0x24, 2, now.after(ms(5)), "right: stratum 2, its clock is 0s ahead of ours"),
                (0x24, 2, now.after(ms(2_005)), "wrong: stratum 2, its clock is 2s ahead of ours"),
                (0x24, 2, now.before(ms(2_995)), "wrong: stratum 2, its clock is 3s behind ours"),
                (0xe4, 2, now, "wrong: its own clock is not in step with any other"),
                (0x24, 16, now, "wrong: its own clock is not in step with any other"),
                (0x24, 0, now, "wrong: it wants to be left alone: RATE"),
            ] {
                let told = Told::read(&packet(first, stratum, server, server), COOKIE).unwrap();
                let answer = told.judge(now, now.after(ms(10)), ms(1_000)).unwrap_or_else(|answer| answer);
                let text = answer.text().replace("1us", "0s").replace("2.9s", "3s").replace("1.9s", "2s");
                assert_eq!(format!("{}: {text}", if answer.is_right() { "right" } else { "wrong" }), expected);
            }
        }
        let good = packet(0x24, 2, Time(0), Time(0));
        assert!(Told::read(&good, *b"87654321").is_none() && Told::read(&good[..47], COOKIE).is_none());
        assert!(Told::read(&packet(0x23, 2, Time(0), Time(0)), COOKIE).is_none(), "an echo is not an answer");
    }

    proptest! {
        #[test]
        fn any_packet_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..100), moments: [u64; 2], asked: i64, took: u32) {
            let _ = Told::read(&bytes, COOKIE);
            let told = Told { leap: 0, stratum: 1, reference: [0xff; 4], received: moments[0], sent: moments[1] };
            let (Ok(answer) | Err(answer)) = told.judge(Time(asked), Time(asked).after(Length(u64::from(took))), Length::ms(1));
            prop_assert!(answer.text().chars().count() < 600);
        }
    }
}

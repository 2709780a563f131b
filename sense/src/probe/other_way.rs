//! The other way to a service of this host: over loopback. What is right there and not at its address is well, and cut off from
//! its users.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use muster_model::probe::{Answer, Ask, Peer, Trust};
use muster_model::time::Length;

use super::question::Question;

/// A question that is put over loopback.
pub(super) struct OtherWay {
    question: Question,
    address: String,
}

impl OtherWay {
    /// `None`: there is no other way, or loopback is the usual one.
    pub(super) fn to(ask: &Ask) -> Option<OtherWay> {
        let usual = ask.address().filter(|address| !address.starts_with('/'))?;
        let (host, port) = usual.rsplit_once(':')?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) {
            return None;
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?)).to_string();
        let question = Question::new(ask).ok()?.at(&address, || named(ask, bare, &address));
        Some(OtherWay { question: question?, address })
    }

    pub(super) async fn put(&self, timeout: Length) -> Answer {
        self.question.put(timeout).await
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

/// Whether an answer may be the fault of the way to the service.
pub(super) const fn is_of_the_way(answer: &Answer) -> bool {
    matches!(answer, Answer::Refused { .. } | Answer::Unreached { .. } | Answer::Silent { .. } | Answer::CutOff { .. })
}

/// The same question at another address; the certificate must be made out to the usual name all the same.
fn named(ask: &Ask, name: &str, address: &str) -> Option<Ask> {
    let trust = |trust: &Trust| Trust { name: trust.name.clone().or_else(|| Some(name.to_owned())), roots: trust.roots.clone() };
    let at = |peer: &Peer| Peer { address: address.to_owned(), encrypt: peer.encrypt.as_ref().map(trust), ..peer.clone() };
    Some(match ask {
        Ask::Tls { trust: wanted, days, .. } => Ask::Tls { address: address.to_owned(), trust: trust(wanted), days: *days },
        Ask::Dns { name, record, expect, .. } => {
            Ask::Dns { name: name.clone(), record: *record, expect: expect.clone(), server: Some(address.to_owned()) }
        }
        Ask::Ntp { offset, .. } => Ask::Ntp { address: address.to_owned(), offset: *offset },
        Ask::Redis(peer) => Ask::Redis(at(peer)),
        Ask::Postgres(peer) => Ask::Postgres(at(peer)),
        Ask::Mysql(peer) => Ask::Mysql(at(peer)),
        Ask::Smtp(peer) => Ask::Smtp(at(peer)),
        Ask::Amqp(peer) => Ask::Amqp(at(peer)),
        Ask::Mqtt(peer) => Ask::Mqtt(at(peer)),
        Ask::Grpc { peer, service } => Ask::Grpc { peer: at(peer), service: service.clone() },
        Ask::Fastcgi { peer, path, body } => Ask::Fastcgi { peer: at(peer), path: path.clone(), body: body.clone() },
        // The first two are made ready, the others know no address of a server.
        Ask::Http { .. }
        | Ask::Tcp { .. }
        | Ask::Unix { .. }
        | Ask::Exec { .. }
        | Ask::Icmp { .. }
        | Ask::File(_)
        | Ask::Processes { .. } => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_another_way_only_where_loopback_is_not_the_usual_one() {
        let tcp = |address: &str| Ask::Tcp { address: address.to_owned(), talk: None };
        let way = |ask: &Ask| OtherWay::to(ask).map(|way| way.address);
        assert_eq!(way(&tcp("192.0.2.1:80")), Some("127.0.0.1:80".to_owned()));
        assert_eq!(way(&tcp("[2001:db8::1]:80")), Some("127.0.0.1:80".to_owned()));
        for usual in ["127.0.0.1:80", "localhost:80", "[::1]:80", "127.0.0.2:80"] {
            assert_eq!(way(&tcp(usual)), None, "{usual}");
        }
        let http = |url: &str| Ask::Http { url: url.to_owned(), expect: None, body: None, roots: None };
        assert_eq!(way(&http("https://example.org/x")), Some("127.0.0.1:443".to_owned()));
        assert_eq!(way(&Ask::Unix { path: "/run/x".to_owned(), talk: None }), None);
        assert_eq!(way(&Ask::Redis(Peer { address: "/run/x".to_owned(), ..Peer::default() })), None);
        assert_eq!(way(&Ask::Exec { command: "true".to_owned() }), None);
    }

    #[test]
    fn the_certificate_is_checked_for_the_usual_name() {
        let ask = Ask::Tls { address: "example.org:443".to_owned(), trust: Trust::default(), days: 7 };
        let Some(Ask::Tls { address, trust, .. }) = named(&ask, "example.org", "127.0.0.1:443") else { panic!("not a tls probe") };
        assert_eq!((address.as_str(), trust.name.as_deref()), ("127.0.0.1:443", Some("example.org")));
    }
}

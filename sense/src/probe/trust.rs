//! A handshake of TLS (rustls), and every usual way in which a certificate is broken in words of its own.

use std::io;
use std::sync::{Arc, Mutex};

use muster_model::probe::Answer;
use muster_model::time::{Length, Mono, Time};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, PeerIncompatible, RootCertStore, SignatureScheme,
};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::answers::{Step, line, unasked, wrong};
use super::locked;
use super::wire::Duplex;
use crate::clock;

/// A file of certificates is smaller than this.
const ROOTS_BYTES_MAX: u64 = 4 << 20;
/// What the system trusts is read anew after this time.
const SYSTEM_ROOTS_FOR: Length = Length::seconds(3600);
/// Names of a certificate that are told.
const NAMES_TOLD_MAX: usize = 5;

/// Who is trusted.
pub(super) struct Roots {
    store: Arc<RootCertStore>,
    /// Those of a file of one's own: the server's very certificate may be among them.
    own: Vec<CertificateDer<'static>>,
}

/// Those of the file, or of the system.
pub(super) async fn roots(file: Option<&str>) -> Step<Roots> {
    let Some(path) = file else { return system_roots().await };
    let text = read_file(path, ROOTS_BYTES_MAX).await?;
    let own: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let own = own.map_err(|error| unasked(format!("the certificates of {path} cannot be read: {error}")))?;
    let mut store = RootCertStore::empty();
    if own.is_empty() || store.add_parsable_certificates(own.iter().cloned()).0 == 0 {
        return Err(unasked(format!("{path} holds no certificate")));
    }
    Ok(Roots { store: Arc::new(store), own })
}

async fn system_roots() -> Step<Roots> {
    static KEPT: Mutex<Option<(Mono, Arc<RootCertStore>)>> = Mutex::new(None);
    let now = clock::now().1;
    let kept = locked(&KEPT).as_ref().filter(|(at, _)| now.since(*at) < SYSTEM_ROOTS_FOR).map(|(_, store)| Arc::clone(store));
    if let Some(store) = kept {
        return Ok(Roots { store, own: Vec::new() });
    }
    let read = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
    let read = read.map_err(|error| unasked(format!("the certificates that the system trusts cannot be read: {error}")))?;
    let mut store = RootCertStore::empty();
    if store.add_parsable_certificates(read.certs).0 == 0 {
        return Err(unasked("this system trusts no certificate; install ca-certificates, or name a file in `roots`"));
    }
    let store = Arc::new(store);
    *locked(&KEPT) = Some((now, Arc::clone(&store)));
    Ok(Roots { store, own: Vec::new() })
}

/// A file that a probe needs. What is no file, or a larger one, is not read.
pub(super) async fn read_file(path: &str, bytes_max: u64) -> Step<Vec<u8>> {
    let read = async {
        // To open a pipe would wait for somebody who writes into it.
        if !tokio::fs::metadata(path).await?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let mut content = Vec::new();
        tokio::fs::File::open(path).await?.take(bytes_max + 1).read_to_end(&mut content).await?;
        if content.len() as u64 > bytes_max {
            return Err(io::Error::other(format!("it has more than {bytes_max} bytes")));
        }
        Ok(content)
    };
    read.await.map_err(|error| unasked(format!("{path} cannot be read: {error}")))
}

/// What came of a handshake.
pub(super) struct Hands {
    pub(super) stream: TlsStream<Box<dyn Duplex>>,
    /// When the server's certificate ends.
    pub(super) ends: Option<Time>,
}

/// Shakes hands. The error is the answer: who refused whom, and why.
pub(super) async fn shake(stream: Box<dyn Duplex>, roots: &Roots, name: ServerName<'static>, alpn: &[&[u8]]) -> Step<Hands> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let usual = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots.store), Arc::clone(&provider)).build();
    let usual = usual.map_err(|error| unasked(format!("the trusted certificates cannot be used: {error}")))?;
    let witness = Arc::new(Witness { usual, own: roots.own.clone(), provider: Arc::clone(&provider), shown: Mutex::default() });
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| unasked(error.to_string()))?.dangerous();
    let mut config = config.with_custom_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>).with_no_client_auth();
    // A resumed session shows no certificate.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = alpn.iter().map(|p| p.to_vec()).collect();
    let shaken = TlsConnector::from(Arc::new(config)).connect(name.clone(), stream).await;
    let shown = std::mem::take(&mut *locked(&witness.shown));
    match shaken {
        Ok(stream) => Ok(Hands { stream, ends: shown.first().and_then(|leaf| Certificate::read(leaf)).map(|c| c.ends) }),
        Err(error) => Err(not_shaken(&error, &shown, &name)),
    }
}

/// Checks as rustls does, and keeps what the server showed.
#[derive(Debug)]
struct Witness {
    usual: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    shown: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *locked(&self.shown) = std::iter::once(leaf).chain(others).map(|c| c.clone().into_owned()).collect();
        if self.own.iter().any(|own| own == leaf) {
            return pinned(leaf, name, now);
        }
        self.usual.verify_server_cert(leaf, others, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// The very certificate is trusted, such as one that signed itself: it must still be in its time and for this name.
pub(super) fn pinned(leaf: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<ServerCertVerified, Error> {
    let read = Certificate::read(leaf).ok_or(CertificateError::BadEncoding)?;
    let now = Time(i64::try_from(now.as_secs()).unwrap_or(i64::MAX).saturating_mul(SECOND));
    if now < read.begins {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > read.ends {
        return Err(CertificateError::Expired.into());
    }
    verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
    Ok(ServerCertVerified::assertion())
}

const SECOND: i64 = 1_000_000_000;

/// What is told of a certificate.
pub(super) struct Certificate {
    subject: String,
    issuer: String,
    names: Vec<String>,
    begins: Time,
    ends: Time,
}

impl Certificate {
    pub(super) fn read(der: &CertificateDer<'_>) -> Option<Certificate> {
        let (_, read) = X509Certificate::from_der(der).ok()?;
        let moment = |seconds: i64| Time(seconds.saturating_mul(SECOND));
        let names = read.subject_alternative_name().ok().flatten().map(|san| {
            let names = san.value.general_names.iter().filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(line(name)),
                GeneralName::IPAddress(bytes) => address(bytes),
                _ => None,
            });
            names.take(NAMES_TOLD_MAX).collect()
        });
        Some(Certificate {
            subject: line(&read.subject().to_string()),
            issuer: line(&read.issuer().to_string()),
            names: names.unwrap_or_default(),
            begins: moment(read.validity().not_before.timestamp()),
            ends: moment(read.validity().not_after.timestamp()),
        })
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 => Some(std::net::Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string()),
        16 => Some(std::net::Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string()),
        _ => None,
    }
}

/// The answer that a failed handshake is.
fn not_shaken(error: &io::Error, shown: &[CertificateDer<'_>], name: &ServerName<'_>) -> Answer {
    let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return wrong(match error.kind() {
            io::ErrorKind::UnexpectedEof => "hung up during the handshake of TLS".to_owned(),
            _ => format!("the handshake of TLS broke off: {error}"),
        });
    };
    wrong(match cause {
        Error::InvalidCertificate(why @ (CertificateError::Expired | CertificateError::ExpiredContext { .. })) => {
            return Answer::Expired { text: refused(why, shown, name) };
        }
        Error::InvalidCertificate(why) => refused(why, shown, name),
        Error::InvalidMessage(_) => "it does not speak TLS".to_owned(),
        Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13)
        | Error::AlertReceived(AlertDescription::ProtocolVersion) => "it speaks only versions of TLS that are older than 1.2".to_owned(),
        Error::PeerIncompatible(why) => format!("it speaks TLS 1.2 or 1.3 in no way that is accepted: {why:?}"),
        Error::AlertReceived(AlertDescription::UnrecognisedName) => format!("it serves nothing under the name {}", name.to_str()),
        Error::AlertReceived(alert) => format!("it refused the handshake of TLS: {alert:?}"),
        Error::PeerMisbehaved(why) => format!("it broke the rules of TLS: {why:?}"),
        other => line(&format!("the handshake of TLS failed: {other}")),
    })
}

/// Why the certificate is not accepted.
pub(super) fn refused(why: &CertificateError, shown: &[CertificateDer<'_>], name: &ServerName<'_>) -> String {
    let chain: Vec<Certificate> = shown.iter().filter_map(Certificate::read).collect();
    let (Some(leaf), Some(last)) = (chain.first(), chain.last()) else { return format!("its certificate cannot be read: {why}") };
    let now = clock::now().0;
    let text = match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => match chain.iter().position(|c| c.ends < now) {
            Some(0) => format!("its certificate expired on {}, {} ago", day(leaf.ends), now.since(leaf.ends)),
            Some(n) => {
                chain.get(n).map_or_else(String::new, |c| format!("a certificate of its chain, {}, expired on {}", c.subject, day(c.ends)))
            }
            None => "a certificate of its chain has expired".to_owned(),
        },
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            let early = chain.iter().find(|c| c.begins > now).unwrap_or(leaf);
            format!("its certificate is not valid before {}; is the clock right?", day(early.begins))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let names = if leaf.names.is_empty() { "no name".to_owned() } else { leaf.names.join(", ") };
            format!("its certificate is made out to {names}, not to {}", name.to_str())
        }
        CertificateError::UnknownIssuer if leaf.subject == leaf.issuer => "its certificate is signed by itself and not trusted".to_owned(),
        CertificateError::UnknownIssuer if chain.len() == 1 => {
            format!("its certificate was issued by {}, which is not trusted, and it sent no other that leads to one that is", leaf.issuer)
        }
        CertificateError::UnknownIssuer => format!("its chain ends at {}, which is not trusted", last.issuer),
        CertificateError::BadSignature => "a signature in its chain is wrong".to_owned(),
        CertificateError::BadEncoding => "its certificate cannot be read".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not one for servers".to_owned()
        }
        CertificateError::Revoked => "its certificate was revoked".to_owned(),
        other => format!("its certificate is not accepted: {other}"),
    };
    // Of a certificate with many long names the first are enough.
    line(&text)
}

/// The day of a moment, as people write it.
pub(super) fn day(moment: Time) -> String {
    moment.to_string().chars().take(10).collect()
}

//! TLS: what a server may do beside showing a bad certificate (those are in `probe_protocols`): handshakes that hang, break
//! off, have no end or are none, and a certificate whose signature is not its issuer's.

use std::io::{Read, Write};

use muster_model::probe::{Ask, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;

use super::asking::{ask, ask_all, drip, pour, serve};

/// A folder with the authority that is trusted, and a certificate of it for `good.test`.
fn authority() -> (tempfile::TempDir, KeyPair, rcgen::Certificate) {
    let scratch = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "ca");
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(scratch.path().join("ca.pem"), ca.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["good.test".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    (scratch, key, certificate)
}

fn tls(port: u16, scratch: &tempfile::TempDir) -> Ask {
    let roots = scratch.path().join("ca.pem").to_str().unwrap().to_owned();
    Ask::Tls { address: format!("127.0.0.1:{port}"), trust: Trust { name: Some("good.test".to_owned()), roots: Some(roots) }, days: 14 }
}

#[test]
fn a_signature_that_is_not_the_issuers_is_named() {
    let (scratch, key, certificate) = authority();
    let serving = |der: Vec<u8>| {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = std::sync::Arc::new(config.with_no_client_auth().with_single_cert(vec![der.into()], key).unwrap());
        serve(move |mut stream| {
            let mut session = rustls::ServerConnection::new(std::sync::Arc::clone(&config)).unwrap();
            let _ = session.complete_io(&mut stream);
            let _ = stream.read_to_end(&mut Vec::new());
        })
    };
    let good = certificate.der().to_vec();
    assert_eq!(ask(tls(serving(good.clone()), &scratch), 10_000).0, "right");
    // The last bytes are of the signature.
    let mut forged = good;
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(ask(tls(serving(forged), &scratch), 10_000), ("wrong", "a signature in its chain is wrong".to_owned()));
}

#[test]
fn a_handshake_that_hangs_is_silent_and_one_that_is_none_is_named() {
    let (scratch, ..) = authority();
    // A record of TLS 1.2 with a piece of a handshake in it.
    let record = |piece: &[u8]| [&[22, 3, 3], &(piece.len() as u16).to_be_bytes()[..], piece].concat();
    let greeting_of_16_mib = record(b"\x02\xff\xff\xff\x03\x03");
    let endless = record(&[2; 1000]);
    let cases = [
        ("silence", serve(|mut s| drop(s.read_to_end(&mut Vec::new()))), "silent", "connected after "),
        ("a byte at a time", serve(|mut s| drip(&mut s, b"\x16\x03\x03\x40\0\x02\0\x3f")), "silent", "connected after "),
        ("plain text", serve(|mut s| drop(s.write_all(b"220 mail.example.org ESMTP\r\n"))), "wrong", "it does not speak TLS"),
        ("plain text without end", serve(|mut s| pour(&mut s, &[b'A'; 65_536])), "wrong", "it does not speak TLS"),
        ("a hang-up", serve(|mut s| drop(s.read(&mut [0; 4096]))), "wrong", "hung up during the handshake of TLS"),
        ("a greeting that is too large", serve(move |mut s| drop(s.write_all(&greeting_of_16_mib))), "wrong", ""),
        ("pieces of a greeting without end", serve(move |mut s| pour(&mut s, &endless)), "wrong", ""),
        ("an alert", serve(|mut s| drop(s.write_all(b"\x15\x03\x03\0\x02\x02\x28"))), "wrong", "it refused the handshake of TLS: "),
    ];
    let told = ask_all(cases.iter().map(|(_, port, ..)| tls(*port, &scratch)).collect(), 2_000);
    for ((what, _, kind, expected), (told, text)) in cases.into_iter().zip(told) {
        assert!(told == kind && text.starts_with(expected) && !text.is_empty(), "{what}: {told} {text}");
    }
}

//! Certificates broken in every usual way, behind nginx.

use muster_model::probe::{Answer, Ask, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};

use super::certificates::{authority, keep, server, trust};
use super::programs::{Program, answer, free_ports, installed, right, waits_for};

#[test]
fn every_usual_way_for_a_certificate_to_be_broken_is_told_in_its_own_words() {
    let nginx = "/usr/sbin/nginx";
    if !installed(nginx) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let (ca, other) = (authority(folder, "ca"), authority(folder, "other"));
    let key = KeyPair::generate().unwrap();
    let middle_key = KeyPair::generate().unwrap();
    let mut middle_params = CertificateParams::default();
    middle_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    middle_params.distinguished_name.push(DnType::CommonName, "middle");
    let middle = CertifiedIssuer::signed_by(middle_params, middle_key, &ca).unwrap();
    let mut client = server(&["good.test"], -1, 90);
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let by = |issuer: &CertifiedIssuer<'static, KeyPair>, params: CertificateParams| params.signed_by(&key, issuer).unwrap().pem();
    let good = || server(&["good.test", "127.0.0.1"], -1, 90);
    let cases = [
        ("good", by(&ca, good()), "right: TLSvN_N, the certificate is valid for NN days, until NNNN-NN-NN"),
        ("short", by(&ca, server(&["good.test"], -80, 90)), "warning: TLSvN_N, the certificate is valid for N days, until NNNN-NN-NN"),
        ("expired", by(&ca, server(&["good.test"], -100, 90)), "expired: its certificate expired on NNNN-NN-NN, NNd ago"),
        ("early", by(&ca, server(&["good.test"], 3, 90)), "wrong: its certificate is not valid before NNNN-NN-NN; is the clock right?"),
        ("named", by(&ca, server(&["a.test", "b.test"], -1, 90)), "wrong: its certificate is made out to a.test, b.test, not to good.test"),
        ("self", good().self_signed(&key).unwrap().pem(), "wrong: its certificate is signed by itself and not trusted"),
        (
            "foreign",
            by(&other, good()),
            "wrong: its certificate was issued by CN=other, which is not trusted, and it sent no other that leads to one that is",
        ),
        ("chain", by(&other, good()) + &other.pem(), "wrong: its chain ends at CN=other, which is not trusted"),
        (
            "cut",
            by(&middle, good()),
            "wrong: its certificate was issued by CN=middle, which is not trusted, and it sent no other that leads to one that is",
        ),
        ("whole", by(&middle, good()) + &middle.pem(), "right: TLSvN_N, the certificate is valid for NN days, until NNNN-NN-NN"),
        ("client", by(&ca, client), "wrong: its certificate is not one for servers"),
    ];
    let all = free_ports(cases.len() + 2);
    let (ports, &[clear, old]) = all.split_at(cases.len()) else { panic!("{all:?}") };
    let mut servers = String::new();
    for ((name, chain, _), port) in cases.iter().zip(ports) {
        keep(folder, name, chain, &key);
        let dir = folder.display();
        servers.push_str(&format!(
            "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {dir}/{name}.crt; ssl_certificate_key {dir}/{name}.key; \
             location /r {{ return 302 /; }} location / {{ return 200 fine; }} }}\n"
        ));
    }
    servers.push_str(&format!("server {{ listen 127.0.0.1:{clear}; }}\n"));
    let dir = folder.display();
    servers.push_str(&format!(
        "server {{ listen 127.0.0.1:{old} ssl; ssl_certificate {dir}/good.crt; ssl_certificate_key {dir}/good.key; \
         ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0; }}\n"
    ));
    let _nginx = Program::nginx(nginx, folder, &servers);
    waits_for(ports[0]);
    for ((name, _, expected), port) in cases.iter().zip(ports) {
        let told = answer(Ask::Tls { address: format!("127.0.0.1:{port}"), trust: trust(folder, "good.test"), days: 14 });
        assert_eq!(format!("{}: {}", told.kind(), plain(told.text())), plain(expected), "{name}");
    }
    let https = |host: &str, path: &str, expect| {
        let url = format!("https://{host}:{}{path}", ports[0]);
        answer(Ask::Http { url, expect, body: None, roots: trust(folder, "").roots })
    };
    let told = https("127.0.0.1", "/r", Some(200));
    let Answer::Right { perfdata, .. } = &told else { panic!("{told:?}") };
    assert_eq!(perfdata.iter().filter(|p| p.starts_with("tls=")).count(), 1, "{perfdata:?}");
    assert_eq!(https("localhost", "/", None).text(), "its certificate is made out to good.test, 127.0.0.1, not to localhost");
    // Who trusts the very certificate need not ask who signed it.
    std::fs::copy(folder.join("self.crt"), folder.join("pinned.pem")).unwrap();
    let pinned = Trust { name: Some("good.test".to_owned()), roots: Some(folder.join("pinned.pem").to_str().unwrap().to_owned()) };
    right(&answer(Ask::Tls { address: format!("127.0.0.1:{}", ports[5]), trust: pinned.clone(), days: 14 }));
    let misnamed = Trust { name: Some("bad.test".to_owned()), ..pinned };
    assert_eq!(answer(Ask::Tls { address: format!("127.0.0.1:{}", ports[5]), trust: misnamed, days: 14 }).kind(), "wrong");
    let told = answer(Ask::Tls { address: format!("127.0.0.1:{clear}"), trust: trust(folder, "good.test"), days: 14 });
    assert_eq!((told.kind(), told.text()), ("wrong", "it does not speak TLS"));
    let told = answer(Ask::Tls { address: format!("127.0.0.1:{old}"), trust: trust(folder, "good.test"), days: 14 });
    assert_eq!((told.kind(), told.text()), ("wrong", "it speaks only versions of TLS that are older than 1.2"));
    // The system's roots know nothing of an authority that was made a moment ago.
    let by_system = answer(Ask::Tls { address: format!("127.0.0.1:{}", ports[0]), trust: Trust::default(), days: 14 });
    assert!(!by_system.is_right(), "{by_system:?}");
    // A file that is not there is no fault of the server.
    let none = Trust { name: None, roots: Some("/nonexistent".to_owned()) };
    assert_eq!(answer(Ask::Tls { address: format!("127.0.0.1:{}", ports[0]), trust: none, days: 14 }).kind(), "unasked");
}

/// The text with what differs from run to run left out.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { 'N' } else { c }).collect()
}

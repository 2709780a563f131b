//! An authority and certificates of a test.

use std::path::Path;

use muster_model::probe::Trust;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};

/// An authority whose certificate is in `ca.pem` of the folder.
pub(crate) fn authority(folder: &Path, name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), authority.pem()).unwrap();
    authority
}

/// A server's certificate for these names, valid for so many days from so many on.
pub(crate) fn server(names: &[&str], from_days: i64, days: i64) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let day = |n: i64| {
        let now = muster_sense::clock::now().0.0 / 1_000_000_000;
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(u64::try_from(now + n * 86_400).unwrap())
    };
    (params.not_before, params.not_after) = (day(from_days), day(from_days + days));
    params
}

/// Writes `NAME.crt` and `NAME.key` for a server to use.
pub(crate) fn keep(folder: &Path, name: &str, chain: &str, key: &KeyPair) {
    std::fs::write(folder.join(format!("{name}.crt")), chain).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

pub(crate) fn trust(folder: &Path, name: &str) -> Trust {
    Trust { name: Some(name.to_owned()), roots: Some(folder.join("ca.pem").to_str().unwrap().to_owned()) }
}

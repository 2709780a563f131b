//! The ledger's own Ed25519 key, `DATA/ledger.key`: 64 hexadecimal digits and a newline, for its owner only.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::error::Error;

/// The file of the key in a data directory.
pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join("ledger.key")
}

/// The key that is there, or `None`.
pub(crate) fn load(dir: &Path) -> Result<Option<SigningKey>, Error> {
    let path = path(dir);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) if e.kind() == io::ErrorKind::InvalidData => return Err(Error::Key { path, why: "it is not text" }),
        Err(source) => return Err(Error::File { doing: "read", path, source }),
    };
    match blake3::Hash::from_hex(text.trim_end()) {
        Ok(secret) => Ok(Some(SigningKey::from_bytes(secret.as_bytes()))),
        Err(_) => Err(Error::Key { path, why: "it does not hold 64 hexadecimal digits" }),
    }
}

/// Makes a new key. It is whole in its place, or not there at all: it is written beside and renamed.
pub(crate) fn create(dir: &Path) -> Result<SigningKey, Error> {
    let mut secret = [0; 32];
    let path = path(dir);
    let beside = dir.join("ledger.key.new");
    let write = || -> io::Result<()> {
        fill(&mut secret)?;
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        writeln!(file, "{}", blake3::Hash::from_bytes(secret).to_hex())?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        fs::File::open(dir)?.sync_all()
    };
    match { write }() {
        Ok(()) => Ok(SigningKey::from_bytes(&secret)),
        Err(source) => Err(Error::File { doing: "write the ledger's key", path, source }),
    }
}

/// Random bytes of the kernel's (getrandom(2)); up to 256 come in one piece.
fn fill(secret: &mut [u8; 32]) -> io::Result<()> {
    let n = rustix::rand::getrandom(&mut secret[..], rustix::rand::GetRandomFlags::empty())?;
    if n == secret.len() { Ok(()) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof)) }
}

/// The signature of `message`.
pub(crate) fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    key.sign(message).to_bytes()
}

/// Whether `signature` over `message` is by the holder of the key whose public half is `public`.
pub(crate) fn holds(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(public), Ok(signature)) = (public.try_into(), Signature::from_slice(signature)) else {
        return false;
    };
    VerifyingKey::from_bytes(public).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The bytes of hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(|d| d[0] << 4 | d[1]).collect())
}

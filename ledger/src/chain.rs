//! The chain: what of an event is hashed, and in which bytes.
//!
//! `hash = BLAKE3(previous hash ‖ canonical)`, where the first event's previous hash is 32 zero bytes, and `canonical` is
//!
//! ```text
//! 01                       one byte: the version of this encoding
//! seq                      8 bytes, little-endian
//! at                       8 bytes, little-endian, two's complement: nanoseconds since 1970 UTC
//! mono                     8 bytes, little-endian: nanoseconds since boot
//! boot host kind subject body
//!                          each as its length in bytes (4 bytes, little-endian), then its UTF-8
//! ```
//!
//! The body is the JSON text exactly as it is stored and exported: it is never parsed and written anew to be verified.
//! Lengths stand before the texts, so that no two events have the same encoding.

use blake3::Hash;

/// The previous hash of the first event.
pub const GENESIS: Hash = Hash::from_bytes([0; 32]);

const ENCODING: u8 = 1;

/// What is hashed of an event.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its place.
    pub seq: u64,
    /// Wall clock, nanoseconds since 1970 UTC.
    pub at: i64,
    /// Nanoseconds since boot.
    pub mono: u64,
    /// Which boot.
    pub boot: &'a str,
    /// Which host.
    pub host: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// The body's JSON as stored.
    pub body: &'a str,
}

/// An event's link: the hash over the previous hash and its canonical encoding. `buffer` is scratch, so that a walk
/// over millions of events allocates once (and one call over all bytes is twice as fast as many small ones).
pub fn link(previous: &Hash, entry: &Entry<'_>, buffer: &mut Vec<u8>) -> Hash {
    buffer.clear();
    buffer.extend_from_slice(previous.as_bytes());
    buffer.push(ENCODING);
    buffer.extend_from_slice(&entry.seq.to_le_bytes());
    buffer.extend_from_slice(&entry.at.to_le_bytes());
    buffer.extend_from_slice(&entry.mono.to_le_bytes());
    for text in [entry.boot, entry.host, entry.kind, entry.subject, entry.body] {
        put_text(buffer, text);
    }
    blake3::hash(buffer)
}

/// A text after its length. SQLite holds no text of 4 GiB, so the length fits; a longer one would only not verify.
pub(crate) fn put_text(buffer: &mut Vec<u8>, text: &str) {
    buffer.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    buffer.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: Entry<'static> =
        Entry { seq: 1, at: 2, mono: 3, boot: "b", host: "h", kind: "timer", subject: "", body: r#"{"event":"timer"}"# };

    #[test]
    fn the_encoding_never_changes() {
        let hash = link(&GENESIS, &ENTRY, &mut Vec::new());
        assert_eq!(hash.to_hex().as_str(), "a77f10c13e1fe009f0d352d4bce5946963086043e73d2929e31c5d3a32140368");
    }

    #[test]
    fn text_that_moves_from_one_field_to_the_next_changes_the_hash() {
        let (mut a, mut b) = (ENTRY, ENTRY);
        (a.kind, a.subject) = ("timerx", "y");
        (b.kind, b.subject) = ("timer", "xy");
        assert_ne!(link(&GENESIS, &a, &mut Vec::new()), link(&GENESIS, &b, &mut Vec::new()));
    }
}

//! SCRAM-SHA-256 (RFC 5802, RFC 7677): both sides show that they know the password, and nobody says it.

use std::num::NonZeroU32;

use aws_lc_rs::{constant_time, digest, hmac, pbkdf2, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A server may ask for so many rounds of hashing; PostgreSQL asks for 4,096.
const ROUNDS_MAX: u32 = 100_000;
const NONCE_BYTES: usize = 18;

/// A talk that was begun.
pub(super) struct Scram {
    password: Vec<u8>,
    nonce: String,
}

/// What is said last, and what the server must say to it.
pub(super) struct Proof {
    pub(super) say: String,
    expect: Vec<u8>,
}

impl Scram {
    pub(super) fn new(password: &[u8]) -> Option<Scram> {
        let mut nonce = [0; NONCE_BYTES];
        rand::fill(&mut nonce).ok()?;
        Some(Scram::with_nonce(password, BASE64.encode(nonce)))
    }

    pub(super) fn with_nonce(password: &[u8], nonce: String) -> Scram {
        Scram { password: password.to_owned(), nonce }
    }

    /// The first message. PostgreSQL takes the user's name from the start of the session.
    pub(super) fn first(&self) -> String {
        format!("n,,n=,r={}", self.nonce)
    }

    /// The answer to the server's first message.
    pub(super) fn answer(&self, challenge: &[u8]) -> Result<Proof, &'static str> {
        let challenge = std::str::from_utf8(challenge).map_err(|_| "a challenge that is not text")?;
        let field = |name: &str| challenge.split(',').find_map(|f| f.strip_prefix(name));
        let nonce = field("r=").filter(|n| n.starts_with(&self.nonce) && n.len() > self.nonce.len());
        let nonce = nonce.ok_or("a challenge that does not belong to this talk")?;
        let salt = field("s=").and_then(|s| BASE64.decode(s).ok()).ok_or("a challenge without salt")?;
        let rounds = field("i=").and_then(|i| i.parse().ok()).filter(|i: &NonZeroU32| i.get() <= ROUNDS_MAX);
        let rounds = rounds.ok_or("a challenge with too many rounds, or none")?;

        let mut salted = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, &self.password, &mut salted);
        let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
        let client_key = sign(&salted, b"Client Key");
        let stored = digest::digest(&digest::SHA256, client_key.as_ref());
        let last = format!("c=biws,r={nonce}");
        let all = format!("n=,r={},{challenge},{last}", self.nonce);
        let signature = sign(stored.as_ref(), all.as_bytes());
        let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect();
        let server_key = sign(&salted, b"Server Key");
        Ok(Proof {
            say: format!("{last},p={}", BASE64.encode(proof)),
            expect: sign(server_key.as_ref(), all.as_bytes()).as_ref().to_owned(),
        })
    }
}

impl Proof {
    /// Whether the server knows the password too.
    pub(super) fn shows(&self, last: &[u8]) -> bool {
        let signature = std::str::from_utf8(last).ok().and_then(|t| t.split(',').find_map(|f| f.strip_prefix("v=")));
        let signature = signature.and_then(|s| BASE64.decode(s).ok());
        signature.is_some_and(|s| constant_time::verify_slices_are_equal(&s, &self.expect).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_proof_of_a_known_talk_is_right() {
        // RFC 7677 §3, but for the user's name, which PostgreSQL leaves empty: the proof was computed with Python's hashlib.
        let scram = Scram { password: b"pencil".to_vec(), nonce: "rOprNGfwEbeRWgbNEkqO".to_owned() };
        let challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let proof = scram.answer(challenge).ok().unwrap();
        assert_eq!(proof.say, PROOF);
        assert!(proof.shows(SIGNATURE.as_bytes()));
        assert!(!proof.shows(b"v=AAAA") && !proof.shows(b"e=other-error") && !proof.shows(&[0xff]));
    }

    const PROOF: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k=";
    const SIGNATURE: &str = "v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=";

    #[test]
    fn a_challenge_of_another_talk_or_without_end_is_refused() {
        let scram = Scram { password: b"x".to_vec(), nonce: "abc".to_owned() };
        for bad in
            ["", "r=abc,s=AAAA,i=1", "r=xyz1,s=AAAA,i=1", "r=abc1,s=AAAA,i=0", "r=abc1,s=AAAA,i=4294967295", "r=abc1,s=!,i=1", "r=abc1,i=1"]
        {
            assert!(scram.answer(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_challenge_is_survived(challenge in proptest::collection::vec(any::<u8>(), 0..300), last in ".{0,100}") {
            let scram = Scram { password: b"x".to_vec(), nonce: String::new() };
            if let Ok(proof) = scram.answer(&challenge) {
                prop_assert!(!proof.shows(last.as_bytes()));
            }
        }
    }
}

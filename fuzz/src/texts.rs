//! What people and programs write: configurations, packs, requests, moments.

use muster_model::config::{self, ERRORS_MAX};
use muster_model::mask;
use muster_model::request::{Reply, Request};
use muster_model::time::{Length, Time};
use regex::RegexBuilder;

/// A pattern may not grow larger than this when compiled, here as where packs are used.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// A configuration, and after a zero a file in `services.d`.
pub(crate) fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let files: Vec<(String, String)> = text.splitn(2, '\0').enumerate().map(|(n, text)| (format!("{n}.toml"), text.to_owned())).collect();
    match config::parse(&files) {
        Ok(config) => assert!(config.services.len() <= config::SERVICES_MAX),
        Err(errors) => {
            assert!(!errors.is_empty() && errors.len() <= ERRORS_MAX);
            for error in errors {
                let (_, text) = files.iter().find(|(name, _)| *name == error.file).expect("it is in one of the files");
                let lines = text.matches('\n').count() + 1;
                assert!((1..=lines).contains(&(error.line as usize)) && error.column >= 1, "{error}");
            }
        }
    }
}

/// A pack, and after a zero lines that a program logged.
pub(crate) fn pack(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (text, logged) = text.split_once('\0').unwrap_or((&text, ""));
    let Ok(pack) = muster_packs::parse("p.toml", text) else { return };
    for line in &pack.lines {
        let pattern = RegexBuilder::new(&line.known.pattern).size_limit(PATTERN_BYTES_MAX).build();
        let pattern = pattern.expect("a pack that was taken has patterns that compile");
        let _ = logged.lines().any(|line| pattern.is_match(line));
    }
}

/// A line that somebody says to the agent.
pub(crate) fn request(bytes: &[u8]) {
    let Ok(request) = serde_json::from_slice::<Request>(bytes) else { return };
    let said = serde_json::to_vec(&request).expect("what was read can be said");
    assert_eq!(serde_json::from_slice::<Request>(&said).ok(), Some(request));
}

/// A line that the agent answers.
pub(crate) fn reply(bytes: &[u8]) {
    if let Ok(reply) = serde_json::from_slice::<Reply>(bytes) {
        let _ = serde_json::to_vec(&reply).expect("what was read can be said");
    }
}

/// A log, a configuration, whatever a secret may stand in.
pub(crate) fn mask(bytes: &[u8]) {
    const SECRET: &str = "Zq9Zq9Zq9";
    let text = String::from_utf8_lossy(bytes);
    // Whatever stands before it, a plain password does not come through; nor is the text blown up.
    let masked = mask::mask(&format!("{text}\npassword = {SECRET}\n"));
    assert!(text.contains(SECRET) || !masked.contains(SECRET), "{masked}");
    assert!(masked.len() <= 4 * (text.len() + 64));
    if let Ok(mut document) = serde_json::from_slice(bytes) {
        mask::mask_json(&mut document);
        let _ = serde_json::to_vec(&document).expect("a document stays one");
    }
}

/// A moment or a length of time as people write it.
pub(crate) fn moments(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(time) = text.parse::<Time>() {
        assert_eq!(time.to_string().parse::<Time>().ok(), Some(time));
    }
    if let Ok(length) = text.parse::<Length>() {
        let _ = length.to_string();
    }
}

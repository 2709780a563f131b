//! What is gathered for a bug report: parts without their secrets, within bounds, and what could not be had.

use std::time::Duration;

use muster_model::mask::{mask, mask_json};
use muster_model::text::Text;
use muster_sense::clock;
use serde_json::Value;

/// One part has at most so many bytes; more of it is cut.
const PART_BYTES_MAX: usize = 8 << 20;
/// All parts together, before they are compressed.
const BYTES_MAX: usize = 48 << 20;
/// What is not gathered by then is left out.
const WITHIN: Duration = Duration::from_secs(90);

/// One file of the bundle.
pub(super) struct Part {
    /// Its path in the bundle.
    pub(super) name: String,
    /// What it has.
    pub(super) what: Text,
    /// Its bytes.
    pub(super) content: Vec<u8>,
    /// It was longer than a part may be.
    pub(super) cut: bool,
}

/// What could not be had.
pub(super) struct Missing {
    /// The part's path.
    pub(super) name: String,
    /// What it would have had.
    pub(super) what: Text,
    /// Why it is missing: one reason for each way that was tried.
    pub(super) why: Vec<Text>,
}

/// Something that was gathered, with the secrets still in it.
pub(super) enum Raw {
    /// Any text.
    Text(String),
    /// A document.
    Document(Value),
    /// Documents, one a line.
    Lines(Vec<Value>),
}

/// What somebody else says, such as the kernel, as a reason.
pub(super) fn why(said: impl std::fmt::Display) -> Text {
    Text::new("support-why").with("why", said)
}

/// What is gathered.
pub(super) struct Bundle {
    pub(super) parts: Vec<Part>,
    pub(super) missing: Vec<Missing>,
    bytes: usize,
    began: muster_model::time::Mono,
}

impl Bundle {
    /// Nothing yet.
    pub(super) fn new() -> Bundle {
        Bundle { parts: Vec::new(), missing: Vec::new(), bytes: 0, began: clock::now().1 }
    }

    /// How long there is yet.
    pub(super) fn left(&self) -> Duration {
        let (_, now) = clock::now();
        WITHIN.saturating_sub(Duration::from_nanos(now.0.saturating_sub(self.began.0)))
    }

    /// Gathers a part: nothing gets into the bundle in another way, so nothing gets in with its secrets.
    pub(super) fn add(&mut self, name: &str, what: Text, gather: impl FnOnce(Duration) -> Result<Raw, Text>) {
        let left = self.left();
        let raw = if left.is_zero() { Err(Text::new("support-no-time").with("s", WITHIN.as_secs())) } else { gather(left) };
        match raw.and_then(|raw| masked(raw).map_err(why)) {
            Err(why) => self.missing.push(Missing { name: name.to_owned(), what, why: vec![why] }),
            Ok(text) if self.bytes >= BYTES_MAX => {
                let why = vec![Text::new("support-full").with("n", text.len())];
                self.missing.push(Missing { name: name.to_owned(), what, why });
            }
            Ok(mut text) => {
                let most = PART_BYTES_MAX.min(BYTES_MAX - self.bytes);
                let cut = text.len() > most;
                text.truncate(text.floor_char_boundary(most));
                self.bytes += text.len();
                self.parts.push(Part { name: name.to_owned(), what, content: text.into_bytes(), cut });
            }
        }
    }

    /// Gathers in another way what is missing; both reasons stand where that does not help.
    pub(super) fn or(&mut self, name: &str, gather: impl FnOnce(Duration) -> Result<Raw, Text>) {
        let Some(place) = self.missing.iter().position(|part| part.name == name) else { return };
        let first = self.missing.remove(place);
        let missing = self.missing.len();
        self.add(name, first.what.clone(), gather);
        if let Some(second) = self.missing.get_mut(missing) {
            second.why.splice(0..0, first.why);
        }
    }
}

fn masked(raw: Raw) -> serde_json::Result<String> {
    match raw {
        Raw::Text(text) => Ok(mask(&text)),
        Raw::Document(mut document) => {
            mask_json(&mut document);
            serde_json::to_string_pretty(&document)
        }
        Raw::Lines(lines) => lines
            .into_iter()
            .map(|mut line| {
                mask_json(&mut line);
                serde_json::to_string(&line).map(|line| line + "\n")
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_masked_and_cut_and_one_that_fails_is_named() {
        let mut bundle = Bundle::new();
        bundle.add("a", Text::new("support-what-config"), |_| Ok(Raw::Text("password = hunter2".to_owned())));
        bundle.add("b", Text::new("support-what-config"), |_| Ok(Raw::Document(serde_json::json!({"token": "hunter2"}))));
        bundle.add("c", Text::new("support-what-config"), |_| Ok(Raw::Text("x".repeat(PART_BYTES_MAX + 1))));
        bundle.add("d", Text::new("support-what-config"), |_| Err(why("no file")));
        let all: String = bundle.parts.iter().map(|part| String::from_utf8_lossy(&part.content)).collect();
        assert!(!all.contains("hunter2") && all.contains("***"));
        assert_eq!(bundle.parts.iter().map(|part| part.cut).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!(bundle.missing[0].why, [why("no file")]);
    }

    #[test]
    fn all_of_it_stays_within_its_bounds() {
        let mut bundle = Bundle::new();
        for n in 0..10 {
            bundle.add(&n.to_string(), Text::new("support-what-config"), |_| Ok(Raw::Text("x".repeat(PART_BYTES_MAX))));
        }
        assert_eq!(bundle.parts.iter().map(|part| part.content.len()).sum::<usize>(), BYTES_MAX);
        assert_eq!((bundle.parts.len(), bundle.missing.len()), (6, 4));
    }
}

//! Lines that programs are known to log, and what they speak for.

use std::sync::LazyLock;

use muster_model::cause::Code;
use muster_model::roster::KnownLine;
use regex::{Regex, RegexBuilder};

/// A pack's pattern may not grow larger than this when compiled.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Known lines, ready to be looked for.
#[derive(Debug)]
pub(crate) struct KnownLines(Vec<(Code, Regex, String)>);

impl KnownLines {
    /// A pattern that is none is left out: the pack's loader has refused it with a message already.
    pub(crate) fn new(lines: &[KnownLine]) -> KnownLines {
        let compiled = |l: &KnownLine| RegexBuilder::new(&l.pattern).size_limit(PATTERN_BYTES_MAX).build().ok();
        KnownLines(lines.iter().filter_map(|l| Some((l.cause, compiled(l)?, l.means.clone()))).collect())
    }

    /// What a line means where it speaks for `code`, by these or by what many programs log alike.
    pub(crate) fn means(&self, code: Code, line: &str) -> Option<&str> {
        let known = self.0.iter().chain(&GENERAL.0).filter(|(c, ..)| *c == code);
        known.into_iter().find(|(_, pattern, _)| pattern.is_match(line)).map(|(.., means)| means.as_str())
    }
}

/// Lines that many programs log alike.
static GENERAL: LazyLock<KnownLines> = LazyLock::new(|| {
    let line = |pattern: &str, cause, means: &str| KnownLine { pattern: pattern.to_owned(), cause, means: means.to_owned() };
    KnownLines::new(&[
        line(r"(?i)address already in use", Code::NetworkPortTaken, "its port is taken"),
        line(
            r"(?i)(syntax error|unknown directive|parse error|invalid configuration|configuration file .* test failed)",
            Code::ConfigInvalid,
            "its configuration is refused",
        ),
        line(r"(?i)(out of memory|cannot allocate memory)", Code::ResourceMemory, "memory ran out"),
    ])
});

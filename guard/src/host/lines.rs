//! Lines that programs are known to log, and what they speak for.

use std::sync::LazyLock;

use muster_model::cause::Code;
use muster_model::roster::KnownLine;
use muster_model::text::Phrase;
use regex::{Regex, RegexBuilder};

/// A pack's pattern may not grow larger than this when compiled.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Known lines, ready to be looked for.
#[derive(Debug)]
pub(crate) struct KnownLines(Vec<(Code, Regex, Phrase)>);

impl KnownLines {
    /// A pattern that is none is left out: the pack's loader has refused it with a message already.
    pub(crate) fn new(lines: &[KnownLine]) -> KnownLines {
        let compiled = |l: &KnownLine| RegexBuilder::new(&l.pattern).size_limit(PATTERN_BYTES_MAX).build().ok();
        KnownLines(lines.iter().filter_map(|l| Some((l.cause, compiled(l)?, l.means.clone()))).collect())
    }

    /// What a line means where it speaks for `code`, by these or by what many programs log alike.
    pub(crate) fn means(&self, code: Code, line: &str) -> Option<&Phrase> {
        let known = self.0.iter().chain(&GENERAL.0).filter(|(c, ..)| *c == code);
        known.into_iter().find(|(_, pattern, _)| pattern.is_match(line)).map(|(.., means)| means)
    }
}

/// Lines that many programs log alike.
static GENERAL: LazyLock<KnownLines> = LazyLock::new(|| {
    let line = |pattern: &str, cause, en: &str, zh: &str| {
        let means = Phrase::new([("en", en), ("zh-CN", zh)]);
        KnownLine { pattern: pattern.to_owned(), cause, means }
    };
    KnownLines::new(&[
        line(r"(?i)address already in use", Code::NetworkPortTaken, "its port is taken", "它的端口已被占用"),
        line(
            r"(?i)(syntax error|unknown directive|parse error|invalid configuration|configuration file .* test failed)",
            Code::ConfigInvalid,
            "its configuration is refused",
            "它的配置不被接受",
        ),
        line(r"(?i)(out of memory|cannot allocate memory)", Code::ResourceMemory, "memory ran out", "内存耗尽"),
    ])
});

//! What a pack says, and how its file is read.

use muster_model::cause::Code;
use muster_model::config::{Check, Faults, RawProbe, Reading, Source, nearest, probe, read};
use muster_model::probe::Probe;
use muster_model::roster::KnownLine;
use muster_model::text::Phrase;
use regex::Regex;
use serde::Deserialize;
use toml::Spanned;

/// A mistake in a pack: file, line, column, what, hint.
pub type PackError = muster_model::config::ConfigError;

/// The word for a learned port in the probes of a pack.
pub(crate) const PORT: &str = "{port}";

/// A pattern may not grow larger than this when compiled; the guard, which looks for it in logs, has the same bound.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// The languages in which a pack may say what a line means.
const LANGUAGES: [&str; 2] = ["en", "zh-CN"];

/// Knowledge about one program.
///
/// `{unit}` in a command or a path is the unit's name, `{NAME}` what the group `(?P<NAME>…)` of the pattern in `units` caught.
#[derive(Clone, Debug)]
pub struct Pack {
    /// Its name, as in `pack = "…"`.
    pub name: String,
    /// Patterns of the units under which distributions ship it.
    pub units: Vec<Regex>,
    /// File names of its program; one with a `/` in it is the end of a path.
    pub exes: Vec<String>,
    /// What its arguments, joined by blanks, match as well, where the program's file alone does not tell (an interpreter).
    pub args: Option<Regex>,
    /// Packages it comes in.
    pub packages: Vec<String>,
    /// Globs of its configuration.
    pub config: Vec<String>,
    /// A shell command that exits 0 when the configuration is one the program takes, and is safe beside the running program.
    pub validate: Option<String>,
    /// A shell command that makes the running program read its configuration again.
    pub reload: Option<String>,
    /// Paths of its data.
    pub data: Vec<String>,
    /// Globs of the files it logs to, beside the journal.
    pub logs: Vec<String>,
    /// Names of the packs of what it usually needs: its database, its cache, the name service.
    pub peers: Vec<String>,
    /// What it is asked; `{port}` in an address stands for each port it was seen to listen on.
    pub probes: Vec<Probe>,
    /// What its error lines mean; the first that matches a line is its meaning.
    pub lines: Vec<Line>,
    /// Lines it logs when all is well: none of `lines` may match them.
    pub ordinary: Vec<String>,
}

/// An error line, with real ones to test it against.
#[derive(Clone, Debug)]
pub struct Line {
    /// The pattern, and what it speaks for.
    pub known: KnownLine,
    /// Lines that the program really wrote.
    pub samples: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    name: Spanned<String>,
    recognise: Spanned<RawRecognise>,
    #[serde(default)]
    config: Vec<Spanned<String>>,
    validate: Option<String>,
    reload: Option<String>,
    #[serde(default)]
    data: Vec<Spanned<String>>,
    #[serde(default)]
    logs: Vec<Spanned<String>>,
    #[serde(default)]
    peers: Vec<String>,
    #[serde(default)]
    probe: Vec<Spanned<RawProbe>>,
    #[serde(default)]
    line: Vec<RawLine>,
    #[serde(default)]
    ordinary: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecognise {
    #[serde(default)]
    units: Vec<Spanned<String>>,
    #[serde(default)]
    exes: Vec<String>,
    args: Option<Spanned<String>>,
    #[serde(default)]
    packages: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine {
    pattern: Spanned<String>,
    cause: Spanned<String>,
    means: Spanned<Phrase>,
    #[serde(default)]
    samples: Vec<Spanned<String>>,
}

/// Reads a pack: its file's name for messages, and its text.
///
/// # Errors
/// Every mistake in it, with its place.
pub fn parse(name: &str, text: &str) -> Result<Pack, Vec<PackError>> {
    let source = Source::new(name, text);
    let mut faults = Faults::default();
    let pack = read(&source, &mut faults).and_then(|Reading { raw, whole }| {
        let mut check = Check { source: &source, faults: &mut faults, whole, port_word: Some(PORT) };
        understand(&mut check, raw)
    });
    faults.settle(std::slice::from_ref(&source))?;
    // Without a fault there is a pack.
    pack.ok_or_else(Vec::new)
}

fn understand(check: &mut Check<'_, '_>, raw: RawPack) -> Option<Pack> {
    if let Some(bad) = raw.name.get_ref().chars().find(|c| !c.is_ascii_alphanumeric() && !"._-".contains(*c)) {
        check.fault(&raw.name, format!("{bad:?} in a name; letters, digits and `.` `_` `-` make one"), None);
    }
    if raw.name.get_ref().is_empty() {
        check.fault(&raw.name, "an empty name", None);
    }
    if raw.recognise.get_ref().units.is_empty() && raw.recognise.get_ref().exes.is_empty() {
        check.missing(&raw.recognise, "a pack that recognises nothing", Some("Say `units`, `exes` or both."));
    }
    let recognise = raw.recognise.into_inner();
    let args = recognise.args.as_ref().and_then(|pattern| regular(check, pattern));
    let units = recognise.units.iter().filter_map(|pattern| regular(check, pattern)).collect();
    for path in raw.config.iter().chain(&raw.data).chain(&raw.logs) {
        if !path.get_ref().starts_with('/') {
            check.fault(path, format!("`{}` is not an absolute path", path.get_ref()), None);
        }
    }
    let probes = raw.probe.iter().filter_map(|p| probe(check, p)).collect();
    let lines = raw.line.into_iter().filter_map(|line| known(check, line)).collect();
    let text = |list: Vec<Spanned<String>>| list.into_iter().map(Spanned::into_inner).collect();
    Some(Pack {
        name: raw.name.into_inner(),
        units,
        exes: recognise.exes,
        args,
        packages: recognise.packages,
        config: text(raw.config),
        validate: raw.validate,
        reload: raw.reload,
        data: text(raw.data),
        logs: text(raw.logs),
        peers: raw.peers,
        probes,
        lines,
        ordinary: raw.ordinary,
    })
}

fn known(check: &mut Check<'_, '_>, line: RawLine) -> Option<Line> {
    let RawLine { pattern, cause, means, samples } = line;
    let compiled = regular(check, &pattern);
    for (language, words) in means.get_ref().languages() {
        if !LANGUAGES.contains(&language) {
            check.fault(&means, format!("no texts in the language `{language}`"), Some("There are `en` and `zh-CN`."));
        } else if words.trim().is_empty() {
            check.fault(&means, "an empty text", Some("Say what the line means, for who reads the verdict."));
        }
    }
    let Ok(code) = cause.get_ref().parse::<Code>() else {
        let hint = nearest(cause.get_ref(), Code::ALL.iter().map(|c| c.code()));
        check.fault(&cause, format!("unknown cause `{}`", cause.get_ref()), hint.as_deref());
        return None;
    };
    let compiled = compiled?;
    for sample in &samples {
        if !compiled.is_match(sample.get_ref()) {
            check.fault(sample, "the pattern does not match this sample", None);
        }
    }
    let known = KnownLine { pattern: pattern.into_inner(), cause: code, means: means.into_inner() };
    Some(Line { known, samples: samples.into_iter().map(Spanned::into_inner).collect() })
}

fn regular(check: &mut Check<'_, '_>, pattern: &Spanned<String>) -> Option<Regex> {
    // The last line of the regex crate's message says what is wrong; those before draw a picture of where.
    let brief = |e: regex::Error| e.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let compiled = regex::RegexBuilder::new(pattern.get_ref()).size_limit(PATTERN_BYTES_MAX).build();
    compiled.map_err(|error| check.fault(pattern, format!("not a regular expression: {}", brief(error)), None)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_a_pack_is_told_with_its_place_and_a_hint() {
        let head = "name = \"p\"\n[recognise]\nexes = [\"p\"]\n";
        for (text, told) in [
            ("name = \"p\"", "p.toml:1:1: missing field `recognise`."),
            ("name = \"p\"\n[recognise]\nexe = []", "p.toml:3:1: unknown key `exe`. Did you mean `exes`?"),
            (&format!("{head}units = [\"(\"]"), "p.toml:4:10: not a regular expression: "),
            (&format!("config = [\"x\"]\n{head}"), "p.toml:1:11: `x` is not an absolute path."),
            (&format!("{head}[[probe]]\ntcp = \"127.0.0.1:{{prot}}\""), "p.toml:5:7: `127.0.0.1:{prot}` has no port from 1 to 65535."),
            (
                &format!("{head}[[line]]\npattern = \"x\"\ncause = \"config.invalid\"\nmeans = \"\""),
                "p.toml:7:9: an empty text. Say what the line means, for who reads the verdict.",
            ),
            (
                &format!("{head}[[line]]\npattern = \"x\"\ncause = \"config.invalod\"\nmeans = \"m\""),
                "p.toml:6:9: unknown cause `config.invalod`. Did you mean `config.invalid`?",
            ),
            (
                &format!("{head}[[line]]\npattern = \"x\"\ncause = \"config.invalid\"\nmeans = {{ fr = \"m\" }}"),
                "p.toml:7:9: no texts in the language `fr`. There are `en` and `zh-CN`.",
            ),
            (
                &format!("{head}[[line]]\npattern = \"x\"\ncause = \"config.invalid\"\nmeans = \"m\"\nsamples = [\"y\"]"),
                "p.toml:8:12: the pattern does not match this sample.",
            ),
            ("name = \"p\"\n[recognise]\npackages = [\"p\"]", "p.toml:2:1: a pack that recognises nothing. Say `units`, `exes` or both."),
            ("name = \"p p\"\n[recognise]\nexes = [\"p\"]", "p.toml:1:8: ' ' in a name; letters, digits"),
        ] {
            let errors = parse("p.toml", text).expect_err(text);
            assert!(errors[0].to_string().starts_with(told), "{errors:?}\n{told}");
        }
    }
}

//! What a pack says, and how its file is read.

use muster_model::cause::Code;
use muster_model::config::{Check, Faults, RawProbe, Reading, Source, nearest, probe, read};
use muster_model::probe::Probe;
use muster_model::roster::KnownLine;
use regex::Regex;
use serde::Deserialize;
use toml::Spanned;

/// A mistake in a pack: file, line, column, what, hint.
pub type PackError = muster_model::config::ConfigError;

/// The word for a learned port in the probes of a pack.
pub(crate) const PORT: &str = "{port}";

/// Knowledge about one program.
///
/// `{unit}` in a command or a path is the unit's name, `{NAME}` what the group `(?P<NAME>…)` of the pattern in `units` caught.
#[derive(Clone, Debug)]
pub struct Pack {
    /// Its name, as in `pack = "…"`.
    pub name: String,
    /// Patterns of the units under which distributions ship it.
    pub units: Vec<Regex>,
    /// File names of its program.
    pub exes: Vec<String>,
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
    recognise: RawRecognise,
    #[serde(default)]
    config: Vec<Spanned<String>>,
    validate: Option<String>,
    reload: Option<String>,
    #[serde(default)]
    data: Vec<Spanned<String>>,
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
    #[serde(default)]
    packages: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine {
    pattern: Spanned<String>,
    cause: Spanned<String>,
    means: String,
    #[serde(default)]
    samples: Vec<String>,
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
    if raw.name.get_ref().is_empty() {
        check.fault(&raw.name, "an empty name", None);
    }
    let units = raw.recognise.units.iter().filter_map(|pattern| regular(check, pattern)).collect();
    for path in raw.config.iter().chain(&raw.data) {
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
        exes: raw.recognise.exes,
        packages: raw.recognise.packages,
        config: text(raw.config),
        validate: raw.validate,
        reload: raw.reload,
        data: text(raw.data),
        probes,
        lines,
        ordinary: raw.ordinary,
    })
}

fn known(check: &mut Check<'_, '_>, line: RawLine) -> Option<Line> {
    let RawLine { pattern, cause, means, samples } = line;
    let compiles = regular(check, &pattern).is_some();
    let Ok(code) = cause.get_ref().parse::<Code>() else {
        let hint = nearest(cause.get_ref(), Code::ALL.iter().map(|c| c.code()));
        check.fault(&cause, format!("unknown cause `{}`", cause.get_ref()), hint.as_deref());
        return None;
    };
    compiles.then(|| Line { known: KnownLine { pattern: pattern.into_inner(), cause: code, means }, samples })
}

fn regular(check: &mut Check<'_, '_>, pattern: &Spanned<String>) -> Option<Regex> {
    Regex::new(pattern.get_ref()).map_err(|error| check.fault(pattern, format!("not a regular expression: {error}"), None)).ok()
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
                &format!("{head}[[line]]\npattern = \"x\"\ncause = \"config.invalod\"\nmeans = \"\""),
                "p.toml:6:9: unknown cause `config.invalod`. Did you mean `config.invalid`?",
            ),
        ] {
            let errors = parse("p.toml", text).expect_err(text);
            assert!(errors[0].to_string().starts_with(told), "{errors:?}\n{told}");
        }
    }
}

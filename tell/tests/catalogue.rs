//! The catalogue against itself and against the program: nothing is missing in a language, nothing is said that is not
//! there, nothing is there that is not said.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement, Resource};
use muster_model::cause::Code;
use muster_model::loss::Loss;
use muster_tell::{Language, Words};

/// The arguments of each message.
type Catalogue = BTreeMap<String, BTreeSet<String>>;

/// A test runs in the folder of its package.
fn workspace() -> PathBuf {
    PathBuf::from("..")
}

fn sources(language: Language) -> Vec<(PathBuf, String)> {
    let folder = Path::new("messages").join(language.code());
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

fn catalogue(language: Language) -> Catalogue {
    let mut catalogue = Catalogue::new();
    for (path, source) in sources(language) {
        let resource = fluent_syntax::parser::parse(source.as_str())
            .unwrap_or_else(|(_, errors)| panic!("{} does not parse: {errors:?}", path.display()));
        read(&path, &resource, &mut catalogue);
    }
    catalogue
}

fn read(path: &Path, resource: &Resource<&str>, into: &mut Catalogue) {
    for entry in &resource.body {
        match entry {
            Entry::Message(message) => {
                let pattern = message.value.as_ref().unwrap_or_else(|| panic!("{} says nothing", message.id.name));
                let mut arguments = BTreeSet::new();
                variables(pattern, &mut arguments);
                let twice = into.insert(message.id.name.to_owned(), arguments);
                assert!(twice.is_none(), "{} is said twice, once in {}", message.id.name, path.display());
            }
            Entry::Junk { content } => panic!("{} has what is no message: {content}", path.display()),
            _ => {}
        }
    }
}

fn variables(pattern: &Pattern<&str>, into: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => variable(inline, into),
            Expression::Select { selector, variants } => {
                variable(selector, into);
                variants.iter().for_each(|variant| variables(&variant.value, into));
            }
        }
    }
}

fn variable(expression: &InlineExpression<&str>, into: &mut BTreeSet<String>) {
    match expression {
        InlineExpression::VariableReference { id } => {
            into.insert(id.name.to_owned());
        }
        InlineExpression::FunctionReference { id, arguments: CallArguments { positional, named } } => {
            positional.iter().for_each(|argument| variable(argument, into));
            assert!(["WORD", "LENGTH", "MOMENT", "WHO"].contains(&id.name), "there is no function {}", id.name);
            for argument in named {
                let InlineExpression::StringLiteral { value } = &argument.value else { panic!("{} takes a literal", id.name) };
                assert!(Words::named(value).is_some(), "`{value}` is no family of words");
            }
        }
        _ => {}
    }
}

#[test]
fn every_language_has_every_message_with_the_same_arguments() {
    let english = catalogue(Language::En);
    assert!(english.len() > 300, "only {} messages were read", english.len());
    for language in Language::ALL {
        let other = catalogue(language);
        let missing: Vec<&String> = english.keys().filter(|key| !other.contains_key(*key)).collect();
        let odd: Vec<&String> = other.keys().filter(|key| !english.contains_key(*key)).collect();
        assert!(missing.is_empty() && odd.is_empty(), "{language} lacks {missing:#?}, and alone has {odd:#?}");
        for (key, arguments) in &english {
            assert_eq!(arguments, &other[key], "{key} takes other arguments in {language}");
        }
        for key in english.keys() {
            assert!(muster_tell::has(language, key), "{key} is not in the program's {language}: is its file listed in catalogue.rs?");
        }
    }
}

#[test]
fn every_code_has_words() {
    let codes = |family: Words| -> Vec<String> {
        let strings = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        match family {
            Words::Health => strings(&["present", "degraded", "lost", "paused", "unknown"]),
            Words::Loss => Loss::ALL.iter().map(ToString::to_string).collect(),
            Words::Cause => Code::ALL.iter().map(ToString::to_string).collect(),
            Words::Step => strings(&["start", "restart", "reload", "kill_restart", "enable", "unmask", "config.restore", "none"]),
            Words::Outcome => strings(&["done", "failed", "undone", "skipped"]),
            Words::State => strings(&["open", "recovering", "recovered", "escalated", "closed"]),
            Words::Altered => strings(&["created", "edited", "deleted", "permission", "enablement"]),
            Words::Fact => {
                strings(&["process_end", "signal_sender", "file_change", "command", "unit", "log", "port", "memory_kill", "probe", "hub"])
            }
            Words::Exam => strings(&["validate", "compare", "journal", "port_holder", "process", "unit", "commands"]),
            Words::Right => strings(&["read", "act"]),
            Words::Broken => strings(&["altered", "missing", "added", "reordered", "checkpoint"]),
        }
    };
    let english = catalogue(Language::En);
    for family in Words::ALL {
        let wanted: BTreeSet<String> = codes(family).iter().map(|code| family.key(code)).collect();
        let prefix = format!("{}-", family.name());
        let there: BTreeSet<String> = english.keys().filter(|key| key.starts_with(&prefix)).cloned().collect();
        assert_eq!(wanted, there, "the words of {prefix}");
    }
}

/// A message that the program says, with the arguments it gives where they stand beside it.
#[derive(Debug)]
struct Said {
    key: String,
    place: String,
    arguments: Option<BTreeSet<String>>,
}

/// Every call that says a message, in every source file and template of the workspace. Tests may say what they like.
fn said() -> (Vec<Said>, BTreeSet<String>) {
    let (mut said, mut literals) = (Vec::new(), BTreeSet::new());
    for file in source_files(&workspace()) {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        literals.extend(text.split('"').map(str::to_owned).filter(|word| is_key(word)));
        for call in ["Text::new(", ".say(", "say_key("] {
            for (at, _) in text.match_indices(call) {
                let after = &text[at + call.len()..];
                // say_key(language, "key", …); the others begin with the key.
                let after = if call == "say_key(" { after.split_once(',').map_or("", |(_, rest)| rest) } else { after };
                let Some(key) = after.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()).filter(|key| is_key(key))
                else {
                    continue;
                };
                let line = text[..at].lines().count();
                let arguments = if call == "Text::new(" { chained(text, at + call.len()) } else { listed(after) };
                said.push(Said { key: key.to_owned(), place: format!("{}:{line}", file.display()), arguments });
            }
        }
    }
    (said, literals)
}

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && !["target", "tests", "fuzz", "cache"].contains(&name.as_str()) {
            files.append(&mut source_files(&path));
        } else if (name.ends_with(".rs") || name.ends_with(".html")) && !["tests.rs", "samples.rs"].contains(&name.as_str()) {
            files.push(path);
        }
    }
    files
}

fn is_key(word: &str) -> bool {
    word.contains('-') && !word.starts_with('-') && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The arguments of `Text::new("key").with("a", …).with("b", …)`; `from` is just after the opening bracket. `None` where
/// the chain goes on elsewhere: the text is bound to a name first.
fn chained(text: &str, from: usize) -> Option<BTreeSet<String>> {
    let mut rest = &text[from..];
    let mut arguments = BTreeSet::new();
    loop {
        rest = rest[closing(rest)? + 1..].trim_start();
        let Some(with) = rest.strip_prefix(".with(").or_else(|| rest.strip_prefix(".with_phrase(")) else { break };
        arguments.insert(with.trim_start().strip_prefix('"')?.split('"').next()?.to_owned());
        rest = with;
    }
    let bound = text[..from].rsplit(['\n']).next().is_some_and(|line| line.trim_start().starts_with("let mut"));
    (!bound).then_some(arguments)
}

/// The arguments of `…("key", &[("a", …), ("b", …)])`. `None` where they do not stand there.
fn listed(call: &str) -> Option<BTreeSet<String>> {
    let rest = call.trim_start().strip_prefix('"')?.split_once('"')?.1.trim_start().strip_prefix(',')?.trim_start();
    let list = &rest.strip_prefix("&[")?;
    let list = &list[..end_of_list(list)?];
    Some(
        list.match_indices("(\"")
            .filter_map(|(at, _)| list[at + 2..].split('"').next())
            .map(str::to_owned)
            .filter(|name| !is_key(name))
            .collect(),
    )
}

fn closing(text: &str) -> Option<usize> {
    balanced(text, '(', ')')
}

fn end_of_list(text: &str) -> Option<usize> {
    balanced(text, '[', ']')
}

/// Where the bracket closes that was opened just before `text`. Brackets in strings do not count.
fn balanced(text: &str, open: char, close: char) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (1, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == open && !quoted => depth += 1,
            c if c == close && !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[test]
fn everything_that_is_said_is_in_the_catalogue_with_its_arguments() {
    let english = catalogue(Language::En);
    let (said, _) = said();
    assert!(said.len() > 150, "only {} calls were found: does the scan still fit the code?", said.len());
    let mut wrong = Vec::new();
    for Said { key, place, arguments } in &said {
        match english.get(key) {
            None => wrong.push(format!("{place}: no catalogue has {key}")),
            Some(wanted) => {
                let lacking: Vec<&String> = arguments.iter().flat_map(|given| wanted.difference(given)).collect();
                if !lacking.is_empty() {
                    wrong.push(format!("{place}: {key} is said without {lacking:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn everything_in_the_catalogue_is_said() {
    let (_, literals) = said();
    // Words have a test of their own, and so have the help of the command line and the keys of the configuration (cli/src).
    let elsewhere = |key: &str| {
        ["help-", "key-"].iter().any(|begin| key.starts_with(begin))
            || Words::ALL.iter().any(|family| key.starts_with(&format!("{}-", family.name())))
    };
    let unused: Vec<String> = catalogue(Language::En).into_keys().filter(|key| !elsewhere(key) && !literals.contains(key)).collect();
    assert!(unused.is_empty(), "nobody says {unused:#?}");
}

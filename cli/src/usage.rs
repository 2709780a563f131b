//! The command line in the reader's language: help, and what was typed wrong.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory};
use muster_model::text::Text;
use muster_tell::{Language, say, say_key};

use crate::arguments::Arguments;

/// The language of the help: `--lang` wherever it stands, else what the environment asks for. It is needed before
/// anything is parsed.
pub(crate) fn spoken(arguments: &[OsString]) -> Option<Language> {
    let words: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let after = |pair: &[&str]| (pair[0] == "--lang").then(|| pair[1].to_owned());
    let typed = words.windows(2).find_map(after).or_else(|| words.iter().find_map(|word| Some(word.strip_prefix("--lang=")?.to_owned())));
    typed.and_then(|tag| tag.parse().ok()).or_else(|| Language::of_environment(|name| std::env::var(name).ok()))
}

/// Whether `check` was typed, which answers as a monitoring plugin whatever else was typed.
pub(crate) fn is_check(arguments: &[OsString]) -> bool {
    let mut words = arguments.iter().skip(1).map(|argument| argument.to_string_lossy());
    while let Some(word) = words.next() {
        match &*word {
            "--config" | "--data" | "--lang" => drop(words.next()),
            flag if flag.starts_with('-') => {}
            command => return command == "check",
        }
    }
    false
}

/// The command line with its help in a language.
pub(crate) fn command(language: Language) -> Command {
    let root = Arguments::command()
        .arg(help_flag(Arg::new("help").short('h').long("help").action(ArgAction::Help).global(true)))
        .arg(help_flag(Arg::new("version").short('V').long("version").action(ArgAction::Version)));
    translate(root, language, "muster").after_help(say_key(language, "help-after", &[]))
}

fn help_flag(flag: Arg) -> Arg {
    flag.display_order(1000) // after all others
}

/// The key of a command's help: `help-config-check`.
fn command_key(path: &str) -> String {
    format!("help-{path}")
}

/// The key of an argument's help: `help-pause-arg-reason`; the flags that go with every command share theirs.
fn argument_key(path: &str, argument: &Arg) -> String {
    let id = argument.get_id().as_str().replace('_', "-");
    if argument.is_global_set() || id == "version" { format!("help-arg-{id}") } else { format!("help-{path}-arg-{id}") }
}

/// Puts the help of a language on a command, its arguments and its subcommands.
fn translate(command: Command, language: Language, path: &str) -> Command {
    let said = |key: String| say(language, &Text { key, ..Text::default() });
    let heading = |key| say_key(language, key, &[]);
    let usage = heading("help-heading-usage");
    command
        .about(said(command_key(path)))
        .help_template(format!("{{about-with-newline}}\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}"))
        .subcommand_help_heading(heading("help-heading-commands"))
        .mut_args(|argument| {
            let help = said(argument_key(path, &argument));
            let under = if argument.is_positional() { heading("help-heading-arguments") } else { heading("help-heading-options") };
            argument.help(help).help_heading(under)
        })
        .mut_subcommands(|below| {
            let path = if path == "muster" { below.get_name().to_owned() } else { format!("{path}-{}", below.get_name()) };
            if below.is_hide_set() { below } else { translate(below, language, &path) }
        })
}

/// What was typed wrong, and what would be right. `None` where it was not wrong: help or the version was asked for.
pub(crate) fn wrong(language: Language, error: &clap::Error) -> Option<String> {
    let context = |kind| {
        error.get(kind).map(|value| match value {
            ContextValue::Strings(strings) => strings.join(", "),
            ContextValue::StyledStrs(strings) => strings.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            value => value.to_string(),
        })
    };
    let (typed, name) = (context(ContextKind::InvalidSubcommand).unwrap_or_default(), context(ContextKind::InvalidArg).unwrap_or_default());
    let what = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => return None,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return Some(error.to_string()),
        ErrorKind::InvalidSubcommand => say_key(language, "usage-no-such-command", &[("typed", &typed)]),
        ErrorKind::UnknownArgument => say_key(language, "usage-unknown-argument", &[("typed", &name)]),
        ErrorKind::MissingRequiredArgument => say_key(language, "usage-missing", &[("names", &name)]),
        ErrorKind::MissingSubcommand => say_key(language, "usage-missing-command", &[]),
        ErrorKind::ArgumentConflict => {
            let other = context(ContextKind::PriorArg).unwrap_or_default();
            say_key(language, "usage-conflict", &[("one", &name), ("other", &other)])
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let value = context(ContextKind::InvalidValue).unwrap_or_default();
            if value.is_empty() {
                say_key(language, "usage-no-value", &[("name", &name)])
            } else {
                say_key(language, "usage-wrong-value", &[("name", &name), ("value", &value), ("why", &source(error))])
            }
        }
        // The rest is rare; clap says it in English.
        _ => error.render().to_string().trim_start_matches("error: ").trim_end().to_owned(),
    };
    let near = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg].into_iter().find_map(context);
    let hint = near.map(|near| say_key(language, "usage-nearest", &[("near", &near)]));
    let help = say_key(language, "usage-see-help", &[]);
    Some([Some(what), hint, Some(help)].into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

/// The reason that a value's own parser gave.
fn source(error: &clap::Error) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(command: &Command, path: &str, into: &mut BTreeSet<String>) {
        into.insert(command_key(path));
        into.extend(command.get_arguments().map(|argument| argument_key(path, argument)));
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            let path = if path == "muster" { below.get_name().to_owned() } else { format!("{path}-{}", below.get_name()) };
            keys(below, &path, into);
        }
    }

    #[test]
    fn every_command_and_argument_has_help_in_every_language_and_no_help_is_left_over() {
        let mut wanted = BTreeSet::new();
        keys(&command(Language::En), "muster", &mut wanted);
        for (language, source) in [
            (Language::En, include_str!("../../tell/messages/en/help.ftl")),
            (Language::ZhCn, include_str!("../../tell/messages/zh-CN/help.ftl")),
        ] {
            let missing: Vec<&String> = wanted.iter().filter(|key| !muster_tell::has(language, key)).collect();
            assert!(missing.is_empty(), "{language} lacks {missing:#?}");
            let there = source.lines().filter_map(|line| Some(line.split_once(" =")?.0)).filter(|key| key.starts_with("help-"));
            let unused: Vec<&str> =
                there.filter(|key| !wanted.contains(*key) && !key.starts_with("help-heading-") && *key != "help-after").collect();
            assert!(unused.is_empty(), "{language} has help for what is not there: {unused:#?}");
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        command(Language::ZhCn).debug_assert();
    }

    #[test]
    fn a_check_is_known_before_anything_is_parsed() {
        let typed = |words: &str| is_check(&words.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(typed("muster check") && typed("muster --data /x --json check --foo") && typed("muster --lang=en check a b"));
        assert!(!typed("muster status check") && !typed("muster --data check") && !typed("muster config check"));
    }

    #[test]
    fn the_language_is_found_wherever_it_stands() {
        let typed = |words: &[&str]| spoken(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(typed(&["muster", "status", "--lang", "zh-CN"]), Some(Language::ZhCn));
        assert_eq!(typed(&["muster", "--lang=zh", "--json"]), Some(Language::ZhCn));
        assert_eq!(typed(&["muster", "--lang", "en", "help"]), Some(Language::En));
    }
}

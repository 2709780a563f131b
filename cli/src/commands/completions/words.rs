//! Which words fit where somebody is typing.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, Command};
use muster_model::request::{IncidentQuery, Reply, Request};
use muster_tell::{Language, Words, word};

use crate::places;
use crate::socket::Agent;
use crate::usage;

/// A shell waits for the answer with every press of Tab.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// More words than this nobody looks through.
const WORDS_MAX: usize = 2_000;

/// The words that fit at the end of what was typed after the program's name, each with what it is. The last of `typed` is the
/// beginning of the word, which may be empty.
pub(super) fn fitting(language: Language, typed: &[String]) -> Vec<(String, String)> {
    let Some((begun, before)) = typed.split_last() else { return Vec::new() };
    let mut root = usage::command(language);
    root.build(); // flags of all commands stand with each
    let mut here = &root;
    let mut data = None;
    let mut wanted: Option<&Arg> = None; // the flag whose value comes next
    let mut positionals = 0;
    let mut flags_end = false;
    for word in before {
        if let Some(flag) = wanted.take() {
            note_data(flag, word, &mut data);
        } else if word == "--" {
            flags_end = true;
        } else if !flags_end && word.starts_with('-') {
            let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
            let flag = flag_of(here, name).filter(|flag| flag.get_action().takes_values());
            match (flag, value) {
                (Some(flag), Some(value)) => note_data(flag, value, &mut data),
                (flag, _) => wanted = flag,
            }
        } else if let Some(below) = here.find_subcommand(word) {
            (here, positionals) = (below, 0);
        } else {
            positionals += 1;
        }
    }
    let data = data.unwrap_or_else(places::data);
    let mut words = if let Some(flag) = wanted {
        values(language, flag, &data)
    } else if let Some((name, value)) = begun.split_once('=').filter(|_| begun.starts_with("--")) {
        let found = flag_of(here, name).map(|flag| values(language, flag, &data)).unwrap_or_default();
        return fit(found, value).into_iter().map(|(word, about)| (format!("{name}={word}"), about)).collect();
    } else if begun.starts_with('-') && !flags_end {
        flags(here)
    } else {
        let next = here.get_positionals().nth(positionals).or_else(|| here.get_positionals().last().filter(|last| many(last)));
        let mut words = commands(here);
        words.extend(next.map(|argument| values(language, argument, &data)).unwrap_or_default());
        words
    };
    // Where nothing else can stand, what begins with a dash can.
    if words.is_empty() && begun.is_empty() {
        words = flags(here);
    }
    fit(words, begun)
}

fn fit(words: Vec<(String, String)>, begun: &str) -> Vec<(String, String)> {
    words.into_iter().filter(|(word, _)| word.starts_with(begun) || word.starts_with(':')).take(WORDS_MAX).collect()
}

fn many(argument: &Arg) -> bool {
    argument.get_num_args().is_some_and(|range| range.max_values() > 1)
}

/// The flag of that name, long or short.
fn flag_of<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|argument| match name.strip_prefix("--") {
        Some(long) => argument.get_long() == Some(long),
        None => argument.get_short().is_some_and(|short| name.strip_prefix('-') == Some(&short.to_string())),
    })
}

fn note_data(flag: &Arg, value: &str, data: &mut Option<PathBuf>) {
    if flag.get_id() == "data" {
        *data = Some(PathBuf::from(value));
    }
}

fn commands(command: &Command) -> Vec<(String, String)> {
    let visible = command.get_subcommands().filter(|below| !below.is_hide_set());
    visible.map(|below| (below.get_name().to_owned(), below.get_about().map(ToString::to_string).unwrap_or_default())).collect()
}

fn flags(command: &Command) -> Vec<(String, String)> {
    let long = command.get_opts().chain(command.get_arguments().filter(|argument| !argument.get_action().takes_values()));
    let named = long.filter(|argument| !argument.is_hide_set()).filter_map(|argument| {
        Some((format!("--{}", argument.get_long()?), argument.get_help().map(ToString::to_string).unwrap_or_default()))
    });
    named.collect()
}

/// The values that an argument can have, as far as they are known; by the name that its value has in the help.
fn values(language: Language, argument: &Arg, data: &std::path::Path) -> Vec<(String, String)> {
    let possible = argument.get_possible_values();
    if !possible.is_empty() {
        return possible.iter().map(|value| (value.get_name().to_owned(), String::new())).collect();
    }
    let name = argument.get_value_names().and_then(|names| names.first()).map(|name| name.as_str()).unwrap_or_default();
    match name {
        "LANGUAGE" => Language::ALL.iter().map(|language| (language.code().to_owned(), String::new())).collect(),
        "FILE" | "PATH" => vec![(":files".to_owned(), String::new())],
        "DIR" => vec![(":folders".to_owned(), String::new())],
        "SERVICE" => services(language, data),
        "ID" => incidents(language, data),
        "SERVICE|INCIDENT" => [services(language, data), incidents(language, data)].concat(),
        "CHANGE" => changes(data),
        _ => Vec::new(),
    }
}

/// Asks the running Muster. Where none answers at once, nothing is known: a shell that finishes words says no errors.
fn ask(data: &std::path::Path, request: &Request) -> Option<Reply> {
    let mut line = Agent::at(data).open().ok()?;
    line.wait(ANSWER_WITHIN).ok()?;
    line.ask(request).ok()
}

fn services(language: Language, data: &std::path::Path) -> Vec<(String, String)> {
    let Some(Reply::Status(status)) = ask(data, &Request::Status) else { return Vec::new() };
    status.services.iter().map(|service| (service.name.to_string(), word(language, Words::Health, service.health.code()))).collect()
}

fn incidents(language: Language, data: &std::path::Path) -> Vec<(String, String)> {
    let Some(Reply::Incidents(incidents)) = ask(data, &Request::Incidents(IncidentQuery::default())) else { return Vec::new() };
    let about = |incident: &muster_model::incident::Incident| {
        format!("{}  {}", incident.service, word(language, Words::Loss, incident.loss.code()))
    };
    incidents.iter().map(|incident| (incident.id.to_string(), about(incident))).collect()
}

fn changes(data: &std::path::Path) -> Vec<(String, String)> {
    let Some(Reply::Changes(changes)) = ask(data, &Request::Changes { service: None, since: None, before: None, limit: None }) else {
        return Vec::new();
    };
    changes.iter().map(|change| (change.id.to_string(), change.change.subject.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words for a line, without a Muster that runs.
    fn words(line: &str) -> Vec<String> {
        let nowhere = ["--data", "/nonexistent/muster"];
        let typed: Vec<String> = nowhere.into_iter().chain(line.split(' ')).map(str::to_owned).collect();
        fitting(Language::En, &typed).into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn commands_flags_and_values_are_those_of_the_table() {
        assert_eq!(words("sta"), ["status"]);
        assert!(words("").contains(&"why".to_owned()) && !words("").contains(&"sample-service".to_owned()));
        assert_eq!(words("config "), ["check"]);
        assert_eq!(words("recover --dr"), ["--dry-run"]);
        assert!(words("recover -").contains(&"--lang".to_owned()));
        assert_eq!(words("status --lang "), ["en", "zh-CN"]);
        assert_eq!(words("status --lang=z"), ["--lang=zh-CN"]);
        assert_eq!(words("completions z"), ["zsh"]);
        assert_eq!(words("incident i1 a"), ["ack", "assign"]);
        assert_eq!(words("discover --write "), [":files"]);
        assert_eq!(words("--config x.toml demo --keep "), [":folders"]);
        assert!(words("status ").contains(&"--json".to_owned()), "without a Muster there are no names");
        assert_eq!(words("nonsense no"), Vec::<String>::new());
        assert_eq!(fitting(Language::En, &[]), []);
    }

    #[test]
    fn what_a_word_is_is_said_in_the_readers_language() {
        let fit = fitting(Language::ZhCn, &["stat".to_owned()]);
        assert_eq!(fit, [("status".to_owned(), muster_tell::say(Language::ZhCn, &muster_model::text::Text::new("help-status")))]);
    }
}

//! The reference pages of the documentation, made from what the program is made from: the table of commands, the keys of the
//! configuration, the codes, each in every language. A page that is not what it would be made now fails the test;
//! `UPDATE_EXPECT=1 cargo nextest run -p muster reference` makes them anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Command;
use expect_test::expect_file;
use muster_model::cause::Code;
use muster_model::config::keys::{Form, Key, LATER, PROBE_KINDS, Table};
use muster_model::loss::Loss;
use muster_tell::{Language, Words, say_key, word};

use crate::usage;

/// Says that a page is not written by hand, in the source where it would be.
const MADE: &str =
    "<!-- Made by cli/src/reference.rs from the code. Do not edit: UPDATE_EXPECT=1 cargo nextest run -p muster reference -->\n";

/// A message whose key is put together.
fn said(language: Language, key: String) -> String {
    assert!(muster_tell::has(language, &key), "{language} lacks {key}");
    muster_tell::say(language, &muster_model::text::Text { key, ..muster_model::text::Text::default() })
}

/// For a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A word in code, for a cell.
fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

fn head(page: &mut String, language: Language, title: &'static str, about: &'static str) {
    let _ = write!(page, "{MADE}\n# {}\n\n{}\n", say_key(language, title, &[]), say_key(language, about, &[]));
}

fn row(page: &mut String, cells: &[&str]) {
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

fn columns(page: &mut String, language: Language, names: &[&'static str]) {
    let names: Vec<String> = names.iter().map(|name| say_key(language, name, &[])).collect();
    let _ = writeln!(page, "\n| {} |\n|{}", names.join(" | "), "---|".repeat(names.len()));
}

fn commands(language: Language) -> String {
    let mut page = String::new();
    head(&mut page, language, "reference-commands", "reference-commands-about");
    let root = usage::command(language);
    let _ = writeln!(page, "\n## {}", say_key(language, "reference-everywhere", &[]));
    options(&mut page, language, &root, true);
    below(&mut page, language, &root, "muster");
    page
}

fn below(page: &mut String, language: Language, command: &Command, path: &str) {
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        let path = format!("{path} {}", command.get_name());
        let _ = write!(page, "\n## `{path}`\n\n{}\n", command.get_about().map(ToString::to_string).unwrap_or_default());
        if command.get_subcommands().next().is_none() || command.get_arguments().any(|argument| argument.is_positional()) {
            let mut typed = command.clone().bin_name(&path);
            let usage = typed.render_usage().to_string();
            let usage = usage.trim().split_once(' ').map_or("", |(_, usage)| usage).replace(" [OPTIONS]", "");
            let _ = write!(page, "\n```text\n{}\n```\n", usage.lines().map(str::trim).collect::<Vec<_>>().join("\n"));
            options(page, language, command, false);
        }
        below(page, language, command, &path);
    }
}

fn options(page: &mut String, language: Language, command: &Command, global: bool) {
    let of_all = |id: &str| ["help", "version"].contains(&id);
    let mine: Vec<_> =
        command.get_arguments().filter(|a| if global { true } else { !a.is_global_set() && !of_all(a.get_id().as_str()) }).collect();
    if mine.is_empty() {
        return;
    }
    columns(page, language, &["reference-column-typed", "reference-column-meaning"]);
    for argument in mine {
        let value = argument.get_value_names().and_then(|names| names.first()).map(|name| format!("<{name}>"));
        let typed = match argument.get_long() {
            Some(long) if argument.get_action().takes_values() => format!("--{long} {}", value.unwrap_or_default()),
            Some(long) => argument.get_short().map_or_else(|| format!("--{long}"), |short| format!("-{short}, --{long}")),
            None => value.unwrap_or_default(),
        };
        row(page, &[&code(&typed), &cell(&argument.get_help().map(ToString::to_string).unwrap_or_default())]);
    }
}

fn configuration(language: Language) -> String {
    let mut page = String::new();
    head(&mut page, language, "reference-configuration", "reference-configuration-about");
    for table in Table::ALL {
        let _ = write!(page, "\n## `{}`\n\n{}\n", table.written(), said(language, format!("key-{}", table.word())));
        columns(
            &mut page,
            language,
            &[
                "reference-column-key",
                "reference-column-form",
                "reference-column-usual",
                "reference-column-meaning",
                "reference-column-example",
            ],
        );
        for Key { name, form, usual, bounds, example } in table.keys() {
            let meaning = said(language, format!("key-{}-{}", table.word(), name.replace('_', "-")));
            let bounds = bounds.map_or_else(String::new, |(least, most)| {
                format!(" {}", say_key(language, "reference-bounds", &[("least", &least), ("most", &most)]))
            });
            let form = said(language, format!("key-form-{}", form.word()));
            let usual = usual.map_or_else(|| "–".to_owned(), |usual| code(&usual));
            row(&mut page, &[&code(name), &form, &usual, &format!("{}{bounds}", cell(&meaning)), &code(example)]);
        }
    }
    let _ = write!(page, "\n## {}\n", say_key(language, "reference-kinds", &[]));
    columns(&mut page, language, &["reference-column-kind", "reference-column-keys"]);
    for (kind, keys) in PROBE_KINDS {
        let keys = if keys.is_empty() { "–".to_owned() } else { keys.iter().map(|key| code(key)).collect::<Vec<_>>().join(" ") };
        row(&mut page, &[&code(kind), &keys]);
    }
    let later: Vec<String> = LATER.iter().map(|key| code(key)).collect();
    let _ = write!(page, "\n{}\n", say_key(language, "reference-later", &[("keys", &later.join(", "))]));
    page
}

fn codes(language: Language) -> String {
    let mut page = String::new();
    head(&mut page, language, "reference-codes", "reference-codes-about");
    let plain = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    for (family, title, codes) in [
        (Words::Health, "reference-health", plain(&["present", "degraded", "lost", "paused", "unknown"])),
        (Words::Loss, "reference-losses", Loss::ALL.iter().map(ToString::to_string).collect()),
        (Words::Cause, "reference-causes", Code::ALL.iter().map(ToString::to_string).collect()),
        (
            Words::Step,
            "reference-steps",
            plain(&["start", "restart", "reload", "kill_restart", "enable", "unmask", "config.restore", "none"]),
        ),
        (Words::Outcome, "reference-outcomes", plain(&["done", "failed", "undone", "skipped"])),
        (Words::State, "reference-states", plain(&["open", "recovering", "recovered", "escalated", "closed"])),
        (
            Words::Fact,
            "reference-facts",
            plain(&["process_end", "signal_sender", "file_change", "command", "unit", "log", "port", "memory_kill", "probe"]),
        ),
    ] {
        let begin = format!("{}-", family.name());
        let there = include_str!("../../tell/messages/en/word.ftl").lines().filter(|line| line.starts_with(&begin)).count();
        assert_eq!(codes.len(), there, "the codes of {begin}");
        let _ = write!(page, "\n## {}\n", say_key(language, title, &[]));
        columns(&mut page, language, &["reference-column-code", "reference-column-words"]);
        for of in codes {
            row(&mut page, &[&code(&of), &cell(&word(language, family, &of))]);
        }
    }
    page
}

#[test]
fn the_reference_pages_are_what_the_code_makes_them() {
    for (language, folder) in [(Language::En, "reference"), (Language::ZhCn, "zh-CN/reference")] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs").join(folder);
        for (name, page) in [("commands", commands(language)), ("configuration", configuration(language)), ("codes", codes(language))] {
            expect_file![folder.join(format!("{name}.md"))].assert_eq(&page);
        }
    }
}

#[test]
fn every_key_of_the_configuration_has_a_meaning_and_none_is_left_over() {
    let mut wanted: Vec<String> = Form::ALL.iter().map(|form| format!("key-form-{}", form.word())).collect();
    for table in Table::ALL {
        wanted.push(format!("key-{}", table.word()));
        wanted.extend(table.keys().iter().map(|key| format!("key-{}-{}", table.word(), key.name.replace('_', "-"))));
    }
    wanted.sort();
    let source = include_str!("../../tell/messages/en/reference.ftl");
    let mut there: Vec<String> = source.lines().filter_map(|line| Some(line.split_once(" =")?.0.to_owned())).collect();
    there.retain(|key| key.starts_with("key-"));
    there.sort();
    assert_eq!(wanted, there);
}

//! The manual pages: every command has one in every language, and the programs that show them find nothing wrong.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn muster(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_muster")).args(arguments).env("LC_ALL", "C.UTF-8").output().unwrap()
}

/// The commands of a page of help, the first word of each line under its heading.
fn commands(help: &str) -> Vec<String> {
    let below = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let rows = below.lines().take_while(|line| line.starts_with("  "));
    // What goes on from the line above is indented further.
    rows.filter(|line| !line.starts_with("   ")).filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_command_has_a_page_in_both_languages_that_shows_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let written = muster(&["man", folder.path().to_str().unwrap()]);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let (english, chinese) = (folder.path().join("man1"), folder.path().join("zh_CN/man1"));
    assert_eq!(names(&english), names(&chinese));
    let help = String::from_utf8(muster(&["--help"]).stdout).unwrap();
    let commands = commands(&help);
    assert!(commands.len() > 20, "{commands:?} of {help}");
    for command in &commands {
        let page = english.join(format!("muster-{command}.1"));
        assert!(page.exists(), "{} is missing", page.display());
    }
    for page in ["muster.1", "muster-config-check.1", "muster-incident-ack.1"] {
        assert!(english.join(page).exists(), "{page} is missing");
    }
    assert!(!english.join("muster-sample-service.1").exists() && !english.join("muster-complete.1").exists());

    for name in names(&english) {
        let (one, other) = (fs::read_to_string(english.join(&name)).unwrap(), fs::read_to_string(chinese.join(&name)).unwrap());
        // A text that Chinese lacks would be said in English: no line of words may be in both.
        let words = |page: &str| -> Vec<String> {
            page.lines().filter(|line| !line.starts_with(['.', '\\', '\'']) && line.split(' ').count() > 3).map(str::to_owned).collect()
        };
        let same: Vec<String> = words(&one).into_iter().filter(|line| words(&other).contains(line)).collect();
        assert!(same.is_empty(), "{name} has in both languages {same:?}");
        assert!(other.contains(".SH 名称") && !other.contains(".SH NAME"), "{other}");
    }
    for page in [&english, &chinese].into_iter().flat_map(|folder| names(folder).into_iter().map(move |name| folder.join(name))) {
        // The coding, and between which characters Chinese may be broken: what man(1) finds out by itself.
        let chinese = if page.starts_with(&chinese) { &["-mzh"][..] } else { &[] };
        let shown = Command::new("groff").args(["-man", "-Tutf8", "-Kutf8", "-ww", "-z"]).args(chinese).arg(&page).output();
        match shown {
            Ok(shown) => {
                assert!(shown.status.success() && shown.stderr.is_empty(), "{}: {}", page.display(), String::from_utf8_lossy(&shown.stderr))
            }
            Err(_) => println!("skipped: groff is not installed"),
        }
        match Command::new("mandoc").args(["-T", "lint", "-W", "error"]).arg(&page).output() {
            Ok(shown) => assert!(shown.status.success(), "{}: {}", page.display(), String::from_utf8_lossy(&shown.stdout)),
            Err(_) => println!("skipped: mandoc is not installed"),
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = muster(&["man", file.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && said.contains("muster.1 cannot be written"), "{said}");
}

//! The demo, as a newcomer runs it.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The command lines of all processes.
fn command_lines() -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).collect()
}

fn demo(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_muster")).args(arguments).arg("--keep").arg(folder).env("LC_ALL", "C").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_demo_shows_three_losses_that_are_seen_explained_and_mended_and_leaves_nothing_running() {
    let folder = tempfile::tempdir().unwrap();
    let document: Value = serde_json::from_str(&demo(folder.path(), &["demo", "--json"])).unwrap();
    let of = |service: &str| {
        let incidents = document["incidents"].as_array().unwrap();
        incidents.iter().find(|incident| incident["service"] == service).unwrap_or_else(|| panic!("{service} is not in {document}"))
    };
    assert_eq!(of("web")["loss"], "killed", "{document}");
    assert_eq!(of("queue")["loss"], "hung", "{document}");
    let broken = of("api");
    assert_eq!((&broken["loss"], &broken["cause"]["code"]), (&"exited".into(), &"config.invalid".into()), "{broken}");
    assert!(broken["cause"]["subject"].as_str().unwrap().ends_with("api.conf"), "{broken}");
    for service in ["web", "api", "queue"] {
        assert!(of(service)["recovered_at"].is_string(), "{service} is not back: {document}");
    }
    let settings = std::fs::read_to_string(folder.path().join("api.conf")).unwrap();
    assert!(!settings.contains("many"), "the broken settings are still there: {settings}");

    let left: Vec<String> = command_lines().into_iter().filter(|line| line.contains(&folder.path().display().to_string())).collect();
    assert!(left.is_empty(), "still running: {left:#?}");
    let data = document["data"].as_str().unwrap();
    let verify = Command::new(env!("CARGO_BIN_EXE_muster")).args(["--data", data, "ledger", "verify"]).status().unwrap();
    assert!(verify.success());
}

#[test]
fn the_demo_tells_its_story_in_chinese_too() {
    let folder = tempfile::tempdir().unwrap();
    let story = demo(folder.path(), &["demo", "--lang", "zh-CN"]);
    for words in ["有人终止了 web", "$ kill -9", "workers = many", "Muster 采取的操作", "记录保存在"] {
        assert!(story.contains(words), "{words} is not in {story}");
    }
    assert!(!story.contains('\u{1b}'), "colour without a terminal");
}

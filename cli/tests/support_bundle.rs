//! `muster support`: what is in the bundle, what is masked, and what it does where something cannot be had.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use support::{Muster, text};

fn gather(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.arg("--config").arg(folder.join("muster.toml")).arg("--data").arg(folder.join("data")).arg("support").args(arguments);
    command.current_dir(folder).env("LC_ALL", "C").output().unwrap()
}

/// A file of the archive, as tar(1) has it.
fn unpacked(archive: &Path, name: &str) -> String {
    let output = Command::new("tar").args(["-xzOf"]).arg(archive).args(["--wildcards", &format!("*/{name}")]).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    text(&output)
}

fn names(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[test]
fn a_running_muster_is_told_of_without_its_secrets_and_nothing_is_written_over() {
    let roster = "[[service]]\nname = \"web\"\nrun = \"sleep 1000\"\nowner = \"web-team token=hunter2hunter2\"\n";
    let muster = Muster::up(&format!("# smtp password = hunter2\n{roster}"));
    let folder = muster.folder.path();
    let archive = folder.join("a.tar.gz");
    let output = gather(folder, &["--json", "--output", &archive.display().to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let there = names(&document["parts"]);
    for name in ["version.json", "system.txt", "status.json", "incidents.json", "events.jsonl", "verify.json", "packs.json", "data.txt"] {
        assert!(there.contains(&name), "{name} is not in {there:?}");
    }
    assert_eq!(archive.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let config = unpacked(&archive, "muster.toml");
    assert!(config.contains("password = ***") && config.contains("sleep 1000"), "{config}");
    let status: Value = serde_json::from_str(&unpacked(&archive, "status.json")).unwrap();
    assert_eq!(status["services"][0]["name"], "web");
    assert!(unpacked(&archive, "events.jsonl").lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert!(unpacked(&archive, "processes.txt").contains("VmRSS"));
    assert!(unpacked(&archive, "README.txt").contains("verify.json"));
    let all = Command::new("tar").args(["-xzOf"]).arg(&archive).output().unwrap();
    assert!(!text(&all).contains("hunter2"));

    let before = std::fs::read(&archive).unwrap();
    let again = gather(folder, &["--output", &archive.display().to_string()]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("left as it is"));
    assert_eq!(std::fs::read(&archive).unwrap(), before);
}

#[test]
fn without_a_running_muster_the_rest_is_gathered_and_what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("muster.toml"), "[[service]]\nname = \"web\"\nrun = \"true\"\npasword = \"x\"\n").unwrap();
    let listed = gather(folder.path(), &["--list", "--json"]);
    assert!(listed.status.success());
    let document: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(document["file"], Value::Null);
    assert_eq!(
        names(&document["missing"]).iter().filter(|name| ["status.json", "incidents.json", "events.jsonl"].contains(name)).count(),
        3
    );
    assert!(document["missing"][0]["why"].as_str().unwrap().contains("No Muster runs"), "{document}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a list writes nothing");
    let output = gather(folder.path(), &[]);
    assert!(output.status.success() && text(&output).contains("Look through it before you send it"), "{}", text(&output));
    let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let archive = entries.into_iter().find(|path| path.extension().is_some_and(|e| e == "gz")).unwrap();
    assert!(unpacked(&archive, "README.txt").contains("status.json"));
    assert!(unpacked(&archive, "config-check.txt").contains("unknown key `pasword`"));
    let nowhere = gather(folder.path(), &["--output", "/nonexistent/a.tar.gz"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("could not be written"));
}

#[test]
fn the_record_of_a_muster_that_has_ended_is_read_from_its_file() {
    let muster = Muster::up("[[service]]\nname = \"web\"\nrun = \"sleep 1000\"\n");
    assert!(muster.ask(&["down", "--services"]).status.success());
    let document: Value = serde_json::from_slice(&gather(muster.folder.path(), &["--list", "--json"]).stdout).unwrap();
    let there = names(&document["parts"]);
    assert!(there.contains(&"events.jsonl") && there.contains(&"verify.json"), "{document}");
}

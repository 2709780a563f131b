//! The program from outside with a Muster that runs: a service is killed, and every command tells of it.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

mod support;

use std::process::Command;

use serde_json::Value;

use support::{Muster, pid, text};

#[test]
fn a_killed_service_is_told_of_by_every_command() {
    let muster = Muster::up("[[service]]\nname = \"victim\"\nrun = \"/bin/sleep 100000\"\n");
    let first = muster.until(|| pid(&muster, "victim"));
    assert!(Command::new("/bin/sh").args(["-c", &format!("kill -9 {first}")]).status().unwrap().success());

    let why = muster.until(|| {
        let why = muster.json(&["why", "victim"]);
        if why["recovered_at"].is_string() { Ok(why) } else { Err(why.to_string()) }
    });
    assert_eq!((&why["service"], &why["loss"]), (&"victim".into(), &"killed".into()), "{why}");
    assert!(why["cause"]["code"].is_string() && why["evidence"].is_array() && why["actions"].is_array(), "{why}");
    assert_eq!((&why["impact"], &why["notices"]), (&serde_json::json!({}), &serde_json::json!([])));
    let id = why["id"].as_str().unwrap();

    let second = muster.until(|| pid(&muster, "victim"));
    assert_ne!(first, second);

    // The pages of people.
    let story = text(&muster.ask(&["why", "victim"]));
    for word in ["victim", "killed by a signal", id, "What to do"] {
        assert!(story.contains(word), "{word} is not in {story}");
    }
    assert!(text(&muster.ask(&["incidents"])).contains(id));
    assert!(text(&muster.ask(&["status"])).contains("● present"));
    assert!(text(&muster.ask(&["--lang", "zh-CN", "status"])).contains("● 正常"));
    assert!(text(&muster.ask(&["events", "--kind", "incident.opened"])).contains("lost: killed by a signal"));

    // The same for machines, and what people say.
    assert_eq!(muster.json(&["incidents"])["incidents"][0]["id"], why["id"]);
    assert_eq!(muster.json(&["incident", id, "note", "it", "was", "me"])["done"], true);
    let noted = muster.until(|| {
        let notes = muster.json(&["incident", id])["notes"].to_string();
        if notes.contains("it was me") { Ok(notes) } else { Err(notes) }
    });
    assert!(noted.contains("\"by\""), "{noted}");
    let check = muster.ask(&["check", "victim"]);
    assert!(check.status.success() && text(&check).starts_with("VICTIM OK - present"), "{}", text(&check));

    // Refusals are failures, not mysteries.
    for wrong in [&["why", "nobody"][..], &["recover", "nobody"], &["incident", "i999999", "ack"], &["diff", "c999999"]] {
        let output = muster.ask(wrong);
        assert_eq!(output.status.code(), Some(1), "{wrong:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("`muster") || !output.stderr.is_empty(), "{wrong:?}");
    }

    // The record verifies while it is written, and when nobody writes it.
    let verified = |whole: &Value| (whole["whole"].clone(), whole["broken"].is_null());
    assert_eq!(verified(&muster.json(&["ledger", "verify"])), (true.into(), true));
    let down = muster.ask(&["down", "--services"]);
    assert!(down.status.success(), "{}", String::from_utf8_lossy(&down.stderr));
    assert_eq!(verified(&muster.json(&["ledger", "verify"])), (true.into(), true));
    let exported = muster.ask(&["ledger", "export"]);
    assert!(exported.status.success());
    let lines: Vec<Value> = text(&exported).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|event| event["kind"] == "incident.opened"), "{} events", lines.len());
    assert_eq!(muster.ask(&["status"]).status.code(), Some(3));
}

#[test]
fn a_pause_is_shown_and_taken_back() {
    let muster = Muster::up("[[service]]\nname = \"quiet\"\nrun = \"/bin/sleep 100000\"\n");
    muster.until(|| pid(&muster, "quiet"));
    assert_eq!(muster.json(&["pause", "quiet", "--for", "1h", "--reason", "new disk"])["done"], true);
    let paused = muster.until(|| {
        let row = muster.json(&["status", "quiet"])["services"][0]["paused"].clone();
        if row.is_object() { Ok(row) } else { Err(row.to_string()) }
    });
    assert_eq!(paused["reason"], "new disk");
    assert!(text(&muster.ask(&["status"])).contains("new disk"));
    assert_eq!(muster.json(&["resume", "quiet"])["done"], true);
    muster.until(|| {
        let row = muster.json(&["status", "quiet"])["services"][0]["paused"].clone();
        if row.is_null() { Ok(()) } else { Err(row.to_string()) }
    });
}

#[test]
fn what_listens_here_is_discovered_and_written_as_a_roster_that_is_valid() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut holder = Command::new("sleep").arg("100000").stdin(std::os::fd::OwnedFd::from(listener)).spawn().unwrap();
    let muster = Muster::up("[[service]]\nname = \"own\"\nrun = \"/bin/sleep 100000\"\n");
    let row = |all: &Value, name: &str| all["discovered"].as_array().unwrap().iter().find(|d| d["name"] == name).cloned();
    let name = format!("sleep-{port}");
    let found = muster.until(|| {
        let all = muster.json(&["discover"]);
        row(&all, &name).zip(row(&all, "own")).ok_or_else(|| all.to_string())
    });
    assert_eq!((&found.0["watched"], &found.1["watched"]), (&"nobody".into(), &"declared".into()), "{found:?}");
    assert_eq!((&found.0["ports"][0], &found.0["pids"][0]), (&port.into(), &holder.id().into()), "{found:?}");
    assert!(text(&muster.ask(&["--lang", "zh-CN", "discover"])).contains("无人监视"));

    let file = muster.folder.path().join("found.toml");
    let file = file.to_str().unwrap();
    assert!(muster.ask(&["discover", "--write", file]).status.success());
    let written = std::fs::read_to_string(file).unwrap();
    assert!(written.contains(&name) && !written.contains("\"own\""), "{written}");
    assert!(muster.ask(&["config", "check", file]).status.success(), "{written}");
    assert_eq!(muster.ask(&["discover", "--write", file]).status.code(), Some(1), "it is not overwritten");
    holder.kill().unwrap();
    holder.wait().unwrap();
}

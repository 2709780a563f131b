//! The program from outside with a Muster that runs: a service is killed, and every command tells of it.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use serde_json::Value;

/// A Muster of the test's own. Dropping it ends it with its services.
struct Muster {
    folder: tempfile::TempDir,
    child: Child,
}

impl Muster {
    fn up(roster: &str) -> Muster {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("muster.toml"), roster).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut child = command(folder.path(), &["up"]).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut announced = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut announced).unwrap();
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        assert!(announced.contains("is up"), "{announced}{log}");
        Muster { folder, child }
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        command(self.folder.path(), arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.ask(&[&["--json"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Looks again after every event until there is something; gives up with what was last seen.
    fn until<T>(&self, mut look: impl FnMut() -> Result<T, String>) -> T {
        let follower = Follower::new(self.folder.path());
        let mut quiet = 0;
        loop {
            match look() {
                Ok(seen) => return seen,
                Err(last) => assert!(quiet < QUIET_MAX, "it never came: {last}"),
            }
            quiet = if follower.arrived.recv_timeout(Duration::from_secs(1)).is_ok() { 0 } else { quiet + 1 };
        }
    }
}

/// So many seconds without an event, and nothing will come any more.
const QUIET_MAX: u32 = 20;

/// What happens, line by line.
struct Follower {
    child: Child,
    arrived: Receiver<String>,
}

impl Follower {
    fn new(folder: &Path) -> Follower {
        let mut child = command(folder, &["--json", "events", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
        let (lines, arrived) = std::sync::mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        Follower { child, arrived }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Muster {
    fn drop(&mut self) {
        let _ = self.ask(&["down", "--services"]);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.arg("--config").arg(folder.join("muster.toml")).arg("--data").arg(folder.join("data")).args(arguments).env("LC_ALL", "C");
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The first process of the service, once it is present.
fn pid(muster: &Muster, service: &str) -> Result<i64, String> {
    let status = muster.json(&["status", service]);
    let row = &status["services"][0];
    row["pids"][0].as_i64().filter(|_| row["health"] == "present").ok_or_else(|| row.to_string())
}

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

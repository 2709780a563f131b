//! Muster and those who watch over it: the service manager's watchdog, and Muster's own word on what it does not see.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

mod support;

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use support::{Muster, pid, text};

const ROSTER: &str = "[[service]]\nname = \"quiet\"\nrun = \"/bin/sleep 100000\"\n";
/// Longer than anything takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Stops all threads of a process until it is dropped.
struct Stopped(Pid);

impl Stopped {
    fn new(muster: &Muster) -> Stopped {
        let pid = Pid::from_child(&muster.child);
        kill_process(pid, Signal::STOP).unwrap();
        Stopped(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

#[test]
fn the_service_manager_hears_of_the_loop_for_as_long_as_it_turns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let heard = |within: Duration| -> Option<String> {
        let mut words = [0; 256];
        socket.set_read_timeout(Some(within)).unwrap();
        // systemctl tells how it failed in the same place (`ERRNO=`); the service manager hears the main process alone.
        let next = || socket.recv(&mut words).ok().map(|n| String::from_utf8_lossy(&words[..n]).trim().to_owned());
        std::iter::from_fn(next).find(|word| ["READY=1", "WATCHDOG=1", "STOPPING=1"].contains(&word.as_str()))
    };
    let muster = Muster::up_with(ROSTER, &[("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "600000")]);
    assert_eq!(heard(DEADLINE).as_deref(), Some("READY=1"));
    for _ in 0..5 {
        assert_eq!(heard(DEADLINE).as_deref(), Some("WATCHDOG=1"));
    }
    // Of one that stands still it hears no more than was on the way: then it is ended and started anew.
    let stopped = Stopped::new(&muster);
    assert!(std::iter::from_fn(|| heard(Duration::from_millis(600))).take(10).count() < 10);
    drop(stopped);
    assert_eq!(heard(DEADLINE).as_deref(), Some("WATCHDOG=1"));

    // What it runs is not the service manager's to hear of.
    let child = muster.until(|| pid(&muster, "quiet"));
    let environment = std::fs::read(format!("/proc/{child}/environ")).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains("NOTIFY_SOCKET"));
    assert!(muster.ask(&["down", "--services"]).status.success());
    let last = std::iter::from_fn(|| heard(DEADLINE)).find(|word| word != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
}

#[test]
fn a_queue_that_ran_over_is_told_with_what_was_not_seen_and_is_over_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let roster = format!("{ROSTER}config = [\"{}/*.conf\"]\n", folder.path().display());
    let muster = Muster::up(&roster);
    muster.until(|| pid(&muster, "quiet"));
    let status = muster.json(&["status"]);
    let source = status["rungs"].as_array().unwrap().iter().find(|r| r["of"] == "file_change").unwrap()["source"].clone();
    if !["fanotify", "inotify", "audit"].iter().any(|s| source == **s) {
        println!("skipped: no queue to fill with {source}");
        return;
    }
    assert_eq!((&status["blind"], status["services"].as_array().unwrap().len()), (&serde_json::json!([]), 1), "{status}");

    // The folder is watched once a change in it is told.
    let told = |name: &str| {
        let changes = muster.json(&["changes"]).to_string();
        if changes.contains(name) { Ok(()) } else { Err(changes) }
    };
    std::fs::write(folder.path().join("first.conf"), "x").unwrap();
    muster.until(|| told("first.conf"));

    // While Muster stands still, more happens than the kernel keeps for it; the last of it is a change that lasts.
    let stopped = Stopped::new(&muster);
    let kept: usize = ["/proc/sys/fs/inotify/max_queued_events", "/proc/sys/fs/fanotify/max_queued_events"]
        .iter()
        .filter_map(|limit| std::fs::read_to_string(limit).ok()?.trim().parse().ok())
        .max()
        .unwrap_or(16_384);
    // What happens to one file is one event for fanotify, however often it happens: each has its own name.
    for n in 0..kept + 100 {
        let name = folder.path().join(format!("{n}.tmp"));
        std::fs::write(&name, "x").unwrap();
        std::fs::remove_file(name).unwrap();
    }
    let file = folder.path().join("a.conf");
    std::fs::write(&file, "x").unwrap();
    drop(stopped);

    let incident = muster.until(|| {
        let why = muster.ask(&["--json", "why", "muster"]);
        let why: Value = serde_json::from_slice(&why.stdout).unwrap_or_default();
        if why["cause"].is_object() { Ok(why) } else { Err(why.to_string()) }
    });
    assert_eq!((&incident["service"], &incident["loss"]), (&"muster".into(), &"slow".into()), "{incident}");
    assert!(incident["evidence"].to_string().contains("not all was seen of file changes"), "{incident}");

    // As long as it is so, the roll call says so.
    let status = muster.json(&["status"]);
    assert_eq!(status["blind"][0]["fact"], "file_change", "{status}");
    assert!(status["blind"][0]["since"].is_string() && status["blind"][0]["why"].as_str().unwrap().contains("queue"), "{status}");
    let own = status["services"].as_array().unwrap().iter().find(|s| s["name"] == "muster").cloned().unwrap();
    assert_eq!((&own["kind"], &own["health"], &own["incident"]), (&"own".into(), &"degraded".into(), &incident["id"]), "{own}");
    assert!(text(&muster.ask(&["status"])).contains("not all was seen of file changes"));
    assert!(text(&muster.ask(&["--lang", "zh-CN", "status"])).contains("文件变动"));

    // What lasts was looked at anew, and then it is over.
    muster.until(|| told("a.conf"));
    let over = muster.until(|| {
        let why = muster.json(&["why", "muster"]);
        if why["state"] == "recovered" { Ok(why) } else { Err(why.to_string()) }
    });
    assert_eq!(over["id"], incident["id"]);
    let status = muster.json(&["status"]);
    assert_eq!((&status["blind"], status["services"].as_array().unwrap().len()), (&serde_json::json!([]), 1), "{status}");
    assert_eq!(muster.json(&["ledger", "verify"])["whole"], true);
}

//! The configuration is taken up while Muster runs; a broken one leaves the old roster in force, and that is said.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

mod support;

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use support::{Muster, text};

const ONE: &str = "[muster]\nlisten = \"127.0.0.1:0\"\nkeep = \"30d\"\n[[service]]\nname = \"one\"\nrun = \"/bin/sleep 100001\"\n";

/// The process of a service that may not be in the roster yet.
fn pid(muster: &Muster, service: &str) -> Result<i64, String> {
    let status = muster.json(&["status"]);
    let rows = status["services"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == service && row["health"] == "present");
    row.and_then(|row| row["pids"][0].as_i64()).ok_or_else(|| status["services"].to_string())
}

fn names(status: &Value) -> Vec<String> {
    status["services"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the troubles of `status` are as wanted.
fn troubles(muster: &Muster, wanted: impl Fn(&str) -> bool) -> String {
    muster.until(|| {
        let troubles = muster.json(&["status"])["troubles"].to_string();
        if wanted(&troubles) { Ok(troubles) } else { Err(troubles) }
    })
}

#[test]
fn a_roster_is_taken_up_while_it_runs_and_a_broken_one_leaves_the_old_one_in_force() {
    let muster = Muster::up(ONE);
    let main = muster.folder.path().join("muster.toml");
    let part = muster.folder.path().join("services.d/two.toml");
    let one = muster.until(|| pid(&muster, "one"));

    // A file more is a service more; who was there stays.
    fs::create_dir(part.parent().unwrap()).unwrap();
    fs::write(&part, "[[service]]\nname = \"two\"\nrun = \"/bin/sleep 100002\"\n").unwrap();
    muster.until(|| pid(&muster, "two"));
    assert_eq!(muster.until(|| pid(&muster, "one")), one);

    // Broken: told with its place, in both languages; nothing else is altered.
    fs::write(&part, "[[service]]\nname = \"two\"\nrunn = \"/bin/sleep 100002\"\n").unwrap();
    let place = format!("{}:3:1", part.display());
    let said = troubles(&muster, |said| said.contains(&place));
    assert!(said.contains("run"), "{said}");
    for language in ["en", "zh-CN"] {
        let page = text(&muster.ask(&["--lang", language, "status"])).split_whitespace().collect::<String>();
        assert!(page.contains(&place), "{page}");
    }
    assert_eq!(names(&muster.json(&["status"])), ["one", "two"]);
    let refused = muster.until(|| {
        let events = muster.json(&["events", "--kind", "roster.refused"]);
        events["events"].as_array().filter(|events| !events.is_empty()).map(Vec::len).ok_or_else(|| events.to_string())
    });
    assert_eq!(refused, 1, "said once, not every second");
    // A main file that is gone is no empty roster.
    fs::rename(&main, main.with_extension("away")).unwrap();
    troubles(&muster, |said| said.contains("muster.toml") && !said.contains(&place));
    assert_eq!(names(&muster.json(&["status"])), ["one", "two"]);

    // Mended: in force, and nothing is left to say. What is not declared any more is not watched any more.
    fs::rename(main.with_extension("away"), &main).unwrap();
    fs::remove_file(&part).unwrap();
    troubles(&muster, |said| said == "[]");
    muster.until(|| {
        let names = names(&muster.json(&["status"]));
        if names == ["one"] { Ok(()) } else { Err(names.join(", ")) }
    });
    assert_eq!(muster.until(|| pid(&muster, "one")), one);
}

#[test]
fn a_signal_has_it_read_again_and_what_waits_for_a_restart_is_said() {
    let muster = Muster::up(ONE);
    let main = muster.folder.path().join("muster.toml");
    muster.until(|| pid(&muster, "one"));
    let hang_up = || kill_process(Pid::from_child(&muster.child), Signal::HUP).unwrap();

    // Of the same length and with the same time stamp, so that only the signal tells.
    let stamp = fs::metadata(&main).unwrap().modified().unwrap();
    write_with_stamp(&main, &ONE.replace("one", "two").replace("100001", "100003"), stamp);
    hang_up();
    muster.until(|| pid(&muster, "two"));

    fs::write(&main, ONE.replace("30d", "31d").replace("[muster]", "[muster]\nkeep_bytes = \"1 GiB\"")).unwrap();
    hang_up();
    let said = troubles(&muster, |said| said.contains("restart"));
    assert!(said.contains("keep, keep_bytes"), "{said}");
    muster.until(|| pid(&muster, "one"));
    fs::write(&main, ONE).unwrap();
    troubles(&muster, |said| said == "[]");
}

fn write_with_stamp(path: &Path, content: &str, stamp: std::time::SystemTime) {
    let beside = path.with_extension("new");
    fs::write(&beside, content).unwrap();
    fs::File::options().write(true).open(&beside).unwrap().set_modified(stamp).unwrap();
    fs::rename(&beside, path).unwrap();
}

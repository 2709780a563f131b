//! Plugins that fork, hang, talk without end, leave somebody behind or will not go.

use std::time::Duration;

use crossbeam_channel::tick;
use muster_model::probe::Ask;
use rustix::process::{Pid, Signal, kill_process};

use super::asking::{ask, ask_all};

fn exec(command: &str, timeout_ms: u64) -> (&'static str, String) {
    ask(Ask::Exec { command: command.to_owned() }, timeout_ms)
}

/// Waits until the process is gone or dead; it may be a zombie of somebody who does not look after his children.
fn gone(pid: &str) -> bool {
    let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).ok().and_then(|s| Some(s.rsplit_once(") ")?.1.to_owned()));
    tick(Duration::from_millis(25)).iter().take(400).any(|_| state().is_none_or(|s| s.starts_with('Z')))
}

#[test]
fn one_that_forks_and_hangs_is_ended_with_all_it_forked() {
    let scratch = tempfile::tempdir().unwrap();
    let pids = scratch.path().join("pids");
    // Three generations, all of them deaf to what asks them to go, all with the output open.
    let deaf = "trap '' TERM HUP INT PIPE; echo $$ >> PIDS";
    let command = format!("{deaf}; sh -c \"{deaf}; sh -c '{}; sleep 1000' & sleep 1000\" & sleep 1000", deaf.replace('\'', "\\\""));
    let command = command.replace("PIDS", pids.to_str().unwrap()).replace("\\\"\\\"", "''");
    let (kind, text) = exec(&command, 500);
    assert_eq!((kind, text.as_str()), ("silent", "the plugin did not end within 500ms and was ended"));
    let pids = std::fs::read_to_string(&pids).unwrap();
    assert!(pids.lines().count() >= 3 && pids.lines().all(gone), "{pids}");
}

#[test]
fn one_that_leaves_a_daemon_behind_which_holds_its_output_is_done_when_it_ends() {
    let scratch = tempfile::tempdir().unwrap();
    let pid = scratch.path().join("pid");
    // A session of its own: out of the plugin's process group, as daemons are.
    let command = format!(
        "setsid sh -c 'echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000' & while ! [ -e {0} ]; do :; done; echo fine",
        pid.display()
    );
    let told = exec(&command, 10_000);
    assert_eq!(told, ("right", "fine".to_owned()));
    // It is nobody's to end but the test's.
    let daemon = std::fs::read_to_string(&pid).unwrap();
    let daemon_pid = Pid::from_raw(daemon.trim().parse().unwrap()).unwrap();
    assert!(kill_process(daemon_pid, Signal::KILL).is_ok() && gone(daemon.trim()));
}

#[test]
fn one_that_talks_without_end_is_ended_and_costs_no_memory() {
    let endless = ["yes", "yes >&2", "cat /dev/zero", "while :; do printf '|a=1 '; done"];
    let told = ask_all(endless.map(|command| Ask::Exec { command: command.to_owned() }).to_vec(), 400);
    assert!(told.iter().all(|told| *told == ("silent", "the plugin did not end within 400ms and was ended".to_owned())), "{told:?}");
    // One that ends after much is understood by its beginning.
    let (kind, text) = exec("head -c 200000000 /dev/zero | tr '\\0' x; exit 2", 60_000);
    assert!(kind == "wrong" && text.chars().count() == 512 && text.starts_with("xxx"), "{kind} {text}");
}

#[test]
fn ends_of_every_kind_are_told() {
    let cases = [
        ("exit 0", "right", ""),
        ("exec >&- 2>&-; exit 2", "wrong", ""),
        ("kill -SEGV $$", "unasked", "ended by signal 11: "),
        ("echo bad; kill -TERM $$", "unasked", "ended by signal 15: bad"),
        ("exit 255", "unasked", "exit code 255: "),
        ("printf '\\033[2Jx\\000y\\377 | a=\\033b'; exit 1", "warning", "[2Jxy\u{fffd}"),
        ("ulimit -v 1000; exec perl -e 1; exit 3", "unasked", ""),
    ];
    let told = ask_all(cases.iter().map(|(command, ..)| Ask::Exec { command: (*command).to_owned() }).collect(), 10_000);
    for ((command, kind, expected), told) in cases.into_iter().zip(told) {
        assert!(told.0 == kind && told.1.starts_with(expected), "{command}: {told:?}");
    }
}

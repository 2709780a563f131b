//! With the kernel at hand. Several of these run at once, as several Musters may.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::owner::Before;
use super::*;

/// Tells a run of this program by itself what it is to do.
const PART: &str = "MUSTER_TEST_AUDIT";

fn rule() -> Rule {
    Rule::calls(&[libc::SYS_kill], 1, 18..=18)
}

/// Ours, or a word about why it cannot be had here.
fn open(purpose: &str) -> Option<Audit> {
    match Audit::open(purpose, vec![rule()]) {
        Ok(audit) => Some(audit),
        Err(why) => {
            println!("skipped: {why}");
            None
        }
    }
}

/// This test once more, as another process, run by another command.
fn again(by: &[&str], test: &str, part: &str) -> Child {
    let me = std::env::current_exe().unwrap();
    let words = [by, &[me.to_str().unwrap(), "--exact", test, "--nocapture"]].concat();
    Command::new(words[0]).args(&words[1..]).env(PART, part).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn owners() -> Vec<Owner> {
    Control::open().unwrap().rules().unwrap().iter().filter_map(|rule| Owner::parse(&rule::key(rule)?)).collect()
}

#[test]
fn what_a_killed_muster_has_left_is_taken_away_by_the_next() {
    if std::env::var_os(PART).is_some() {
        let audit = open("killed");
        println!("up {}", audit.as_ref().map(|audit| audit.claim.key()).unwrap_or_default());
        let _ = std::io::stdin().lock().lines().next();
        return;
    }
    let Some(first) = open("first") else { return };
    let mut killed = again(&["env"], "audit::tests::what_a_killed_muster_has_left_is_taken_away_by_the_next", "hold");
    let mut said = BufReader::new(killed.stdout.take().unwrap()).lines().map_while(Result::ok);
    let key = said.find_map(|line| line.split_once("up ").map(|(_, key)| key.to_owned())).unwrap();
    let left = Owner::parse(&key).unwrap();
    assert!(left.lives() && owners().iter().any(|owner| owner.is(&left)));
    assert_eq!(left.before.is_some(), first.claim.owner.before.is_some(), "whoever comes later knows what is to be put back");
    killed.kill().unwrap();
    killed.wait().unwrap();
    drop(first);

    let ours = open("second").unwrap();
    assert!(!left.lives() && !owners().iter().any(|owner| owner.is(&left)), "its rules are gone");
    if left.before.is_some() {
        assert!(ours.claim.owner.before.is_some(), "and it is not forgotten that auditing was off");
    }
}

#[test]
fn the_last_to_go_puts_auditing_back_as_it_was() {
    let Some(audit) = open("last") else { return };
    let owner = audit.claim.owner.clone();
    assert!(audit.words().contains("auditing was"));
    drop(audit);
    assert!(!owners().iter().any(|other| other.is(&owner)));
    let Some(before) = owner.before else { return println!("skipped: auditing was on before") };
    // Other tests may be at it: then it is for them to put back.
    let until = clock::now().1.after(Length::seconds(20));
    let tick = crossbeam_channel::tick(std::time::Duration::from_millis(10));
    loop {
        let status = Control::open().unwrap().status().unwrap();
        if status.enabled == 0 {
            return assert_eq!(Before::from(status), before);
        }
        if owners().iter().any(|other| other.lives()) {
            return println!("skipped: another test has auditing on");
        }
        assert!(clock::now().1 < until, "it is on, and nobody is there");
        tick.recv().unwrap();
    }
}

#[test]
fn what_is_missing_is_said() {
    const TEST: &str = "audit::tests::what_is_missing_is_said";
    if std::env::var_os(PART).is_some() {
        return println!("said: {}", Audit::open("none", Vec::new()).err().map(|why| why.to_string()).unwrap_or_default());
    }
    if !rustix::process::geteuid().is_root() || open("probe").is_none() {
        return println!("skipped: not to be had here at all");
    }
    for (by, expected) in [
        (&["setpriv", "--bounding-set", "-audit_control"][..], "CAP_AUDIT_CONTROL"),
        (&["setpriv", "--bounding-set", "-audit_read"], "CAP_AUDIT_READ"),
        (&["unshare", "--pid", "--fork"], "initial pid namespace"),
        (&["unshare", "--net"], "network namespace"),
        (&["unshare", "--user", "--map-root-user"], "initial user namespace"),
    ] {
        let done = again(by, TEST, "say").wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        if String::from_utf8_lossy(&done.stderr).contains("unshare failed: Operation not permitted") {
            println!("skipped: no namespaces of one's own here, as after a chroot: {by:?}");
            continue;
        }
        assert!(said.contains("said: ") && said.contains(expected), "{by:?}: {said}");
    }
}

#[test]
fn rules_that_somebody_took_away_are_missed() {
    let Some(mut audit) = open("robbed") else { return };
    let mut control = Control::open().unwrap();
    // Not the marker: other tests are to know that we are there.
    control.delete(&rule().encode(ARCHITECTURE.unwrap(), &audit.claim.key())).unwrap();
    assert!(netlink::readable(&audit.records, Length::seconds(20)).unwrap());
    let until = clock::now().1.after(Length::seconds(20));
    while clock::now().1 < until {
        match audit.read() {
            Err(Error::RulesGone) => return,
            other => assert!(other.is_ok(), "{:?}", other.err()),
        }
        netlink::readable(&audit.records, Length::ms(100)).unwrap();
    }
    panic!("not missed");
}

#[test]
fn after_a_storm_the_rules_are_back() {
    let Some(mut audit) = open("storm") else { return };
    let count = |audit: &Audit| owners().iter().filter(|owner| owner.is(&audit.claim.owner)).count();
    assert_eq!(count(&audit), 2);
    assert!(audit.storm.comes(u32::MAX, clock::now().1));
    audit.claim.rest();
    assert!(audit.rests() && count(&audit) == 1, "the marker stays");
    assert!(audit.tend().is_ok() && count(&audit) == 1, "not yet");
    audit.storm.until = Some(clock::now().1);
    assert!(audit.tend().unwrap() > clock::now().1 && !audit.rests());
    assert_eq!(count(&audit), 2);
}

//! Each step on real units of the systemd of this machine, and on processes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod world;

use muster_model::plan::{Outcome, Step};
use muster_model::roster::{Kind, Match, Service};
use muster_model::time::Length;
use rustix::process::{Pid, Signal, kill_process};
use world::{Unit, World, has_systemd, order, service, systemctl};

const SLEEPS: &str = "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n";

#[test]
fn what_is_only_watched_is_not_touched() {
    let world = World::new();
    let me = muster_sense::proc::process_key(i32::try_from(std::process::id()).unwrap()).unwrap();
    let watched = service(Kind::Process(Match { exe: Some("/bin/true".into()), args: None, count: Default::default() }));
    for step in [Step::Start, Step::Restart, Step::Reload, Step::KillRestart { process: me }, Step::Enable, Step::Unmask] {
        let done = world.hands.run(&order(step.clone()), &watched);
        assert_eq!(done.outcome, Outcome::Failed, "{}", step.code());
        assert!(done.said.contains("kind `process`"), "{}", done.said);
    }
}

#[test]
fn a_process_that_muster_runs_is_started_restarted_and_killed_with_its_state_taken_down() {
    let world = World::new();
    let run = service(Kind::Run("sleep 1000".into()));
    let pid = |said: &str| said.lines().next().unwrap().strip_prefix("pid ").unwrap().parse::<i32>().unwrap();
    let first = pid(&world.hands.run(&order(Step::Start), &run).said);
    let second = pid(&world.hands.run(&order(Step::Restart), &run).said);
    assert_ne!(first, second);
    kill_process(Pid::from_raw(second).unwrap(), Signal::STOP).unwrap();
    let process = muster_sense::proc::process_key(second).unwrap();
    let done = world.hands.run(&order(Step::KillRestart { process }), &run);
    assert_eq!(done.outcome, Outcome::Done, "{}", done.said);
    assert!(done.said.contains(&format!("before: process {second}, state ")), "{}", done.said);
    let again = world.hands.run(&order(Step::KillRestart { process }), &run);
    assert!(again.said.contains("is gone already"), "{}", again.said);
}

#[test]
fn a_reload_command_is_bounded_and_its_words_are_kept() {
    let world = World::new();
    let with = |command: &str| Service { reload: Some(command.into()), ..service(Kind::Run("sleep 1000".into())) };
    let done = world.hands.run(&order(Step::Reload), &with("echo reloaded"));
    assert_eq!((done.outcome, done.said.as_str()), (Outcome::Done, "reloaded"));
    let done = world.hands.run(&order(Step::Reload), &with("echo no >&2; exit 1"));
    assert_eq!((done.outcome, done.said.as_str()), (Outcome::Failed, "`echo no >&2; exit 1`: no"));
}

#[test]
fn a_unit_is_started_restarted_and_reloaded() {
    if !has_systemd() {
        return;
    }
    let (world, unit) = (World::new(), Unit::new("plain", SLEEPS));
    let done = world.hands.run(&order(Step::Start), &unit.service());
    assert_eq!(done.outcome, Outcome::Done, "{}", done.said);
    let first = unit.main();
    // It has no ExecReload=: a restart is the way to make it read its configuration.
    for step in [Step::Restart, Step::Reload] {
        let done = world.hands.run(&order(step), &unit.service());
        assert_eq!(done.outcome, Outcome::Done, "{}", done.said);
    }
    assert_ne!(first, unit.main());
    assert!(done.took < Length::seconds(20));
}

#[test]
fn a_unit_that_cannot_start_says_how_it_failed_and_a_start_limit_does_not_stand_in_the_way() {
    if !has_systemd() {
        return;
    }
    let flag = tempfile::NamedTempFile::new().unwrap();
    let content = format!(
        "[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=1h\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'test -s {}'\n",
        flag.path().display()
    );
    let (world, unit) = (World::new(), Unit::new("limit", &content));
    for _ in 0..4 {
        let done = world.hands.run(&order(Step::Start), &unit.service());
        assert_eq!(done.outcome, Outcome::Failed);
        assert!(done.said.contains("exited with 1"), "{}", done.said);
    }
    std::fs::write(flag.path(), "now").unwrap();
    let done = world.hands.run(&order(Step::Start), &unit.service());
    assert_eq!(done.outcome, Outcome::Done, "{}", done.said);
}

#[test]
fn a_unit_that_is_not_there_is_refused_in_words() {
    if !has_systemd() {
        return;
    }
    let world = World::new();
    for step in [Step::Start, Step::Restart, Step::Enable] {
        let done = world.hands.run(&order(step), &service(Kind::Unit("muster-test-nowhere.service".into())));
        assert_eq!(done.outcome, Outcome::Failed);
        assert!(done.said.contains("muster-test-nowhere.service"), "{}", done.said);
    }
}

#[test]
fn a_unit_is_enabled_and_unmasked_and_one_without_install_section_says_so() {
    if !has_systemd() {
        return;
    }
    let (world, unit) = (World::new(), Unit::new("boot", SLEEPS));
    for expected in ["symlink", "already"] {
        let done = world.hands.run(&order(Step::Enable), &unit.service());
        assert_eq!(done.outcome, Outcome::Done, "{}", done.said);
        assert!(done.said.contains(expected) || done.said.contains("systemctl"), "{}", done.said);
    }
    assert_eq!(systemctl(&["is-enabled", &unit.name]), "enabled");
    systemctl(&["mask", "--runtime", &unit.name]);
    let done = world.hands.run(&order(Step::Unmask), &unit.service());
    assert_eq!(done.outcome, Outcome::Done, "{}", done.said);
    assert_eq!(systemctl(&["is-enabled", &unit.name]), "enabled");

    let bare = Unit::new("bare", "[Service]\nExecStart=/bin/sleep 1000\n");
    let done = world.hands.run(&order(Step::Enable), &bare.service());
    assert!(done.said.contains("[Install]") || done.said.contains("systemctl"), "{}", done.said);
}

/// A service that does not end when told to, under a unit that would wait for it for ever.
const STUBBORN: &str = "[Service]\nExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1000; done'\nTimeoutStopSec=0\n";

#[test]
fn a_restart_of_what_hangs_is_given_up_and_kill_restart_brings_it_back() {
    if !has_systemd() {
        return;
    }
    let (world, unit) = (World::new(), Unit::new("hang", STUBBORN));
    assert_eq!(world.hands.run(&order(Step::Start), &unit.service()).outcome, Outcome::Done);
    let process = unit.main();
    kill_process(Pid::from_raw(process.pid.get()).unwrap(), Signal::STOP).unwrap();

    let done = world.hands.run(&order(Step::Restart), &unit.service());
    assert_eq!(done.outcome, Outcome::Failed);
    assert!(done.said.contains(&unit.name), "{}", done.said);
    assert_eq!(unit.main(), process, "it still hangs");

    let done = world.hands.run(&order(Step::KillRestart { process }), &unit.service());
    assert_eq!(done.outcome, Outcome::Done, "{}", done.said);
    assert!(done.said.contains("before: process"), "{}", done.said);
    assert_ne!(unit.main(), process);
    assert_eq!(unit.is("ActiveState"), "active");
}

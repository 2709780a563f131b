//! Examinations on real files, commands and processes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod world;

use std::process::Command;

use muster_model::exam::{Exam, Finding};
use muster_model::plan::{Outcome, Step};
use muster_model::roster::{Kind, Service};
use world::{World, service};

#[test]
fn files_that_differ_from_their_good_version_or_are_gone_are_found() {
    let world = World::new();
    let same = world.file("same.conf", "same\n");
    let edited = world.file("edited.conf", "before\n");
    let gone = world.file("gone.conf", "here\n");
    std::fs::write(world.path("edited.conf"), "after\n").unwrap();
    std::fs::remove_file(world.path("gone.conf")).unwrap();
    let exam = Exam::Compare { good: vec![same, edited.clone(), gone.clone()] };
    let Finding::Compared { differ } = world.hands.examine(&exam, &service(Kind::Unit("w".into()))) else { panic!("not compared") };
    let found: Vec<_> = differ.iter().map(|d| (d.path.clone(), d.now.is_some())).collect();
    assert_eq!(found, [(edited.0, true), (gone.0, false)]);
}

#[test]
fn a_validator_that_hangs_is_ended_and_the_finding_says_so() {
    let world = World::new();
    let with = |validate: &str| Service { validate: Some(validate.into()), ..service(Kind::Unit("w".into())) };
    let hangs = world.hands.examine(&Exam::Validate, &with("sleep 1000 & sleep 1000"));
    assert!(matches!(&hangs, Finding::Failed { why } if why.contains("did not end within 5s")), "{hangs:?}");
    let prints = world.hands.examine(&Exam::Validate, &with("yes"));
    assert!(matches!(&prints, Finding::Failed { why } if why.contains("printed more than")), "{prints:?}");
    let none = world.hands.examine(&Exam::Validate, &service(Kind::Unit("w".into())));
    assert!(matches!(none, Finding::Failed { .. }));
}

#[test]
fn a_process_is_seen_at_work_stopped_and_gone() {
    let world = World::new();
    let mut child = Command::new("/bin/sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let exam = Exam::Process { process: muster_sense::proc::process_key(pid).unwrap() };
    let look = || match world.hands.examine(&exam, &service(Kind::Unit("w".into()))) {
        Finding::Process { state, cpu, threads, .. } => (state, cpu, threads),
        other => panic!("{other:?}"),
    };
    let (state, cpu, threads) = look();
    assert_eq!((state, threads), (Some('R'), Some(1)));
    assert!(cpu.is_some_and(|share| (0.0..=2.0).contains(&share)), "{cpu:?}");
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::STOP).unwrap();
    assert_eq!(look().0, Some('T'));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(look().0, None);
}

#[test]
fn nginx_is_asked_and_its_last_good_configuration_passes_the_rehearsal() {
    const NGINX: &str = "/usr/sbin/nginx";
    if !std::path::Path::new(NGINX).exists() {
        println!("skipped: needs {NGINX}");
        return;
    }
    let world = World::new();
    let log = world.path("error.log").display().to_string();
    let content = |line: &str| format!("pid {log}.pid;\nerror_log {log};\nevents {{}}\n{line}\n");
    let good = world.file("nginx.conf", &content("http { access_log off; }"));
    let bad = world.file("nginx.conf", &content("bogus on;"));
    let validate = format!("{NGINX} -t -q -e {log} -c {}", good.0);
    let nginx = Service { validate: Some(validate), config: vec![good.0.clone()], ..service(Kind::Unit("nginx.service".into())) };
    let finding = world.hands.examine(&Exam::Validate, &nginx);
    let Finding::Validated { ok: false, said, blames } = finding else { panic!("{finding:?}") };
    assert!(said.contains("unknown directive \"bogus\""), "{said}");
    assert_eq!(blames, Some((good.0.clone(), Some(4))));

    let done = world.hands.run(&world::order(Step::ConfigRestore { files: vec![good] }), &nginx);
    assert_eq!((done.outcome, done.replaced), (Outcome::Done, vec![(bad.0, Some(bad.1))]), "{}", done.said);
    assert!(matches!(world.hands.examine(&Exam::Validate, &nginx), Finding::Validated { ok: true, .. }));
}

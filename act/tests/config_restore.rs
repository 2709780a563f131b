//! Configuration is written back only after a rehearsal on a copy, and can be taken back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod world;

use muster_model::plan::{Outcome, Step};
use muster_model::roster::{Kind, Service};
use world::{World, order, service};

fn checked_by(validate: String) -> Service {
    Service { validate: Some(validate), ..service(Kind::Unit("web.service".into())) }
}

#[test]
fn the_last_good_content_is_rehearsed_and_written_and_undone() {
    let world = World::new();
    let good = world.file("web.conf", "good\n");
    let bad = world.file("web.conf", "bad\n");
    let service = checked_by(format!("grep -q good {0} || {{ echo 'wrong in {0}:1'; exit 1; }}", good.0));
    let order = order(Step::ConfigRestore { files: vec![good.clone()] });
    let done = world.hands.run(&order, &service);
    assert_eq!(done.outcome, Outcome::Done, "{}", done.said);
    assert!(done.rehearsed || done.said.contains("not rehearsed"), "{}", done.said);
    assert_eq!(done.replaced, [(bad.0, Some(bad.1))]);
    assert_eq!(world.read("web.conf").unwrap(), "good\n");

    let undone = world.hands.undo(&order, &service, &done.replaced);
    assert_eq!(undone.outcome, Outcome::Done, "{}", undone.said);
    assert_eq!(world.read("web.conf").unwrap(), "bad\n");
}

#[test]
fn what_fails_the_rehearsal_is_never_written() {
    let world = World::new();
    let good = world.file("web.conf", "good\n");
    world.file("web.conf", "bad\n");
    let seen = world.path("seen");
    let service = checked_by(format!("cat {} > {}; echo no; exit 1", good.0, seen.display()));
    let done = world.hands.run(&order(Step::ConfigRestore { files: vec![good] }), &service);
    assert_eq!(world.read("web.conf").unwrap(), "bad\n", "{}", done.said);
    assert!(done.replaced.is_empty());
    if done.rehearsed {
        assert_eq!(done.outcome, Outcome::Skipped);
        assert_eq!(world.read("seen").unwrap(), "good\n", "the validator sees the candidate");
        assert!(done.said.ends_with("nothing was touched: no"), "{}", done.said);
    } else {
        println!("no mount namespaces here: it was tried in place and taken back");
        assert_eq!(done.outcome, Outcome::Failed);
    }
}

#[test]
fn a_rehearsal_leaves_no_mount_and_keeps_mode_and_owner() {
    let world = World::new();
    let good = world.file("web.conf", "good\n");
    std::fs::set_permissions(world.path("web.conf"), std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    let mode = world.path("mode");
    let service = checked_by(format!("stat -c %a:%u {} > {}", good.0, mode.display()));
    let done = world.hands.run(&order(Step::ConfigRestore { files: vec![good] }), &service);
    assert_eq!(done.outcome, Outcome::Done, "{}", done.said);
    assert_eq!(world.read("mode").unwrap().trim(), format!("640:{}", rustix::process::geteuid().as_raw()));
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&world.folder.path().display().to_string()), "{mounts}");
}

#[test]
fn a_deleted_file_and_its_deleted_folder_come_back_and_can_go_again() {
    let world = World::new();
    let good = world.file("etc/web/sites/a.conf", "good\n");
    world.file("etc/other.conf", "other\n");
    std::fs::remove_dir_all(world.path("etc/web")).unwrap();
    let service = checked_by(format!("grep -q good {} && test -e {}", good.0, world.path("etc/other.conf").display()));
    let order = order(Step::ConfigRestore { files: vec![good.clone()] });
    let done = world.hands.run(&order, &service);
    assert_eq!((done.outcome, &done.replaced), (Outcome::Done, &vec![(good.0, None)]), "{}", done.said);
    assert_eq!(world.read("etc/web/sites/a.conf").unwrap(), "good\n");
    let undone = world.hands.undo(&order, &service, &done.replaced);
    assert_eq!(undone.outcome, Outcome::Done, "{}", undone.said);
    assert_eq!(world.read("etc/web/sites/a.conf"), None);
}

#[test]
fn what_a_person_altered_since_is_not_undone() {
    let world = World::new();
    let good = world.file("web.conf", "good\n");
    world.file("web.conf", "bad\n");
    let service = service(Kind::Unit("web.service".into()));
    let order = order(Step::ConfigRestore { files: vec![good] });
    let done = world.hands.run(&order, &service);
    assert_eq!(done.outcome, Outcome::Done, "{}", done.said);
    std::fs::write(world.path("web.conf"), "mended by hand\n").unwrap();
    let undone = world.hands.undo(&order, &service, &done.replaced);
    assert_eq!(undone.outcome, Outcome::Failed);
    assert!(undone.said.contains("altered after Muster wrote it"), "{}", undone.said);
    assert_eq!(world.read("web.conf").unwrap(), "mended by hand\n");
}

#[test]
fn a_file_with_two_paths_is_written_and_undone_as_one() {
    let world = World::new();
    let good = world.file("available", "good\n");
    let enabled = world.path("enabled");
    std::os::unix::fs::symlink("available", &enabled).unwrap();
    world.file("enabled", "good\n");
    world.file("enabled", "bad\n");
    world.file("available", "bad\n");
    let service = service(Kind::Unit("web.service".into()));
    let order = order(Step::ConfigRestore { files: vec![good.clone(), (enabled.display().to_string(), good.1)] });
    let done = world.hands.run(&order, &service);
    assert_eq!(done.outcome, Outcome::Done, "{}", done.said);
    assert_eq!(world.read("available").unwrap(), "good\n");
    let undone = world.hands.undo(&order, &service, &done.replaced);
    assert_eq!(undone.outcome, Outcome::Done, "{}", undone.said);
    assert_eq!(world.read("available").unwrap(), "bad\n");
    assert!(enabled.is_symlink(), "a link stays one");
}

#[test]
fn where_one_file_cannot_be_written_none_is() {
    let world = World::new();
    let good = world.file("web.conf", "good\n");
    world.file("web.conf", "bad\n");
    let (_, version) = world.file("plain", "a file, no folder\n");
    let beyond = world.path("plain/beyond.conf").display().to_string();
    let done = world.hands.run(&order(Step::ConfigRestore { files: vec![good, (beyond, version)] }), &service(Kind::Unit("w".into())));
    assert_eq!(done.outcome, Outcome::Failed);
    assert!(done.said.contains("1 of 1 files taken back"), "{}", done.said);
    assert_eq!(world.read("web.conf").unwrap(), "bad\n");
}

#[test]
fn a_version_that_is_not_kept_touches_nothing() {
    let world = World::new();
    let (path, _) = world.file("web.conf", "bad\n");
    let done = world.hands.run(&order(Step::ConfigRestore { files: vec![(path, "0123".into())] }), &service(Kind::Unit("w".into())));
    assert_eq!(done.outcome, Outcome::Failed);
    assert!(done.said.contains("is not in the vault"), "{}", done.said);
    assert_eq!(world.read("web.conf").unwrap(), "bad\n");
}

#[test]
fn other_steps_leave_nothing_to_take_back() {
    let world = World::new();
    let undone = world.hands.undo(&order(Step::Start), &service(Kind::Unit("web.service".into())), &[]);
    assert_eq!(undone.outcome, Outcome::Skipped);
}

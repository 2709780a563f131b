use std::fs;

use super::stat::terminal_of_number;
use super::*;

fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Proc) {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let proc = Proc::at(dir.path());
    (dir, proc)
}

const STAT: &str = "42 (a) b) S 7 42 42 34818 42 4194304 1 0 0 0 5 6 0 0 20 0 3 0 12345 1000 77 1844 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 256";

#[test]
fn a_process_is_read_from_its_files_and_absent_is_none() {
    let (_dir, proc) = tree(&[
        ("etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n"),
        ("proc/42/stat", STAT),
        ("proc/42/status", "Name:\ta) b\nUid:\t0\t0\t0\t0\nVmRSS:\t    1844 kB\n"),
        ("proc/42/cmdline", "kill\0-9\0a b\0"),
        ("proc/42/loginuid", "1000"),
        ("proc/42/cgroup", "4:memory:/box\n0::/user.slice\n"),
        ("proc/7/stat", "7 (kthread) S 0 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0"),
        ("proc/7/comm", "kthread\n"),
        ("proc/7/cmdline", ""),
        ("proc/self/stat", "not a process"),
    ]);
    assert_eq!(proc.pids().unwrap(), [7, 42]);
    let stat = proc.stat(42).unwrap().unwrap();
    assert_eq!((stat.comm.as_str(), stat.state, stat.parent, stat.threads, stat.start, stat.cpu), ("a) b", 'S', 7, 3, 12345, 11));
    assert_eq!(proc.cgroups(42).unwrap().unwrap(), [("memory".into(), "/box".into()), (String::new(), "/user.slice".into())]);
    assert_eq!((proc.resident_bytes(42).unwrap(), proc.resident_bytes(43).unwrap()), (Some(1844 * 1024), None));
    let actor = proc.actor(42).unwrap();
    assert_eq!(actor.command.as_deref(), Some("kill -9 'a b'"));
    assert_eq!((actor.user.as_deref(), actor.login_user.as_deref(), actor.tty.as_deref()), (Some("root"), Some("alice"), Some("pts/2")));
    assert_eq!((actor.parents, actor.parent_pids), (vec!["[kthread]".to_owned()], vec![7]));
    assert_eq!(proc.stat(43).unwrap(), None);
    assert_eq!(proc.actor(43), None);
    assert_eq!(proc.process_key(1).unwrap(), None);
}

#[test]
fn a_broken_stat_is_an_error_that_names_the_path() {
    let (_dir, proc) = tree(&[("proc/42/stat", "42 (x")]);
    assert!(proc.stat(42).unwrap_err().to_string().contains("proc/42/stat"));
    for cut in 0..STAT.len() {
        let _ = Stat::parse(&STAT[..cut]); // must not panic
    }
}

#[test]
fn a_zombie_has_ended_and_says_how_unless_other_threads_go_on() {
    let zombie = Stat::parse(&STAT.replace(" S ", " Z ").replace(" 3 0 12345", " 1 0 12345")).unwrap();
    assert!(zombie.ended());
    assert_eq!(zombie.end, End::Code(1));
    assert!(!Stat::parse(&STAT.replace(" S ", " Z ")).unwrap().ended(), "two more threads live");
    assert_eq!(end_of_status(0x8b), End::Signal(11), "the bit for a core dump is no part of the signal");
}

#[test]
fn a_user_that_is_added_later_is_known() {
    let (dir, proc) = tree(&[("etc/passwd", "root:x:0:0:::\n")]);
    assert_eq!(proc.users().name(7), None);
    let path = dir.path().join("etc/passwd");
    fs::write(&path, "root:x:0:0:::\nbob:x:7:7:::\nrobert:x:7:7:::\n").unwrap();
    let later = fs::metadata(&path).unwrap().modified().unwrap() + std::time::Duration::from_secs(1);
    fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    assert_eq!(proc.users().name(7).as_deref(), Some("bob"));
}

#[test]
fn terminals_have_the_names_that_people_know() {
    assert_eq!(terminal_of_number(0), None);
    assert_eq!(terminal_of_number(136 << 8 | 3).as_deref(), Some("pts/3"));
    assert_eq!(terminal_of_number(4 << 8 | 64).as_deref(), Some("ttyS0"));
    assert_eq!(terminal_of_name("pts12").as_deref(), Some("pts/12"));
    assert_eq!(terminal_of_name("tty1").as_deref(), Some("tty1"));
    assert_eq!(terminal_of_name(""), None);
}

#[test]
fn a_title_is_not_quoted_and_a_long_command_is_cut() {
    assert_eq!(command_line(&["nginx: master process".into()]), "nginx: master process");
    assert_eq!(command_line(&["sh".into(), "-c".into(), "it's".into(), String::new()]), r"sh -c 'it'\''s' ''");
    assert_eq!(actor::split_arguments(b"postgres: writer\0\0\0"), ["postgres: writer"]);
    assert!(command_line(&["é".repeat(9000)]).len() < 5000);
}

//! The watcher of configuration files, each rung alone, with real files and real writers.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use muster_model::id::ServiceName;
use muster_model::observation::Rung;
use muster_sense::files::{Coverage, DIRECTORIES_MAX, Files, Ladder, Touched, Trouble};
use muster_sense::proc;

const DEADLINE: Duration = Duration::from_secs(20);

/// A watcher on a scratch directory; `who` is /proc.
struct Watch {
    dir: tempfile::TempDir,
    files: Files,
    rung: Rung,
    touched: Receiver<Touched>,
}

impl Watch {
    /// Globs are below the scratch directory. `None`, with a word, where the machine has no such rung.
    fn start(ladder: Ladder, globs: &[&str]) -> Option<Watch> {
        Watch::with(ladder, 100_000, Arc::new(proc::actor_of), globs)
    }

    fn with(ladder: Ladder, room: usize, who: muster_sense::files::Who, globs: &[&str]) -> Option<Watch> {
        let (out, touched) = bounded(room);
        let (files, rung) = Files::start(out, who, ladder);
        let wanted = match ladder {
            Ladder::Fanotify => "fanotify",
            Ladder::Audit => "audit",
            Ladder::Inotify => "inotify",
            Ladder::Scan => "scan",
        };
        if rung.source != wanted {
            println!("skipped: no {wanted} here: {:?}", rung.why);
            return None;
        }
        let dir = tempfile::Builder::new().prefix("files").tempdir().unwrap();
        let watch = Watch { dir, files, rung, touched };
        watch.watch(globs);
        Some(watch)
    }

    fn watch(&self, globs: &[&str]) -> Coverage {
        let all = globs.iter().chain(&["/last"]).map(|glob| format!("{}{glob}", self.dir.path().display())).collect();
        self.files.watch(vec![("web".into(), all)])
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs a program to its end in the scratch directory and gives its pid.
    fn run(&self, program: &str, args: &[&str]) -> i32 {
        let mut child = Command::new(program).args(args).current_dir(self.dir.path()).spawn().unwrap();
        let pid = child.id();
        assert!(child.wait().unwrap().success(), "{program} {args:?}");
        pid.cast_signed()
    }

    /// All that was told until now: touches a file and reads on until that is told.
    fn told(&self) -> Vec<Touched> {
        fs::write(self.path("last"), "x").unwrap();
        let mut told = Vec::new();
        loop {
            let touched = self.touched.recv_timeout(DEADLINE).expect("the last file is told of");
            if touched.path == self.path("last") {
                return told;
            }
            told.push(touched);
        }
    }

    fn told_paths(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = self.told().into_iter().map(|touched| touched.path).collect();
        paths.sort();
        paths
    }
}

/// What each usual writer does is told once, with its path and, where the rung can, its pid.
fn every_writer_is_told(ladder: Ladder) {
    let Some(watch) = Watch::start(ladder, &["/etc/**"]) else { return };
    fs::create_dir(watch.path("etc")).unwrap();
    fs::write(watch.path("outside"), "x").unwrap();
    assert_eq!(watch.told(), [], "the directory is taken up before anything is written there");
    let writers: [(&str, &[&str], &[&str]); 11] = [
        ("sh", &["-c", "echo x >> etc/a"], &["etc/a"]),
        ("sh", &["-c", "echo y >> etc/a"], &["etc/a"]),
        ("sed", &["-i", "s/x/z/", "etc/a"], &["etc/a"]),
        ("cp", &["etc/a", "etc/b"], &["etc/b"]),
        ("mv", &["outside", "etc/c"], &["etc/c"]),
        ("mv", &["etc/c", "etc/d"], &["etc/c", "etc/d"]),
        ("chmod", &["600", "etc/d"], &["etc/d"]),
        ("truncate", &["-s", "1", "etc/d"], &["etc/d"]),
        ("ln", &["-s", "d", "etc/e"], &["etc/e"]),
        ("tee", &["etc/f"], &["etc/f"]),
        ("rm", &["etc/b"], &["etc/b"]),
    ];
    for (program, args, paths) in writers {
        let pid = watch.run(program, args);
        let mut told = watch.told();
        told.sort_by(|a, b| a.path.cmp(&b.path));
        let names: Vec<PathBuf> = paths.iter().map(|path| watch.path(path)).collect();
        assert_eq!(told.iter().map(|touched| touched.path.clone()).collect::<Vec<_>>(), names, "{program} {args:?}");
        for touched in told {
            assert_eq!(touched.source, watch.rung.source);
            assert_eq!(touched.services, vec![ServiceName::from("web")]);
            let expected = (ladder <= Ladder::Audit).then_some(pid);
            assert_eq!(touched.actor.and_then(|actor| actor.pid), expected, "{program} {args:?}");
        }
    }
    assert_eq!(watch.rung.fact, "file_change");
}

#[test]
fn fanotify_tells_every_writer_with_its_pid() {
    every_writer_is_told(Ladder::Fanotify);
}

#[test]
fn inotify_tells_every_writer() {
    every_writer_is_told(Ladder::Inotify);
}

#[test]
fn audit_tells_every_writer_with_its_pid() {
    every_writer_is_told(Ladder::Audit);
}

#[test]
fn fanotify_names_a_writer_that_is_still_there_with_its_command() {
    a_writer_is_named_with_its_command(Ladder::Fanotify);
}

#[test]
fn audit_names_a_writer_with_its_command() {
    a_writer_is_named_with_its_command(Ladder::Audit);
}

fn a_writer_is_named_with_its_command(ladder: Ladder) {
    let Some(watch) = Watch::start(ladder, &["/a.conf"]) else { return };
    let mut child = Command::new("sh")
        .args(["-c", "echo x > a.conf; read wait"])
        .current_dir(watch.dir.path())
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let touched = watch.touched.recv_timeout(DEADLINE).unwrap();
    drop(child.stdin.take());
    let _ = child.wait();
    let actor = touched.actor.unwrap();
    assert_eq!(actor.pid, Some(child.id().cast_signed()));
    assert!(actor.command.as_ref().unwrap().contains("a.conf"));
    assert!(actor.descends_from(std::process::id().cast_signed()), "{:?}", actor.parent_pids);
}

#[test]
fn a_look_every_five_seconds_tells_what_differs() {
    let Some(watch) = Watch::start(Ladder::Scan, &["/etc/**"]) else { return };
    let before = muster_sense::clock::now().0;
    fs::create_dir(watch.path("etc")).unwrap();
    for name in ["a", "b"] {
        fs::write(watch.path("etc").join(name), "1").unwrap();
    }
    assert_eq!(watch.told_paths(), [watch.path("etc/a"), watch.path("etc/b")]);
    watch.run("sed", &["-i", "s/1/2/", "etc/a"]);
    fs::remove_file(watch.path("etc/b")).unwrap();
    let told: Vec<Touched> = (0..2).map(|_| watch.touched.recv_timeout(DEADLINE).unwrap()).collect();
    for (touched, name) in told.iter().zip(["a", "b"]) {
        assert_eq!(touched.path, watch.path("etc").join(name));
        assert!(touched.source == "scan" && touched.actor.is_none() && touched.at >= before, "{touched:?}");
    }
}

/// A directory that goes and comes, in each of the usual ways.
fn directories_come_and_go(ladder: Ladder) {
    let Some(watch) = Watch::start(ladder, &["/app/conf/**"]) else { return };
    assert_eq!(watch.told_paths(), [] as [PathBuf; 0], "nothing is there yet");
    watch.run("sh", &["-c", "mkdir -p app/conf/sub && echo 1 > app/conf/sub/x && echo 1 > app/conf/y"]);
    let both = [watch.path("app/conf/sub/x"), watch.path("app/conf/y")];
    assert_eq!(watch.told_paths(), both, "a directory that did not exist is taken up");
    watch.run("rm", &["-r", "app"]);
    assert_eq!(watch.told_paths(), both, "deleted with all that is in it");
    watch.run("sh", &["-c", "mkdir -p app/conf/sub && echo 2 > app/conf/sub/x && echo 2 > app/conf/y"]);
    assert_eq!(watch.told_paths(), both, "made again");
    watch.run("mv", &["app", "away"]);
    assert_eq!(watch.told_paths(), both, "moved away");
    fs::write(watch.path("away/conf/y"), "3").unwrap();
    assert_eq!(watch.told_paths(), [] as [PathBuf; 0], "there it is no longer meant");
    let pid = watch.run("mv", &["away", "app"]);
    let told = watch.told();
    assert_eq!(told.iter().map(|touched| &touched.path).collect::<Vec<_>>(), both.iter().collect::<Vec<_>>(), "moved back");
    if ladder == Ladder::Fanotify {
        assert!(told.iter().all(|touched| touched.actor.as_ref().unwrap().pid == Some(pid)));
    }
    fs::write(watch.path("app/conf/y"), "4").unwrap();
    assert_eq!(watch.told_paths(), [watch.path("app/conf/y")], "and watched again");
}

#[test]
fn fanotify_survives_directories_that_come_and_go() {
    directories_come_and_go(Ladder::Fanotify);
}

#[test]
fn audit_survives_directories_that_come_and_go() {
    directories_come_and_go(Ladder::Audit);
}

#[test]
fn audit_names_a_writer_that_is_gone_and_whoever_held_the_file_open_for_long() {
    let Some(watch) = Watch::start(Ladder::Audit, &["/etc/**"]) else { return };
    assert!(watch.rung.rung == 2 && watch.rung.why.as_ref().unwrap().contains("auditing was"), "{:?}", watch.rung);
    fs::create_dir(watch.path("etc")).unwrap();
    fs::write(watch.path("etc/a b"), "0").unwrap();
    assert_eq!(watch.told_paths(), [watch.path("etc/a b")]);
    // One that opened it before another, and closes it later.
    let mut slow = Command::new("sh")
        .args(["-c", "exec 3>>'etc/a b'; echo open; read wait; echo x >&3; exec 3>&-; read wait"])
        .current_dir(watch.dir.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Read::read_exact(slow.stdout.as_mut().unwrap(), &mut [0; 5]).unwrap();
    assert_eq!(watch.told(), [], "nothing is altered yet");
    std::io::Write::write_all(slow.stdin.as_mut().unwrap(), b"go\n").unwrap();
    let touched = watch.touched.recv_timeout(DEADLINE).unwrap();
    assert_eq!((touched.path, touched.source), (watch.path("etc/a b"), "audit"));
    assert_eq!(touched.actor.unwrap().pid, Some(slow.id().cast_signed()));
    drop(slow.stdin.take());
    slow.wait().unwrap();
    // A shell between that is gone too: who wrote is known, and its parent's number.
    watch.run("sh", &["-c", "sh -c \"sed -i s/x/y/ 'etc/a b'\"; exit 0"]);
    let actor = watch.told().remove(0).actor.unwrap();
    assert_eq!((actor.uid, actor.command.as_deref()), (Some(0), Some("sed -i s/x/y/ 'etc/a b'")));
    assert_eq!(actor.parents.len(), actor.parent_pids.len());
    // By a name that is relative to a directory that the writer has open.
    let script = "import os; d = os.open('etc', 0); os.rename('a b', 'c', src_dir_fd=d, dst_dir_fd=d)";
    watch.run("python3", &["-c", script]);
    let told = watch.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|touched| touched.actor.as_ref().unwrap().command.as_ref().unwrap().contains("os.rename")), "{told:?}");
    assert_eq!(watch.files.coverage().troubles.len(), 0);
}

#[test]
fn inotify_survives_directories_that_come_and_go() {
    directories_come_and_go(Ladder::Inotify);
}

#[test]
fn a_file_that_is_replaced_ten_thousand_times_is_told_few_times_and_last_as_it_stays() {
    for ladder in [Ladder::Fanotify, Ladder::Inotify] {
        let Some(watch) = Watch::start(ladder, &["/app/*.conf"]) else { continue };
        fs::create_dir(watch.path("app")).unwrap();
        let started = muster_sense::clock::now();
        for round in 0..10_000 {
            fs::write(watch.path("app/new"), round.to_string()).unwrap();
            fs::rename(watch.path("app/new"), watch.path("app/a.conf")).unwrap();
        }
        let ended = muster_sense::clock::now();
        let told = watch.told();
        let most = ended.1.since(started.1).as_ms() / 20.0 + 50.0;
        assert!(!told.is_empty() && (told.len() as f64) < most, "{} times", told.len());
        assert!(told.iter().all(|touched| touched.path == watch.path("app/a.conf")));
        // The last word came after the last write.
        let last = fs::metadata(watch.path("app/a.conf")).unwrap();
        let last = std::os::unix::fs::MetadataExt::ctime_nsec(&last) + std::os::unix::fs::MetadataExt::ctime(&last) * 1_000_000_000;
        assert!(told.last().unwrap().at.0 >= last);
        println!("{ladder:?}: 10,000 replacements told {} times, {} overflows", told.len(), watch.files.coverage().overflows);
    }
}

#[test]
fn links_are_followed_where_they_are_named_and_do_not_go_round() {
    for ladder in [Ladder::Fanotify, Ladder::Inotify] {
        let Some(watch) = Watch::start(ladder, &["/none"]) else { continue };
        fs::create_dir_all(watch.path("real/sub")).unwrap();
        fs::create_dir(watch.path("elsewhere")).unwrap();
        fs::write(watch.path("elsewhere/site"), "1").unwrap();
        fs::write(watch.path("real/sub/x"), "1").unwrap();
        symlink("real", watch.path("named")).unwrap();
        symlink("..", watch.path("real/sub/round")).unwrap();
        symlink("self", watch.path("real/sub/self")).unwrap();
        symlink("../elsewhere/site", watch.path("real/site")).unwrap();
        let coverage = watch.watch(&["/named/**"]);
        assert!(coverage.directories < 20 && coverage.troubles.is_empty(), "{coverage:?}");
        fs::write(watch.path("real/sub/x"), "2").unwrap();
        assert_eq!(watch.told_paths(), [watch.path("named/sub/x")], "told by the path that is meant");
        fs::write(watch.path("elsewhere/site"), "2").unwrap();
        assert_eq!(watch.told_paths(), [watch.path("named/site")], "what a link leads to was written");
        fs::remove_file(watch.path("elsewhere/site")).unwrap();
        assert_eq!(watch.told_paths(), [watch.path("named/site")], "what a link leads to is gone");
    }
}

#[test]
fn temporary_files_are_not_told_and_odd_names_are() {
    for ladder in [Ladder::Fanotify, Ladder::Inotify] {
        let Some(watch) = Watch::start(ladder, &["/etc/**"]) else { continue };
        fs::create_dir(watch.path("etc")).unwrap();
        for name in ["a~", ".a.swp", ".#a", "a.dpkg-new"] {
            fs::write(watch.path("etc").join(name), "x").unwrap();
        }
        let odd = watch.path("etc").join(OsStr::from_bytes(b"caf\xe9\n.conf"));
        fs::write(&odd, "x").unwrap();
        // As an editor does it: a probe file that comes and goes.
        fs::write(watch.path("etc/4913"), "x").unwrap();
        fs::remove_file(watch.path("etc/4913")).unwrap();
        assert_eq!(watch.told_paths(), std::slice::from_ref(&odd));
        assert!(watch.files.existing().contains(&("web".into(), odd)));
    }
}

#[test]
fn lost_events_are_made_up_for_by_a_look_at_everything() {
    // The reader is held up while more happens than the kernel keeps.
    let (open, gate) = bounded::<()>(0);
    let (held, holds) = bounded::<()>(1);
    let who = Arc::new(move |_: i32| {
        let _ = held.try_send(());
        gate.recv_timeout(DEADLINE).ok().and(None)
    });
    let Some(watch) = Watch::with(Ladder::Fanotify, 100_000, who, &["/none"]) else { return };
    let queue: usize = fs::read_to_string("/proc/sys/fs/fanotify/max_queued_events").unwrap().trim().parse().unwrap();
    if queue > 20_000 {
        return println!("skipped: the kernel's queue is too long to be filled here: {queue}");
    }
    fs::create_dir(watch.path("etc")).unwrap();
    watch.watch(&["/etc/**"]);
    fs::write(watch.path("etc/first"), "1").unwrap();
    holds.recv_timeout(DEADLINE).unwrap();
    for number in 0..=queue {
        fs::write(watch.path(format!("etc/{number}~")), "x").unwrap();
    }
    fs::write(watch.path("etc/lost"), "x").unwrap();
    drop(open);
    let mut told = Vec::new();
    while !told.contains(&watch.path("etc/lost")) {
        told.push(watch.touched.recv_timeout(DEADLINE).unwrap().path);
    }
    assert!(told.contains(&watch.path("etc/first")));
    assert!(watch.files.coverage().overflows >= 1);
    assert_eq!(watch.files.pulse().unwrap().read().overflowed, watch.files.coverage().overflows);
}

#[test]
fn what_nobody_takes_is_held_back_and_not_lost() {
    let Some(watch) = Watch::with(Ladder::Inotify, 1, Arc::new(|_| None), &["/etc/**"]) else { return };
    fs::create_dir(watch.path("etc")).unwrap();
    let mut expected: Vec<PathBuf> = (0..500).map(|number| watch.path(format!("etc/{number}"))).collect();
    expected.iter().for_each(|path| fs::write(path, "x").unwrap());
    expected.sort();
    let mut told: Vec<PathBuf> = expected.iter().map(|_| watch.touched.recv_timeout(DEADLINE).unwrap().path).collect();
    told.sort();
    assert_eq!(told, expected);
}

#[test]
fn other_globs_take_the_place_of_the_first() {
    let Some(watch) = Watch::start(Ladder::Inotify, &["/a/*"]) else { return };
    for name in ["a/1", "b/1"] {
        fs::create_dir(watch.path(name).parent().unwrap()).unwrap();
        fs::write(watch.path(name), "x").unwrap();
    }
    assert_eq!(watch.told_paths(), [watch.path("a/1")]);
    let coverage = watch.watch(&["/b/*"]);
    assert_eq!((coverage.files, coverage.troubles.len()), (2, 0), "{coverage:?}");
    fs::write(watch.path("a/1"), "y").unwrap();
    fs::write(watch.path("b/1"), "y").unwrap();
    assert_eq!(watch.told_paths(), [watch.path("b/1")]);
    assert_eq!(watch.files.existing(), [("web".into(), watch.path("b/1")), ("web".into(), watch.path("last"))]);
}

#[test]
fn a_limit_that_is_hit_is_said() {
    let Some(watch) = Watch::start(Ladder::Inotify, &["/none"]) else { return };
    fs::create_dir(watch.path("many")).unwrap();
    for number in 0..=DIRECTORIES_MAX {
        fs::create_dir(watch.path("many").join(number.to_string())).unwrap();
    }
    let coverage = watch.watch(&["/many/**", "/many", "/[", "/x/../y"]);
    assert_eq!(coverage.directories, DIRECTORIES_MAX);
    let said: Vec<String> = coverage.troubles.iter().map(ToString::to_string).collect();
    assert!(coverage.troubles.contains(&Trouble::Directories), "{said:?}");
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said.iter().any(|words| words.contains("write ") && words.ends_with("/many/** for all files in it")), "{said:?}");
}

#[test]
fn on_an_overlay_the_writer_is_named_also_when_the_directory_comes_from_below() {
    // The test runs again in a mount namespace of its own, so that nothing is left mounted.
    const INSIDE: &str = "MUSTER_TEST_IN_NAMESPACE";
    let name = "on_an_overlay_the_writer_is_named_also_when_the_directory_comes_from_below";
    if std::env::var_os(INSIDE).is_none() {
        let me = std::env::current_exe().unwrap();
        let mut again = Command::new("unshare");
        again.args(["--mount", "--propagation", "private"]).arg(me).args(["--exact", name, "--nocapture"]).env(INSIDE, "1");
        match again.status() {
            Ok(status) if status.code() == Some(1) => return println!("skipped: no mount namespace of one's own here (needs root)"),
            Ok(status) => return assert!(status.success()),
            Err(error) => return println!("skipped: unshare(1): {error}"),
        }
    }
    let Some(watch) = Watch::start(Ladder::Fanotify, &["/merged/etc/**"]) else { return };
    // An overlay's upper directory must not itself be on one.
    watch.run("mount", &["-t", "tmpfs", "tmpfs", "."]);
    let base = watch.dir.path().to_owned();
    for name in ["lower/etc/sub", "upper", "work", "merged"] {
        fs::create_dir_all(base.join(name)).unwrap();
    }
    fs::write(base.join("lower/etc/sub/x"), "1").unwrap();
    watch.run("sh", &["-c", "mount -t overlay overlay -o lowerdir=$PWD/lower,upperdir=$PWD/upper,workdir=$PWD/work $PWD/merged"]);
    let coverage = watch.watch(&["/merged/etc/**"]);
    assert_eq!((coverage.files, coverage.troubles.len()), (1, 0), "{coverage:?}");
    for (program, args, path) in [
        ("sh", ["-c", "echo 2 > merged/etc/sub/x"], "merged/etc/sub/x"),
        ("sh", ["-c", "echo 3 >> merged/etc/sub/x"], "merged/etc/sub/x"),
        ("sh", ["-c", "echo 3 > merged/etc/sub/new"], "merged/etc/sub/new"),
        ("chmod", ["600", "merged/etc/sub/new"], "merged/etc/sub/new"),
        ("rm", ["-f", "merged/etc/sub/x"], "merged/etc/sub/x"),
    ] {
        let pid = watch.run(program, &args);
        let told = watch.told();
        let said: Vec<_> = told.iter().map(|t| (t.path.clone(), t.source, t.actor.as_ref().and_then(|a| a.pid))).collect();
        assert_eq!(said, [(watch.path(path), "fanotify", Some(pid))], "{program} {args:?}");
    }
    // So that the scratch directory can be removed.
    drop(watch.files);
    for mounted in ["merged", "."] {
        let done = Command::new("umount").args(["--lazy", "--"]).arg(base.join(mounted)).status().unwrap();
        assert!(done.success());
    }
}

//! The hub as an attacker would find it: with code execution inside, no file outside its directory can be read or written, no
//! other program run, nobody reached and nobody signalled.
//!
//! The test starts itself a second time; that process locks itself in as the hub does and then tries each way out.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

/// Where the process inside is told what to try; without it, this is the test.
const INSIDE: &str = "MUSTER_TEST_SANDBOX";

/// Each way out, and what came of it: `Err` is as it should be.
fn attempts(outside: &Path, port: u16, parent: Pid) -> Vec<(&'static str, bool)> {
    let secret = outside.join("secret");
    let opened = |path: &Path| File::open(path).is_ok();
    vec![
        ("read a file outside", opened(&secret)),
        ("read /etc/passwd", opened(Path::new("/etc/passwd"))),
        ("read its own program", opened(Path::new("/proc/self/exe"))),
        ("read another's memory map", opened(Path::new(&format!("/proc/{parent}/maps", parent = parent.as_raw_nonzero())))),
        ("list /", fs::read_dir("/").is_ok()),
        ("read by a link in its own directory", {
            let _ = symlink(&secret, "link");
            opened(Path::new("link"))
        }),
        ("read by .. ", opened(Path::new("../secret"))),
        ("make a hard link to it", fs::hard_link(&secret, "hard").is_ok()),
        ("write a file outside", OpenOptions::new().append(true).open(&secret).is_ok()),
        ("make a file outside", File::create(outside.join("new")).is_ok()),
        ("make a file in /tmp", File::create(std::env::temp_dir().join("muster-out")).is_ok()),
        ("move its own file out", File::create("own").is_ok() && fs::rename("own", outside.join("moved")).is_ok()),
        ("run a program", Command::new("/bin/true").status().is_ok()),
        ("run itself again", Command::new("/proc/self/exe").status().is_ok()),
        ("start a process", fork()),
        ("open a port", TcpListener::bind("127.0.0.1:0").is_ok()),
        ("connect to a port", TcpStream::connect(("127.0.0.1", port)).is_ok()),
        ("send by UDP", UdpSocket::bind("127.0.0.1:0").is_ok()),
        ("connect to the agent's socket", UnixStream::connect(outside.join("agent.sock")).is_ok()),
        ("signal another process", kill_process(parent, Signal::CONT).is_ok()),
        ("become root", rustix::thread::set_thread_uid(rustix::process::Uid::ROOT).is_ok()),
        ("mount", rustix::mount::mount("none", ".", "tmpfs", rustix::mount::MountFlags::empty(), None).is_ok()),
        ("change its root", rustix::process::chroot(".").is_ok()),
        ("join another's namespace", File::open("/proc/1/ns/net").is_ok()),
    ]
}

/// A process of one's own: for a program that is not there the kernel is asked for the process first.
fn fork() -> bool {
    let error = Command::new("/nonexistent/program").spawn().err().map(|e| e.kind());
    error == Some(ErrorKind::NotFound)
}

fn inside(told: &str) {
    let mut told = told.split('\n');
    let outside = PathBuf::from(told.next().unwrap());
    let port: u16 = told.next().unwrap().parse().unwrap();
    let parent = Pid::from_raw(told.next().unwrap().parse().unwrap()).unwrap();
    let rung = muster_hub::sandbox::enter(&outside.join("hub")).unwrap();
    let mut out = std::io::stdout();
    // What is its own it can still use.
    fs::write("note", "mine").unwrap();
    assert_eq!(fs::read_to_string("note").unwrap(), "mine");
    std::thread::spawn(|| ()).join().unwrap();
    writeln!(out, "rung {}", rung.source).unwrap();
    for (what, worked) in attempts(&outside, port, parent) {
        writeln!(out, "{} {what}", if worked { "OUT" } else { "held" }).unwrap();
    }
}

/// The second process. Where nobody told it what to try, there is nothing to do.
#[test]
fn attacker() {
    if let Ok(told) = std::env::var(INSIDE) {
        inside(&told);
    }
}

#[test]
fn with_code_execution_inside_nothing_outside_can_be_reached() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "password").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _agent = std::os::unix::net::UnixListener::bind(outside.path().join("agent.sock")).unwrap();
    let told = format!("{}\n{}\n{}", outside.path().display(), listener.local_addr().unwrap().port(), std::process::id());
    let said = Command::new(std::env::current_exe().unwrap())
        .args(["attacker", "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, told)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    let tried = text.lines().filter(|line| line.starts_with("held ")).count();
    let out: Vec<&str> = text.lines().filter(|line| line.starts_with("OUT ")).collect();
    if !text.contains("landlock") || !text.contains("seccomp") {
        println!("skipped: this kernel cannot lock it in as far as it goes: {text}");
        return;
    }
    assert!(out.is_empty(), "{out:#?}");
    assert!(tried >= 24, "{text}");
    assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "password");
    let names = fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, ["agent.sock", "hub", "secret"]);
}

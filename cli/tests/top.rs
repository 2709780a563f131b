//! `muster top` on a real terminal (a pty), with a Muster that runs: what happens is seen, keys act, and the terminal is left as it was.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

mod support;

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

use support::{Muster, pid, text};

/// What has not come by then will not come.
const LONGEST: Duration = Duration::from_secs(20);
const LEFT: &str = "\x1b[?1049l";

/// A program on a terminal of its own, and what it has drawn there.
struct Shown {
    child: Child,
    master: File,
    slave: OwnedFd,
    drawn: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    raw: String,
}

impl Shown {
    fn start(muster: &Muster, arguments: &[&str]) -> Shown {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        resize(&master, 24, 80);
        let stdio = || Stdio::from(slave.try_clone().unwrap());
        // The terminal becomes the program's own, so that the kernel tells it of a new size (setsid(1)).
        let child = Command::new("setsid")
            .args(["--ctty", env!("CARGO_BIN_EXE_muster"), "--data"])
            .arg(muster.folder.path().join("data"))
            .args(arguments)
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("NO_COLOR")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        let master = File::from(master);
        let mut reader = master.try_clone().unwrap();
        let (sender, drawn) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Shown { child, master, slave, drawn, screen: vt100::Parser::new(cells(24), cells(80), 0), raw: String::new() }
    }

    fn types(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    fn resize(&mut self, rows: u16, columns: u16) {
        resize(&self.master, rows, columns);
        self.screen.screen_mut().set_size(cells(rows), cells(columns));
    }

    /// Waits until the screen is as wanted.
    fn until(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let begun = muster_sense::clock::since_boot().0;
        loop {
            let seen = self.screen.screen().contents();
            if wanted(&seen) {
                return seen;
            }
            let waited = Duration::from_nanos(muster_sense::clock::since_boot().0 - begun);
            assert!(waited < LONGEST, "it never came:\n{seen}");
            match self.drawn.recv_timeout(LONGEST) {
                Ok(bytes) => {
                    self.raw.push_str(&String::from_utf8_lossy(&bytes));
                    self.screen.process(&bytes);
                }
                Err(RecvTimeoutError::Timeout) => panic!("nothing more is drawn:\n{seen}"),
                Err(RecvTimeoutError::Disconnected) => panic!("the program has ended:\n{seen}\n{}", self.raw),
            }
        }
    }

    /// Waits for the end, and for all that was drawn before it.
    fn ended(mut self) -> (ExitStatus, String) {
        let begun = muster_sense::clock::since_boot().0;
        while !self.raw.contains(LEFT) {
            let waited = Duration::from_nanos(muster_sense::clock::since_boot().0 - begun);
            assert!(waited < LONGEST, "the alternate screen was not left:\n{}", self.screen.screen().contents());
            let bytes = self.drawn.recv_timeout(LONGEST).unwrap_or_else(|_| panic!("nothing more is drawn: {}", self.raw));
            self.raw.push_str(&String::from_utf8_lossy(&bytes));
        }
        (self.child.wait().unwrap(), self.raw.clone())
    }

    fn signal(&self, signal: Signal) {
        // setsid(1) becomes the program it starts, unless it leads a group of processes already.
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

fn resize(terminal: impl AsFd, rows: u16, columns: u16) {
    tcsetwinsize(terminal, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
}

/// How the terminal treats what is typed: what `stty -a` shows.
fn modes(terminal: impl AsFd) -> String {
    let modes = tcgetattr(terminal).unwrap();
    format!("{:?} {:?} {:?} {:?}", modes.input_modes, modes.output_modes, modes.local_modes, modes.control_modes)
}

const ROSTER: &str = "[[service]]\nname = \"victim\"\nrun = \"/bin/sleep 100000\"\n\n\
    [[service]]\nname = \"fragile\"\nrun = \"/bin/sleep 100000\"\nrecover = \"never\"\n";

#[test]
fn a_loss_is_seen_as_it_happens_and_the_terminal_is_left_as_it_was() {
    let muster = Muster::up(ROSTER);
    let (first, fragile) = (muster.until(|| pid(&muster, "victim")), muster.until(|| pid(&muster, "fragile")));
    let mut shown = Shown::start(&muster, &["top"]);
    let before = modes(&shown.slave);
    let row = |seen: &str, name: &str| seen.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    shown.until(|seen| row(seen, "victim").contains("● present") && row(seen, "fragile").contains("● present"));
    assert_ne!(modes(&shown.slave), before, "keys come one by one");

    // What is not brought back is seen to be lost, first of all rows, and why.
    kill_process(Pid::from_raw(fragile as i32).unwrap(), Signal::KILL).unwrap();
    let seen = shown.until(|seen| row(seen, "fragile").contains("✗ lost"));
    assert!(row(&seen, "fragile").starts_with(">! fragile") && row(&seen, "fragile").contains("killed by a signal"), "{seen}");
    assert!(seen.starts_with(&muster.json(&["status"])["host"].as_str().unwrap().to_owned()), "{seen}");
    shown.types("\r");
    shown.until(|seen| seen.contains("For (+) and against (−)") && seen.contains("Esc back"));

    // Brought back from here, after a typed yes, and seen in the open story and in the roll call.
    shown.types("r");
    shown.until(|seen| seen.contains("Bring fragile back now? Type yes:"));
    shown.types("yes\r");
    shown.until(|seen| seen.contains("recovered") || seen.contains("closed"));
    shown.types("\x1b");
    shown.until(|seen| row(seen, "fragile").contains("● present"));

    // What is brought back at once has another process.
    kill_process(Pid::from_raw(first as i32).unwrap(), Signal::KILL).unwrap();
    let second = muster.until(|| pid(&muster, "victim").and_then(|now| if now == first { Err("still dead".to_owned()) } else { Ok(now) }));
    shown.resize(30, 130);
    shown.until(|seen| row(seen, "victim").contains(&second.to_string()) && row(seen, "victim").contains("● present"));

    // A narrow terminal, and a filter typed on it.
    shown.resize(8, 30);
    shown.types("/vict");
    shown.until(|seen| row(seen, "victim").contains("present") && !seen.contains("fragile"));
    // Esc and a letter in one go would be a key with Alt.
    shown.types("\x1b");
    shown.until(|seen| seen.contains("fragile"));
    shown.types("q");
    let slave = shown.slave.try_clone().unwrap();
    let (status, raw) = shown.ended();
    assert!(status.success(), "{status}");
    assert_eq!(modes(&slave), before);
    assert!(raw.contains("\x1b[?1049h") && raw.contains("\x1b[?25h"), "the alternate screen was entered, and the cursor is back");
}

#[test]
fn signals_and_ctrl_c_leave_the_terminal_as_it_was() {
    let muster = Muster::up(ROSTER);
    for leave in [Some(Signal::TERM), Some(Signal::HUP), Some(Signal::INT), None] {
        let mut shown = Shown::start(&muster, &["top", "--lang", "zh-CN"]);
        let before = modes(&shown.slave);
        shown.until(|seen| seen.contains("● 正常") && seen.contains("q 退出"));
        match leave {
            Some(signal) => shown.signal(signal),
            None => shown.types("\x03"),
        }
        let slave = shown.slave.try_clone().unwrap();
        let (status, _) = shown.ended();
        assert!(status.success(), "{leave:?}: {status}");
        assert_eq!(modes(&slave), before, "{leave:?}");
    }
}

#[test]
fn a_muster_that_goes_away_is_told_and_found_again() {
    let mut muster = Muster::up(ROSTER);
    muster.until(|| pid(&muster, "victim"));
    let mut shown = Shown::start(&muster, &["top"]);
    shown.until(|seen| seen.contains("● present"));
    assert!(muster.ask(&["down"]).status.success());
    muster.child.wait().unwrap();
    shown.until(|seen| seen.contains("! Muster is away") && seen.contains("victim"));
    muster.again();
    shown.until(|seen| !seen.contains("! Muster is away") && seen.contains("● present"));
    shown.types("q");
    assert!(shown.ended().0.success());
}

#[test]
fn where_there_is_no_terminal_it_is_refused_and_something_better_named() {
    let muster = Muster::up(ROSTER);
    for (arguments, named) in [
        (&["top"][..], ["`muster status`", "`muster events --follow`"]),
        (&["--json", "top"], ["`muster --json status`", "`muster --json events --follow`"]),
    ] {
        let output = muster.ask(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), text(&output)), (Some(2), String::new()), "{arguments:?}: {said}");
        assert!(named.iter().all(|name| said.contains(name)), "{said}");
    }
}

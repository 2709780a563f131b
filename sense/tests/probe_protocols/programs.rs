//! Real programs for a test: each a child in a process group of its own, on a free port, ended with the test.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crossbeam_channel::bounded;
use muster_model::observation::Fact;
use muster_model::probe::{Answer, Ask, Peer, Probe};
use muster_model::time::Length;
use muster_sense::probe::Prober;
use rustix::process::{Pid, Signal, kill_process_group};

/// A machine under load is slow; a test that waits longer than this has failed.
const DEADLINE: Duration = Duration::from_secs(30);

/// A program in a process group of its own, ended with all of it when the test is over.
pub(crate) struct Program(Child);

impl Program {
    pub(crate) fn start(command: &mut Command) -> Program {
        use std::os::unix::process::CommandExt;
        Program(command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// nginx with these servers and all its files in the folder.
    pub(crate) fn nginx(exe: &str, folder: &Path, servers: &str) -> Program {
        let dir = folder.display();
        let temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|t| format!("{t}_temp_path {dir}/{t};")).concat();
        // `user` is refused where the test is not root; without it a root's worker may not read the folder.
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let conf = format!(
            "{user} daemon off; pid {dir}/pid; error_log {dir}/error.log; events {{}}\nhttp {{ access_log off; {temps}\n{servers}}}\n"
        );
        std::fs::write(folder.join("conf"), conf).unwrap();
        Program::start(Command::new(exe).arg("-c").arg(folder.join("conf")).arg("-p").arg(folder))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It was not waited for, so the group is still its own.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    free_ports(1)[0]
}

/// Ports that differ: one that is free again may be given a second time.
pub(crate) fn free_ports(n: usize) -> Vec<u16> {
    let held: Vec<TcpListener> = (0..n).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    held.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
}

/// Waits until it is so.
pub(crate) fn until(is_so: impl Fn() -> bool) {
    let (_never, ticks) = bounded::<()>(0);
    for _ in 0..600 {
        if is_so() {
            return;
        }
        let _ = ticks.recv_timeout(Duration::from_millis(50));
    }
    panic!("it never came to be");
}

/// Waits until somebody listens there.
pub(crate) fn waits_for(port: u16) {
    until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
}

pub(crate) fn installed(program: &str) -> bool {
    let there = Path::new(program).exists();
    if !there {
        println!("skipped: {program} is not installed");
    }
    there
}

pub(crate) fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("skipped: only root can run it as its own user");
    }
    root
}

pub(crate) fn as_user(user: &str, program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups", "--", program]).current_dir("/");
    command
}

/// Gives the folder and all in it to the user.
pub(crate) fn own(folder: &Path, user: &str) {
    assert!(Command::new("chown").args(["-R", user]).arg(folder).status().unwrap().success());
}

/// The first answer that is told to the question.
pub(crate) fn answer(ask: Ask) -> Answer {
    let (sink, observations) = bounded(16);
    let prober = Prober::start(sink).unwrap();
    let probe = Probe::new(ask, Length::seconds(600), Length::seconds(10));
    prober.set(vec![("a".into(), vec![probe])]);
    let observation = observations.recv_timeout(DEADLINE).expect("something is told within the deadline");
    let Fact::Probed { answer, .. } = observation.fact else { panic!("{observation:?}") };
    answer
}

/// The text of an answer that must be right.
pub(crate) fn right(answer: &Answer) -> &str {
    assert!(matches!(answer, Answer::Right { .. }), "{answer:?}");
    answer.text()
}

pub(crate) fn peer(address: impl ToString) -> Peer {
    Peer { address: address.to_string(), ..Peer::default() }
}

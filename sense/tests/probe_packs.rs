//! The probes of the packs against the real programs: they are right while the program runs, silent while it stands still,
//! right again when it goes on, refused when it is gone. Each program runs as a child of the test in a folder of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crossbeam_channel::bounded;
use muster_model::config;
use muster_model::observation::Fact;
use muster_model::probe::Answer;
use muster_model::time::Length;
use muster_packs::{Packs, builtin};
use muster_sense::probe::Prober;
use rustix::process::{Pid, Signal, kill_process_group};

const DEADLINE: Duration = Duration::from_secs(30);

/// A program in a process group of its own, ended with all of it when the test is over.
struct Program(Child);

impl Program {
    fn start(command: &mut Command) -> Program {
        use std::os::unix::process::CommandExt;
        Program(command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn signal(&self, signal: Signal) {
        kill_process_group(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It was not waited for, so the group is still its own.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until somebody listens there.
fn listens(port: u16) {
    let (_never, ticks) = bounded::<()>(0);
    for _ in 0..600 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        let _ = ticks.recv_timeout(Duration::from_millis(50));
    }
    panic!("nobody listens on {port}");
}

/// Runs the program through its states and compares what its pack's probe says in each.
fn states(exe: &str, ports: &[u16], program: Program) {
    ports.iter().for_each(|port| listens(*port));
    let text = "[[service]]\nname = \"a\"\nprocess = { exe = \"x\" }\n".to_owned();
    let mut service = config::parse(&[("test".to_owned(), text)]).unwrap().services.remove(0);
    Packs::new(builtin()).furnish(&mut service, muster_packs::Program { exe: Some(exe), command: None }, ports);
    assert_eq!(service.probes.len(), ports.len());
    for probe in &mut service.probes {
        (probe.every, probe.timeout) = (Length::ms(500), Length::ms(500));
    }
    let (sink, observations) = bounded(16);
    let prober = Prober::start(sink).unwrap();
    prober.set(vec![(service.name.clone(), service.probes.clone())]);
    let all_say = |expected: fn(&Answer) -> bool| {
        for _ in ports {
            let observation = observations.recv_timeout(DEADLINE).expect("something is told");
            let Fact::Probed { answer, .. } = &observation.fact else { panic!("{observation:?}") };
            assert!(expected(answer), "{exe}: {observation:?}");
        }
    };
    all_say(Answer::is_right);
    program.signal(Signal::STOP);
    all_say(|answer| matches!(answer, Answer::Silent { .. }));
    program.signal(Signal::CONT);
    all_say(Answer::is_right);
    drop(program);
    all_say(|answer| matches!(answer, Answer::Refused { .. }));
}

fn installed(program: &str) -> bool {
    let there = Path::new(program).exists();
    if !there {
        println!("skipped: {program} is not installed");
    }
    there
}

#[test]
fn redis_is_heard_with_and_without_a_password() {
    let exe = "/usr/bin/redis-server";
    if !installed(exe) {
        return;
    }
    for extra in [&[][..], &["--requirepass", "secret"]] {
        let scratch = tempfile::tempdir().unwrap();
        let port = free_port();
        let program = Program::start(
            Command::new(exe).args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]).args(extra).current_dir(&scratch),
        );
        states(exe, &[port], program);
    }
}

#[test]
fn nginx_is_heard_also_in_front_of_an_upstream_that_hangs() {
    let exe = "/usr/sbin/nginx";
    if !installed(exe) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().display();
    // It accepts and never answers.
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, http2, upstream_port) = (free_port(), free_port(), upstream.local_addr().unwrap().port());
    let temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|t| format!("{t}_temp_path {dir}/{t};")).concat();
    // `user` is refused where the test is not root; without it a root's worker may not read the folder.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let conf = format!(
        "{user} daemon off; pid {dir}/pid; error_log {dir}/error.log; events {{}}\nhttp {{ access_log off; {temps}\n\
         server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{upstream_port}; }} }}\n\
         server {{ listen 127.0.0.1:{http2} http2; }} }}\n"
    );
    std::fs::write(scratch.path().join("conf"), conf).unwrap();
    let program = Program::start(Command::new(exe).arg("-c").arg(scratch.path().join("conf")).arg("-p").arg(scratch.path()));
    states(exe, &[port, http2], program);
}

#[test]
fn haproxy_is_heard_also_in_front_of_a_backend_that_hangs() {
    let exe = "/usr/sbin/haproxy";
    if !installed(exe) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let backend = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, backend_port) = (free_port(), backend.local_addr().unwrap().port());
    let conf = format!(
        "defaults\n mode http\n timeout client 60s\n timeout server 60s\n timeout connect 5s\nfrontend x\n bind 127.0.0.1:{port}\n \
         default_backend y\nbackend y\n server z 127.0.0.1:{backend_port}\n"
    );
    std::fs::write(scratch.path().join("conf"), conf).unwrap();
    let program = Program::start(Command::new(exe).arg("-db").arg("-f").arg(scratch.path().join("conf")));
    states(exe, &[port], program);
}

#[test]
fn postgresql_is_heard_and_writes_nothing_into_its_log() {
    let bin = "/usr/lib/postgresql/15/bin";
    let exe = &format!("{bin}/postgres");
    if !installed(exe) {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can run it as its own user");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    assert!(Command::new("chown").arg("postgres").arg(scratch.path()).status().unwrap().success());
    let as_postgres = |program: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", program]).current_dir("/");
        command
    };
    let made = as_postgres(&format!("{bin}/initdb")).args(["--no-sync", "-A", "trust", "-D"]).arg(&data).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let port = free_port();
    let log = scratch.path().join("log");
    let options = ["-c", "listen_addresses=127.0.0.1", "-c", "logging_collector=on", "-c", "log_filename=log", "-p", &port.to_string()]
        .map(str::to_owned);
    let program = Program::start(
        as_postgres(exe)
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(scratch.path())
            .args(["-c", &format!("log_directory={}", scratch.path().display())])
            .args(options),
    );
    states(exe, &[port], program);
    let mut said = String::new();
    std::fs::File::open(log).unwrap().read_to_string(&mut said).unwrap();
    // The test's own first connection ends without a word, which the server does not log either.
    let complaints: Vec<&str> = said.lines().filter(|line| !line.contains("LOG:  ") || line.contains("could not")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

//! A Muster for a test, and what to ask it with.

#![allow(dead_code, unreachable_pub)] // each test uses its part; a test has no outside

pub mod http;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use serde_json::Value;

/// A Muster of the test's own. Dropping it ends it with its services.
pub struct Muster {
    pub folder: tempfile::TempDir,
    pub child: Child,
}

impl Muster {
    pub fn up(roster: &str) -> Muster {
        Muster::up_with(roster, &[])
    }

    /// With these in its environment.
    pub fn up_with(roster: &str, environment: &[(&str, &str)]) -> Muster {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("muster.toml"), roster).unwrap();
        let child = up(folder.path(), environment);
        Muster { folder, child }
    }

    /// The same again, after it has ended.
    pub fn again(&mut self) {
        self.child = up(self.folder.path(), &[]);
    }

    pub fn ask(&self, arguments: &[&str]) -> Output {
        command(self.folder.path(), arguments).output().unwrap()
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.ask(&[&["--json"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Looks again after every event until there is something; gives up with what was last seen.
    pub fn until<T>(&self, mut look: impl FnMut() -> Result<T, String>) -> T {
        let follower = Follower::new(self.folder.path());
        let mut quiet = 0;
        loop {
            match look() {
                Ok(seen) => return seen,
                Err(last) => assert!(quiet < QUIET_MAX, "it never came: {last}"),
            }
            quiet = if follower.arrived.recv_timeout(Duration::from_secs(1)).is_ok() { 0 } else { quiet + 1 };
        }
    }
}

/// So many seconds without an event, and nothing will come any more.
const QUIET_MAX: u32 = 20;

/// What happens, line by line.
struct Follower {
    child: Child,
    arrived: Receiver<String>,
}

impl Follower {
    fn new(folder: &Path) -> Follower {
        let mut child = command(folder, &["--json", "events", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
        let (lines, arrived) = std::sync::mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        Follower { child, arrived }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Muster {
    fn drop(&mut self) {
        let _ = self.ask(&["down", "--services"]);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a Muster and waits until it says that it is up.
fn up(folder: &Path, environment: &[(&str, &str)]) -> Child {
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let mut child = command(folder, &["up"]).envs(environment.iter().copied()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let mut announced = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut announced).unwrap();
    let log = std::fs::read_to_string(folder.join("log")).unwrap();
    assert!(announced.contains("is up"), "{announced}{log}");
    child
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.arg("--config").arg(folder.join("muster.toml")).arg("--data").arg(folder.join("data")).args(arguments).env("LC_ALL", "C");
    command
}

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The first process of the service, once it is present.
pub fn pid(muster: &Muster, service: &str) -> Result<i64, String> {
    let status = muster.json(&["status", service]);
    let row = &status["services"][0];
    row["pids"][0].as_i64().filter(|_| row["health"] == "present").ok_or_else(|| row.to_string())
}

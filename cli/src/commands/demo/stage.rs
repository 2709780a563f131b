//! The stage of `demo`: a scratch folder with three services, and a Muster of its own that watches them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use muster_model::request::{Reply, Request};
use muster_model::time::{Length, Mono};
use muster_sense::clock;
use muster_tell::Language;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::failure::Failure;
use crate::socket::{Agent, Line};

/// Muster may take this long to say that it is up.
const UP_WITHIN: Length = Length::seconds(20);
/// And this long to end.
const END_WITHIN: Length = Length::seconds(15);
/// What a good settings file says.
const GOOD: &str = "greeting = hello from Muster's demo\nworkers = 4\n";

/// The services on the stage.
pub(super) const SERVICES: [&str; 3] = ["web", "api", "queue"];

/// A Muster at work on a stage. Dropping it ends Muster and all it started.
pub(super) struct Stage {
    /// The folder.
    pub(super) folder: PathBuf,
    muster: Child,
}

/// Where Muster keeps its record on a stage.
pub(super) fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// The settings file of a service.
fn settings(folder: &Path, service: &str) -> PathBuf {
    folder.join(format!("{service}.conf"))
}

impl Stage {
    /// Sets the stage and starts Muster; it is up when this returns.
    pub(super) fn set(folder: PathBuf, language: Language) -> anyhow::Result<Stage> {
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let program = std::env::current_exe().context("cannot find the muster program")?;
        let mut roster = "# Three services that Muster runs itself, with what each must show to count as there.\n\
                          [muster]\nsteady = \"1s\"\nstart_within = \"5s\"\n"
            .to_owned();
        for service in SERVICES {
            fs::write(settings(&folder, service), GOOD)?;
            roster += &entry(&folder, &program, service)?;
        }
        let config = folder.join("muster.toml");
        fs::write(&config, roster)?;
        let log = File::create(folder.join("muster.log"))?;
        let mut muster = Command::new(&program)
            .arg("--config")
            .arg(&config)
            .arg("--data")
            .arg(data(&folder))
            .args(["--lang", language.code(), "up"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start muster up")?;
        let announced = muster.stdout.take();
        let stage = Stage { folder, muster };
        stage.wait_until_up(announced.context("muster up has no standard output")?)?;
        Ok(stage)
    }

    /// Muster says a line when it is up.
    fn wait_until_up(&self, mut announced: impl Read + std::os::fd::AsFd) -> anyhow::Result<()> {
        let mut first = [0];
        if !readable(&announced, UP_WITHIN)? || announced.read(&mut first)? == 0 {
            let log = fs::read_to_string(self.folder.join("muster.log")).unwrap_or_default();
            bail!("muster up did not come up: {}", log.trim());
        }
        Ok(())
    }

    /// The Muster of this stage.
    pub(super) fn agent(&self) -> Agent {
        Agent::at(&data(&self.folder))
    }

    /// What happens from now on.
    pub(super) fn watch(&self) -> Result<Watch, Failure> {
        Watch::new(&self.agent())
    }

    /// Ends Muster and the services, and waits until they have ended.
    pub(super) fn strike(self) -> PathBuf {
        self.folder.clone() // the rest is `drop`'s
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let told = self.agent().ask(&Request::Down { services: true });
        let ended = told.is_ok() && ended_within(&self.muster, END_WITHIN).unwrap_or(false);
        if !ended {
            // The services end by themselves when nobody asks them any more.
            let _ = self.muster.kill();
        }
        let _ = self.muster.wait();
    }
}

fn ended_within(child: &Child, within: Length) -> io::Result<bool> {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return Ok(false) };
    readable(&pidfd_open(pid, PidfdFlags::empty())?, within)
}

fn readable(fd: &impl std::os::fd::AsFd, within: Length) -> io::Result<bool> {
    let within = Duration::from_nanos(within.0);
    let timeout = Timespec { tv_sec: within.as_secs() as i64, tv_nsec: within.subsec_nanos().into() };
    Ok(poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&timeout))? > 0)
}

/// A service's lines in the configuration.
fn entry(folder: &Path, program: &Path, service: &str) -> anyhow::Result<String> {
    let port = free_port()?;
    let settings = settings(folder, service).display().to_string();
    let command =
        format!("{} sample-service {service} --port {port} --settings {}", shell(&program.display().to_string()), shell(&settings));
    Ok(format!(
        "\n[[service]]\nname = \"{service}\"\nrun = {run}\nvalidate = {validate}\nconfig = [{config}]\n\
         probe = [{{ http = \"http://127.0.0.1:{port}/\", every = \"250ms\", timeout = \"250ms\" }}]\n",
        run = toml(&command)?,
        validate = toml(&format!("{command} --check"))?,
        config = toml(&settings)?,
    ))
}

/// A word as the shell takes it.
fn shell(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A string as TOML takes it: its basic strings have the escapes of JSON.
fn toml(text: &str) -> anyhow::Result<String> {
    Ok(serde_json::to_string(text)?)
}

/// A port that nobody holds now. Somebody may by the time it is used; the demo then shows just that.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// What happens on the stage, to wait for.
pub(super) struct Watch {
    line: Line,
}

impl Watch {
    /// Listens from now on.
    fn new(agent: &Agent) -> Result<Watch, Failure> {
        let mut line = agent.open()?;
        line.send(&Request::Events(muster_model::request::EventQuery { follow: true, ..Default::default() }))?;
        let mut watch = Watch { line };
        watch.next(END_WITHIN)?; // the answer says that it listens
        Ok(watch)
    }

    /// Looks again after every event until there is something. `None` when the time is over.
    pub(super) fn until<T>(&mut self, within: Length, mut look: impl FnMut() -> Result<Option<T>, Failure>) -> Result<Option<T>, Failure> {
        let deadline: Mono = clock::now().1.after(within);
        loop {
            if let Some(found) = look()? {
                return Ok(Some(found));
            }
            let left = deadline.since(clock::now().1);
            if left == Length(0) || !self.next(left)? {
                return Ok(None);
            }
        }
    }

    /// Waits for the next event; whether one came.
    fn next(&mut self, within: Length) -> Result<bool, Failure> {
        self.line.wait(within.std())?;
        match self.line.next() {
            Ok(Some(Reply::Events(_))) => Ok(true),
            Ok(_) => Ok(false),
            // The time is over.
            Err(Failure::Failed(_)) => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roster_of_the_stage_is_one_that_muster_takes_wherever_the_folder_is() {
        let folder = Path::new("/tmp/it's a \"folder\" \\ 目录");
        let text = SERVICES.map(|service| entry(folder, Path::new("/opt/my muster"), service).unwrap()).concat();
        let config = muster_model::config::parse(&[("muster.toml".to_owned(), text)]).unwrap();
        assert_eq!(config.services.len(), 3);
        assert_eq!(config.services[0].config, [settings(folder, "web").display().to_string()]);
        assert_eq!(shell("it's"), "'it'\\''s'");
    }
}

//! The hub (DESIGN §3): pages, API and metrics, in a process of its own that can do next to nothing else.
//!
//! It is started by its agent with one end of a line as its standard input. In this order: it hears how it is to be, opens
//! its doors (`doors`), gives up every right it does not need (`sandbox`), and serves (`server`). What it knows it asks its
//! agent for (`line`); it keeps nothing, so ending it loses nothing.
#![forbid(unsafe_code)]

mod admission;
mod api;
mod doors;
mod health;
mod line;
mod live;
mod metrics;
mod page;
mod problem;
mod roll;
pub mod sandbox;
mod server;
mod speech;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use muster_model::hub::{Ready, Settings};

use crate::admission::Limits;
use crate::doors::Doors;
use crate::line::Agent;
use crate::live::Live;
use crate::roll::Roll;
use crate::speech::Speech;

pub use api::openapi;

/// More is none of an agent's settings.
const SETTINGS_BYTES_MAX: u64 = 64 << 10;
/// For the kernel's choice of what to end (proc_pid_oom_score_adj(5)); ordinary programs have 0.
const GOES_FIRST: &str = "300";
/// Threads that serve: the pages are for people, and the machine is for its services.
const THREADS: usize = 2;

/// Why there is no hub.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// It was started by hand.
    #[error("the hub is started by `muster up`: its standard input is no line to an agent")]
    NoAgent(#[source] io::Error),
    /// The agent hung up before it said anything.
    #[error("the agent hung up")]
    HungUp,
    /// What it said is not understood.
    #[error("the agent's settings are not understood")]
    Settings(#[source] serde_json::Error),
    /// The sandbox could not be closed as far as this machine allows.
    #[error(transparent)]
    Sandbox(#[from] sandbox::SandboxError),
    /// The runtime could not be started.
    #[error("cannot start")]
    Start(#[source] io::Error),
}

/// What every answer is made from.
#[derive(Clone)]
pub(crate) struct Hub {
    pub(crate) agent: Agent,
    pub(crate) roll: Arc<Roll>,
    pub(crate) live: Arc<Live>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) counts: Arc<metrics::Counts>,
    pub(crate) speech: Speech,
    pub(crate) sheets: Arc<page::Sheets>,
    /// Reading needs a token too.
    pub(crate) token_to_read: bool,
}

/// Serves until the agent hangs up. To be called before the process has any other thread.
///
/// # Errors
/// See [`HubError`].
pub fn run() -> Result<(), HubError> {
    let line = agents_line().map_err(HubError::NoAgent)?;
    let settings = hear(&line)?;
    // Where memory runs out, what serves pages goes before what watches. Without /proc it is as its agent is.
    let _ = std::fs::write("/proc/self/oom_score_adj", GOES_FIRST);
    let (doors, trouble) = Doors::open(&settings);
    let rung = sandbox::enter(&settings.home)?;
    let ready = Ready { addresses: doors.addresses(), rung, trouble };
    say(&line, &ready).map_err(HubError::Start)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(2)
        .enable_io()
        .enable_time()
        .build()
        .map_err(HubError::Start)?;
    runtime.block_on(async {
        let (agent, ended) = Agent::over(line).map_err(HubError::Start)?;
        let hub = Hub {
            roll: Arc::new(Roll::new(agent.clone())),
            live: Arc::new(Live::new(agent.clone())),
            limits: Arc::default(),
            counts: Arc::default(),
            speech: Speech::of(settings.language.as_deref()),
            sheets: Arc::default(),
            token_to_read: settings.token_to_read,
            agent,
        };
        server::serve(hub, doors, ended).await.map_err(HubError::Start)
    })
}

/// The agent's line, which is our standard input.
fn agents_line() -> io::Result<UnixStream> {
    let stdin: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::net::sockopt::socket_domain(&stdin)?;
    Ok(UnixStream::from(stdin))
}

fn hear(line: &UnixStream) -> Result<Settings, HubError> {
    let mut text = String::new();
    // Nothing is said after the settings until the hub has answered: no byte is lost with this reader.
    BufReader::new(line).take(SETTINGS_BYTES_MAX).read_line(&mut text).map_err(HubError::NoAgent)?;
    if text.is_empty() {
        return Err(HubError::HungUp);
    }
    serde_json::from_str(&text).map_err(HubError::Settings)
}

fn say(mut line: &UnixStream, ready: &Ready) -> io::Result<()> {
    let mut text = serde_json::to_vec(ready)?;
    text.push(b'\n');
    line.write_all(&text)
}

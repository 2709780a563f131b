//! `muster up`: everything is opened, read and checked before anything is watched.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Sender, bounded};
use muster_act::Hands;
use muster_guard::host::Guard;
use muster_ledger::Ledger;
use muster_model::event::{Body, Started};
use muster_model::id::{BootId, HostName, Seq};
use muster_model::request::Reply;
use muster_model::time::Length;
use muster_sense::clock;
use muster_vault::Vault;

use crate::children::Children;
use crate::desk::Desk;
use crate::eyes::Eyes;
use crate::fixed::Fixed;
use crate::host::Host;
use crate::inbox::Input;
use crate::learn::Learner;
use crate::matching::Matching;
use crate::packs::load_packs;
use crate::roster::{self, LoadError};
use crate::sight::Sights;
use crate::tally::Tally;
use crate::users::Users;
use crate::watchdog::Watchdog;
use crate::{hub, sensors, socket};

/// Messages to the loop that may wait.
const INBOX_MAX: usize = 4_096;

/// How Muster is to be started.
pub struct Options {
    /// The main configuration file; `None`: the built-in configuration.
    pub config: Option<PathBuf>,
    /// Where it is looked for later, where there is none now.
    pub usual: PathBuf,
    /// Where everything that is kept is kept.
    pub data: PathBuf,
    /// The program of the hub; `None`: no hub, and so no pages and no API.
    pub hub: Option<PathBuf>,
    /// Is called when Muster is ready.
    pub announce: Announce,
}

/// Tells that Muster is ready.
pub type Announce = Box<dyn FnOnce(&Standing) + Send>;

/// What stands when Muster is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many services are watched.
    pub services: usize,
    /// Where the agent is asked.
    pub socket: PathBuf,
    /// Where the hub is reached, as URLs; empty where it is not.
    pub addresses: Vec<String>,
}

/// Why Muster could not be started.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] LoadError),
    /// The data folder cannot be used.
    #[error("cannot use the data folder {path}")]
    Data {
        /// The folder.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// The record cannot be opened; another Muster may hold it.
    #[error(transparent)]
    Ledger(#[from] muster_ledger::Error),
    /// The list of those who may use the API cannot be used.
    #[error("cannot use the list of users")]
    Users(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store of versions cannot be opened.
    #[error(transparent)]
    Vault(#[from] muster_vault::Error),
    /// The socket cannot be opened.
    #[error("cannot open the socket {path}")]
    Socket {
        /// Its path.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// Where the agent that runs on `data` is asked.
pub fn socket_path(data: &Path) -> PathBuf {
    data.join("agent.sock")
}

/// Runs Muster here until it is told to end.
///
/// # Errors
/// See [`UpError`]; nothing is left behind but the data folder.
pub fn up(options: Options) -> Result<(), UpError> {
    let config = roster::load(options.config.as_deref())?;
    let packs = load_packs(options.config.as_deref())?;
    let data = std::path::absolute(&options.data).unwrap_or_else(|_| options.data.clone());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&data).map_err(|source| UpError::Data { path: data.clone(), source })?;
    let boot = clock::boot_id(Path::new("/")).ok().flatten().unwrap_or_else(|| BootId::from("unknown"));
    let ledger_options = muster_ledger::Options {
        keep: Some(config.keep),
        keep_bytes: Some(config.keep_bytes),
        checkpoint_file: config.checkpoint_file.clone().map(PathBuf::from),
        ..muster_ledger::Options::default()
    };
    let name = host_name();
    let ledger = Ledger::open(&data, name.clone(), boot.clone(), ledger_options)?;
    let vault = Vault::open(&data)?;
    let users = Arc::new(Users::open(&data).map_err(|error| UpError::Users(Box::new(error)))?);
    let children = Arc::new(Children::new(&data).map_err(|source| UpError::Data { path: data.clone(), source })?);

    let (mut guard, mut tally) = (Guard::new(), Tally::default());
    // The last moment on record of a Muster that did not come to its end, within this boot.
    let mut cut_off = None;
    for event in ledger.replay(Seq(0))? {
        let event = event?;
        guard.apply(&event);
        tally.apply(&event, &guard);
        cut_off = (event.boot == boot && !matches!(event.body, Body::Ended { .. })).then_some(event.at);
    }

    let sensors::Started { sensors, rungs, pulses, seen, touched } = sensors::start().map_err(UpError::Thread)?;
    let (inbox, inputs) = bounded(INBOX_MAX);
    let eyes = Eyes::new(&sensors, Arc::clone(&children));
    let hands = Arc::new(Hands::new(vault.clone(), Arc::new(eyes), Arc::clone(&children) as Arc<dyn muster_act::Children>));
    let processes = sensors.processes.clone();
    let (up_since, _) = clock::now();
    let learned = Learner::of(&guard.roster());
    let mut host = Host {
        guard,
        ledger: ledger.clone(),
        vault: vault.clone(),
        hands,
        sensors,
        children: Arc::clone(&children),
        packs,
        files: roster::Watch::new(options.config.as_deref(), &options.usual),
        fixed: Fixed::of(&config),
        config,
        matching: Matching::default(),
        data: data.clone(),
        up_since,
        name,
        inbox: inbox.clone(),
        troubles: BTreeMap::new(),
        waiting_exams: VecDeque::new(),
        exams_running: 0,
        moved: BTreeSet::new(),
        learned,
        sights: Sights::new(pulses, clock::now()),
        watchdog: Watchdog::of_environment(),
        told_roster: 0,
        queue: VecDeque::new(),
        recording: false,
        look_at_ports: false,
        knows_more: false,
        rounds: 0,
        tally,
        lag: Length(0),
        hub: None,
        addresses: Vec::new(),
        hub_restarts: 0,
        announce: Some(options.announce),
    };
    let desk = Desk { inbox: inbox.clone(), ledger: ledger.clone(), vault, processes, users };
    if let Some(program) = options.hub {
        host.hub = Some(hub::Keeper::start(program, host.hub_settings(), desk.clone()).map_err(UpError::Thread)?);
    }

    listen_to_signals(inbox.clone()).map_err(UpError::Thread)?;
    forward_touched(touched, inbox).map_err(UpError::Thread)?;
    for (service, process) in children.adopt() {
        host.sensors.processes.watch(&service, process);
    }
    host.started(Started {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: i32::try_from(std::process::id()).unwrap_or(0),
        booted_at: clock::booted_at(),
        rungs,
    });
    if let Some(at) = cut_off {
        host.was_cut_off(at);
    }
    let path = socket_path(&data);
    let socket = socket::open(&path, desk).map_err(|source| UpError::Socket { path: path.clone(), source })?;
    if host.hub.is_none() {
        host.ready();
    }

    let ending = host.run(&seen, &inputs);
    drop(socket);
    drop(host.hub.take());
    ledger.close()?;
    if let Some(reply) = ending.reply {
        let _ = reply.send(Reply::Taken);
        // The asker's thread writes the answer; give it the moment that takes.
        let _ = reply.send_timeout(Reply::Taken, std::time::Duration::from_millis(200));
    }
    Ok(())
}

fn host_name() -> HostName {
    let uname = rustix::system::uname();
    HostName::from(uname.nodename().to_string_lossy().as_ref())
}

/// SIGTERM and SIGINT end Muster, SIGHUP has it read its configuration again.
fn listen_to_signals(inbox: Sender<Input>) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut term, mut int, mut hup) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?)
    };
    std::thread::Builder::new().name("muster-signals".to_owned()).spawn(move || {
        runtime.block_on(async move {
            loop {
                let input = tokio::select! {
                    _ = term.recv() => Input::End { by: "SIGTERM".to_owned(), services: false, reply: None },
                    _ = int.recv() => Input::End { by: "SIGINT".to_owned(), services: false, reply: None },
                    _ = hup.recv() => Input::Reload,
                };
                if inbox.send(input).is_err() {
                    return;
                }
            }
        });
    })?;
    Ok(())
}

fn forward_touched(touched: crossbeam_channel::Receiver<muster_sense::files::Touched>, inbox: Sender<Input>) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("muster-touched".to_owned())
        .spawn(move || touched.iter().all(|t| inbox.send(Input::Touched(t)).is_ok()))
        .map(drop)
}

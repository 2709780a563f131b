//! What systemd says of the watched units, at every change.
//!
//! The ladder (DESIGN §8): signals over the system bus, signals over systemd's own socket (root, where no bus daemon
//! runs), `systemctl show` at a pace, nothing. A rung that is lost is left at once for the next one, and the better ones
//! are tried again ever more rarely. The sensor has a thread of its own; while nothing changes it sleeps.

mod bus;
mod connect;
mod folders;
pub(crate) mod fuzz;
mod leader;
mod poll;
mod private;
mod read;
mod roll;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc as answers;
use std::time::Duration;

use muster_model::id::{ProcessKey, ServiceName};
use muster_model::observation::{Fact, Observation, Rung, UnitState};
use tokio::sync::mpsc;

use self::bus::Bus;
pub use self::connect::connect;
use self::poll::Systemctl;
use self::roll::Roll;
use crate::pulse::{Pulse, WAIT_MAX};
use crate::{Sink, clock};

/// How long [`Units::state`] waits for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long [`Units::running`] waits: whether a unit is enabled takes systemd some milliseconds for each.
const RUNNING_WITHIN: Duration = Duration::from_secs(5);
/// How long [`Units::start`] waits for the first rung: a service manager that reads its unit files anew answers nobody.
const START_WITHIN: Duration = Duration::from_secs(5);
/// How soon a better rung is tried again; doubled each time it is still not to be had …
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// … up to this.
const RETRY_LAST: Duration = Duration::from_secs(60);
/// Requests to the sensor's thread that may wait.
const WISHES_MAX: usize = 64;

/// Which sources may be used, best first. `None` leaves a rung out, so that each can be tried alone.
#[derive(Clone, Debug)]
pub struct Ladder {
    /// The address of the system bus.
    pub bus: Option<String>,
    /// systemd's own socket, which only root may use.
    pub private: Option<PathBuf>,
    /// The `systemctl` program.
    pub systemctl: Option<PathBuf>,
}

impl Default for Ladder {
    fn default() -> Self {
        Ladder {
            bus: Some("unix:path=/run/dbus/system_bus_socket".to_owned()),
            private: Some("/run/systemd/private".into()),
            systemctl: Some("systemctl".into()),
        }
    }
}

/// Why there is no answer about a unit.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// No rung of the ladder can be had.
    #[error("no service manager can be asked: {0}")]
    NoSource(String),
    /// The service manager did not answer in time.
    #[error("the service manager did not say within {} s how {unit} is; ask again, or look with `systemctl status {unit}`", ANSWER_WITHIN.as_secs())]
    Late {
        /// The unit.
        unit: String,
    },
    /// The service manager answered with an error.
    #[error("the service manager does not say how {unit} is: {why}")]
    Refused {
        /// The unit.
        unit: String,
        /// Its words.
        why: String,
    },
    /// Too many questions wait already.
    #[error("the unit sensor has too many questions to answer; ask again")]
    Busy,
    /// The sensor's thread is gone.
    #[error("the unit sensor is not running")]
    Ended,
}

/// The running sensor. It ends when this is dropped.
#[derive(Debug)]
pub struct Units {
    wishes: mpsc::Sender<Wish>,
    pulse: Arc<Pulse>,
}

/// What the rest of Muster asks of the sensor's thread.
enum Wish {
    Watch(Vec<(ServiceName, String)>),
    State(String, answers::SyncSender<Result<Option<UnitState>, Error>>),
    Running(BTreeSet<String>, answers::SyncSender<Result<Vec<Running>, Error>>),
}

/// A service of the service manager's that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The unit.
    pub unit: String,
    /// The state of its unit file: `enabled`, `static` …; empty where it has none.
    pub file: String,
    /// Its main process.
    pub main: Option<ProcessKey>,
}

/// At most so many running services are told.
const RUNNING_MAX: usize = 1_000;

impl Units {
    /// Starts the sensor, and says on which rung it stands. Later changes of the rung come as [`Fact::Rung`].
    pub fn start(sink: Sink, ladder: Ladder) -> (Units, Rung) {
        let (wishes, heard) = mpsc::channel(WISHES_MAX);
        let (first, told) = answers::sync_channel(1);
        let pulse = Pulse::new("units", &["unit"]);
        let roll = Roll::new(sink.clone(), pulse.clone());
        let thread = std::thread::Builder::new().name("units".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(climb(&ladder, sink, roll, heard, &first)),
                Err(e) => drop(first.try_send(rung(None, Some(format!("no event loop for the unit sensor: {e}"))))),
            }
        });
        let stands = match thread {
            Ok(_) => {
                told.recv_timeout(START_WITHIN).unwrap_or_else(|_| rung(None, Some("the service manager has not answered yet".to_owned())))
            }
            Err(e) => rung(None, Some(format!("no thread for the unit sensor: {e}"))),
        };
        (Units { wishes, pulse }, stands)
    }

    /// The pulse of its thread.
    pub fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    /// Watches these units, each for a service, instead of those before. The state of each new one is told at once, then
    /// at every change.
    pub fn watch(&self, units: Vec<(ServiceName, String)>) -> Result<(), Error> {
        self.wish(Wish::Watch(units))
    }

    /// Asks how a unit is just now; `None`: the service manager has no such unit. Blocks, for at most two seconds.
    pub fn state(&self, unit: &str) -> Result<Option<UnitState>, Error> {
        let (answer, answered) = answers::sync_channel(1);
        self.wish(Wish::State(unit.to_owned(), answer))?;
        match answered.recv_timeout(ANSWER_WITHIN) {
            Ok(state) => state,
            Err(answers::RecvTimeoutError::Timeout) => Err(Error::Late { unit: unit.to_owned() }),
            Err(answers::RecvTimeoutError::Disconnected) => Err(Error::Ended),
        }
    }

    /// The services that run just now but for these, each with the state of its unit file (`enabled`, `static` …), which
    /// costs the service manager some milliseconds each. Blocks, for at most five seconds.
    pub fn running(&self, but: BTreeSet<String>) -> Result<Vec<Running>, Error> {
        let (answer, answered) = answers::sync_channel(1);
        self.wish(Wish::Running(but, answer))?;
        answered.recv_timeout(RUNNING_WITHIN).unwrap_or(Err(Error::Ended))
    }

    fn wish(&self, wish: Wish) -> Result<(), Error> {
        self.wishes.try_send(wish).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => Error::Ended,
        })
    }
}

/// Where the sensor stands.
enum Source {
    Bus(Box<Bus>),
    Systemctl(Systemctl),
    None,
}

/// Why a source was left.
enum End {
    /// Nobody listens any more.
    Dropped,
    /// It broke.
    Lost(String),
    /// It is time to see whether a better one can be had.
    Retry,
}

/// Stands on the best rung that holds, until the handle is dropped.
async fn climb(ladder: &Ladder, sink: Sink, mut roll: Roll, mut wishes: mpsc::Receiver<Wish>, first: &answers::SyncSender<Rung>) {
    let mut delay = RETRY_FIRST;
    let (mut source, mut why) = open(ladder, 1, 4, None).await.unwrap_or((Source::None, None));
    if first.try_send(rung(Some(&source), why.clone())).is_err() {
        tell(&sink, &source, why.clone()); // whoever waited for it has gone on
    }
    loop {
        let end = match &mut source {
            Source::Bus(bus) => bus.follow(&mut roll, &mut wishes, delay).await,
            Source::Systemctl(systemctl) => systemctl.follow(&mut roll, &mut wishes, delay).await,
            Source::None => wait(why.as_deref().unwrap_or_default(), &mut roll, &mut wishes, delay).await,
        };
        let found = match end {
            End::Dropped => return,
            End::Lost(lost) => {
                delay = RETRY_FIRST;
                why = Some(lost.clone());
                // The lost rung itself waits for its turn, so that one that breaks again and again cannot keep us busy.
                Some(open(ladder, source.place() + 1, 4, Some(lost)).await.unwrap_or((Source::None, why.clone())))
            }
            End::Retry => open(ladder, 1, source.place(), None).await,
        };
        match found {
            Some((better, reason)) => {
                (source, why, delay) = (better, reason, RETRY_FIRST);
                tell(&sink, &source, why.clone());
            }
            None => delay = (delay * 2).min(RETRY_LAST),
        }
    }
}

/// Tells on which rung the sensor stands.
fn tell(sink: &Sink, source: &Source, why: Option<String>) {
    let fact = Fact::Rung(rung(Some(source), why));
    // A full queue loses the news of the rung, and not what is seen from there.
    let _ = sink.try_send(Observation { at: clock::now().0, source: source.name().to_owned(), service: None, fact });
}

/// The best source from rung `from` on, above rung `below`, with the error of the one above it.
async fn open(ladder: &Ladder, from: u8, below: u8, mut why: Option<String>) -> Option<(Source, Option<String>)> {
    for place in from..below {
        let tried = match (place, &ladder.bus, &ladder.private, &ladder.systemctl) {
            (1, Some(address), _, _) => listen(connect::system(address).await).await,
            (2, _, Some(path), _) => listen(connect::private(path).await).await,
            (3, _, _, Some(program)) => Systemctl::open(program).await.map(Source::Systemctl),
            _ => continue,
        };
        match tried {
            Ok(source) => return Some((source, why)),
            Err(e) => why = Some(e),
        }
    }
    (below > 3).then_some((Source::None, why))
}

async fn listen(connected: Result<zbus::Connection, String>) -> Result<Source, String> {
    Ok(Source::Bus(Box::new(Bus::listen(connected?).await?)))
}

/// Without a source: only what is asked is answered, with the reason why nothing can be said.
async fn wait(why: &str, roll: &mut Roll, wishes: &mut mpsc::Receiver<Wish>, delay: Duration) -> End {
    let mut retry = tokio::time::interval(delay);
    let mut beat = tokio::time::interval(WAIT_MAX);
    retry.reset();
    loop {
        roll.beat();
        tokio::select! {
            wish = wishes.recv() => match wish {
                Some(Wish::Watch(units)) => drop(roll.replace(units)),
                Some(Wish::State(_, answer)) => drop(answer.try_send(Err(Error::NoSource(why.to_owned())))),
                Some(Wish::Running(_, answer)) => drop(answer.try_send(Err(Error::NoSource(why.to_owned())))),
                None => return End::Dropped,
            },
            _ = retry.tick() => return End::Retry,
            _ = beat.tick() => {}
        }
    }
}

impl Source {
    fn name(&self) -> &'static str {
        match self {
            Source::Bus(bus) => bus.name(),
            Source::Systemctl(_) => poll::NAME,
            Source::None => "none",
        }
    }

    fn place(&self) -> u8 {
        match self {
            Source::Bus(bus) => bus.place(),
            Source::Systemctl(_) => 3,
            Source::None => 4,
        }
    }
}

fn rung(source: Option<&Source>, why: Option<String>) -> Rung {
    let source = source.unwrap_or(&Source::None);
    Rung { fact: "unit".to_owned(), source: source.name().to_owned(), rung: source.place(), why }
}

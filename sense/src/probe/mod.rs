//! Asks services whether they answer, and says so when the kind of answer changes.
//!
//! Every probe has a task of its own: it is asked one question at a time, and a slow one delays nobody else. What they
//! share is bounded: [`ASKS_AT_ONCE_MAX`] connections and [`PLUGINS_AT_ONCE_MAX`] plugins are open at once, and of one host
//! [`ASKS_OF_A_HOST_MAX`] questions are asked at once. How late questions are put for it is measured ([`Lateness`]).

mod amqp;
mod answers;
mod bounded;
mod dns;
mod exec;
mod fastcgi;
mod file;
mod flap;
pub(crate) mod fuzz;
mod grpc;
mod http;
mod icmp;
mod lateness;
mod mqtt;
mod mysql;
mod ntp;
mod octets;
mod other_way;
mod pace;
mod pidfd;
mod postgres;
mod processes;
mod progress;
mod question;
mod redis;
mod scram;
mod smtp;
mod talk;
mod tcp;
mod tls;
mod trust;
mod unix;
mod wire;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use muster_model::id::ServiceName;
use muster_model::probe::{Answer, Ask, Probe};
use muster_model::request::Lateness;
use muster_model::time::Length;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

use crate::Sink;
use crate::pulse::{Pulse, WAIT_MAX};

/// Connections that probes have open at once; each is one file descriptor.
pub const ASKS_AT_ONCE_MAX: usize = 4096;
/// Plugins that run at once; each is at least one process.
pub const PLUGINS_AT_ONCE_MAX: usize = 32;
/// Questions that one host is asked at once: a burst of probes must not be a flood.
pub const ASKS_OF_A_HOST_MAX: usize = 256;
/// Threads that ask.
const THREADS: usize = 2;
/// Threads that wait for the resolver, which cannot be waited for in any other way.
const RESOLVER_THREADS_MAX: usize = 16;
/// What is under way has so long to be dropped, plugins to be ended; a resolver that does not answer must not hold up the end.
const END_WITHIN: Duration = Duration::from_millis(200);

/// Asks services. Ends with its last question when it is dropped; plugins that still run are ended.
pub struct Prober {
    /// `None` only while it is being dropped.
    runtime: Option<Runtime>,
    asked: Mutex<BTreeMap<ServiceName, Vec<Asked>>>,
    shared: Arc<Shared>,
}

/// What all tasks share.
struct Shared {
    sink: Sink,
    asks: Semaphore,
    plugins: Semaphore,
    /// Room for questions to each host that is asked.
    hosts: Mutex<BTreeMap<String, Weak<Semaphore>>>,
    late: lateness::Counts,
    /// Counts the answers that the sink had no room for; they are said again.
    pulse: Arc<Pulse>,
}

impl Shared {
    /// The room for questions to the host that is asked; `None`: a plugin, or a socket of this host.
    fn host(&self, ask: &Ask) -> Option<Arc<Semaphore>> {
        let address = ask.address().filter(|address| !address.starts_with('/'))?;
        let host = if let Ask::Icmp { host } = ask { host } else { address.rsplit_once(':')?.0 };
        let mut hosts = locked(&self.hosts);
        if let Some(room) = hosts.get(host).and_then(Weak::upgrade) {
            return Some(room);
        }
        let room = Arc::new(Semaphore::new(ASKS_OF_A_HOST_MAX));
        hosts.insert(host.to_owned(), Arc::downgrade(&room));
        Some(room)
    }
}

/// One probe and its task.
struct Asked {
    probe: Probe,
    task: JoinHandle<()>,
    seat: Arc<Seat>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Where a task and the prober meet.
#[derive(Default)]
struct Seat {
    last: Mutex<Option<(Answer, Length)>>,
    poke: Notify,
}

impl Prober {
    /// Starts with nothing to ask.
    ///
    /// # Errors
    /// No threads can be started.
    pub fn start(sink: Sink) -> io::Result<Prober> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(RESOLVER_THREADS_MAX)
            .thread_name("probe")
            .enable_all()
            .build()?;
        let asks = Semaphore::new(ASKS_AT_ONCE_MAX);
        let plugins = Semaphore::new(PLUGINS_AT_ONCE_MAX);
        let pulse = Pulse::new("probe", &["probe"]);
        let shared = Shared { sink, asks, plugins, hosts: Mutex::default(), late: lateness::Counts::default(), pulse: pulse.clone() };
        runtime.spawn(beat(pulse));
        let shared = Arc::new(shared);
        Ok(Prober { runtime: Some(runtime), asked: Mutex::default(), shared })
    }

    /// From now on asks these and no others. A probe that was asked before in the same place goes on undisturbed; of a new
    /// one the first answer is told, whatever it is.
    pub fn set(&self, services: Vec<(ServiceName, Vec<Probe>)>) {
        let Some(runtime) = &self.runtime else { return };
        let mut asked = locked(&self.asked);
        let mut before = std::mem::take(&mut *asked);
        for (service, probes) in services {
            let mut old: Vec<Option<Asked>> = before.remove(&service).unwrap_or_default().into_iter().map(Some).collect();
            let tasks = probes.into_iter().enumerate().map(|(place, probe)| {
                let kept = old.get_mut(place).and_then(|old| old.take_if(|old| old.probe == probe));
                kept.unwrap_or_else(|| {
                    let seat = Arc::new(Seat::default());
                    let number = u32::try_from(place).unwrap_or(u32::MAX);
                    let pace = pace::Pace::new(service.clone(), number, &probe, Arc::clone(&seat), Arc::clone(&self.shared));
                    Asked { probe, task: runtime.spawn(pace.run()), seat }
                })
            });
            let tasks = tasks.collect();
            asked.insert(service, tasks);
        }
        drop(before);
        locked(&self.shared.hosts).retain(|_, room| room.strong_count() > 0);
    }

    /// The last answer to each probe of the service and how long it took; `None`: not asked yet. Empty: no such service.
    pub fn last(&self, service: &ServiceName) -> Vec<Option<(Answer, Length)>> {
        locked(&self.asked).get(service).map(|asked| asked.iter().map(|a| locked(&a.seat.last).clone()).collect()).unwrap_or_default()
    }

    /// The service was started anew: asks all its probes at once, and for at most one period again and again until the
    /// answer is right. That is told, also where the last answer was right already.
    pub fn ask_now(&self, service: &ServiceName) {
        for asked in locked(&self.asked).get(service).into_iter().flatten() {
            asked.seat.poke.notify_one();
        }
    }

    /// How late questions were put so far.
    pub fn lateness(&self) -> Lateness {
        self.shared.late.lateness()
    }

    /// How many answers the sink had no room for so far. Each was said again at the next question.
    pub fn lost(&self) -> u64 {
        self.shared.pulse.read().crowded
    }

    /// The pulse of the threads that ask.
    pub fn pulse(&self) -> Arc<Pulse> {
        self.shared.pulse.clone()
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        locked(&self.asked).clear();
        let Some(runtime) = self.runtime.take() else { return };
        if Handle::try_current().is_ok() {
            // On a runtime nobody may wait.
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(END_WITHIN);
        }
    }
}

/// Comes round on the threads that ask, and so only where these do.
async fn beat(pulse: Arc<Pulse>) {
    let mut every = tokio::time::interval(WAIT_MAX);
    loop {
        every.tick().await;
        pulse.beat();
    }
}

/// The lock, also after a panic elsewhere: what it guards is replaced as a whole, never half.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

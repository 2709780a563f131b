//! systemd over the system bus (org.freedesktop.systemd1(5)).

use std::future::Future;
use std::time::Duration;

use muster_model::time::Length;
use serde::Serialize;
use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::export::ordered_stream::OrderedStreamExt;
use zbus::message::Type;
use zbus::{Connection, DynamicType, Message, MessageStream, OwnedObjectPath, Variant};

use super::{Job, SystemdError};

const SYSTEMD: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const JOBS: &str = "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.systemd1.Manager',member='JobRemoved'";

/// How long a connection, and a call that starts no job, may take.
const CALL_WITHIN: Duration = Duration::from_secs(5);
/// Reading all unit files anew takes systemd a second for every thousand.
const RELOAD_WITHIN: Duration = Duration::from_secs(30);
/// How long a job may take. A service that is slower is waited for by whoever gave the order.
const JOB_WITHIN: Length = Length::seconds(30);
/// How long a service may take to stop before it counts as hung: systemd itself may wait for ever (TimeoutStopSec=0).
const STOP_WITHIN: Length = Length::seconds(10);
/// Ends of other jobs that may come in before that of ours is waited for.
const SIGNALS_MAX: usize = 1024;

pub(super) fn job(job: Job, unit: &str) -> Result<String, SystemdError> {
    block_on(async {
        let systemd = Systemd::connect().await?;
        // That there is nothing to forget is no reason not to start.
        let _ = systemd.call("forget the failures of", "ResetFailedUnit", unit, &unit).await;
        let mut signals = systemd.signals().await?;
        let path = systemd.call(job.verb(), job.method(), unit, &(unit, "replace")).await?;
        let path: OwnedObjectPath = path.body().deserialize().map_err(|source| refused(job.verb(), unit, source))?;
        let ended = timeout(STOP_WITHIN.std(), end_of(&path, &mut signals)).await;
        let ended =
            match ended {
                Err(_) if systemd.stops(unit).await => Err(SystemdError::StaysUp { unit: unit.to_owned(), within: STOP_WITHIN }),
                Err(_) => timeout(JOB_WITHIN.std() - STOP_WITHIN.std(), end_of(&path, &mut signals))
                    .await
                    .map_err(|_| SystemdError::TooLong { verb: job.verb(), unit: unit.to_owned(), within: JOB_WITHIN }),
                Ok(ended) => Ok(ended),
            };
        match ended {
            Ok(result) if result == "done" => Ok(format!("{} {unit}: done", job.method())),
            Ok(result) => Err(SystemdError::Job { verb: job.verb(), unit: unit.to_owned(), result }),
            Err(error) => {
                systemd.cancel(&path).await;
                Err(error)
            }
        }
    })
}

pub(super) fn kill(unit: &str) -> Result<String, SystemdError> {
    /// signal(7).
    const SIGKILL: i32 = 9;
    block_on(async {
        Systemd::connect().await?.call("kill", "KillUnit", unit, &(unit, "all", SIGKILL)).await?;
        Ok(format!("KillUnit {unit}: SIGKILL sent to all its processes"))
    })
}

pub(super) fn enable(unit: &str) -> Result<String, SystemdError> {
    block_on(async {
        let systemd = Systemd::connect().await?;
        let (runtime, force) = (false, false);
        let reply = systemd.call("enable", "EnableUnitFiles", unit, &([unit].as_slice(), runtime, force)).await?;
        let (installs, changes): (bool, Changes) = reply.body().deserialize().map_err(|source| refused("enable", unit, source))?;
        if !installs {
            return Err(SystemdError::NoInstall { unit: unit.to_owned() });
        }
        systemd.reload(unit).await?;
        Ok(format!("EnableUnitFiles {unit}: {}", listed(&changes)))
    })
}

pub(super) fn unmask(unit: &str) -> Result<String, SystemdError> {
    block_on(async {
        let systemd = Systemd::connect().await?;
        let mut all = Vec::new();
        for runtime in [false, true] {
            let reply = systemd.call("unmask", "UnmaskUnitFiles", unit, &([unit].as_slice(), runtime)).await?;
            let changes: Changes = reply.body().deserialize().map_err(|source| refused("unmask", unit, source))?;
            all.extend(changes);
        }
        systemd.reload(unit).await?;
        Ok(format!("UnmaskUnitFiles {unit}: {}", listed(&all)))
    })
}

/// What was done on disk: `symlink` or `unlink`, a path, and where a link points to.
type Changes = Vec<(String, String, String)>;

fn listed(changes: &Changes) -> String {
    let list: Vec<String> = changes.iter().map(|(what, path, _)| format!("{what} {path}")).collect();
    if list.is_empty() { "it was so already".to_owned() } else { list.join(", ") }
}

/// How a job ended, in systemd's word.
async fn end_of(job: &OwnedObjectPath, signals: &mut MessageStream) -> String {
    while let Some(Ok(message)) = signals.next().await {
        let is_end = message.message_type() == Type::Signal && message.header().member().is_some_and(|m| m.as_str() == "JobRemoved");
        if is_end
            && let Ok((_, path, _, result)) = message.body().deserialize::<(u32, OwnedObjectPath, String, String)>()
            && path == *job
        {
            return result;
        }
    }
    "connection lost".to_owned()
}

/// A connection to systemd's manager.
struct Systemd(Connection);

impl Systemd {
    async fn connect() -> Result<Systemd, SystemdError> {
        let room = std::num::NonZeroUsize::new(SIGNALS_MAX).unwrap_or(std::num::NonZeroUsize::MIN);
        match timeout(CALL_WITHIN, Builder::system().max_queued(room).build()).await {
            Ok(connected) => connected.map(Systemd).map_err(SystemdError::Reach),
            Err(_) => Err(SystemdError::Reach(zbus::Error::Failure(format!("no answer within {} s", CALL_WITHIN.as_secs())))),
        }
    }

    /// The ends of jobs from here on.
    async fn signals(&self) -> Result<MessageStream, SystemdError> {
        let stream = MessageStream::from(&self.0);
        let bus = "org.freedesktop.DBus";
        let matched = self.0.call_method(Some(bus), "/org/freedesktop/DBus", Some(bus), "AddMatch", &JOBS);
        timeout(CALL_WITHIN, matched).await.map_err(|_| late())?.map_err(SystemdError::Reach)?;
        self.call("tell of jobs for", "Subscribe", "this machine", &()).await?;
        Ok(stream)
    }

    async fn call<B: Serialize + DynamicType>(
        &self,
        verb: &'static str,
        method: &'static str,
        unit: &str,
        body: &B,
    ) -> Result<Message, SystemdError> {
        let within = if method == "Reload" { RELOAD_WITHIN } else { CALL_WITHIN };
        match timeout(within, self.0.call_method(Some(SYSTEMD), MANAGER_PATH, Some(MANAGER), method, body)).await {
            Ok(reply) => reply.map_err(|source| refused(verb, unit, source)),
            Err(_) => Err(SystemdError::TooLong { verb, unit: unit.to_owned(), within: Length::from(within) }),
        }
    }

    /// Has it read all unit files anew.
    async fn reload(&self, unit: &str) -> Result<(), SystemdError> {
        self.call("read the unit files anew for", "Reload", unit, &()).await.map(drop)
    }

    /// Whether the unit is on its way down, and has not got there.
    async fn stops(&self, unit: &str) -> bool {
        let active = async {
            let path: OwnedObjectPath = self.call("find", "GetUnit", unit, &unit).await.ok()?.body().deserialize().ok()?;
            let asked = ("org.freedesktop.systemd1.Unit", "ActiveState");
            let get = self.0.call_method(Some(SYSTEMD), path.as_str(), Some("org.freedesktop.DBus.Properties"), "Get", &asked);
            let reply = timeout(CALL_WITHIN, get).await.ok()?.ok()?;
            let body = reply.body();
            let value: Variant<'_> = body.deserialize().ok()?;
            <&str>::try_from(&value).ok().map(str::to_owned)
        };
        active.await.is_some_and(|state| state == "deactivating")
    }

    async fn cancel(&self, job: &OwnedObjectPath) {
        // A job that has ended just now is no longer there, which is as good.
        let _ = timeout(CALL_WITHIN, self.0.call_method(Some(SYSTEMD), job.as_str(), Some("org.freedesktop.systemd1.Job"), "Cancel", &()))
            .await;
    }
}

/// No systemd on the bus is as good as no bus.
fn refused(verb: &'static str, unit: &str, source: zbus::Error) -> SystemdError {
    match &source {
        zbus::Error::FDO(e) if matches!(**e, zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NameHasNoOwner(_)) => {
            SystemdError::Reach(source)
        }
        zbus::Error::InputOutput(_) => SystemdError::Reach(source),
        _ => SystemdError::Refused { verb, unit: unit.to_owned(), source },
    }
}

fn late() -> SystemdError {
    SystemdError::Reach(zbus::Error::Failure(format!("no answer within {} s", CALL_WITHIN.as_secs())))
}

fn block_on<T>(work: impl Future<Output = Result<T, SystemdError>>) -> Result<T, SystemdError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(SystemdError::Runtime)?.block_on(work)
}

//! systemd over D-Bus: its signals say that something changed, and then it is asked what is so now.
//!
//! A unit that changes again while it is being asked about is asked about once more, so the last answer is always younger
//! than the last signal. Nothing is asked while nothing changes, and nothing of a unit on its way up for a moment: systemd
//! is one thread, and would answer first and start the unit afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use muster_model::observation::UnitState;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use zbus::export::ordered_stream::OrderedStreamExt;
use zbus::message::Type as MessageType;
use zbus::{Connection, DynamicType, Message, MessageStream, OwnedObjectPath, Variant};

use super::folders::Folders;
use super::read::{self, General};
use super::roll::{Roll, Seen};
use super::{End, Error, RUNNING_MAX, Running, Wish};
use crate::proc::process_key;
use crate::pulse::WAIT_MAX;

const SYSTEMD: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const SERVICE: &str = "org.freedesktop.systemd1.Service";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// What the bus is to hand on. systemd's own socket hands on everything.
const MATCHES: [&str; 5] = [
    "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',path_namespace='/org/freedesktop/systemd1/unit'",
    "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.systemd1.Manager',member='JobNew'",
    "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.systemd1.Manager',member='JobRemoved'",
    "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.systemd1.Manager',member='Reloading'",
    "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.systemd1.Manager',member='UnitFilesChanged'",
];

/// Questions to systemd under way at once: it answers one after the other anyway.
const ASKED_AT_ONCE: usize = 8;
/// At most so many sockets of one unit are looked at.
const SOCKETS_MAX: usize = 16;
/// How soon a unit is looked at again whose state could not be had or told.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// A unit that is said to be on its way up is asked about when it is said to be there, or after this.
const RISING: Duration = Duration::from_millis(50);

/// A connection to systemd.
pub(super) struct Bus {
    connection: Connection,
    stream: MessageStream,
    folders: Option<Folders>,
    /// Kept while better rungs are tried, so that this one need not begin anew.
    round: Option<Round>,
}

/// What systemd answered about a unit.
enum Said {
    /// How it is, and the paths on the bus by which its signals are known: its own, which for an alias is that of what it
    /// stands for, and those of the sockets that start it.
    State { paths: Vec<String>, seen: Box<Seen> },
    /// Whether it is enabled, masked … on disk.
    File(String),
}

impl Bus {
    /// Takes a connection into use: has it hand on what systemd tells.
    pub(super) async fn listen(connection: Connection) -> Result<Bus, String> {
        Bus::subscribe(connection).await.map_err(|e| format!("systemd does not tell of changes: {e}"))
    }

    async fn subscribe(connection: Connection) -> Result<Bus, zbus::Error> {
        if connection.is_bus() {
            for rule in MATCHES {
                connection
                    .call_method(Some("org.freedesktop.DBus"), "/org/freedesktop/DBus", Some("org.freedesktop.DBus"), "AddMatch", &rule)
                    .await?;
            }
        }
        call(&connection, MANAGER_PATH, MANAGER, "Subscribe", &()).await?;
        // Not before the answers to these calls: a stream that is full and that nobody reads would hold them up. What was
        // told until here is made up for by asking.
        let stream = MessageStream::from(&connection);
        Ok(Bus { connection, stream, folders: Folders::watch().ok(), round: None })
    }

    pub(super) fn name(&self) -> &'static str {
        if self.connection.is_bus() { "dbus" } else { "systemd" }
    }

    pub(super) fn place(&self) -> u8 {
        if self.connection.is_bus() { 1 } else { 2 }
    }

    /// Tells every change, until the connection breaks, the handle is dropped, or (below the best rung) `delay` is over.
    pub(super) async fn follow(&mut self, roll: &mut Roll, wishes: &mut mpsc::Receiver<Wish>, delay: Duration) -> End {
        let name = self.name();
        let best = self.place() == 1;
        let mut retry = tokio::time::interval(delay);
        let mut again = tokio::time::interval(AGAIN_AFTER);
        let mut beat = tokio::time::interval(WAIT_MAX);
        retry.reset();
        let Bus { connection, stream, folders, round } = self;
        let round = round.get_or_insert_with(|| {
            let mut round = Round::default();
            round.watch(roll.units().cloned().collect(), roll);
            round
        });
        loop {
            roll.beat();
            round.ask(connection);
            let risen = round.risen();
            tokio::select! {
                message = stream.next() => match message {
                    Some(Ok(message)) => round.hear(&message, roll, folders.is_some()),
                    Some(Err(e)) => return End::Lost(format!("the connection to systemd broke: {e}")),
                    None => return End::Lost("systemd or the bus closed the connection".to_owned()),
                },
                Some(Ok((unit, said))) = round.asked.join_next() => if round.take(unit, said, roll, name) { again.reset() },
                wish = wishes.recv() => match wish {
                    Some(Wish::Watch(units)) => round.watch(roll.replace(units), roll),
                    Some(Wish::State(unit, answer)) => drop(tokio::spawn(reply(connection.clone(), unit, answer))),
                    Some(Wish::Running(but, answer)) => {
                        let connection = connection.clone();
                        drop(tokio::spawn(async move {
                            let said = running(&connection, &but).await.map_err(|e| Error::Refused { unit: "*.service".to_owned(), why: e.to_string() });
                            let _ = answer.try_send(said);
                        }));
                    }
                    None => return End::Dropped,
                },
                altered = altered(folders) => match altered {
                    Ok(Some(names)) => names.iter().for_each(|name| round.file_altered(name, roll)),
                    Ok(None) => round.files.extend(roll.units().cloned()),
                    Err(_) => *folders = None,
                },
                () = sleep_until(risen), if !round.rising.is_empty() => round.rise(),
                _ = again.tick(), if !round.again.is_empty() => round.look_again(),
                _ = retry.tick(), if !best => return End::Retry,
                _ = beat.tick() => {}
            }
        }
    }
}

/// Pending for ever without a watch over the folders.
async fn altered(folders: &mut Option<Folders>) -> std::io::Result<Option<Vec<String>>> {
    match folders {
        Some(folders) => folders.altered().await,
        None => std::future::pending().await,
    }
}

/// What is to be asked, what is being asked, and by which paths units are known.
#[derive(Default)]
struct Round {
    /// Units whose state is to be asked for.
    states: BTreeSet<String>,
    /// Units of which it is to be asked whether they are enabled. That takes systemd some milliseconds each, so they wait
    /// until no state is to be asked for, and go one by one.
    files: BTreeSet<String>,
    /// Units to be asked about again in a while.
    again: BTreeSet<String>,
    busy: BTreeSet<String>,
    asked: JoinSet<(String, Result<Said, zbus::Error>)>,
    paths: BTreeMap<String, BTreeSet<String>>,
    /// Units on their way up, by path, and until when they are left alone.
    rising: BTreeMap<String, Instant>,
}

impl Round {
    fn watch(&mut self, new: Vec<String>, roll: &Roll) {
        for units in [&mut self.states, &mut self.files, &mut self.again].into_iter().chain(self.paths.values_mut()) {
            units.retain(|unit| roll.watches(unit));
        }
        self.paths.retain(|_, units| !units.is_empty());
        for unit in new {
            // Known by its path before it is asked about, so that no change between the two is missed.
            self.paths.entry(path_of(&unit)).or_default().insert(unit.clone());
            self.files.insert(unit.clone());
            self.states.insert(unit);
        }
    }

    /// Sends as many questions as may be under way.
    fn ask(&mut self, connection: &Connection) {
        while self.asked.len() < ASKED_AT_ONCE
            && let Some(unit) = self.states.iter().find(|unit| !self.busy.contains(*unit)).cloned()
        {
            self.states.remove(&unit);
            self.busy.insert(unit.clone());
            let connection = connection.clone();
            self.asked.spawn(async move {
                let said = state(&connection, &unit).await.map(|(paths, seen)| Said::State { paths, seen: Box::new(seen) });
                (unit, said)
            });
        }
        if self.asked.is_empty()
            && let Some(unit) = self.files.pop_first()
        {
            self.busy.insert(unit.clone());
            let connection = connection.clone();
            self.asked.spawn(async move {
                let said = file(&connection, &unit).await.map(Said::File);
                (unit, said)
            });
        }
    }

    /// Takes a signal in.
    fn hear(&mut self, message: &Message, roll: &Roll, folders: bool) {
        if message.message_type() != MessageType::Signal {
            return;
        }
        let header = message.header();
        match (header.member().map(|m| m.as_str()), header.path()) {
            (Some("PropertiesChanged"), Some(path)) => self.properties_changed(path.as_str(), message),
            (Some("JobNew" | "JobRemoved"), _) => {
                if let Some(path) = unit_of_job(message).map(|unit| path_of(&unit)).filter(|path| !self.rising.contains_key(path)) {
                    self.changed(&path);
                }
            }
            // With the unit files read anew, names may stand for other units.
            (Some("Reloading"), _) if message.body().deserialize::<bool>().is_ok_and(|begins| !begins) => {
                self.states.extend(roll.units().cloned());
            }
            // Where the folders are watched, they have said more exactly what changed.
            (Some("UnitFilesChanged"), _) if !folders => self.files.extend(roll.units().cloned()),
            _ => {}
        }
    }

    /// systemd tells the properties of a unit's type first, and then, in the same breath, those of every unit.
    fn properties_changed(&mut self, path: &str, message: &Message) {
        let body = message.body();
        let Ok((interface, changed, _)) = body.deserialize::<(&str, BTreeMap<&str, Variant<'_>>, Vec<&str>)>() else {
            return self.changed(path);
        };
        if interface != UNIT || !self.paths.contains_key(path) {
            return;
        }
        if matches!(changed.get("ActiveState"), Some(Variant::Str(state)) if state.as_str() == "activating") {
            self.rising.entry(path.to_owned()).or_insert_with(|| Instant::now() + RISING);
        } else {
            self.rising.remove(path);
            self.changed(path);
        }
    }

    /// When the first of those on their way up has had its time.
    fn risen(&self) -> Instant {
        self.rising.values().min().copied().unwrap_or_else(Instant::now)
    }

    fn rise(&mut self) {
        let now = Instant::now();
        let risen: Vec<String> = self.rising.iter().filter(|(_, until)| **until <= now).map(|(path, _)| path.clone()).collect();
        for path in risen {
            self.rising.remove(&path);
            self.changed(&path);
        }
    }

    /// Something about the unit with this path changed.
    fn changed(&mut self, path: &str) {
        self.states.extend(self.paths.get(path).into_iter().flatten().cloned());
    }

    /// A unit file, or a link to one, of this name was altered on disk.
    fn file_altered(&mut self, name: &str, roll: &Roll) {
        self.files.extend(self.paths.get(&path_of(name)).into_iter().flatten().cloned());
        if let Some((stem, suffix)) = name.split_once("@.") {
            let instance = |unit: &&String| unit.strip_prefix(stem).is_some_and(|u| u.starts_with('@') && u.ends_with(suffix));
            self.files.extend(roll.units().filter(instance).cloned());
        }
    }

    fn look_again(&mut self) {
        self.files.extend(self.again.iter().cloned());
        self.states.append(&mut self.again);
    }

    /// Tells an answer; `true`: the unit must be asked about again.
    fn take(&mut self, unit: String, said: Result<Said, zbus::Error>, roll: &mut Roll, source: &str) -> bool {
        self.busy.remove(&unit);
        if !roll.watches(&unit) {
            return false;
        }
        let told = match said {
            Ok(Said::State { paths, mut seen }) => {
                for path in paths {
                    if self.paths.entry(path).or_default().insert(unit.clone()) {
                        // What changed before this path was known went unheard.
                        self.states.insert(unit.clone());
                    }
                }
                if let Some(before) = roll.told(&unit) {
                    seen.state.file.clone_from(&before.state.file);
                }
                roll.see(&unit, &seen, source)
            }
            Ok(Said::File(file)) => match roll.told(&unit).cloned() {
                Some(mut seen) => {
                    seen.state.file = file;
                    roll.see(&unit, &seen, source)
                }
                // Its state could not be had so far; when it is looked at again, so is its file.
                None => false,
            },
            Err(_) => false,
        };
        if !told {
            self.again.insert(unit);
        }
        !told
    }
}

async fn reply(connection: Connection, unit: String, answer: SyncSender<Result<Option<UnitState>, Error>>) {
    let said = match (state(&connection, &unit).await, file(&connection, &unit).await) {
        (Ok((_, seen)), _) if seen.state.load == "not-found" => Ok(None),
        (Ok((_, seen)), Ok(file)) => Ok(Some(UnitState { file, ..seen.state })),
        (Err(e), _) | (_, Err(e)) => Err(Error::Refused { unit, why: e.to_string() }),
    };
    let _ = answer.try_send(said);
}

/// One row of ListUnitsByNames: id, description, load, active, sub, followed unit, path, and the queued job with its id,
/// kind and path.
type Row = (String, String, String, String, String, String, OwnedObjectPath, u32, String, OwnedObjectPath);

/// What systemd has under this name, loading it where it is not loaded; `None` for what it does not take as a name.
async fn row(connection: &Connection, unit: &str) -> Result<Option<Row>, zbus::Error> {
    let reply = call(connection, MANAGER_PATH, MANAGER, "ListUnitsByNames", &[unit].as_slice()).await?;
    Ok(reply.body().deserialize::<Vec<Row>>()?.pop())
}

/// The services that run, and whether each is enabled.
async fn running(connection: &Connection, but: &BTreeSet<String>) -> Result<Vec<Running>, zbus::Error> {
    let wanted = (["running"].as_slice(), ["*.service"].as_slice());
    let rows: Vec<Row> = call(connection, MANAGER_PATH, MANAGER, "ListUnitsByPatterns", &wanted).await?.body().deserialize()?;
    let mut all = Vec::new();
    for (unit, _, _, _, _, _, path, ..) in rows.into_iter().filter(|row| !but.contains(&row.0)).take(RUNNING_MAX) {
        let said = call(connection, path.as_str(), PROPERTIES, "Get", &(SERVICE, "MainPID")).await?.body();
        let main = match said.deserialize()? {
            Variant::U32(pid) => i32::try_from(pid).ok().and_then(process_key),
            _ => None,
        };
        let file = file(connection, &unit).await?;
        all.push(Running { unit, file, main });
    }
    Ok(all)
}

/// How a unit is now, without its file, and the paths by which its changes are told.
async fn state(connection: &Connection, unit: &str) -> Result<(Vec<String>, Seen), zbus::Error> {
    let Some((_, _, load, active, sub, _, path, _, job, _)) = row(connection, unit).await? else {
        let state = UnitState { unit: unit.to_owned(), load: "not-found".to_owned(), ..UnitState::default() };
        return Ok((vec![path_of(unit)], Seen { state, ended_at: None }));
    };
    let since = call(connection, path.as_str(), PROPERTIES, "Get", &(UNIT, "StateChangeTimestamp")).await?.body();
    let since: Variant<'_> = since.deserialize()?;
    // Units of other types have no properties of a service.
    let body = match call(connection, path.as_str(), PROPERTIES, "GetAll", &SERVICE).await {
        Ok(reply) => Some(reply.body()),
        Err(e) if answered(&e) => None,
        Err(e) => return Err(e),
    };
    let mut properties: BTreeMap<&str, Variant<'_>> = body.as_ref().map(|b| b.deserialize()).transpose()?.unwrap_or_default();
    properties.insert("StateChangeTimestamp", since);
    let job = Some(job).filter(|j| !j.is_empty());
    let mut general = General { load, active, sub, job, ..General::default() };
    let mut paths = vec![path.to_string()];
    if general.rests() {
        // A socket starts nothing before it is loaded: the one of the same name is listened for in any case.
        paths.extend(unit.strip_suffix(".service").map(|stem| path_of(&format!("{stem}.socket"))));
        for socket in sockets(connection, path.as_str()).await? {
            general.on_demand |= row(connection, &socket).await?.is_some_and(|(_, _, _, active, ..)| active == "active");
            paths.push(path_of(&socket));
        }
    }
    Ok((paths, read::seen(unit, general, &properties)))
}

/// The sockets that start a unit when a client comes.
async fn sockets(connection: &Connection, path: &str) -> Result<Vec<String>, zbus::Error> {
    let body = call(connection, path, PROPERTIES, "Get", &(UNIT, "TriggeredBy")).await?.body();
    let said: Variant<'_> = body.deserialize()?;
    let Variant::Array(names) = said else { return Ok(Vec::new()) };
    let name = |v: &Variant<'_>| if let Variant::Str(s) = v { Some(s.as_str().to_owned()) } else { None };
    Ok(names.iter().filter_map(name).filter(|n| n.ends_with(".socket")).take(SOCKETS_MAX).collect())
}

/// Whether a unit is enabled or masked on disk just now, which its own property only says as of the last reload. A unit
/// without a file has no such state, which systemd answers with an error.
async fn file(connection: &Connection, unit: &str) -> Result<String, zbus::Error> {
    let Some((id, ..)) = row(connection, unit).await? else { return Ok(String::new()) };
    match call(connection, MANAGER_PATH, MANAGER, "GetUnitFileState", &id).await {
        Ok(reply) => reply.body().deserialize(),
        Err(e) if answered(&e) => Ok(String::new()),
        Err(e) => Err(e),
    }
}

async fn call<B: Serialize + DynamicType>(
    connection: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Result<Message, zbus::Error> {
    connection.call_method(Some(SYSTEMD), path, Some(interface), method, body).await
}

/// Whether an error is systemd's answer, and not the want of one.
fn answered(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::MethodError(..) => true,
        zbus::Error::FDO(e) => {
            !matches!(**e, zbus::fdo::Error::NoReply(_) | zbus::fdo::Error::Disconnected(_) | zbus::fdo::Error::ServiceUnknown(_))
        }
        _ => false,
    }
}

/// The unit of a JobNew or JobRemoved signal: its third argument.
fn unit_of_job(message: &Message) -> Option<String> {
    let body = message.body();
    if let Ok((_, _, unit)) = body.deserialize::<(u32, OwnedObjectPath, String)>() {
        return Some(unit);
    }
    body.deserialize::<(u32, OwnedObjectPath, String, String)>().ok().map(|(_, _, unit, _)| unit)
}

/// A unit's path on the bus: everything but letters and digits is written as `_` and two hexadecimal digits, and so is a
/// digit in front (sd_bus_path_encode(3)).
fn path_of(unit: &str) -> String {
    let mut path = "/org/freedesktop/systemd1/unit/".to_owned();
    for (i, b) in unit.bytes().enumerate() {
        if b.is_ascii_alphabetic() || (i > 0 && b.is_ascii_digit()) {
            path.push(char::from(b));
        } else {
            path.push_str(&format!("_{b:02x}"));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_names_become_paths_as_systemd_writes_them() {
        assert_eq!(path_of("a-b@c.service"), "/org/freedesktop/systemd1/unit/a_2db_40c_2eservice");
        assert_eq!(path_of("9p.mount"), "/org/freedesktop/systemd1/unit/_39p_2emount");
        assert_eq!(path_of(r"dev-disk\x2d1.device"), r"/org/freedesktop/systemd1/unit/dev_2ddisk_5cx2d1_2edevice");
    }
}

//! What comes from Muster: the roll call whenever something happened, and at least once a second; what is asked and told.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use muster_model::event::Command;
use muster_model::request::{EventQuery, Reply, Request};
use muster_model::text::Text;

use super::state::{Effect, Input, Told};
use crate::commands::why;
use crate::failure::Failure;
use crate::socket::{Agent, Line, odd};

/// Nothing is taken for news longer than this: process ids, ports and probes change without an event.
const ROLL_EVERY: Duration = Duration::from_secs(1);
/// Events that come within this of a roll call share the next one.
const ROLL_GAP: Duration = Duration::from_millis(50);
/// And of its time this program leaves Muster nine parts of ten for itself, however long the roster is.
const ROLL_SHARE: u32 = 9;
/// Muster has this long for a roll call.
const ROLL_WITHIN: Duration = Duration::from_secs(10);
/// A Muster that is away is looked for again after this.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Requests that wait for Muster; more are let go.
const ASKED_MAX: usize = 16;

/// The feed while it is wanted; dropping it ends it.
pub(crate) struct Feed {
    /// What is to be asked and told.
    pub(crate) effects: Sender<Effect>,
    _wanted: Sender<Never>,
}

/// What is never sent: that the channel's other end is gone is all it says.
#[derive(PartialEq)]
enum Never {}

/// Feeds the inputs from threads of its own.
pub(crate) fn start(agent: &Agent, inputs: &Sender<Input>) -> std::io::Result<Feed> {
    let (wanted, end) = bounded(0);
    let ends = end.clone();
    let (poke, pokes) = bounded(1);
    let (effects, asked) = bounded(ASKED_MAX);
    let (one, two, three) = (agent.clone(), agent.clone(), agent.clone());
    let (rolls, answers) = (inputs.clone(), inputs.clone());
    spawn("top-events", move || watch(&one, &poke, &ends))?;
    spawn("top-roll", move || roll(&two, &pokes, &rolls, &end))?;
    spawn("top-desk", move || desk(&three, &asked, &answers))?;
    Ok(Feed { effects, _wanted: wanted })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

/// Pokes at every event. What it says is of no matter here.
fn watch(agent: &Agent, poke: &Sender<()>, end: &Receiver<Never>) {
    let follow = || -> Result<Line, Failure> {
        let mut line = agent.open()?;
        line.send(&Request::Events(EventQuery { follow: true, ..EventQuery::default() }))?;
        line.wait_for_ever()?;
        Ok(line)
    };
    loop {
        if let Ok(mut line) = follow() {
            while line.skip().is_ok_and(|more| more) {
                let _ = poke.try_send(()); // one that waits is enough
            }
            let _ = poke.try_send(());
        }
        if ended_within(end, AGAIN_AFTER) {
            return;
        }
    }
}

fn ended_within(end: &Receiver<Never>, length: Duration) -> bool {
    end.recv_timeout(length) == Err(RecvTimeoutError::Disconnected)
}

/// Takes the roll call, waits for a poke, takes it again; until nobody listens any more.
fn roll(agent: &Agent, pokes: &Receiver<()>, inputs: &Sender<Input>, end: &Receiver<Never>) {
    let mut line = None;
    loop {
        let begun = muster_sense::clock::since_boot();
        let (input, pause) = match take(agent, &mut line) {
            Ok(status) => (Input::Status(status), None),
            Err(failure) => {
                line = None;
                (Input::Away(failure.text()), Some(AGAIN_AFTER))
            }
        };
        if inputs.send(input).is_err() {
            return;
        }
        let took = Duration::from_nanos(muster_sense::clock::since_boot().0.saturating_sub(begun.0));
        if ended_within(end, pause.unwrap_or((took * ROLL_SHARE).max(ROLL_GAP))) {
            return;
        }
        if pause.is_none() {
            let _ = pokes.recv_timeout(ROLL_EVERY);
        }
    }
}

fn take(agent: &Agent, line: &mut Option<Line>) -> Result<Box<muster_model::request::Status>, Failure> {
    let open = match line {
        Some(open) => open,
        None => {
            let open = line.insert(agent.open()?);
            open.wait(ROLL_WITHIN)?;
            open
        }
    };
    match open.ask(&Request::Status)? {
        Reply::Status(status) => Ok(status),
        other => Err(odd(&other)),
    }
}

/// Asks and tells, one after another.
fn desk(agent: &Agent, effects: &Receiver<Effect>, inputs: &Sender<Input>) {
    for effect in effects {
        let input = match effect {
            Effect::Ask { of } => {
                let told = story(agent, &of).map(Box::new).map_err(|failure| failure.text());
                Input::Story { of, told }
            }
            Effect::Tell { command, taken } => Input::Said(tell(agent, command, taken).map_err(|failure| failure.text())),
            Effect::Leave | Effect::Redraw => continue, // the screen's own
        };
        if inputs.send(input).is_err() {
            return;
        }
    }
}

fn story(agent: &Agent, of: &str) -> Result<Told, Failure> {
    let incident = why::ask(agent, of)?;
    let change = incident.as_ref().and_then(|incident| incident.cause()).and_then(|cause| cause.change.clone());
    let change = change.and_then(|change| why::diff(agent, &change).ok());
    Ok(Told { incident, change })
}

fn tell(agent: &Agent, command: Command, taken: Text) -> Result<Text, Failure> {
    match agent.ask(&Request::Tell(command))? {
        Reply::Taken => Ok(taken),
        other => Err(odd(&other)),
    }
}

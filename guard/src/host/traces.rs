//! What touched a service lately: signals, commands, changes. Bounded, newest last.

use std::collections::VecDeque;

use muster_model::actor::Actor;
use muster_model::change::Change;
use muster_model::id::{ProcessKey, Seq};
use muster_model::time::{Length, Mono, Time};

/// At most so many traces are kept for a service.
const TRACES_MAX: usize = 128;
/// A sensor that is behind may tell what happened so long after what happened later.
pub(crate) const TOLD_LATE: Length = Length::seconds(10);

/// The moment, on the clock of this boot, of what happened in an earlier one.
pub(crate) const BEFORE_BOOT: Mono = Mono(0);

/// One thing that touched a service.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) seq: Seq,
    pub(crate) at: Time,
    pub(crate) mono: Mono,
    pub(crate) source: String,
    pub(crate) what: Touch,
}

impl Trace {
    /// Whether the machine was booted since. A process of now may have the id and the start of one of then.
    pub(crate) fn is_of_earlier_boot(&self) -> bool {
        self.mono == BEFORE_BOOT
    }
}

/// What it was.
#[derive(Clone, Debug)]
pub(crate) enum Touch {
    Signal { process: ProcessKey, signal: i32, sender: Option<Actor> },
    MemoryKill { process: ProcessKey, limit: Option<u64> },
    Command { actor: Actor },
    Change { change: Change },
}

/// The traces of one service, in the order in which they happened.
#[derive(Debug, Default)]
pub(crate) struct Traces(VecDeque<Trace>);

impl Traces {
    /// Keeps a trace. An observation that comes twice is kept once.
    pub(crate) fn keep(&mut self, trace: Trace) {
        if self.0.iter().any(|t| t.at == trace.at && same(&t.what, &trace.what)) {
            return;
        }
        if self.0.len() == TRACES_MAX {
            // What explains a loss years later is a change: make room among the rest first.
            let oldest = self.0.iter().position(|t| !matches!(t.what, Touch::Change { .. })).unwrap_or(0);
            self.0.remove(oldest);
        }
        // What happened shortly before may be told after it. By more than that, the clock was set.
        let later = |t: &Trace| t.at > trace.at && t.at.since(trace.at) < TOLD_LATE;
        let place = self.0.iter().rposition(|t| !later(t)).map_or(0, |before| before + 1);
        self.0.insert(place, trace);
    }

    /// The machine was booted: all that happened before was before.
    pub(crate) fn rebooted(&mut self) {
        self.0.iter_mut().for_each(|t| t.mono = BEFORE_BOOT);
    }

    /// Newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Trace> {
        self.0.iter().rev()
    }

    /// Signals to `process`, newest first.
    pub(crate) fn signals(&self, process: ProcessKey) -> impl Iterator<Item = (&Trace, i32, Option<&Actor>)> {
        self.newest().filter_map(move |t| match &t.what {
            Touch::Signal { process: p, signal, sender } if *p == process => Some((t, *signal, sender.as_ref())),
            _ => None,
        })
    }

    /// Commands by people, newest first.
    pub(crate) fn commands(&self) -> impl Iterator<Item = (&Trace, &Actor)> {
        self.newest().filter_map(|t| match &t.what {
            Touch::Command { actor } => Some((t, actor)),
            _ => None,
        })
    }

    /// Changes, newest first.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (&Trace, &Change)> {
        self.newest().filter_map(|t| match &t.what {
            Touch::Change { change } => Some((t, change)),
            _ => None,
        })
    }
}

fn same(a: &Touch, b: &Touch) -> bool {
    match (a, b) {
        (Touch::Signal { process: p, signal: s, .. }, Touch::Signal { process: q, signal: t, .. }) => p == q && s == t,
        (Touch::MemoryKill { process: p, .. }, Touch::MemoryKill { process: q, .. }) => p == q,
        (Touch::Command { actor: a }, Touch::Command { actor: b }) => a.pid == b.pid && a.command == b.command,
        (Touch::Change { change: a }, Touch::Change { change: b }) => a.subject == b.subject && a.what == b.what,
        _ => false,
    }
}

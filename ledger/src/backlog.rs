//! What was appended and is not yet committed, between those who append and the one writer.
//!
//! Bounded by [`EVENTS_MAX`]. Full means: the disk does not take any more. Then those who append do not wait for it;
//! events that find no room keep their place, and a signed gap says in the ledger that they are missing.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use muster_model::event::{Body, Event};
use muster_model::id::{BootId, HostName, Seq};
use muster_model::request::Record;
use muster_model::time::{Length, Mono, Time};
use rustix::time::{ClockId, clock_gettime};

/// At most so many events wait in memory.
pub(crate) const EVENTS_MAX: usize = 65_536;
/// Beyond that, so many more that must be durable: decisions, and what people said.
const DURABLE_MORE_MAX: usize = 4_096;
/// While the writer is at work and only behind, an append waits at most so long for room; once in vain, and no append
/// waits until the writer has moved on.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(1);
/// A subscriber that is so many events behind is let go.
const SUBSCRIBER_EVENTS_MAX: usize = 8_192;
/// Commit latencies are kept of so many of the last events.
const LATENCIES_KEPT: usize = 4_096;
/// Why nothing is taken any more.
const CLOSED: &str = "the ledger is closed";

/// What waits to be written, in order.
#[derive(Debug)]
pub(crate) enum Slot {
    /// An event, and when it was appended.
    Event(Arc<Event>, Length),
    /// Places that were given to events that found no room.
    Lost { first: u64, last: u64, first_at: i64, last_at: i64 },
}

/// What came of waiting for the disk.
pub(crate) type Ack = Result<(), String>;

/// What the writer is to do next.
#[derive(Debug)]
pub(crate) enum Work {
    /// Commit these; with `durable`, and have them and all before them on disk.
    Write { slots: VecDeque<Slot>, durable: bool },
    /// Bring the full-text index up to what is committed, and say so.
    Index(Sender<Ack>),
    /// Nothing came for as long as the writer was patient.
    Idle,
    /// Finish.
    Close,
}

/// The shared state; see the module.
#[derive(Debug)]
pub(crate) struct Backlog {
    state: Mutex<State>,
    to_writer: Condvar,
    room: Condvar,
    host: HostName,
    boot: BootId,
}

#[derive(Debug)]
struct State {
    slots: VecDeque<Slot>,
    /// Events in `slots` and in the writer's hands.
    waiting_events: usize,
    /// The place of the next event.
    next: u64,
    /// Committed up to here; readable by anyone, safe from a crash of Muster.
    committed: u64,
    /// On disk up to here; safe from a power cut.
    durable: u64,
    /// Who waits for which place to be durable, in order.
    waiters: VecDeque<(u64, Sender<Ack>)>,
    /// Who waits for the index.
    index: VecDeque<Sender<Ack>>,
    subscribers: Vec<Sender<Arc<Record>>>,
    /// Why nothing can be written now.
    trouble: Option<String>,
    /// Waiting for room was in vain.
    stalled: bool,
    closing: bool,
    writer_sleeps: bool,
    appenders_wait: usize,
    lost: u64,
    /// Whether the newest checkpoint is in the file elsewhere.
    filed: Result<(), String>,
    latencies: VecDeque<Length>,
}

/// A look at the backlog.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) committed: u64,
    pub(crate) durable: u64,
    pub(crate) waiting_events: usize,
    pub(crate) lost: u64,
    pub(crate) trouble: Option<String>,
    pub(crate) filed: Result<(), String>,
    pub(crate) latencies: Vec<Length>,
}

/// The clock of the latencies in [`Look`]. It goes into no event.
pub(crate) fn now() -> Length {
    let t = clock_gettime(ClockId::Monotonic);
    Length(t.tv_sec.cast_unsigned() * 1_000_000_000 + t.tv_nsec.cast_unsigned())
}

impl Backlog {
    pub(crate) fn new(host: HostName, boot: BootId, last: u64) -> Backlog {
        let state = State {
            slots: VecDeque::new(),
            waiting_events: 0,
            next: last + 1,
            committed: last,
            durable: last,
            waiters: VecDeque::new(),
            index: VecDeque::new(),
            subscribers: Vec::new(),
            trouble: None,
            stalled: false,
            closing: false,
            writer_sleeps: false,
            appenders_wait: 0,
            lost: 0,
            filed: Ok(()),
            latencies: VecDeque::with_capacity(LATENCIES_KEPT),
        };
        Backlog { state: Mutex::new(state), to_writer: Condvar::new(), room: Condvar::new(), host, boot }
    }

    /// A thread that panicked with the lock held left nothing half done: every change below is a single step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // For those who append, ask and subscribe.

    /// Gives the event its place and queues it; with `durable`, also what to wait on.
    pub(crate) fn push(&self, at: Time, mono: Mono, body: Body, durable: bool) -> (Arc<Event>, Option<Receiver<Ack>>) {
        let queued = now();
        let events_max = if durable || body.must_be_durable() { EVENTS_MAX + DURABLE_MORE_MAX } else { EVENTS_MAX };
        let mut state = self.wait_for_room(events_max);
        let seq = state.next;
        state.next += 1;
        let event = Arc::new(Event { seq: Seq(seq), at, mono, boot: self.boot.clone(), host: self.host.clone(), body });
        let closed = state.closing;
        if state.waiting_events < events_max && !closed {
            state.waiting_events += 1;
            state.slots.push_back(Slot::Event(event.clone(), queued));
        } else {
            state.lost += 1;
            if let Some(Slot::Lost { last, last_at, .. }) = state.slots.back_mut() {
                (*last, *last_at) = (seq, at.0);
            } else {
                state.slots.push_back(Slot::Lost { first: seq, last: seq, first_at: at.0, last_at: at.0 });
            }
            let why = if closed { CLOSED } else { "too much waits in memory already" };
            return (event, durable.then(|| answered(Err(why.to_owned()))));
        }
        let wait = durable.then(|| state.wait_for(seq));
        // While writing is in trouble the writer tries again at its own pace: an ordinary event does not hurry it.
        self.wake(state, durable);
        (event, wait)
    }

    fn wait_for_room(&self, events_max: usize) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while state.waiting_events >= events_max && state.trouble.is_none() && !state.stalled && !state.closing {
            state.appenders_wait += 1;
            let (back, timeout) = self.room.wait_timeout(state, ROOM_WAIT_MAX).unwrap_or_else(PoisonError::into_inner);
            state = back;
            state.appenders_wait -= 1;
            state.stalled |= timeout.timed_out();
        }
        state
    }

    /// What to wait on until all that was appended is durable.
    pub(crate) fn flush(&self) -> Receiver<Ack> {
        let mut state = self.lock();
        let last = state.next - 1;
        if state.durable >= last {
            return answered(Ok(()));
        }
        if state.closing {
            return answered(Err(CLOSED.to_owned()));
        }
        let wait = state.wait_for(last);
        self.wake(state, true);
        wait
    }

    /// What to wait on until all that is committed can be searched.
    pub(crate) fn index(&self) -> Receiver<Ack> {
        let (done, wait) = bounded(1);
        let mut state = self.lock();
        if state.closing {
            return answered(Err(CLOSED.to_owned()));
        }
        state.index.push_back(done);
        self.wake(state, true);
        wait
    }

    /// Committed events from here on.
    pub(crate) fn subscribe(&self) -> Receiver<Arc<Record>> {
        let (sender, receiver) = bounded(SUBSCRIBER_EVENTS_MAX);
        let mut state = self.lock();
        if !state.closing {
            state.subscribers.push(sender);
        }
        receiver
    }

    /// The last place that was given.
    pub(crate) fn newest(&self) -> u64 {
        self.lock().next - 1
    }

    /// No more is taken; the writer finishes what is there.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        self.wake(state, true);
        self.room.notify_all();
    }

    /// How it stands.
    pub(crate) fn look(&self) -> Look {
        let state = self.lock();
        Look {
            committed: state.committed,
            durable: state.durable,
            waiting_events: state.waiting_events,
            lost: state.lost,
            trouble: state.trouble.clone(),
            filed: state.filed.clone(),
            latencies: state.latencies.iter().copied().collect(),
        }
    }

    fn wake(&self, mut state: MutexGuard<'_, State>, urgent: bool) {
        let wake = state.writer_sleeps && (urgent || state.trouble.is_none());
        if wake {
            state.writer_sleeps = false;
        }
        drop(state);
        if wake {
            self.to_writer.notify_one();
        }
    }

    // For the writer.

    /// What to do next, waiting at most `patience` for it (`None`: as long as it takes). While in trouble, what is not
    /// urgent waits for the end of the patience. `in_hand` is what the writer could not write last time.
    pub(crate) fn next(&self, in_hand: VecDeque<Slot>, batch_max: usize, patience: Option<Duration>) -> (Work, VecDeque<Slot>) {
        let mut state = self.lock();
        let mut patient = true;
        loop {
            let urgent = !state.waiters.is_empty() || state.closing;
            let slots_wait = !in_hand.is_empty() || !state.slots.is_empty();
            if urgent || (slots_wait && (state.trouble.is_none() || !patient)) {
                if !slots_wait && state.waiters.is_empty() {
                    return (Work::Close, in_hand);
                }
                return (state.batch(in_hand, batch_max), VecDeque::new());
            }
            if let Some(done) = state.index.pop_front() {
                return (Work::Index(done), in_hand);
            }
            if !patient {
                return (Work::Idle, in_hand);
            }
            state.writer_sleeps = true;
            state = match patience {
                None => self.to_writer.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let (back, timeout) = self.to_writer.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
                    patient = !timeout.timed_out();
                    back
                }
            };
            state.writer_sleeps = false;
        }
    }

    /// These were committed, the last of them with this place.
    pub(crate) fn committed(&self, slots: &VecDeque<Slot>, last: u64) {
        let mut state = self.lock();
        let at = now();
        for slot in slots {
            if let Slot::Event(_, queued) = slot {
                state.waiting_events -= 1;
                if state.latencies.len() == LATENCIES_KEPT {
                    state.latencies.pop_front();
                }
                state.latencies.push_back(Length(at.0.saturating_sub(queued.0)));
            }
        }
        state.committed = state.committed.max(last);
        state.stalled = false;
        state.trouble = None;
        if state.appenders_wait > 0 {
            self.room.notify_all();
        }
    }

    /// All up to this place is on disk: tells those who wait.
    pub(crate) fn durable(&self, last: u64) {
        let mut state = self.lock();
        state.durable = state.durable.max(last);
        while state.waiters.front().is_some_and(|(seq, _)| *seq <= state.durable) {
            if let Some((_, done)) = state.waiters.pop_front() {
                let _ = done.send(Ok(())); // Whoever asked may have given up.
            }
        }
    }

    /// Nothing could be written: those who wait for the disk are told why, and wait no longer.
    pub(crate) fn failed(&self, why: &str) {
        let mut state = self.lock();
        state.trouble = Some(why.to_owned());
        for (_, done) in state.waiters.drain(..) {
            let _ = done.send(Err(why.to_owned()));
        }
        self.room.notify_all();
    }

    /// What came of telling the file elsewhere of the newest checkpoint.
    pub(crate) fn filed(&self, told: Result<(), String>) {
        self.lock().filed = told;
    }

    /// The writer has ended: nobody waits for it any more.
    pub(crate) fn ended(&self, why: &str) {
        self.failed(why);
        let mut state = self.lock();
        state.closing = true;
        state.index.clear();
        state.subscribers.clear();
    }

    /// Whether the writer is to finish.
    pub(crate) fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// Whether anybody wants committed events.
    pub(crate) fn has_subscribers(&self) -> bool {
        !self.lock().subscribers.is_empty()
    }

    /// Hands a committed event to the subscribers. One that is gone or too far behind is let go: it sees its channel
    /// end, and can read on from the ledger.
    pub(crate) fn publish(&self, record: &Arc<Record>) {
        self.lock().subscribers.retain(|subscriber| subscriber.try_send(record.clone()).is_ok());
    }
}

impl State {
    fn wait_for(&mut self, seq: u64) -> Receiver<Ack> {
        let (done, wait) = bounded(1);
        self.waiters.push_back((seq, done));
        wait
    }

    /// The next batch, and whether somebody waits for its end to be durable.
    fn batch(&mut self, mut slots: VecDeque<Slot>, batch_max: usize) -> Work {
        let more = batch_max.saturating_sub(slots.len()).min(self.slots.len());
        slots.extend(self.slots.drain(..more));
        let last = slots.back().map_or(self.committed, Slot::last);
        let durable = self.waiters.front().is_some_and(|(seq, _)| *seq <= last);
        Work::Write { slots, durable }
    }
}

impl Slot {
    /// The last place in it.
    pub(crate) fn last(&self) -> u64 {
        match self {
            Slot::Event(event, _) => event.seq.0,
            Slot::Lost { last, .. } => *last,
        }
    }
}

/// A wait that is over.
fn answered(ack: Ack) -> Receiver<Ack> {
    let (done, wait) = bounded(1);
    let _ = done.send(ack);
    wait
}

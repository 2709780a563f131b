//! When one probe is asked, and which answers are told.

use std::mem::discriminant;
use std::sync::Arc;

use muster_model::id::ServiceName;
use muster_model::observation::{Fact, Observation};
use muster_model::probe::{Answer, Ask, Probe};
use muster_model::time::{Length, Mono, Time};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, interval_at};

use super::flap::{Steadiness, Turn};
use super::other_way::{OtherWay, is_of_the_way};
use super::question::Question;
use super::{Seat, Shared, locked};
use crate::clock;

/// An answer that is not right is asked for so often in all before it is told.
const CONFIRM_TIMES: u32 = 3;
/// The time between these questions.
const CONFIRM_EVERY: Length = Length::ms(100);
/// After a poke: the time between questions until the answer is right.
const EAGER_EVERY: Length = Length::ms(50);
/// The first question is put within this time, however long the period is.
const FIRST_WITHIN: Length = Length::seconds(1);

/// The configuration allows no shorter period; a roster from elsewhere may have one, and none at all would be a fault of ours.
const EVERY_MIN: Length = Length::ms(10);

/// One probe of one service.
pub(super) struct Pace {
    service: ServiceName,
    number: u32,
    probe: Probe,
    question: Result<Question, String>,
    /// The same over loopback, where that is another way to it.
    other_way: Option<OtherWay>,
    seat: Arc<Seat>,
    shared: Arc<Shared>,
    host: Option<Arc<Semaphore>>,
    steadiness: Steadiness,
    /// What was told last is that it flaps.
    flapping: bool,
    /// The answer that was told last.
    told: Option<Answer>,
}

/// Whether they are of one kind: only another kind is news.
fn alike(one: &Answer, other: &Answer) -> bool {
    discriminant(one) == discriminant(other)
}

/// An answer, when its question was put, and how long it took.
struct Heard {
    answer: Answer,
    asked_at: Time,
    took: Length,
}

impl Pace {
    pub(super) fn new(service: ServiceName, number: u32, probe: &Probe, seat: Arc<Seat>, shared: Arc<Shared>) -> Pace {
        let question = Question::new(&probe.ask);
        let probe = Probe { every: probe.every.max(EVERY_MIN), ..probe.clone() };
        let host = shared.host(&probe.ask);
        let other_way = Some(&probe).filter(|probe| probe.here).and_then(|probe| OtherWay::to(&probe.ask));
        Pace {
            service,
            number,
            probe,
            question,
            other_way,
            seat,
            shared,
            host,
            steadiness: Steadiness::default(),
            flapping: false,
            told: None,
        }
    }

    /// Asks for ever.
    pub(super) async fn run(mut self) {
        let start = Instant::now();
        let phase = self.phase();
        let first = Length(phase.0 % FIRST_WITHIN.0);
        let due = interval_at(start + first.std(), self.probe.every.std()).tick().await;
        self.ask_and_tell(due).await;
        // Its own place within the period, so that many probes are spread over it.
        let next = if phase == first { Length(phase.0.saturating_add(self.probe.every.0)) } else { phase };
        let mut period = interval_at(start + next.std(), self.probe.every.std());
        period.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            // While an answer was waited for the next question was not due: a slow target is not a late question.
            let free = Instant::now();
            let due = tokio::select! {
                due = period.tick() => Some(due.max(free)),
                () = self.seat.poke.notified() => None,
            };
            match due {
                Some(due) => self.ask_and_tell(due).await,
                None => self.ask_eagerly(&mut period).await,
            }
        }
    }

    /// A place within the period that is always the same for this probe.
    fn phase(&self) -> Length {
        // FNV-1a, and its bits mixed once more (the finalizer of MurmurHash3), since names differ in their last letters.
        let bytes = self.service.as_str().bytes().chain(self.number.to_le_bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        Length((hash ^ (hash >> 33)) % self.probe.every.0.max(1))
    }

    /// Somebody waits for the answer to become right: asks often, until it is or the period is over, and tells what it is
    /// then, also where it is as it was told last.
    async fn ask_eagerly(&mut self, period: &mut Interval) {
        self.told = None;
        self.steadiness.forget();
        self.flapping = false;
        let mut again = interval(EAGER_EVERY.std());
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                due = period.tick() => {
                    self.ask_and_tell(due.max(Instant::now())).await;
                    return;
                }
                _ = again.tick() => {
                    let heard = self.ask(None).await;
                    if heard.answer.is_right() {
                        let since = heard.asked_at;
                        return self.tell(heard, since, 1);
                    }
                }
            }
        }
    }

    /// Asks, asks again where the answer is not right and new, and tells what is new.
    async fn ask_and_tell(&mut self, due: Instant) {
        let mut heard = self.ask(Some(due)).await;
        let (mut since, mut times) = (heard.asked_at, 1);
        let mut again = interval(CONFIRM_EVERY.std());
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        again.tick().await;
        for _ in 1..CONFIRM_TIMES {
            // Nothing new: it counts as it was told, whichever way it was asked then.
            let was_cut_off = matches!(self.told, Some(Answer::CutOff { .. }));
            let old = self.was_told(&heard.answer) || was_cut_off && is_of_the_way(&heard.answer);
            if heard.answer.is_right() || old {
                break;
            }
            again.tick().await;
            let next = self.ask(None).await;
            let same = alike(&heard.answer, &next.answer);
            heard = next;
            (since, times) = if same { (since, times + 1) } else { (heard.asked_at, 1) };
        }
        if let Some(elsewhere) = &self.other_way
            && is_of_the_way(&heard.answer)
            && Box::pin(elsewhere.put(self.probe.timeout)).await.is_right()
        {
            let text = format!("{}; asked at {} it is right", heard.answer.text(), elsewhere.address());
            heard.answer = Answer::CutOff { text };
        }
        match self.steadiness.heard(&heard.answer) {
            Turn::Flaps(answer) if !self.flapping || self.told.is_none() => {
                self.tell(Heard { answer, ..heard }, since, times);
                self.flapping = true;
            }
            Turn::Flaps(_) => {}
            turn => {
                self.flapping = false;
                if turn == Turn::Settled || !self.was_told(&heard.answer) {
                    self.tell(heard, since, times);
                }
            }
        }
    }

    /// Puts the question, and notes how late it was put where it was due by the clock.
    async fn ask(&self, due: Option<Instant>) -> Heard {
        let room = if matches!(self.probe.ask, Ask::Exec { .. }) { &self.shared.plugins } else { &self.shared.asks };
        // The semaphores are never closed; the question may be put either way. One who waits for a host takes no room from others.
        let _host = match &self.host {
            Some(host) => host.acquire().await.ok(),
            None => None,
        };
        let _permit = room.acquire().await;
        if let Some(due) = due {
            self.shared.late.add(Length::from(Instant::now().saturating_duration_since(due)));
        }
        let (asked_at, start): (Time, Mono) = clock::now();
        let answer = match &self.question {
            Ok(question) => Box::pin(question.put(self.probe.timeout)).await,
            Err(why) => Answer::Unasked { text: why.clone() },
        };
        let took = clock::now().1.since(start);
        let answer = match (answer, self.probe.within) {
            (Answer::Right { perfdata, .. }, Some(within)) if took > within => {
                Answer::Late { text: format!("it took {took}, and may take {within}"), perfdata }
            }
            (answer, _) => answer,
        };
        *locked(&self.seat.last) = Some((answer.clone(), took));
        Heard { answer, asked_at, took }
    }

    fn was_told(&self, answer: &Answer) -> bool {
        self.told.as_ref().is_some_and(|told| alike(told, answer))
    }

    fn tell(&mut self, heard: Heard, since: Time, times: u32) {
        let Heard { answer, asked_at: _, took } = heard;
        let told = answer.clone();
        let observation = Observation {
            at: since,
            source: "probe".to_owned(),
            service: Some(self.service.clone()),
            fact: Fact::Probed { probe: self.number, answer, took, times },
        };
        // What could not be told is not told: the next answer of the same kind is then news again.
        self.told = match self.shared.sink.try_send(observation) {
            Ok(()) => Some(told),
            Err(_) => {
                self.shared.pulse.crowded(1);
                None
            }
        };
    }
}

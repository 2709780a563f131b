//! The work on one loss: what was asked, what came in, which plan is in hand and how far it is.

use std::collections::VecDeque;

use muster_model::cause::Code;
use muster_model::exam::{Exam, Examined};
use muster_model::id::Seq;
use muster_model::loss::Loss;
use muster_model::plan::{Done, Leave, Order, Outcome, Plan, Step};
use muster_model::roster::Recover;
use muster_model::time::{Length, Mono, Time};

use super::Now;
use super::diagnose::{self, Situation};
use super::plan;

/// Findings kept for one incident.
const FINDINGS_MAX: usize = 64;
/// Losses of one incident that are remembered, for telling a crash loop.
const RELAPSES_MAX: usize = 16;
/// The first pause between two attempts; each further one is twice as long.
const BACKOFF_FIRST: Length = Length::seconds(1);
/// The longest pause between two attempts. Attempts never end.
const BACKOFF_MAX: Length = Length::seconds(300);

/// What came of an examination.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) seq: Seq,
    pub(crate) at: Time,
    pub(crate) examined: Examined,
}

/// What a plan is made for. Where it is another, so is the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ground {
    pub(crate) loss: Loss,
    /// The likeliest cause.
    pub(crate) cause: Option<Code>,
    /// What the roster allows.
    pub(crate) recover: Recover,
    /// Somebody wants it down.
    pub(crate) intent: bool,
    /// When that was last said.
    pub(crate) ordered: Option<Mono>,
    /// The roster says that it is put back nevertheless, and nobody has confirmed that it is meant to be down.
    pub(crate) put_back: bool,
    /// It cannot be started as it is.
    pub(crate) masked: bool,
}

impl Ground {
    pub(crate) fn of(s: &Situation<'_>) -> Ground {
        let cause = s.incident.cause().map(|c| c.code);
        let put_back = s.watched.service.restore_after.is_some() && s.incident.acknowledged.is_none();
        Ground {
            loss: s.incident.loss,
            cause,
            recover: s.watched.service.recover,
            intent: plan::is_intent(s),
            ordered: diagnose::ordered(s).map(|(when, _)| when),
            put_back,
            masked: plan::is_masked(s),
        }
    }

    /// Whether a plan that was made on the ground `before`, and is being run, may not go on on this one.
    pub(crate) fn forbids(&self, before: Ground, granted: bool) -> bool {
        // What is well and cut off is left alone, whatever was about to be done, and whoever asked for it.
        let cut_off = self.loss == Loss::Unreachable && before.loss != Loss::Unreachable;
        let said_again = self.ordered > before.ordered;
        let meant_down = self.intent && (!before.intent || said_again || (before.put_back && !self.put_back));
        let not_wanted = meant_down || self.recover != before.recover;
        cut_off || (not_wanted && !granted)
    }
}

/// The work on one loss.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) opened: Mono,
    /// The event that opened the incident.
    pub(crate) seq: Seq,
    /// Since when it has been lost in this way.
    pub(crate) since: Mono,
    /// When the examinations were asked for, and which have yet to come in.
    pub(crate) exams: Option<(Mono, Vec<Exam>)>,
    /// They were asked for after the last plan had run its course.
    pub(crate) asked_since: bool,
    pub(crate) found: Vec<Found>,
    /// The verdict was of the loss as it was taken for before.
    pub(crate) other_loss: bool,
    /// A first verdict was given.
    pub(crate) judged: bool,
    pub(crate) settled: bool,
    pub(crate) plan: Option<Plan>,
    /// On what ground it was made.
    pub(crate) ground: Option<Ground>,
    /// The step of the plan that comes next.
    pub(crate) place: u32,
    running: Option<Order>,
    /// What the plan in hand did.
    pub(crate) done: Vec<Done>,
    /// A step of the plan failed, or the service did not come back after it.
    pub(crate) failed: bool,
    /// When the last order was begun and ended.
    pub(crate) last_begun: Option<Mono>,
    pub(crate) last_done: Option<Mono>,
    /// When the last attempt, be it of an earlier plan, was over so far.
    tried: Option<Mono>,
    /// Plans tried so far.
    pub(crate) attempts: u32,
    /// A person said yes.
    pub(crate) granted: bool,
    /// The attempt that the person asked for: it waits for nothing. Those after it do.
    urged: Option<u32>,
    pub(crate) recovered: Option<Mono>,
    /// When it was lost, and lost again, newest last.
    pub(crate) losses: VecDeque<Mono>,
    /// The service manager's count of restarts when the incident was opened.
    pub(crate) restarts: u32,
    /// When a `run` service that was never there was started, and whether that worked.
    first_start: Option<(Mono, Outcome)>,
}

impl Work {
    pub(crate) fn opened(seq: Seq, now: Now, restarts: u32, granted: bool) -> Work {
        Work {
            opened: now.mono,
            seq,
            since: now.mono,
            restarts,
            granted,
            urged: granted.then_some(1),
            losses: VecDeque::from([now.mono]),
            ..Work::default()
        }
    }

    /// A person said yes: a plan that waits for it is made anew, for what is so now.
    pub(crate) fn grant(&mut self) {
        self.granted = true;
        if self.last_begun.is_none() && self.plan.as_ref().is_some_and(|p| p.leave != Leave::Granted) {
            self.attempts = self.attempts.saturating_sub(1); // what was never begun is no attempt
        }
        self.plan = self.plan.take().filter(|p| p.leave == Leave::Granted);
        let in_hand = self.plan.is_some() && self.last_begun.is_none();
        self.urged = Some(if in_hand { self.attempts } else { self.attempts + 1 });
    }

    /// Whether a person asked for this attempt.
    pub(crate) fn is_urged(&self, attempt: u32) -> bool {
        self.granted && self.urged == Some(attempt)
    }

    /// The number of the plan that is made next. One that was never begun is no attempt.
    pub(crate) fn next_number(&self) -> u32 {
        if self.plan.is_some() && self.last_begun.is_none() { self.attempts } else { self.attempts + 1 }
    }

    /// It is lost in another way than it was: that is examined, and judged, anew.
    pub(crate) fn refined(&mut self, now: Now) {
        self.since = now.mono;
        self.other_loss = true;
        self.settled = false;
        self.exams = None;
    }

    /// A yes is to the loss at hand, not to one to come.
    pub(crate) fn withdraw_grant(&mut self) {
        self.granted = false;
    }

    pub(crate) fn take_grant(&mut self) -> bool {
        std::mem::take(&mut self.granted)
    }

    pub(crate) fn asked(&mut self, exams: &[Exam], now: Now) {
        self.exams = Some((now.mono, exams.to_vec()));
        // Only what is asked when a plan has run its course tells of the time after it.
        self.asked_since = self.plan.as_ref().is_none_or(|p| self.failed || self.place as usize >= p.steps.len());
    }

    pub(crate) fn examined(&mut self, seq: Seq, examined: &Examined, now: Now) {
        if let Some((_, pending)) = &mut self.exams {
            pending.retain(|e| *e != examined.exam);
        }
        self.found.retain(|f| f.examined.exam.code() != examined.exam.code());
        if self.found.len() < FINDINGS_MAX {
            self.found.push(Found { seq, at: now.at, examined: examined.clone() });
        }
    }

    pub(crate) fn judged(&mut self, settled: bool) {
        self.judged = true;
        self.settled |= settled;
        self.other_loss &= !settled;
    }

    pub(crate) fn planned(&mut self, plan: Plan, ground: Ground) {
        self.attempts = plan.attempt;
        self.plan = Some(plan);
        self.ground = Some(ground);
        self.place = 0;
        self.done.clear();
        self.failed = false;
        self.last_begun = None;
        self.last_done = None;
    }

    /// An order of before the service left the roster and came back is still being run.
    pub(crate) fn goes_on_with(&mut self, order: Option<Order>) {
        self.running = order;
    }

    pub(crate) fn begun(&mut self, order: Order, now: Now) {
        self.last_begun = Some(now.mono);
        self.asked_since = false;
        self.running = Some(order);
    }

    pub(crate) fn done(&mut self, done: &Done, now: Now) {
        if self.running.as_ref() != Some(&done.order) {
            return; // told twice, or of an earlier life
        }
        self.running = None;
        self.last_done = Some(now.mono);
        if done.order.incident.is_none() {
            self.first_start = Some((now.mono, done.outcome));
            return;
        }
        self.tried = Some(now.mono);
        if done.order.undo {
            self.done.retain(|d| d.order.place != done.order.place);
            self.failed = true;
            return;
        }
        match done.outcome {
            Outcome::Done => self.place += 1,
            Outcome::Skipped | Outcome::Failed | Outcome::Undone => self.failed = true,
        }
        self.done.push(done.clone());
    }

    /// Muster ended in the middle of it: what was asked and begun has no answer any more.
    pub(crate) fn interrupted(&mut self, now: Now, booted: bool, lost: bool) {
        if lost {
            self.exams = None;
            self.settled = false;
        }
        self.opened = now.mono;
        self.recovered = self.recovered.map(|_| now.mono);
        if booted {
            self.since = Mono(0);
            self.losses.clear();
        }
        self.first_start = None;
        self.running = None; // every step can be run again: the plan goes on from there
        self.last_begun = self.last_begun.map(|_| now.mono);
        self.last_done = self.last_begun;
        self.tried = self.tried.map(|_| now.mono).or(self.last_begun);
    }

    pub(crate) fn recovered(&mut self, now: Now) {
        self.recovered = Some(now.mono);
        self.granted = false;
        self.failed = false;
        self.plan = None;
    }

    /// Lost again before it was steady.
    pub(crate) fn relapsed(&mut self, now: Now) {
        self.recovered = None;
        self.since = now.mono;
        self.plan = None;
        self.settled = false;
        self.exams = None;
        self.lost_again(now);
    }

    /// It came up, and is lost once more.
    fn lost_again(&mut self, now: Now) {
        if self.losses.len() == RELAPSES_MAX {
            self.losses.pop_front();
        }
        self.losses.push_back(now.mono);
    }

    /// Its main process ended. Where that happens before it was back, and not by what Muster does, it is a loss of its own.
    pub(crate) fn main_ended(&mut self, now: Now) {
        if self.recovered.is_none() && self.seq > Seq::default() && !self.is_acting() {
            self.lost_again(now);
        }
    }

    /// A step that alters the service is being run.
    pub(crate) fn is_acting(&self) -> bool {
        self.running.as_ref().is_some_and(|o| o.step.acts())
    }

    /// So is one that is to mend a loss.
    pub(crate) fn is_mending(&self) -> bool {
        self.running.as_ref().is_some_and(mends)
    }

    /// It has a plan that may be run, and nothing is being run just now.
    pub(crate) fn may_go_on(&self) -> bool {
        self.running.is_none() && self.plan.as_ref().is_some_and(|p| p.leave == Leave::Granted)
    }

    pub(crate) fn running(&self) -> Option<&Order> {
        self.running.as_ref()
    }

    pub(crate) fn first_start(&self) -> Option<(Mono, Outcome)> {
        self.first_start
    }

    /// When it was last started, where that was begun after this moment.
    pub(crate) fn started_since(&self, moment: Mono) -> Option<Mono> {
        let starts = |step: &Step| matches!(step, Step::Start | Step::Restart | Step::KillRestart { .. });
        let started = self.done.last().is_some_and(|d| d.outcome == Outcome::Done && starts(&d.order.step));
        self.last_done.filter(|_| started && self.last_begun.is_some_and(|begun| begun > moment))
    }

    /// The earliest moment for the attempt of this number, where one came before it.
    pub(crate) fn not_before(&self, attempt: u32) -> Option<Mono> {
        let doublings = attempt.saturating_sub(2).min(16);
        Some(self.tried?.after(Length((BACKOFF_FIRST.0 << doublings).min(BACKOFF_MAX.0))))
    }

    /// Losses within `reach` before now.
    pub(crate) fn losses_within(&self, now: Mono, reach: Length) -> usize {
        self.losses.iter().filter(|t| now.since(**t) <= reach).count()
    }

    pub(crate) fn finding<'a, T>(&'a self, of: impl Fn(&'a Found) -> Option<T>) -> Option<T> {
        self.found.iter().rev().find_map(of)
    }
}

/// Whether an order alters a service that was lost.
pub(crate) fn mends(order: &Order) -> bool {
    order.step.acts() && order.incident.is_some()
}

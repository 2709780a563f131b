//! What is, against what should be: which decisions follow for one service, and when to look again.
//!
//! Nothing here alters the state. Each decision, once it comes back as an event, makes the comparison come out
//! differently, so that none is taken twice; after a crash the same comparison takes it again.

use muster_model::cause::{Cause, Code, Evidence};
use muster_model::event::Decision;
use muster_model::exam::{Exam, Finding};
use muster_model::id::ServiceName;
use muster_model::incident::{Incident, State};
use muster_model::loss::Loss;
use muster_model::plan::{Leave, Order, Outcome, Step};
use muster_model::roster::{Kind, Recover};
use muster_model::text::Text;
use muster_model::time::{Length, Mono, Time};

use super::diagnose::{self, Situation};
use super::plan;
use super::presence::{ENABLED_QUIET, Presence, is_down, only_degrades};
use super::watched::{Pause, Watched};
use super::work::{Ground, Work, mends};
use super::{Guard, HOUR, Now};

/// How long a service that was ended from outside may take to be back before it is looked into why.
const LOOK_AFTER: Length = Length::ms(150);
/// How long examinations may take before the verdict settles without them.
const SETTLE_WITHIN: Length = Length::seconds(2);
/// An edited configuration is left in peace for so long before the validator is asked: people save in bursts.
const EDIT_QUIET: Length = Length::ms(700);
/// So many losses within [`LOOP_REACH`] are a crash loop.
const LOOP_LOSSES: usize = 3;
const LOOP_REACH: Length = Length::seconds(60);
/// How long a service manager that restarts a unit by itself is waited for, beside its own RestartSec=.
pub(super) const MANAGER_SLACK: Length = Length::seconds(5);
/// A pause ends by the wall clock, which may be set: it is looked at this often.
const PAUSE_LOOK: Length = Length::seconds(60);
/// How long the service manager may take to speak of the end of a main process, before it is asked.
const MANAGER_SPEAKS: Length = Length::ms(300);
/// A service manager reaps a child, and tells of it, within this time.
const MANAGER_HEARS: Length = Length::seconds(1);
/// How often something that another service or a budget holds up is looked at again.
const HELD_UP: Length = Length::seconds(1);

/// Collects when to look again.
#[derive(Default)]
struct Wake(Option<Mono>);

impl Wake {
    fn at(&mut self, when: Mono) {
        self.0 = Some(self.0.map_or(when, |w| w.min(when)));
    }

    fn at_end_of(&mut self, pause: &Pause, now: Now) {
        self.at(now.mono.after(pause.until.since(now.at).min(PAUSE_LOOK)));
    }
}

impl Guard {
    /// What follows for `name`, and when time alone may make something follow.
    pub(super) fn reconcile(&self, name: &ServiceName) -> (Option<Decision>, Option<Mono>) {
        let Some(watched) = self.services.get(name) else { return (None, None) };
        let presence = watched.presence(self.now, &self.limits);
        let mut wake = Wake::default();
        if let Some(until) = presence.until().filter(|until| *until > self.now.mono) {
            wake.at(until);
        }
        let incident = watched.incident.as_ref().and_then(|id| self.incidents.get(id));
        let decision = match incident {
            Some(incident) if incident.state.is_open() => self.work_on(watched, incident, presence, &mut wake),
            Some(incident) if incident.state == State::Recovered && self.relapsed(watched, incident, presence) => {
                Some(became(incident, State::Open, self.now.at, Text::new("state-relapsed")))
            }
            Some(incident) if incident.state == State::Recovered && !watched.work.settled => {
                // It was back before the examinations were in: they settle the verdict all the same.
                let situation = Situation { watched, incident, now: self.now, rungs: &self.rungs, own: &self.own };
                self.judge(&situation, presence, &mut wake).or_else(|| self.keep(watched, presence, &mut wake))
            }
            _ => self.keep(watched, presence, &mut wake),
        };
        let wake = wake.0.map(|w| w.max(Mono(self.now.mono.0 + 1)));
        (decision, wake)
    }

    /// Whether a service has not been lost lately.
    fn is_steady(&self, watched: &Watched) -> bool {
        watched.work.recovered.is_none_or(|since| self.now.mono.since(since) >= self.limits.steady)
    }

    /// Whether a service that was back is lost again before it was so for good, and in a way of the same sort. A stop, a
    /// danger or a boot is a story of its own, and to hang is another than to end.
    fn relapsed(&self, watched: &Watched, incident: &Incident, presence: Presence) -> bool {
        let sort = |loss: Loss| (loss == Loss::Stopped, only_degrades(loss), is_down(loss));
        !self.is_steady(watched) && watched.rebooted.is_none() && presence.loss().is_some_and(|(loss, _)| sort(loss) == sort(incident.loss))
    }

    /// Nothing is lost so far as is on record.
    fn keep(&self, watched: &Watched, presence: Presence, wake: &mut Wake) -> Option<Decision> {
        let now = self.now;
        if let Some(pause) = watched.paused(now.at) {
            wake.at_end_of(pause, now);
            return None;
        }
        match presence {
            Presence::NotStarted if watched.work.running().is_none() => self.first_start(watched, wake),
            // A danger is told of what is steady: what comes and goes has a story already.
            Presence::Degraded { loss, .. } if only_degrades(loss) && !self.is_steady(watched) => {
                wake.at(watched.work.recovered.unwrap_or(now.mono).after(self.limits.steady));
                None
            }
            Presence::Lost { loss, at } | Presence::Degraded { loss, at } if !watched.accepts(loss) => {
                let lost_at = at.min(now.at);
                Some(Decision::Opened { service: watched.service.name.clone(), loss, lost_at, detected_at: now.at })
            }
            Presence::Present => self.keep_well(watched, wake),
            Presence::Leaving { .. } => self.ask_manager(watched, wake),
            _ => None,
        }
    }

    /// Its main process ended in good order. That may be its end; or it handed its place on (nginx's USR2), which systemd
    /// takes from the PID file and tells nobody. So it is asked.
    fn ask_manager(&self, watched: &Watched, wake: &mut Wake) -> Option<Decision> {
        let Kind::Unit(unit) = &watched.service.kind else { return None };
        let ended = watched.unheard_end().filter(|e| watched.asked_of != e.seq)?;
        let when = ended.mono.after(MANAGER_SPEAKS);
        if when > self.now.mono {
            wake.at(when);
            return None;
        }
        let exams = vec![Exam::Unit { unit: unit.clone() }];
        Some(Decision::Asked { incident: None, service: watched.service.name.clone(), exams })
    }

    /// A `run` service that was never there is brought up. One that a person said is meant to be down comes up with the
    /// machine, as a unit does, and not before.
    fn first_start(&self, watched: &Watched, wake: &mut Wake) -> Option<Decision> {
        if watched.accepts(Loss::Exited) && watched.rebooted.is_none() {
            return None;
        }
        if let Some(pause) = self.pause() {
            wake.at_end_of(pause, self.now);
            return None;
        }
        let service = watched.service.name.clone();
        Some(Decision::Begun(Order { incident: None, service, attempt: 0, place: 0, step: Step::Start, undo: false }))
    }

    /// It is well: remember the configuration it is well with, and have an edited one looked at.
    fn keep_well(&self, watched: &Watched, wake: &mut Wake) -> Option<Decision> {
        let now = self.now;
        if let (Some(touched), true) = (watched.unvalidated, watched.service.validate.is_some()) {
            let when = touched.after(EDIT_QUIET);
            if when <= now.mono {
                return Some(Decision::Asked { incident: None, service: watched.service.name.clone(), exams: vec![Exam::Validate] });
            }
            wake.at(when);
        }
        if let Some(quiet) = watched.would_not_come_up().map(|since| since.after(ENABLED_QUIET)).filter(|quiet| *quiet > now.mono) {
            wake.at(quiet);
        }
        let answered = watched.probes.iter().all(Option::is_some);
        if let (Some((since, _)), false, true) = (watched.present_since, watched.good_said, answered) {
            let when = since.max(watched.loaded_mono).after(self.limits.steady);
            if when <= now.mono {
                let files = watched.loaded.iter().map(|(p, v)| (p.clone(), v.clone())).collect();
                return Some(Decision::Good { service: watched.service.name.clone(), files });
            }
            wake.at(when);
        }
        None
    }

    /// A loss is on record and not over.
    fn work_on(&self, watched: &Watched, incident: &Incident, presence: Presence, wake: &mut Wake) -> Option<Decision> {
        let now = self.now;
        match presence {
            // What was only a danger has become a loss: that is a story of its own, with its own moment.
            Presence::Lost { .. } | Presence::NotStarted if only_degrades(incident.loss) => {
                return Some(became(incident, State::Closed, now.at, Text::new("state-became-a-loss")));
            }
            // It was well, and cut off, until the machine went down: now it is to be started like every other.
            Presence::NotStarted if incident.loss == Loss::Unreachable => {
                return Some(became(incident, State::Closed, now.at, Text::new("state-ended-by-boot")));
            }
            _ => {}
        }
        let situation = Situation { watched, incident, now, rungs: &self.rungs, own: &self.own };
        if let Some((loss, _)) = presence.loss()
            && !presence.is_back_from(incident.loss)
            && let Some(loss) = self.refine(&situation, loss)
        {
            return Some(Decision::Refined { incident: incident.id.clone(), loss });
        }
        if let Some(decision) = self.judge(&situation, presence, wake) {
            return Some(decision);
        }
        if let Some(pause) = watched.paused(now.at) {
            wake.at_end_of(pause, now);
            return self.back(watched, incident, presence, wake);
        }
        match presence {
            _ if presence.is_back_from(incident.loss) => self.back(watched, incident, presence, wake),
            Presence::Lost { .. } | Presence::Degraded { .. } => self.bring_back(watched, incident, &situation, wake),
            Presence::NotStarted => self.bring_back(watched, incident, &situation, wake),
            Presence::Present | Presence::Starting { .. } | Presence::Leaving { .. } | Presence::Unknown { .. } => None,
        }
    }

    /// What the loss looks like: a first verdict at once, another when the examinations are in.
    fn judge(&self, situation: &Situation<'_>, presence: Presence, wake: &mut Wake) -> Option<Decision> {
        let Situation { watched, incident, now, .. } = situation;
        let work = &watched.work;
        if !work.judged {
            return Some(Decision::Verdict { incident: incident.id.clone(), causes: diagnose::causes(situation), settled: false });
        }
        let pending = match &work.exams {
            None => {
                // An end from outside is answered before it is looked into: a look takes the processor that the new start
                // needs, be it the service manager's or Muster's own.
                let calm = work.since.after(LOOK_AFTER);
                let from_outside = matches!(incident.loss, Loss::Killed | Loss::OomKilled) && work.losses.len() == 1;
                let restarts = watched.service.kind.is_brought_back_here();
                if from_outside && restarts && !presence.is_back_from(incident.loss) && calm > now.mono {
                    wake.at(calm);
                    return None;
                }
                let exams = diagnose::exams(situation);
                return Some(Decision::Asked { incident: Some(incident.id.clone()), service: watched.service.name.clone(), exams });
            }
            Some((asked, pending)) => {
                let until = asked.after(SETTLE_WITHIN);
                if pending.is_empty() || until <= now.mono {
                    false
                } else {
                    wake.at(until);
                    true
                }
            }
        };
        if !work.settled && !pending {
            let causes = causes_now(situation, presence, pending);
            return Some(Decision::Verdict { incident: incident.id.clone(), causes, settled: true });
        }
        // What comes in late, or anew after an attempt, may alter the verdict.
        let causes = causes_now(situation, presence, pending);
        if differs(&causes, &incident.causes) {
            return Some(Decision::Verdict { incident: incident.id.clone(), causes, settled: work.settled });
        }
        None
    }

    /// It is there again.
    fn back(&self, watched: &Watched, incident: &Incident, presence: Presence, wake: &mut Wake) -> Option<Decision> {
        if !presence.is_back_from(incident.loss) || watched.work.running().is_some() {
            return None;
        }
        // What comes up only to end again is back when it stays.
        if incident.loss == Loss::CrashLoop {
            let steady = watched.present_since.map_or(self.now.mono, |(since, _)| since).after(self.limits.steady);
            if steady > self.now.mono {
                wake.at(steady);
                return None;
            }
        }
        // A service manager's stop is left open for people until the verdict is settled; so is every other.
        if let Some(until) = watched.work.exams.as_ref().filter(|_| !watched.work.settled).map(|(asked, _)| asked.after(SETTLE_WITHIN)) {
            wake.at(until);
        }
        let (since, at) = watched.present_since.unwrap_or((self.now.mono, self.now.at));
        // What was only in danger was there all the while.
        let at = if only_degrades(incident.loss) { self.now.at } else { at };
        // What came up and was lost again in this story is back when it stays.
        if watched.work.losses.len() > 1 && since.after(self.limits.steady) > self.now.mono {
            wake.at(since.after(self.limits.steady));
            return None;
        }
        let at = at.max(incident.lost_at);
        if let Some(cause) = incident.cause().filter(|c| !c.confirmed && undone(c.code, watched)) {
            return Some(Decision::Confirmed { incident: incident.id.clone(), code: cause.code });
        }
        let why = if watched.work.done.iter().any(|d| d.order.step.acts()) {
            Text::new("state-recovered-by-muster")
        } else if watched.service.kind == Kind::Own {
            Text::new("state-sees-again")
        } else {
            Text::new("state-recovered-by-others")
        };
        Some(became(incident, State::Recovered, at, why))
    }

    fn refine(&self, situation: &Situation<'_>, seen: Loss) -> Option<Loss> {
        let Situation { watched, incident, .. } = situation;
        let work = &watched.work;
        let restarts = watched.unit.as_ref().map_or(0, |u| u.restarts.saturating_sub(work.restarts)) as usize;
        let came_up = work.losses_within(self.now.mono, LOOP_REACH).max(restarts);
        let loops = came_up >= LOOP_LOSSES || (work.losses.len() > 1 && work.attempts as usize >= LOOP_LOSSES);
        let loss = match (incident.loss, seen) {
            (Loss::Exited | Loss::Killed | Loss::Stopped, Loss::CrashLoop) => Loss::CrashLoop,
            (Loss::Exited | Loss::Killed, Loss::Exited | Loss::Killed) if loops => Loss::CrashLoop,
            (Loss::Killed | Loss::Exited | Loss::Stopped, Loss::OomKilled) => Loss::OomKilled,
            (Loss::Exited, Loss::Killed) if work.attempts == 0 => Loss::Killed,
            // Whatever it was before: now somebody wants it down (promise 5).
            (_, Loss::Stopped) if diagnose::is_ordered(situation) => Loss::Stopped,
            // What is not there cannot be started, however it came to be down.
            (lost, Loss::UnitMissing) if is_down(lost) => Loss::UnitMissing,
            // What was well and cut off is so no longer.
            (Loss::Unreachable, seen) if !only_degrades(seen) => seen,
            // Somebody started it since, and that failed in a way of its own.
            (Loss::Stopped, seen) if watched.started > work.since || !is_down(seen) => seen,
            (Loss::PortClosed | Loss::EndpointWrong | Loss::Hung, Loss::PortStolen) => Loss::PortStolen,
            // It is up again, and what keeps it from its users is nothing that a further start would mend.
            (lost, seen @ (Loss::PortStolen | Loss::Unreachable)) if is_down(lost) || lost == Loss::Hung => seen,
            (kept, _) => kept,
        };
        (loss != incident.loss).then_some(loss)
    }

    /// It is not there: choose a plan, or go on with the one in hand.
    fn bring_back(&self, watched: &Watched, incident: &Incident, situation: &Situation<'_>, wake: &mut Wake) -> Option<Decision> {
        let now = self.now;
        let work = &watched.work;
        if work.running().is_some() {
            return None;
        }
        if let Some(pause) = self.pause() {
            wake.at_end_of(pause, now);
            return None;
        }
        let Some(plan) = work.plan.as_ref().filter(|_| !outdated(work, situation)) else {
            return self.choose(watched, incident, situation, wake);
        };
        if plan.leave != Leave::Granted {
            return self.left_alone(watched, incident, situation, wake);
        }
        if work.failed {
            if let Some(order) = undo(watched) {
                return self.begin(watched, order, wake);
            }
            return self.try_again(watched, incident, situation, wake);
        }
        match plan.steps.get(work.place as usize) {
            Some(step) => {
                if let (Step::Start, Some(until)) = (step, self.unheard_end(watched)) {
                    wake.at(until);
                    return None;
                }
                let order = Order {
                    incident: Some(incident.id.clone()),
                    service: watched.service.name.clone(),
                    attempt: plan.attempt,
                    place: work.place,
                    step: step.clone(),
                    undo: false,
                };
                self.begin(watched, order, wake)
            }
            None => {
                // All steps are done. Has it come back?
                let done = work.last_done.unwrap_or(now.mono);
                let within = match plan.steps.last() {
                    Some(Step::Await { within }) => *within,
                    _ => self.limits.start_within,
                };
                let told = watched.unit_mono.max(watched.ended.map_or(Mono(0), |e| e.mono));
                let until = done.after(within);
                let said_lost = told > work.last_begun.unwrap_or(done) && !matches!(plan.steps.last(), Some(Step::Await { .. }));
                if until > now.mono && !said_lost {
                    wake.at(until);
                    return None;
                }
                if let Some(order) = undo(watched) {
                    return self.begin(watched, order, wake);
                }
                self.try_again(watched, incident, situation, wake)
            }
        }
    }

    /// Until when the service manager may not have heard that a unit's main process ended. It would take the unit to be
    /// running, and a start for done.
    fn unheard_end(&self, watched: &Watched) -> Option<Mono> {
        let active = watched.unit.as_ref().is_some_and(|u| u.active == "active" && u.main.is_some());
        let ended = watched.ended.filter(|_| active && watched.main.is_none())?;
        Some(ended.mono.after(MANAGER_HEARS)).filter(|until| *until > self.now.mono)
    }

    /// No plan is in hand.
    fn choose(&self, watched: &Watched, incident: &Incident, situation: &Situation<'_>, wake: &mut Wake) -> Option<Decision> {
        let work = &watched.work;
        // An end from outside is answered at once. Where the reason may lie in the program's own files, starting it
        // blindly would only feed a loop: the verdict settles first.
        let at_once = matches!(incident.loss, Loss::Killed | Loss::OomKilled);
        if !work.settled && (!at_once || work.attempts > 0) {
            return None; // a wake is set for when the examinations are over
        }
        let attempt = work.next_number();
        if work.attempts > 0
            && !work.is_urged(attempt)
            && (work.granted || !plan::is_intent(situation))
            && let Some(when) = work.next_attempt()
            && when > self.now.mono
        {
            wake.at(when);
            return None;
        }
        if watched.work.attempts >= self.limits.attempts && incident.state != State::Escalated {
            let why = Text::new("state-escalated-attempts").with("attempts", watched.work.attempts);
            return Some(became(incident, State::Escalated, self.now.at, why));
        }
        let plan = plan::choose(situation, attempt, work.granted, MANAGER_SLACK);
        Some(Decision::Planned { incident: incident.id.clone(), plan })
    }

    /// The plan did not bring it back: people are called after so many, and it is tried again, ever more slowly.
    fn try_again(&self, watched: &Watched, incident: &Incident, situation: &Situation<'_>, wake: &mut Wake) -> Option<Decision> {
        let work = &watched.work;
        match &work.exams {
            Some((asked, pending)) if work.asked_since => {
                let until = asked.after(SETTLE_WITHIN);
                if !pending.is_empty() && until > self.now.mono {
                    wake.at(until);
                    return None;
                }
                self.choose(watched, incident, situation, wake)
            }
            // What was found before the attempt may be so no longer.
            _ => {
                let exams = diagnose::exams(situation);
                Some(Decision::Asked { incident: Some(incident.id.clone()), service: watched.service.name.clone(), exams })
            }
        }
    }

    /// The plan may not be run without a yes.
    fn left_alone(&self, watched: &Watched, incident: &Incident, situation: &Situation<'_>, wake: &mut Wake) -> Option<Decision> {
        let now = self.now;
        let Some(plan) = &watched.work.plan else { return None };
        match (plan.leave, watched.service.restore_after) {
            (Leave::Withheld, Some(after)) if self.may_put_back(watched, incident, situation) => {
                let said = diagnose::ordered(situation).map_or(Mono(0), |(when, _)| when);
                let when = watched.work.since.max(said).after(after);
                if when <= now.mono {
                    let mut plan = plan.clone();
                    plan.leave = Leave::Granted;
                    plan.why = Text::new("plan-restore-after").with("after", after);
                    return Some(Decision::Planned { incident: incident.id.clone(), plan });
                }
                wake.at(when);
                None
            }
            (Leave::Asked, _) if only_degrades(incident.loss) => None, // it still does its work
            (Leave::Asked, _) if incident.state != State::Escalated => {
                Some(became(incident, State::Escalated, now.at, Text::new("state-waits-for-yes")))
            }
            (Leave::Withheld, _) if !plan::is_intent(situation) && incident.state != State::Escalated => {
                Some(became(incident, State::Escalated, now.at, plan.why.clone()))
            }
            // What is in its way may go away by itself.
            (Leave::Asked, _) if self.waits_for_port(watched, incident) => self.watch_the_port(watched, incident, wake),
            _ => None,
        }
    }

    /// Whether an unannounced stop is to be put back after a while: the roster says so, and nobody has confirmed the stop.
    fn may_put_back(&self, watched: &Watched, incident: &Incident, situation: &Situation<'_>) -> bool {
        watched.service.recover == Recover::Auto && plan::is_intent(situation) && incident.acknowledged.is_none()
    }

    /// Whether all that it waits for is its port.
    fn waits_for_port(&self, watched: &Watched, incident: &Incident) -> bool {
        watched.service.recover == Recover::Auto && incident.cause().is_some_and(|c| c.code == Code::NetworkPortTaken)
    }

    /// Another process holds its port. It is nobody's to kill but a person's; once it is gone, the service is started.
    fn watch_the_port(&self, watched: &Watched, incident: &Incident, wake: &mut Wake) -> Option<Decision> {
        let work = &watched.work;
        let looked = work.exams.as_ref().map_or(work.opened, |(asked, _)| *asked);
        let free = work.finding(|f| match &f.examined.finding {
            Finding::PortHolders { holders } => Some(holders.iter().all(|h| h.own)),
            _ => None,
        });
        if free == Some(true)
            && let Some(plan) = &work.plan
        {
            let mut plan = plan.clone();
            plan.leave = Leave::Granted;
            plan.why = Text::new("plan-port-free");
            return Some(Decision::Planned { incident: incident.id.clone(), plan });
        }
        let when = looked.after(SETTLE_WITHIN);
        if when <= self.now.mono {
            let exams = vec![Exam::PortHolder { ports: diagnose::wanted_ports(watched) }];
            return Some(Decision::Asked { incident: Some(incident.id.clone()), service: watched.service.name.clone(), exams });
        }
        wake.at(when);
        None
    }

    /// Begins a step, where the bounds on acting allow it.
    fn begin(&self, watched: &Watched, order: Order, wake: &mut Wake) -> Option<Decision> {
        let now = self.now;
        if order.step.acts() {
            let busy = self.services.values().filter(|w| w.work.is_mending()).count() + self.leftover.values().filter(|o| mends(o)).count();
            let waits = watched.service.depends.iter().any(|d| self.is_being_mended(d));
            if busy >= self.limits.at_once as usize || waits {
                wake.at(now.mono.after(HELD_UP));
                return None;
            }
            let earlier = self.begun.iter().rev().nth((self.limits.steps_an_hour as usize).saturating_sub(1));
            // What a person asks for is not Muster's own zeal, which this bounds.
            if let Some(free) = earlier.map(|t| t.after(HOUR)).filter(|free| *free > now.mono && !watched.work.is_urged(order.attempt)) {
                wake.at(free);
                return None;
            }
        }
        Some(Decision::Begun(order))
    }

    /// A dependency is mended before its dependants, unless nobody is mending it.
    fn is_being_mended(&self, name: &ServiceName) -> bool {
        self.incidents().any(|i| {
            let goes_on = i.plan.as_ref().is_none_or(|p| p.leave == Leave::Granted);
            i.service == *name && matches!(i.state, State::Open | State::Recovering) && goes_on
        })
    }
}

fn became(incident: &Incident, state: State, at: Time, why: Text) -> Decision {
    Decision::Became { incident: incident.id.clone(), state, at, why }
}

/// Whether the plan in hand was made for something else than what is so now, and is not too far gone to be left.
fn outdated(work: &Work, situation: &Situation<'_>) -> bool {
    let now = Ground::of(situation);
    let Some(before) = work.ground else { return true };
    now != before && (work.last_begun.is_none() || now.forbids(before, work.granted))
}

/// The last thing a failed plan did that is to be taken back.
fn undo(watched: &Watched) -> Option<Order> {
    let did = watched.work.done.iter().rev().find(|d| d.outcome == Outcome::Done && !d.replaced.is_empty())?;
    // What somebody has edited since is theirs.
    let untouched = match &did.order.step {
        Step::ConfigRestore { files } => files.iter().all(|(path, version)| watched.config.get(path) == Some(version)),
        _ => true,
    };
    if !untouched {
        return None;
    }
    Some(Order { undo: true, ..did.order.clone() })
}

/// Whether what was done undoes this cause.
fn undone(code: Code, watched: &Watched) -> bool {
    let did = |wanted: fn(&Step) -> bool| watched.work.done.iter().any(|d| d.outcome == Outcome::Done && wanted(&d.order.step));
    match code {
        Code::ConfigInvalid | Code::ConfigChanged | Code::ConfigMissing => did(|s| matches!(s, Step::ConfigRestore { .. })),
        Code::OperatorKilled | Code::OperatorStopped => did(|s| !matches!(s, Step::ConfigRestore { .. })),
        Code::OperatorDisabled => did(|s| matches!(s, Step::Enable | Step::Unmask)),
        Code::NetworkPortTaken => did(|s| matches!(s, Step::Start | Step::Restart)),
        _ => false,
    }
}

/// The causes as they may be told now. Once Muster has acted, or the service is back, the machine shows other traces
/// beside those of the loss: then a verdict stands, unless something is learnt of the time before, or the service is
/// still lost and all was examined anew.
fn causes_now(situation: &Situation<'_>, presence: Presence, pending: bool) -> Vec<Cause> {
    let Situation { watched, incident, .. } = situation;
    let causes = diagnose::causes(situation);
    let anew = !incident.actions.is_empty()
        && watched.work.asked_since
        && !pending
        && watched.work.running().is_none()
        && presence.loss().is_some();
    let back = watched.present_since.filter(|_| presence == Presence::Present).map(|(_, at)| at);
    // A verdict that explains the loss as it is now, too, is not given up for what is seen of it after acting.
    let stands = sure(&incident.causes) > 0.0 && incident.cause().is_some_and(|c| diagnose::can_explain(c.code, incident.loss));
    let other = watched.work.other_loss;
    let settled = watched.work.settled || (other && stands);
    // What was found when all was examined is not forgotten because it went away meanwhile: a port that is free again.
    let gone = incident.settled_at.is_some() && stands && sure(&causes) == 0.0;
    match incident.actions.first().map(|acted| acted.at).or(back) {
        Some(before) if !anew && (stands || !other) && !learnt(&causes, &incident.causes, settled, before) => incident.causes.clone(),
        _ if gone => incident.causes.clone(),
        None if watched.work.settled && !anew && sure(&causes) < sure(&incident.causes) => incident.causes.clone(),
        _ => causes,
    }
}

/// Whether the likeliest cause has something on its side from before that moment that was not known.
fn learnt(new: &[Cause], old: &[Cause], settled: bool, before: Time) -> bool {
    let Some(first) = new.first() else { return false };
    if let Some(was) = old.first().filter(|was| was.code != Code::Unknown) {
        let same = was.code == first.code;
        // What spoke for a verdict may be out of sight by now: that it is less sure, or that another one comes to the
        // fore after all was examined, is nothing learnt.
        if (same && was.confidence > first.confidence) || (!same && settled) {
            return false;
        }
    }
    let known = |e: &Evidence| old.iter().any(|c| c.evidence.iter().any(|o| o.at == e.at && o.text == e.text));
    first.evidence.iter().any(|e| e.weight > 0.0 && e.at <= before && e.source != "guard" && !known(e))
}

/// How sure the likeliest cause is; that nobody knows counts as nothing.
fn sure(causes: &[Cause]) -> f64 {
    causes.first().filter(|c| c.code != Code::Unknown).map_or(0.0, |c| c.confidence)
}

/// Whether a verdict is worth saying anew.
fn differs(new: &[Cause], old: &[Cause]) -> bool {
    match (new.first(), old.first()) {
        (Some(new), Some(old)) => {
            new.code != old.code
                || new.subject != old.subject
                || new.actor.as_ref().map(|a| a.pid) != old.actor.as_ref().map(|a| a.pid)
                || (new.confidence - old.confidence).abs() > 0.05
        }
        (new, old) => new.is_some() != old.is_some(),
    }
}

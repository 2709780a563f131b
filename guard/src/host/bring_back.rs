//! Bringing a service back: a plan is chosen and run step by step, within the bounds on acting; where it did not help,
//! what it did is taken back, all is examined anew, and the next is tried, ever more slowly.

use muster_model::cause::Code;
use muster_model::event::Decision;
use muster_model::exam::{Exam, Finding};
use muster_model::id::ServiceName;
use muster_model::incident::{Incident, State};
use muster_model::loss::Loss;
use muster_model::plan::{Leave, Order, Outcome, Step};
use muster_model::roster::{Recover, Tier};
use muster_model::text::Text;
use muster_model::time::{Length, Mono};

use super::diagnose::{self, Situation};
use super::plan;
use super::presence::only_degrades;
use super::reconcile::{SETTLE_WITHIN, Wake, became};
use super::watched::Watched;
use super::work::{Ground, Work, mends};
use super::{Guard, HOUR};

/// How long a service manager that restarts a unit by itself is waited for, beside its own RestartSec=.
pub(super) const MANAGER_SLACK: Length = Length::seconds(5);
/// A service manager reaps a child, and tells of it, within this time.
const MANAGER_HEARS: Length = Length::seconds(1);
/// How often something that another service or a budget holds up is looked at again.
const HELD_UP: Length = Length::seconds(1);

impl Guard {
    /// It is not there: choose a plan, or go on with the one in hand.
    pub(super) fn bring_back(
        &self,
        watched: &Watched,
        incident: &Incident,
        situation: &Situation<'_>,
        wake: &mut Wake,
    ) -> Option<Decision> {
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
                let told = watched.unit_as_of.max(watched.ended.map_or(Mono(0), |e| e.happened));
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
        // That it is to be left alone is said at once.
        if !work.is_urged(attempt)
            && (work.granted || !plan::is_intent(situation))
            && let Some(when) = work.not_before(attempt)
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
                let when = watched.work.since.max(said).after(after).max(watched.work.not_before(plan.attempt).unwrap_or_default());
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
            let free = (self.limits.at_once as usize).saturating_sub(busy);
            if free == 0 || watched.service.depends.iter().any(|d| self.is_being_mended(d)) {
                wake.at(now.mono.after(HELD_UP));
                return None;
            }
            // What a person asks for is not Muster's own zeal, which this bounds.
            if let Some(when) = self.free_again(&order.service).filter(|when| *when > now.mono && !watched.work.is_urged(order.attempt)) {
                wake.at(when);
                return None;
            }
            if self.are_taken(free, watched.service.tier) {
                wake.at(now.mono.after(HELD_UP));
                return None;
            }
        }
        Some(Decision::Begun(order))
    }

    /// Whether services that matter more would be acted upon now: theirs are the places that are free.
    fn are_taken(&self, free: usize, tier: Tier) -> bool {
        let may = |w: &&Watched| w.service.tier < tier && w.work.may_go_on();
        let acts = |w: &&Watched| matches!(self.reconcile(w.name()).0, Some(Decision::Begun(order)) if mends(&order));
        self.services.values().filter(may).filter(acts).take(free).count() == free
    }

    /// When the hour's bound on acting steps allows the next one for this service. No service uses up more than half of
    /// them, so that one that cannot be mended does not keep Muster from mending another.
    fn free_again(&self, service: &ServiceName) -> Option<Mono> {
        let all = self.limits.steps_an_hour as usize;
        let bound = |of_one: bool, most: usize| {
            let begun = self.begun.iter().rev().filter(|(_, s)| !of_one || s == service);
            begun.map(|(when, _)| when.after(HOUR)).nth(most.max(1) - 1)
        };
        bound(false, all).max(bound(true, all.div_ceil(2)))
    }

    /// A dependency is mended before its dependants, unless nobody is mending it.
    fn is_being_mended(&self, name: &ServiceName) -> bool {
        self.incidents().any(|i| {
            let goes_on = i.plan.as_ref().is_none_or(|p| p.leave == Leave::Granted);
            i.service == *name && matches!(i.state, State::Open | State::Recovering) && goes_on
        })
    }
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

//! What is, against what should be: which decisions follow for one service, and when to look again.
//!
//! Nothing here alters the state. Each decision, once it comes back as an event, makes the comparison come out
//! differently, so that none is taken twice; after a crash the same comparison takes it again. How a loss is judged
//! stands in `judge`, how a service is brought back in `bring_back`.

use muster_model::cause::Code;
use muster_model::event::Decision;
use muster_model::exam::Exam;
use muster_model::id::ServiceName;
use muster_model::incident::{Incident, State};
use muster_model::loss::Loss;
use muster_model::plan::{Order, Outcome, Step};
use muster_model::roster::Kind;
use muster_model::text::Text;
use muster_model::time::{Length, Mono, Time};

use super::diagnose::{self, Situation};
use super::presence::{ENABLED_QUIET, Presence, is_down, only_degrades};
use super::watched::{Pause, Watched};
use super::{Guard, Now};

/// How long examinations may take before the verdict settles without them.
pub(super) const SETTLE_WITHIN: Length = Length::seconds(2);
/// An edited configuration is left in peace for so long before the validator is asked: people save in bursts.
const EDIT_QUIET: Length = Length::ms(700);
/// So many losses within [`LOOP_REACH`] are a crash loop.
const LOOP_LOSSES: usize = 3;
const LOOP_REACH: Length = Length::seconds(60);
/// A pause ends by the wall clock, which may be set: it is looked at this often.
const PAUSE_LOOK: Length = Length::seconds(60);
/// How long the service manager may take to speak of the end of a main process, before it is asked.
const MANAGER_SPEAKS: Length = Length::ms(300);

/// Collects when to look again.
#[derive(Default)]
pub(super) struct Wake(Option<Mono>);

impl Wake {
    pub(super) fn at(&mut self, when: Mono) {
        self.0 = Some(self.0.map_or(when, |w| w.min(when)));
    }

    pub(super) fn at_end_of(&mut self, pause: &Pause, now: Now) {
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
        let known = watched.probes.iter().all(Option::is_some) && !watched.unproved;
        if let (Some((since, _)), false, true) = (watched.present_since, watched.good_said, known) {
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
            (Loss::Stopped, seen) if watched.started > work.since || started_in_vain(incident) || !is_down(seen) => seen,
            (Loss::PortClosed | Loss::EndpointWrong | Loss::Hung, Loss::PortStolen) => Loss::PortStolen,
            // It had ended, and that was told after the port was seen closed.
            (Loss::PortClosed | Loss::EndpointWrong, seen) if is_down(seen) && watched.ended_by(incident.detected_at) => seen,
            // It is up again, and what keeps it from its users is nothing that a further start would mend.
            (lost, seen @ (Loss::PortStolen | Loss::Unreachable)) if is_down(lost) || lost == Loss::Hung => seen,
            (kept, _) => kept,
        };
        (loss != incident.loss).then_some(loss)
    }
}

pub(super) fn became(incident: &Incident, state: State, at: Time, why: Text) -> Decision {
    Decision::Became { incident: incident.id.clone(), state, at, why }
}

/// Whether Muster has tried to start it. A unit may fail before it has a process (ExecStartPre=).
fn started_in_vain(incident: &Incident) -> bool {
    incident.actions.iter().any(|a| a.outcome == Some(Outcome::Failed) && matches!(a.step.as_str(), "start" | "restart"))
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

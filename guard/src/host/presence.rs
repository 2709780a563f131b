//! Whether a service is there, from what is known of it.

use muster_model::actor::Actor;
use muster_model::loss::Loss;
use muster_model::observation::{End, UnitState};
use muster_model::plan::Outcome;
use muster_model::probe::{Answer, Ask};
use muster_model::roster::{Kind, Limits};
use muster_model::time::{Length, Mono, Time};

use super::Now;
use super::traces::Trace;
use super::watched::{Ended, Leaving, Watched};

/// How long the service manager may take to say what became of a unit whose main process ended on its order.
const STOP_WITHIN: Length = Length::seconds(100);
/// How long it may take to say so after an end that nobody ordered and that may have been meant (exit 0, unknown).
const WORD_WITHIN: Length = Length::seconds(1);
/// How long a service may have lost a port it held, for instance while it binds it anew on a reload.
const PORT_WITHIN: Length = Length::seconds(2);
/// How long a program that has begun to listen may take between its first port and its last.
const PORTS_ONE_BY_ONE: Length = Length::seconds(3);
/// A unit that is set not to come up with the machine is given so long before that is told: people set it so and stop it.
pub(crate) const ENABLED_QUIET: Length = Length::seconds(3);
/// A signal this long before an end is taken as its reason.
const SIGNAL_REACH: Length = Length::seconds(60);
pub(crate) const SIGSTOP: i32 = 19;
const SIGTSTP: i32 = 20;
const SIGCONT: i32 = 18;

/// Whether a service is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Presence {
    /// There, and shows what it must show.
    Present,
    /// There, but something is wrong with it.
    Degraded { loss: Loss, at: Time },
    /// On its way up, until then.
    Starting { until: Mono },
    /// On its way down or round on somebody's order, until then.
    Leaving { until: Mono },
    /// Not there.
    Lost { loss: Loss, at: Time },
    /// A `run` service that Muster has yet to start.
    NotStarted,
    /// Nobody has said yet; asked again then.
    Unknown { until: Mono },
}

impl Presence {
    /// When time alone may alter it.
    pub(crate) fn until(&self) -> Option<Mono> {
        match self {
            Presence::Starting { until } | Presence::Leaving { until } | Presence::Unknown { until } => Some(*until),
            _ => None,
        }
    }

    /// Whether a service that was lost in this way is so no longer. What is there and in danger is a story of its own.
    pub(crate) fn is_back_from(&self, lost: Loss) -> bool {
        match self {
            Presence::Present => true,
            Presence::Degraded { loss, .. } => only_degrades(*loss) && !only_degrades(lost),
            _ => false,
        }
    }

    /// The loss, where it is one.
    pub(crate) fn loss(&self) -> Option<(Loss, Time)> {
        match self {
            Presence::Lost { loss, at } | Presence::Degraded { loss, at } => Some((*loss, *at)),
            _ => None,
        }
    }
}

/// Whether a service with this loss is not there at all.
pub(crate) const fn is_down(loss: Loss) -> bool {
    matches!(loss, Loss::Exited | Loss::Killed | Loss::OomKilled | Loss::CrashLoop | Loss::Stopped | Loss::UnitMissing)
}

/// Whether a service with this loss still does its work.
pub(crate) const fn only_degrades(loss: Loss) -> bool {
    matches!(loss, Loss::CannotRestart | Loss::UnitDisabled | Loss::Slow | Loss::TlsExpired)
}

impl Watched {
    pub(crate) fn presence(&self, now: Now, limits: &Limits) -> Presence {
        if self.work.is_acting() {
            return Presence::Leaving { until: now.mono.after(STOP_WITHIN) };
        }
        let alive = match &self.service.kind {
            Kind::Unit(_) => self.unit_presence(now, limits),
            Kind::Run(_) => self.run_presence(now, limits),
            Kind::Url(_) => Presence::Present,
            Kind::Own => self.sights.presence(now),
            Kind::Process(wanted) => self.process_presence(wanted.count.min as usize, wanted.count.max as usize, now, limits),
        };
        match alive {
            Presence::Present if self.waits_for_a_client() => Presence::Present,
            Presence::Present => self.answering(now, limits),
            other => other,
        }
    }

    /// Whether it rests while its socket waits in its place: all there is of it, and all there should be.
    fn waits_for_a_client(&self) -> bool {
        self.unit.as_ref().is_some_and(|u| u.on_demand && u.active == "inactive" && u.result == "success")
    }

    fn unit_presence(&self, now: Now, limits: &Limits) -> Presence {
        if let Some(ended) = self.unheard_end() {
            return self.main_ended(ended, now);
        }
        let Some(unit) = &self.unit else {
            return Presence::Unknown { until: self.watched_since.mono.after(limits.start_within) };
        };
        let at = unit.since.unwrap_or(now.at);
        if let Some(at) = self.missing {
            return Presence::Lost { loss: Loss::UnitMissing, at };
        }
        let queued = matches!(unit.job.as_deref(), Some("start" | "restart" | "try-restart"));
        let within = |from: Mono, length: Length, or: Presence| {
            let until = from.after(length);
            if until > now.mono { Presence::Leaving { until } } else { or }
        };
        match unit.active.as_str() {
            "active" | "reloading" | "refreshing" => Presence::Present,
            "inactive" if self.waits_for_a_client() => Presence::Present,
            "activating" if unit.sub == "auto-restart" => Presence::Lost { loss: self.unit_loss(unit), at: self.loss_moment(unit, now) },
            "activating" => {
                let until = self.unit_mono.after(limits.start_within);
                if until > now.mono { Presence::Starting { until } } else { Presence::Lost { loss: Loss::Hung, at } }
            }
            "deactivating" => match self.ended {
                // Its end was nobody's order: it is lost already, and the manager is tidying up.
                Some(ended) if self.leaving.is_none() && !self.ended_on_order(ended) && ended.end != End::Code(0) => {
                    Presence::Lost { loss: loss_of(ended.end), at: ended.at }
                }
                _ => within(self.unit_mono, STOP_WITHIN, Presence::Lost { loss: Loss::Hung, at }),
            },
            "inactive" if queued => within(self.unit_mono, limits.start_within, Presence::Lost { loss: Loss::Stopped, at }),
            _ => Presence::Lost { loss: self.unit_loss(unit), at: self.loss_moment(unit, now) },
        }
    }

    /// The end of the main process of a unit, of which the service manager has not said anything yet: the kernel is
    /// quicker, and says more.
    pub(crate) fn unheard_end(&self) -> Option<Ended> {
        let unit = self.unit.as_ref().filter(|u| matches!(u.active.as_str(), "active" | "reloading"))?;
        self.ended.filter(|e| self.main.is_none() && (e.mono >= self.unit_mono || unit.main == Some(e.process)))
    }

    /// A main process ended, and the service manager has not said anything about it yet.
    fn main_ended(&self, ended: Ended, now: Now) -> Presence {
        let lost = Presence::Lost { loss: loss_of(ended.end), at: ended.at };
        let wait = |length: Length| {
            let until = ended.mono.after(length);
            if until > now.mono { Presence::Leaving { until } } else { lost }
        };
        if self.leaving.is_some() || self.ended_on_order(ended) {
            return wait(STOP_WITHIN);
        }
        match ended.end {
            End::Signal(_) | End::Memory => lost,
            End::Code(0) | End::Unknown => wait(WORD_WITHIN),
            End::Code(_) => lost,
        }
    }

    /// The service manager, or a program it ran for the unit (ExecStop=), sent the signal that ended it.
    pub(crate) fn ended_on_order(&self, ended: Ended) -> bool {
        self.traces
            .signals(ended.process)
            .filter(|(t, signal, _)| ended.mono.since(t.mono) < SIGNAL_REACH && *signal != SIGCONT)
            .filter_map(|(_, _, sender)| sender)
            .any(|sender| self.is_managers(sender))
    }

    /// Whether a process is the service manager, or a program that it runs for the unit (ExecStop=, ExecReload=). What a
    /// person leaves behind is init's child too, but keeps its login or its terminal.
    pub(crate) fn is_managers(&self, actor: &Actor) -> bool {
        let runs_units = matches!(self.service.kind, Kind::Unit(_));
        let ran = actor.parent_pids.first() == Some(&1) && actor.tty.is_none() && actor.login_uid.is_none();
        actor.is_init() || (runs_units && ran)
    }

    fn unit_loss(&self, unit: &UnitState) -> Loss {
        let ended = self.ended.filter(|e| e.mono >= self.loaded_mono).map(|e| e.end);
        match unit.result.as_str() {
            // However it took the stop: an exit code of its own (143), a SIGKILL after the time allowed.
            _ if self.leaving == Some(Leaving::Stop) => Loss::Stopped,
            "start-limit-hit" => Loss::CrashLoop,
            "oom-kill" => Loss::OomKilled,
            "success" => match ended {
                Some(End::Code(_)) if self.ended.is_some_and(|e| !self.ended_on_order(e)) => Loss::Exited,
                Some(end @ (End::Signal(_) | End::Memory)) if self.ended.is_some_and(|e| !self.ended_on_order(e)) => loss_of(end),
                _ => Loss::Stopped,
            },
            "signal" | "core-dump" | "watchdog" => ended.map_or(Loss::Killed, loss_of),
            _ => match ended {
                Some(end @ (End::Signal(_) | End::Memory)) => loss_of(end),
                _ => Loss::Exited,
            },
        }
    }

    fn loss_moment(&self, unit: &UnitState, now: Now) -> Time {
        let said = unit.since.unwrap_or(now.at);
        self.ended.filter(|e| e.mono >= self.loaded_mono).map_or(said, |e| e.at.min(said))
    }

    fn run_presence(&self, now: Now, limits: &Limits) -> Presence {
        match (self.processes.is_empty(), self.ended) {
            (false, _) => Presence::Present,
            (true, Some(ended)) => match self.work.started_since(ended.happened).map(|done| done.after(limits.start_within)) {
                // It was started since, and its process has not been told yet.
                Some(until) if until > now.mono => Presence::Starting { until },
                _ => Presence::Lost { loss: loss_of(ended.end), at: ended.at },
            },
            (true, None) => match self.work.first_start() {
                None => Presence::NotStarted,
                Some((started, Outcome::Done)) if started.after(limits.start_within) > now.mono => {
                    Presence::Starting { until: started.after(limits.start_within) }
                }
                Some(_) => Presence::Lost { loss: Loss::Exited, at: now.at },
            },
        }
    }

    fn process_presence(&self, min: usize, max: usize, now: Now, limits: &Limits) -> Presence {
        let count = self.processes.len();
        let until = self.watched_since.mono.after(limits.start_within);
        if count >= min && count <= max {
            Presence::Present
        } else if count < min {
            match self.ended {
                Some(ended) => Presence::Lost { loss: loss_of(ended.end), at: ended.at },
                None if until > now.mono => Presence::Unknown { until },
                None => Presence::Lost { loss: Loss::Exited, at: self.watched_since.at },
            }
        } else {
            Presence::Degraded { loss: Loss::EndpointWrong, at: now.at }
        }
    }

    /// Since when its main process is stopped by a signal, as far as was seen.
    pub(crate) fn stopped(&self) -> Option<Time> {
        let (main, _) = self.main?;
        let (trace, signal, _) = self.traces.signals(main).find(|(_, s, _)| matches!(*s, SIGSTOP | SIGTSTP | SIGCONT))?;
        (signal != SIGCONT && !trace.is_of_earlier_boot() && !self.goes_on_since(trace)).then_some(trace.at)
    }

    /// Whether a process that was stopped was seen to go on, though nobody saw the signal that made it.
    fn goes_on_since(&self, stopped: &Trace) -> bool {
        let answered = self.probes.iter().flatten().any(|p| p.right.is_some_and(|right| right > stopped.mono));
        answered || self.seen_running > stopped.seq
    }

    /// It lives. Does it show what it must show?
    fn answering(&self, now: Now, limits: &Limits) -> Presence {
        let started = self.main.map_or(self.watched_since.mono, |(_, seen)| seen);
        if let Some(at) = self.stopped() {
            return Presence::Lost { loss: Loss::Hung, at };
        }
        let mut starting: Option<Mono> = None;
        // A program that was started just now may take its time before the first right answer, and is back with that
        // one: what was told before was the answer of the process before.
        let ready_until = started.after(limits.start_within);
        let is_young = ready_until > now.mono;
        let missing: Vec<u16> = self.wanted_ports().filter(|p| !self.ports.contains(p)).collect();
        let stolen = missing.iter().any(|p| self.taken.contains(p));
        let mut endangered = None;
        for (question, probed) in self.questions.iter().zip(&self.probes) {
            let Some(probed) = probed else { continue };
            // A file does not come with the program.
            let starts = !matches!(question.ask, Ask::File(_));
            if is_young && starts && probed.right.is_none_or(|right| right < started) {
                starting = Some(ready_until);
                continue;
            }
            match self.shown_by(&question.ask, &probed.answer) {
                Some(loss) if only_degrades(loss) => endangered = endangered.or(Some(Presence::Degraded { loss, at: probed.at })),
                Some(Loss::PortClosed | Loss::EndpointWrong | Loss::Hung) if stolen => {
                    return Presence::Lost { loss: Loss::PortStolen, at: probed.at };
                }
                Some(loss) => return Presence::Lost { loss, at: probed.at },
                None => {}
            }
        }
        let told_before = self.ports_mono.is_some_and(|seen| seen < started);
        if is_young && told_before && self.wanted_ports().next().is_some() {
            starting = Some(ready_until);
        }
        if let Some(seen) = self.ports_mono
            && seen >= started
            && !missing.is_empty()
        {
            // What has held them since it was started may bind them anew; what has not may be on its way up.
            let until = match self.held_ports_at.filter(|held| *held >= started) {
                Some(_) => seen.max(self.loaded_mono).after(PORT_WITHIN),
                // It is up, and listens elsewhere.
                None if !self.ports.is_empty() => seen.after(PORTS_ONE_BY_ONE),
                None => started.after(limits.start_within),
            };
            if until <= now.mono {
                let loss = if stolen { Loss::PortStolen } else { Loss::PortClosed };
                return Presence::Lost { loss, at: now.at };
            }
            starting = Some(starting.map_or(until, |s| s.min(until)));
        }
        if let Some(until) = starting {
            return Presence::Starting { until };
        }
        // Muster has just begun to ask: every probe tells its first answer.
        let asked = self.watched_since.mono.after(limits.start_within);
        if asked > now.mono && self.probes.iter().any(Option::is_none) {
            return Presence::Unknown { until: asked };
        }
        if let Some(endangered) = endangered {
            return endangered;
        }
        if self.would_not_come_up().is_some_and(|since| since.after(ENABLED_QUIET) <= now.mono) {
            return Presence::Degraded { loss: Loss::UnitDisabled, at: now.at };
        }
        if self.validated.as_ref().is_some_and(|v| !v.ok) && self.unvalidated.is_none() {
            return Presence::Degraded { loss: Loss::CannotRestart, at: now.at };
        }
        Presence::Present
    }

    /// The loss that an answer shows; `None`: the service is well, or nothing is known of it.
    fn shown_by(&self, ask: &Ask, answer: &Answer) -> Option<Loss> {
        let elsewhere = matches!(self.service.kind, Kind::Url(_));
        Some(match answer {
            Answer::Right { .. } | Answer::Warning { .. } | Answer::Unasked { .. } => return None,
            Answer::Late { .. } => Loss::Slow,
            Answer::Expired { .. } => Loss::TlsExpired,
            _ if matches!(ask, Ask::File(_)) => Loss::CannotRestart,
            Answer::Unreached { .. } | Answer::Unresolved { .. } if elsewhere => Loss::Unreachable,
            // Who cannot ask knows nothing of a service on this host.
            Answer::Unresolved { .. } => return None,
            Answer::CutOff { .. } if ask.port().is_some_and(|port| self.ports.contains(&port)) => Loss::Unreachable,
            Answer::Silent { .. } | Answer::Unreached { .. } | Answer::CutOff { .. } => Loss::Hung,
            Answer::Refused { .. } => Loss::PortClosed,
            Answer::Wrong { .. } => Loss::EndpointWrong,
        })
    }
}

const fn loss_of(end: End) -> Loss {
    match end {
        End::Memory => Loss::OomKilled,
        End::Signal(_) => Loss::Killed,
        End::Code(_) | End::Unknown => Loss::Exited,
    }
}

//! What happened, as a sentence: one for each kind of event, for `muster events` and every other list of them.

use std::fmt::Display;

use muster_model::actor::Actor;
use muster_model::change::{Altered, Change};
use muster_model::event::{Body, Command, Decision};
use muster_model::exam::{Examined, Finding};
use muster_model::observation::{End, Fact, Observation, Rung, UnitState};
use muster_model::plan::{Done, Order, Step};
use muster_model::probe::Answer;
use muster_model::sight::Sight;

use crate::catalogue::{say, say_key};
use crate::language::Language;
use crate::moment::length;
use crate::signal::signal_name;
use crate::word::{Words, word};

/// Who, as what and from where, and with which command: `alice (as root, pts/0): kill -9 1234`.
pub fn actor(language: Language, actor: &Actor) -> String {
    let mut notes = Vec::new();
    if actor.login_uid.is_some() && actor.login_uid != actor.uid {
        let user = actor.user.clone().or_else(|| actor.uid.map(|uid| uid.to_string())).unwrap_or_default();
        notes.push(say_key(language, "actor-as", &[("user", &user)]));
    }
    notes.extend(actor.tty.clone());
    let who = match notes.as_slice() {
        [] => actor.person(),
        notes => {
            say_key(language, "actor-notes", &[("person", &actor.person()), ("notes", &notes.join(&say_key(language, "list-comma", &[])))])
        }
    };
    match actor.command.as_ref().or(actor.exe.as_ref()) {
        Some(command) => say_key(language, "actor-command", &[("who", &who), ("command", command)]),
        None => who,
    }
}

/// An event as a sentence. What it is about (the service, the incident) stands beside it and is not said again.
pub fn event(language: Language, body: &Body) -> String {
    let tell = Teller(language);
    match body {
        Body::Started(started) => tell.say("event-started", &[("version", &started.version), ("pid", &started.pid)]),
        Body::Ended { by, services: false } => tell.say("event-ended", &[("by", by)]),
        Body::Ended { by, services: true } => tell.say("event-ended-services", &[("by", by)]),
        Body::Roster { roster } => tell.say("event-roster", &[("services", &roster.services.len())]),
        Body::RosterRefused { why } => tell.say("event-roster-refused", &[("why", why)]),
        Body::Timer => tell.say("event-timer", &[]),
        Body::Observed(observation) => tell.observed(observation),
        Body::Examined(examined) => tell.examined(examined),
        Body::Done(done) => tell.done(done),
        Body::Told(told) => tell.told(&actor(language, &Actor { command: None, exe: None, ..told.by.clone() }), &told.command),
        Body::Decided(decision) => tell.decided(decision),
        Body::Trouble { text } => say(language, text),
    }
}

struct Teller(Language);

impl Teller {
    fn say(&self, key: &'static str, args: &[(&'static str, &dyn Display)]) -> String {
        say_key(self.0, key, args)
    }

    fn word(&self, family: Words, code: &str) -> String {
        word(self.0, family, code)
    }

    fn list(&self, items: impl IntoIterator<Item = String>) -> String {
        items.into_iter().collect::<Vec<_>>().join(&self.say("list-comma", &[]))
    }

    fn observed(&self, observation: &Observation) -> String {
        match &observation.fact {
            Fact::ProcessSeen { process, command } => self.say("event-process-seen", &[("pid", &process.pid), ("command", command)]),
            Fact::ProcessExited { process, end } => self.say("event-process-exited", &[("pid", &process.pid), ("end", &self.end(*end))]),
            Fact::SignalSent { process, signal, sender } => match sender {
                Some(sender) => self.say(
                    "event-signal-sent",
                    &[("signal", &signal_name(*signal)), ("pid", &process.pid), ("sender", &actor(self.0, sender))],
                ),
                None => self.say("event-signal-by-kernel", &[("signal", &signal_name(*signal)), ("pid", &process.pid)]),
            },
            Fact::MemoryKill { process, limit } => match limit {
                Some(bytes) => self.say("event-memory-kill-limit", &[("pid", &process.pid), ("mib", &(bytes / (1 << 20)))]),
                None => self.say("event-memory-kill", &[("pid", &process.pid)]),
            },
            Fact::Unit(state) => self.unit(state),
            Fact::CommandRun { actor: by } => self.say("event-command-run", &[("actor", &actor(self.0, by))]),
            Fact::Changed(change) => self.change(change),
            Fact::ConfigSeen { path, version } => self.say("event-config-seen", &[("path", path), ("version", &short(version.as_str()))]),
            Fact::Listens { ports, taken } => {
                let list = |ports: &[u16]| self.list(ports.iter().map(u16::to_string));
                let own = match ports.as_slice() {
                    [] => self.say("event-listens-nowhere", &[]),
                    ports => self.say("event-listens", &[("ports", &list(ports))]),
                };
                match taken.as_slice() {
                    [] => own,
                    taken => self.say("event-listens-taken", &[("own", &own), ("taken", &list(taken))]),
                }
            }
            Fact::Probed { probe, answer, took, .. } => self.probed(*probe, answer, &length(self.0, *took)),
            Fact::Rung(rung) => self.rung(rung),
            Fact::Sight(sight) => self.sight(sight),
        }
    }

    fn end(&self, end: End) -> String {
        match end {
            End::Code(code) => self.say("end-code", &[("code", &code)]),
            End::Signal(signal) => self.say("end-signal", &[("signal", &signal_name(signal))]),
            End::Memory => self.say("end-memory", &[]),
            End::Unknown => self.say("end-unknown", &[]),
        }
    }

    /// systemd's own words stay as `systemctl` shows them.
    fn unit(&self, state: &UnitState) -> String {
        let text = format!("{} ({}), {}, {}", state.active, state.sub, state.load, if state.file.is_empty() { "-" } else { &state.file });
        match state.main {
            Some(main) => self.say("event-unit-main", &[("unit", &state.unit), ("state", &text), ("pid", &main.pid)]),
            None => self.say("event-unit", &[("unit", &state.unit), ("state", &text)]),
        }
    }

    fn change(&self, change: &Change) -> String {
        let what = match &change.what {
            Altered::Permission { before, after } | Altered::Enablement { before, after } => self.say(
                "event-change-from-to",
                &[("what", &self.word(Words::Altered, change.what.word())), ("before", before), ("after", after)],
            ),
            what @ (Altered::Created { .. } | Altered::Edited { .. } | Altered::Deleted { .. }) => self.word(Words::Altered, what.word()),
        };
        match &change.actor {
            Some(by) => self.say("event-change-by", &[("path", &change.subject), ("what", &what), ("actor", &actor(self.0, by))]),
            None => self.say("event-change", &[("path", &change.subject), ("what", &what)]),
        }
    }

    fn probed(&self, probe: u32, answer: &Answer, took: &str) -> String {
        let number = probe.saturating_add(1);
        let args: [(&'static str, &dyn Display); 3] = [("probe", &number), ("took", &took), ("text", &answer.text())];
        match answer {
            Answer::Right { .. } => self.say("event-probe-right", &args[..2]),
            Answer::Warning { .. } => self.say("event-probe-warning", &args),
            Answer::Late { .. } => self.say("event-probe-late", &args),
            Answer::Refused { .. } => self.say("event-probe-refused", &args),
            Answer::Unreached { .. } => self.say("event-probe-unreached", &args),
            Answer::Unresolved { .. } => self.say("event-probe-unresolved", &args),
            Answer::CutOff { .. } => self.say("event-probe-cut-off", &args),
            Answer::Expired { .. } => self.say("event-probe-expired", &args),
            Answer::Silent { .. } => self.say("event-probe-silent", &args),
            Answer::Wrong { .. } => self.say("event-probe-wrong", &args),
            Answer::Unasked { .. } => self.say("event-probe-unasked", &args),
        }
    }

    fn rung(&self, rung: &Rung) -> String {
        let fact = self.word(Words::Fact, &rung.fact);
        match &rung.why {
            Some(why) => self.say("event-rung-why", &[("fact", &fact), ("source", &rung.source), ("why", why)]),
            None => self.say("event-rung", &[("fact", &fact), ("source", &rung.source)]),
        }
    }

    fn sight(&self, sight: &Sight) -> String {
        match &sight.blind {
            Some(blind) => say(self.0, &blind.why.text(&sight.sensor, &sight.facts)),
            None => self.say("event-sight", &[("facts", &self.list(sight.facts.iter().map(|fact| self.word(Words::Fact, fact))))]),
        }
    }

    fn examined(&self, examined: &Examined) -> String {
        let found = match &examined.finding {
            Finding::Validated { ok: true, .. } => self.say("found-valid", &[]),
            Finding::Validated { ok: false, said, .. } => self.say("found-invalid", &[("said", &first_line(said))]),
            Finding::Compared { differ } if differ.is_empty() => self.say("found-same", &[]),
            Finding::Compared { differ } => self.say("found-differ", &[("files", &self.list(differ.iter().map(|file| file.path.clone())))]),
            Finding::Journal { lines } => self.say("found-lines", &[("n", &lines.len())]),
            Finding::PortHolders { holders } if holders.is_empty() => self.say("found-no-holder", &[]),
            Finding::PortHolders { holders } => {
                let named = holders.iter().map(|held| {
                    let who = held.holder.as_ref().map_or_else(|| "?".to_owned(), |holder| actor(self.0, holder));
                    format!("{} {who}", held.port)
                });
                self.say("found-holders", &[("holders", &self.list(named))])
            }
            Finding::Process { state: None, .. } => self.say("found-no-process", &[]),
            Finding::Process { state: Some(state), wchan, .. } => {
                self.say("found-process", &[("state", state), ("wchan", &wchan.as_deref().unwrap_or("-"))])
            }
            Finding::Unit { state: None } => self.say("found-no-unit", &[]),
            Finding::Unit { state: Some(state) } => self.unit(state),
            Finding::Commands { commands } => self.say("found-commands", &[("n", &commands.len())]),
            Finding::Failed { why } => self.say("found-nothing", &[("why", why)]),
        };
        self.say(
            "event-examined",
            &[("exam", &self.word(Words::Exam, examined.exam.code())), ("took", &length(self.0, examined.took)), ("found", &found)],
        )
    }

    fn done(&self, done: &Done) -> String {
        let step = self.step(&done.order.step);
        let outcome = self.word(Words::Outcome, done.outcome.code());
        let args: [(&'static str, &dyn Display); 4] =
            [("step", &step), ("outcome", &outcome), ("took", &length(self.0, done.took)), ("said", &first_line(&done.said))];
        if done.said.is_empty() { self.say("event-step-done", &args[..3]) } else { self.say("event-step-done-said", &args) }
    }

    fn step(&self, step: &Step) -> String {
        self.word(Words::Step, step.code())
    }

    fn told(&self, by: &str, command: &Command) -> String {
        match command {
            Command::Recover { .. } => self.say("told-recover", &[("by", &by)]),
            Command::Pause { length: time, reason, .. } => {
                self.say("told-pause", &[("by", &by), ("length", &length(self.0, *time)), ("reason", reason)])
            }
            Command::Resume { .. } => self.say("told-resume", &[("by", &by)]),
            Command::Acknowledge { .. } => self.say("told-acknowledge", &[("by", &by)]),
            Command::Note { words, .. } => self.say("told-note", &[("by", &by), ("words", words)]),
            Command::Assign { to, .. } => self.say("told-assign", &[("by", &by), ("to", to)]),
            Command::Resolve { .. } => self.say("told-resolve", &[("by", &by)]),
            Command::Admit { user, right, until } => match until {
                Some(until) => self.say("told-admit-until", &[("by", &by), ("user", user), ("right", &right), ("until", until)]),
                None => self.say("told-admit", &[("by", &by), ("user", user), ("right", &right)]),
            },
            Command::Dismiss { user } => self.say("told-dismiss", &[("by", &by), ("user", user)]),
            Command::Restore { path, version } => {
                self.say("told-restore", &[("by", &by), ("path", path), ("version", &short(version.as_str()))])
            }
        }
    }

    fn decided(&self, decision: &Decision) -> String {
        match decision {
            Decision::Opened { loss, lost_at, detected_at, .. } => self.say(
                "event-opened",
                &[("loss", &self.word(Words::Loss, loss.code())), ("after", &length(self.0, detected_at.since(*lost_at)))],
            ),
            Decision::Refined { loss, .. } => self.say("event-refined", &[("loss", &self.word(Words::Loss, loss.code()))]),
            Decision::Asked { exams, .. } => {
                self.say("event-asked", &[("exams", &self.list(exams.iter().map(|exam| self.word(Words::Exam, exam.code()))))])
            }
            Decision::Verdict { causes, settled, .. } => match causes.first() {
                None => self.say("event-verdict-none", &[]),
                Some(cause) => {
                    let args: [(&'static str, &dyn Display); 2] =
                        [("percent", &percent(cause.confidence)), ("summary", &say(self.0, &cause.summary))];
                    if *settled { self.say("event-verdict-settled", &args) } else { self.say("event-verdict", &args) }
                }
            },
            Decision::Planned { plan, .. } => {
                let steps = self.list(plan.steps.iter().map(|step| self.step(step)));
                self.say("event-planned", &[("attempt", &plan.attempt), ("steps", &steps)])
            }
            Decision::Begun(Order { step, undo, .. }) => {
                let step = self.step(step);
                if *undo { self.say("event-undo-begun", &[("step", &step)]) } else { self.say("event-step-begun", &[("step", &step)]) }
            }
            Decision::Confirmed { code, .. } => self.say("event-confirmed", &[("cause", &self.word(Words::Cause, code.code()))]),
            Decision::Became { state, why, .. } => {
                self.say("event-became", &[("state", &self.word(Words::State, state.code())), ("why", &say(self.0, why))])
            }
            Decision::Good { files, .. } => self.say("event-good", &[("files", &self.list(files.iter().map(|(path, _)| path.clone())))]),
        }
    }
}

/// A confidence as a whole percentage, 1 to 99: certainty is not claimed, and what is told is not ruled out.
pub fn percent(share: f64) -> i64 {
    ((share * 100.0).round() as i64).clamp(1, 99)
}

/// The beginning of a version, enough to name it.
fn short(version: &str) -> &str {
    version.get(..12).unwrap_or(version)
}

fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim()
}

//! The closed set of what can happen. Everything that is seen, decided, done or said by a person is one of these,
//! in the ledger, in order; the guard's state is a fold over them.
//!
//! This is a stored format: what was once written must load for ever (`ledger/tests/formats/`). New fields get
//! `#[serde(default)]`; a variant is never renamed.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::cause::{Cause, Code};
use crate::exam::{Exam, Examined};
use crate::id::{BootId, HostName, IncidentId, Seq, ServiceName, VersionId};
use crate::incident::State;
use crate::loss::Loss;
use crate::observation::{Fact, Observation, Rung};
use crate::plan::{Done, Order, Plan};
use crate::roster::Roster;
use crate::text::Text;
use crate::time::{Length, Mono, Time};
use crate::user::Right;

/// Something that happened, with its place in the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the ledger.
    pub seq: Seq,
    /// When it was taken down (wall clock).
    pub at: Time,
    /// The same moment since boot.
    pub mono: Mono,
    /// Which boot.
    pub boot: BootId,
    /// Which host.
    pub host: HostName,
    /// What.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Body {
    /// Muster started, or was started again.
    Started(Started),
    /// Muster ended on purpose.
    Ended {
        /// Who told it to, or the signal's name.
        by: String,
        /// What it kept as `run` was ended too.
        #[serde(default)]
        services: bool,
    },
    /// The roster in force from here on.
    Roster {
        /// All of it.
        roster: Box<Roster>,
    },
    /// A changed roster file was not taken up; the old roster stays in force.
    RosterRefused {
        /// The message with file, line and column.
        why: String,
    },
    /// A moment for which the guard asked.
    Timer,
    /// A sensor saw something.
    Observed(Observation),
    /// An examination came in.
    Examined(Examined),
    /// A step came to its end.
    Done(Done),
    /// A person said something to Muster.
    Told(Told),
    /// The guard decided something.
    Decided(Decision),
    /// Something is wrong with Muster itself.
    Trouble {
        /// What.
        text: Text,
    },
}

/// What a start of Muster knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// Muster's version.
    pub version: String,
    /// Muster's own process id.
    pub pid: i32,
    /// When the machine was booted.
    pub booted_at: Time,
    /// What can be seen.
    pub rungs: Vec<Rung>,
}

/// What a person said, and who.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Who, from the socket's peer credentials.
    pub by: Actor,
    /// What.
    pub command: Command,
}

/// What a person can tell Muster to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Bring it back now; a yes to a plan that waits for one.
    Recover {
        /// Which service.
        service: ServiceName,
    },
    /// Leave it alone for a while.
    Pause {
        /// Which service; `None`: all, and no acting at all.
        service: Option<ServiceName>,
        /// For how long.
        length: Length,
        /// Why.
        reason: String,
    },
    /// The pause is over.
    Resume {
        /// Which service; `None`: the pause of all.
        service: Option<ServiceName>,
    },
    /// I have seen it. On an operator's stop: it is meant to be so.
    Acknowledge {
        /// Which incident.
        incident: IncidentId,
    },
    /// A note.
    Note {
        /// On which incident.
        incident: IncidentId,
        /// The note.
        words: String,
    },
    /// Somebody takes it on.
    Assign {
        /// Which incident.
        incident: IncidentId,
        /// Who.
        to: String,
    },
    /// Nothing is left to do.
    Resolve {
        /// Which incident.
        incident: IncidentId,
    },
    /// A file was put back to an older version.
    Restore {
        /// The file.
        path: String,
        /// What was written.
        version: VersionId,
    },
    /// Somebody may use the API from now on.
    Admit {
        /// Their name.
        user: String,
        /// What they may do.
        right: Right,
        /// Until when; `None`: until they are dismissed.
        until: Option<Time>,
    },
    /// Their token counts no more.
    Dismiss {
        /// Their name.
        user: String,
    },
}

/// What the guard decided. Deciding does nothing by itself: the state changes, and orders leave the guard, when the
/// decision comes back as an event from the ledger (promise 3: written before done).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// A loss: an incident is opened. Its id is `i` and this event's sequence number.
    Opened {
        /// Of which service.
        service: ServiceName,
        /// In which way.
        loss: Loss,
        /// The kernel's or service manager's moment.
        lost_at: Time,
        /// The moment of noticing.
        detected_at: Time,
    },
    /// The loss turned out to be another: `killed` is `oom_killed`, `exited` is `crash_loop`.
    Refined {
        /// Which incident.
        incident: IncidentId,
        /// The loss.
        loss: Loss,
    },
    /// What is to be examined.
    Asked {
        /// For which incident; `None`: after a change of its configuration, while nothing is lost.
        incident: Option<IncidentId>,
        /// Of which service.
        service: ServiceName,
        /// What.
        exams: Vec<Exam>,
    },
    /// The verdict so far.
    Verdict {
        /// On which incident.
        incident: IncidentId,
        /// Likeliest first.
        causes: Vec<Cause>,
        /// All that was asked is in.
        settled: bool,
    },
    /// What would bring it back.
    Planned {
        /// For which incident.
        incident: IncidentId,
        /// The plan.
        plan: Plan,
    },
    /// A step is about to be run. Durable before anything else happens.
    Begun(Order),
    /// The cause was undone, and the service came back.
    Confirmed {
        /// Of which incident.
        incident: IncidentId,
        /// Which cause.
        code: Code,
    },
    /// The incident's state.
    Became {
        /// Which incident.
        incident: IncidentId,
        /// From here on.
        state: State,
        /// When that was so.
        at: Time,
        /// Why.
        why: Text,
    },
    /// The configuration with which the service has now been well for a while.
    Good {
        /// Which service.
        service: ServiceName,
        /// Its files.
        files: Vec<(String, VersionId)>,
    },
}

impl Body {
    /// The kind, as `events --kind` takes it.
    pub fn kind(&self) -> &'static str {
        match self {
            Body::Started(_) => "muster.started",
            Body::Ended { .. } => "muster.ended",
            Body::Roster { .. } => "roster.set",
            Body::RosterRefused { .. } => "roster.refused",
            Body::Timer => "timer",
            Body::Observed(o) => match &o.fact {
                Fact::ProcessSeen { .. } => "process.seen",
                Fact::ProcessExited { .. } => "process.exited",
                Fact::SignalSent { .. } => "signal.sent",
                Fact::MemoryKill { .. } => "memory.kill",
                Fact::Unit(_) => "unit.state",
                Fact::CommandRun { .. } => "command.run",
                Fact::Changed(_) => "change",
                Fact::ConfigSeen { .. } => "config.seen",
                Fact::Listens { .. } => "port.listening",
                Fact::Probed { .. } => "probe.answer",
                Fact::Rung(_) => "sensor.rung",
                Fact::Sight(_) => "sensor.sight",
            },
            Body::Examined(_) => "examined",
            Body::Done(_) => "step.done",
            Body::Told(t) => match t.command {
                Command::Recover { .. } => "told.recover",
                Command::Pause { .. } => "told.pause",
                Command::Resume { .. } => "told.resume",
                Command::Acknowledge { .. } => "told.acknowledge",
                Command::Note { .. } => "told.note",
                Command::Assign { .. } => "told.assign",
                Command::Resolve { .. } => "told.resolve",
                Command::Restore { .. } => "told.restore",
                Command::Admit { .. } => "told.admit",
                Command::Dismiss { .. } => "told.dismiss",
            },
            Body::Decided(d) => match d {
                Decision::Opened { .. } => "incident.opened",
                Decision::Refined { .. } => "incident.refined",
                Decision::Asked { .. } => "exam.asked",
                Decision::Verdict { .. } => "verdict",
                Decision::Planned { .. } => "plan",
                Decision::Begun(_) => "step.begun",
                Decision::Confirmed { .. } => "cause.confirmed",
                Decision::Became { .. } => "incident.state",
                Decision::Good { .. } => "config.good",
            },
            Body::Trouble { .. } => "trouble",
        }
    }

    /// What it is about: a service, an incident, a path; empty for the host.
    pub fn subject(&self) -> &str {
        match self {
            Body::Observed(o) => match (&o.service, &o.fact) {
                (Some(service), _) => service.as_str(),
                (None, Fact::Changed(change)) => &change.subject,
                _ => "",
            },
            Body::Examined(e) => e.service.as_str(),
            Body::Done(d) => d.order.service.as_str(),
            Body::Told(t) => match &t.command {
                Command::Recover { service } => service.as_str(),
                Command::Pause { service, .. } | Command::Resume { service } => service.as_ref().map_or("", ServiceName::as_str),
                Command::Acknowledge { incident }
                | Command::Note { incident, .. }
                | Command::Assign { incident, .. }
                | Command::Resolve { incident } => incident.as_str(),
                Command::Restore { path, .. } => path,
                Command::Admit { user, .. } | Command::Dismiss { user } => user,
            },
            Body::Decided(d) => match d {
                Decision::Opened { service, .. } | Decision::Asked { service, .. } | Decision::Good { service, .. } => service.as_str(),
                Decision::Begun(order) => order.service.as_str(),
                Decision::Refined { incident, .. }
                | Decision::Verdict { incident, .. }
                | Decision::Planned { incident, .. }
                | Decision::Confirmed { incident, .. }
                | Decision::Became { incident, .. } => incident.as_str(),
            },
            Body::Started(_)
            | Body::Ended { .. }
            | Body::Roster { .. }
            | Body::RosterRefused { .. }
            | Body::Timer
            | Body::Trouble { .. } => "",
        }
    }

    /// Whether it must be on disk before anything follows from it: a decision that leads to an action, and a person's word.
    pub const fn must_be_durable(&self) -> bool {
        matches!(self, Body::Decided(Decision::Begun(_)) | Body::Told(_))
    }
}

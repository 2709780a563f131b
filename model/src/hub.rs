//! What goes over the line between an agent and the hub that it keeps: a pair of connected sockets of which the hub inherits
//! one end. JSON, a line each.
//!
//! The agent says first how the hub is to be ([`Settings`]), the hub then what came of it ([`Ready`]). From there on the hub
//! asks ([`Asked`]) and the agent answers ([`Answered`]), each answer under the number of its question. A hub can say no more
//! than an [`Ask`]: whoever has taken it over cannot either, and acts on nothing without a token that the agent knows.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::event::Command;
use crate::id::{ChangeId, ServiceName};
use crate::observation::Rung;
use crate::request::{EventQuery, IncidentQuery, Reply, Request};
use crate::time::Time;
use crate::user::Right;

/// How the hub is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// `ADDRESS:PORT` of the pages and the API.
    pub listen: String,
    /// Nobody chose that port: where it is taken, any other will do.
    pub elsewhere: bool,
    /// The language of whoever does not say theirs, as in the configuration.
    pub language: Option<String>,
    /// Reading needs a token too.
    pub token_to_read: bool,
    /// The socket on which the API is too.
    pub socket: PathBuf,
    /// The one directory in which the hub may read and write.
    pub home: PathBuf,
}

/// How the hub is, once it serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Where it is reached, as URLs. Empty where it could not listen.
    pub addresses: Vec<String>,
    /// How well it is locked in.
    pub rung: Rung,
    /// Why it cannot listen where it should.
    pub trouble: Option<String>,
}

/// A question with its number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Chosen by the hub, another for each question that is not answered yet.
    pub id: u64,
    /// What.
    pub ask: Ask,
}

/// An answer. A question that is followed has many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// To which question.
    pub id: u64,
    /// What.
    pub answer: Answer,
}

/// All that a hub can ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// [`Request::Newest`].
    Newest,
    /// [`Request::Status`].
    Status,
    /// [`Request::Measures`].
    Measures,
    /// [`Request::Discover`].
    Discover,
    /// [`Request::Incidents`].
    Incidents(IncidentQuery),
    /// [`Request::Incident`].
    Incident {
        /// The id or the service's name.
        of: String,
    },
    /// [`Request::Events`]; `follow` goes on until [`Ask::Enough`].
    Events(EventQuery),
    /// No more answers to a question that is followed.
    Enough {
        /// Its number.
        of: u64,
    },
    /// [`Request::Changes`].
    Changes {
        /// Only what touches this service.
        service: Option<ServiceName>,
        /// Only since then.
        since: Option<Time>,
        /// Only older than this one.
        before: Option<ChangeId>,
        /// The newest so many.
        limit: Option<u32>,
    },
    /// What the holder of a token may do.
    Who {
        /// The token.
        token: String,
    },
    /// [`Request::Diff`], which shows contents of files: the token must allow reading.
    Diff {
        /// Which change.
        change: ChangeId,
        /// Whose wish it is.
        token: String,
    },
    /// [`Request::Rehearse`].
    Rehearse {
        /// For which service.
        service: ServiceName,
    },
    /// [`Request::Tell`]: the token must allow acting.
    Tell {
        /// What.
        command: Command,
        /// Whose wish it is.
        token: String,
        /// By which way it came, as the hub says: address and route.
        via: String,
    },
}

/// What the agent answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// As to anybody who asks.
    Reply(Reply),
    /// To [`Ask::Who`]: their name and what they may do; `None`: no such token, or it has run out.
    Who(Option<(String, Right)>),
    /// The token is not known, or has run out.
    Unknown,
    /// The token does not allow it.
    Forbidden,
}

/// A question as the agent knows it from everybody, or what is the hub's alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Meant {
    /// Anybody who reaches the hub may ask this.
    Open(Request),
    /// What the token must allow, and then what is asked.
    With(String, Right, Request),
    /// A person's word, by the token of one who may act, and by which way it came.
    Word(String, Command, String),
    /// Who that is.
    Who(String),
    /// No more answers to this one.
    Enough(u64),
}

impl Ask {
    /// What is meant. Everything a hub can reach is in this list.
    pub fn meant(self) -> Meant {
        match self {
            Ask::Newest => Meant::Open(Request::Newest),
            Ask::Status => Meant::Open(Request::Status),
            Ask::Measures => Meant::Open(Request::Measures),
            Ask::Discover => Meant::Open(Request::Discover),
            Ask::Incidents(query) => Meant::Open(Request::Incidents(query)),
            Ask::Incident { of } => Meant::Open(Request::Incident { of }),
            Ask::Events(query) => Meant::Open(Request::Events(query)),
            Ask::Changes { service, since, before, limit } => Meant::Open(Request::Changes { service, since, before, limit }),
            Ask::Rehearse { service } => Meant::Open(Request::Rehearse { service }),
            Ask::Diff { change, token } => Meant::With(token, Right::Read, Request::Diff { change }),
            // Files are put back and Muster is ended at the terminal alone.
            Ask::Tell { command, token, via } => Meant::Word(token, command, via),
            Ask::Who { token } => Meant::Who(token),
            Ask::Enough { of } => Meant::Enough(of),
        }
    }
}

/// Whether this may be told by the API. `Restore` is told by the agent itself, `Admit` and `Dismiss` at the terminal.
pub const fn may_be_told(command: &Command) -> bool {
    match command {
        Command::Recover { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::Acknowledge { .. }
        | Command::Note { .. }
        | Command::Assign { .. }
        | Command::Resolve { .. } => true,
        Command::Restore { .. } | Command::Admit { .. } | Command::Dismiss { .. } => false,
    }
}

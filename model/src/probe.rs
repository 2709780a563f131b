//! How a service is asked whether it answers.

use serde::{Deserialize, Serialize};

use crate::time::Length;

/// A question put to a service at a fixed pace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What is asked.
    pub ask: Ask,
    /// How often.
    pub every: Length,
    /// How long an answer may take.
    pub timeout: Length,
}

/// What a probe asks, and what the right answer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A GET over HTTP/1.1. Plain `http://` only.
    Http {
        /// The address, `http://HOST[:PORT]/PATH`.
        url: String,
        /// The status that counts as an answer; `None`: any below 500.
        expect: Option<u16>,
        /// Text that the body must hold (first 64 KiB).
        body: Option<String>,
    },
    /// A TCP connection, and what is said over it.
    Tcp {
        /// `HOST:PORT`.
        address: String,
        /// What is said and expected; `None`: to be accepted is enough.
        talk: Option<Talk>,
    },
    /// A connection to a Unix socket, and what is said over it.
    Unix {
        /// The socket's path.
        path: String,
        /// What is said and expected; `None`: to be accepted is enough.
        talk: Option<Talk>,
    },
    /// A command that keeps the monitoring-plugin convention (exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, perfdata after `|`).
    Exec {
        /// Run by `/bin/sh -c`.
        command: String,
    },
}

/// What is sent and what must come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// Sent as it is; after `hex:` as bytes in hexadecimal.
    pub send: String,
    /// What the answer must begin with; after `re:` a regular expression over its first 4 KiB.
    pub expect: String,
}

impl Ask {
    /// The kind as it stands in the configuration.
    pub const fn kind(&self) -> &'static str {
        match self {
            Ask::Http { .. } => "http",
            Ask::Tcp { .. } => "tcp",
            Ask::Unix { .. } => "unix",
            Ask::Exec { .. } => "exec",
        }
    }

    /// What is asked, as a person would write it.
    pub fn target(&self) -> &str {
        match self {
            Ask::Http { url, .. } => url,
            Ask::Tcp { address, .. } => address,
            Ask::Unix { path, .. } => path,
            Ask::Exec { command } => command,
        }
    }
}

/// What came of asking once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// The right answer.
    Right {
        /// What else it said: a plugin's first line.
        text: Option<String>,
        /// A plugin's performance data, `label=value[unit]` each.
        #[serde(default)]
        perfdata: Vec<String>,
    },
    /// An answer, with a warning (plugin exit 1).
    Warning {
        /// The plugin's line.
        text: String,
        /// Its performance data.
        #[serde(default)]
        perfdata: Vec<String>,
    },
    /// Nobody is there: connection refused, no such socket.
    Refused {
        /// The error.
        text: String,
    },
    /// No answer within the time allowed.
    Silent {
        /// How far it got.
        text: String,
    },
    /// An answer, but not the right one.
    Wrong {
        /// What it was.
        text: String,
        /// A plugin's performance data.
        #[serde(default)]
        perfdata: Vec<String>,
    },
    /// The question could not be put: the name does not resolve, the plugin cannot run or says UNKNOWN.
    Unasked {
        /// Why.
        text: String,
    },
}

impl Answer {
    /// Whether the service showed what it must show.
    pub const fn is_right(&self) -> bool {
        matches!(self, Answer::Right { .. } | Answer::Warning { .. })
    }

    /// What it said, or the error.
    pub fn text(&self) -> &str {
        match self {
            Answer::Right { text, .. } => text.as_deref().unwrap_or(""),
            Answer::Warning { text, .. }
            | Answer::Refused { text }
            | Answer::Silent { text }
            | Answer::Wrong { text, .. }
            | Answer::Unasked { text } => text,
        }
    }
}

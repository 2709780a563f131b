//! The client's end of `DATA/agent.sock`: one line of JSON asks, lines of JSON answer.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_model::request::{Reply, Request};
use muster_model::text::Text;

use crate::failure::Failure;

/// An agent may take this long to answer: rehearsing a plan runs validators, verifying reads the whole ledger.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
/// A longer answer is none of Muster's.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// A running Muster, by its data directory.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    data: PathBuf,
}

impl Agent {
    /// The Muster that runs on this data, if it does.
    pub(crate) fn at(data: &Path) -> Agent {
        Agent { data: data.to_owned() }
    }

    /// Asks, and takes the one answer.
    pub(crate) fn ask(&self, request: &Request) -> Result<Reply, Failure> {
        self.open()?.ask(request)
    }

    /// Connects.
    pub(crate) fn open(&self) -> Result<Line, Failure> {
        let socket = self.data.join("agent.sock");
        let stream = UnixStream::connect(&socket).map_err(|error| self.unreached(&error))?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        Ok(Line { answers: BufReader::new(stream) })
    }

    /// Why it was not reached, and what to do.
    fn unreached(&self, error: &std::io::Error) -> Failure {
        let data = self.data.display();
        let text = match error.kind() {
            ErrorKind::PermissionDenied => Text::new("error-not-allowed").with("data", data),
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => Text::new("error-not-running").with("data", data),
            // sun_path of unix(7) holds 108 bytes.
            ErrorKind::InvalidInput => Text::new("error-path-too-long").with("data", data),
            _ => Text::new("error-not-reached").with("data", data).with("error", error),
        };
        Failure::NotReached(text)
    }
}

/// An open line to an agent.
#[derive(Debug)]
pub(crate) struct Line {
    answers: BufReader<UnixStream>,
}

impl Line {
    /// Asks, and takes the one answer.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Reply, Failure> {
        self.send(request)?;
        self.next()?.ok_or_else(|| Failure::NotReached(Text::new("error-hung-up")))
    }

    /// Asks; the answers are taken with [`Line::next`].
    pub(crate) fn send(&mut self, request: &Request) -> Result<(), Failure> {
        let mut line = serde_json::to_string(request).map_err(|error| Failure::Other(error.into()))?;
        line.push('\n');
        self.answers.get_mut().write_all(line.as_bytes()).map_err(|error| hung_up(&error))
    }

    /// The next answer; `None` when the agent has ended. A refusal is a failure.
    pub(crate) fn next(&mut self) -> Result<Option<Reply>, Failure> {
        let mut line = String::new();
        let read = self.answers.by_ref().take(ANSWER_BYTES_MAX).read_line(&mut line).map_err(|error| hung_up(&error))?;
        if read == 0 {
            return Ok(None);
        }
        match serde_json::from_str(&line) {
            Ok(Reply::Refused { why }) => Err(Failure::Failed(why)),
            Ok(reply) => Ok(Some(reply)),
            Err(error) => Err(Failure::Failed(Text::new("error-odd-answer").with("error", error))),
        }
    }

    /// Waits for the next answer without looking at it. Whether there was one.
    pub(crate) fn skip(&mut self) -> Result<bool, Failure> {
        let skipped = self.answers.by_ref().take(ANSWER_BYTES_MAX).skip_until(b'\n').map_err(|error| hung_up(&error))?;
        Ok(skipped > 0)
    }

    /// From here on, wait for answers as long as it takes.
    pub(crate) fn wait_for_ever(&self) -> Result<(), Failure> {
        Ok(self.answers.get_ref().set_read_timeout(None)?)
    }

    /// No longer than this for each answer from here on.
    pub(crate) fn wait(&self, within: Duration) -> Result<(), Failure> {
        Ok(self.answers.get_ref().set_read_timeout(Some(within))?)
    }

    /// The agent's process, by the socket's peer credentials (SO_PEERCRED, unix(7)).
    pub(crate) fn process(&self) -> Result<rustix::process::Pid, Failure> {
        Ok(rustix::net::sockopt::socket_peercred(self.answers.get_ref()).map_err(std::io::Error::from)?.pid)
    }
}

fn hung_up(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            Failure::Failed(Text::new("error-no-answer").with("within", format!("{}s", ANSWER_WITHIN.as_secs())))
        }
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => Failure::NotReached(Text::new("error-hung-up")),
        _ => Failure::Failed(Text::new("error-socket").with("error", error)),
    }
}

/// An answer of another kind than the question's.
pub(crate) fn odd(reply: &Reply) -> Failure {
    let kind = match reply {
        Reply::Status(_) => "status",
        Reply::Discovered(_) => "discovered",
        Reply::Incidents(_) => "incidents",
        Reply::Incident(_) => "incident",
        Reply::Events(_) => "events",
        Reply::Changes(_) => "changes",
        Reply::Diff(_) => "diff",
        Reply::Plan(_) => "plan",
        Reply::Verified(_) => "verified",
        Reply::Newest(_) => "newest",
        Reply::Measures(_) => "measures",
        Reply::Users(_) => "users",
        Reply::Token(_) => "token",
        Reply::Taken => "taken",
        Reply::Refused { .. } => "refused",
    };
    Failure::Failed(Text::new("error-odd-answer").with("error", kind))
}

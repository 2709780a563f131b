//! The services that should be there, and what each must show to count as there.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::ServiceName;
use crate::probe::{Ask, Counted, FileWanted, Probe, Trust};
use crate::time::Length;

/// The roster in force. It is an event in the ledger, so that a replay needs nothing beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// The services by name.
    pub services: BTreeMap<ServiceName, Service>,
    /// How Muster itself is to behave.
    pub limits: Limits,
}

/// One row of the roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// What kind of thing it is, and how it is found.
    pub kind: Kind,
    /// The pack that knows the program.
    pub pack: Option<String>,
    /// What it is asked.
    pub probes: Vec<Probe>,
    /// The TCP ports that it must hold, beside those it has been seen to hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<u16>,
    /// Files that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileWanted>,
    /// How many processes a unit, or what Muster runs itself, must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<Count>,
    /// Whether a unit must come up with the machine; `None`: if it was set to while Muster watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Globs of the configuration files it reads; versioned.
    pub config: Vec<String>,
    /// A shell command that exits 0 when the configuration is one the program takes.
    pub validate: Option<String>,
    /// A shell command that makes the running program read its configuration again. `None`: restart it.
    pub reload: Option<String>,
    /// Paths of its data.
    pub data: Vec<String>,
    /// What it needs; mended first.
    pub depends: Vec<ServiceName>,
    /// What Muster may do by itself.
    pub recover: Recover,
    /// Who is responsible for it.
    pub owner: Option<String>,
    /// How much it matters.
    pub tier: Tier,
    /// An unannounced stop by a person is put back after this time unless someone confirms it. `None`: never.
    pub restore_after: Option<Length>,
    /// Error lines that the program is known for, and what they speak for. From its pack.
    pub lines: Vec<KnownLine>,
    /// A declared service stands in a roster file; the others were found.
    pub declared: bool,
}

impl Service {
    /// A declared service of which nothing else is said.
    pub fn new(name: ServiceName, kind: Kind) -> Service {
        Service {
            name,
            kind,
            pack: None,
            probes: Vec::new(),
            ports: Vec::new(),
            files: Vec::new(),
            processes: None,
            enabled: None,
            config: Vec::new(),
            validate: None,
            reload: None,
            data: Vec::new(),
            depends: Vec::new(),
            recover: Recover::Auto,
            owner: None,
            tier: Tier::Normal,
            restore_after: None,
            lines: Vec::new(),
            declared: true,
        }
    }

    /// All that is asked of it, in the order in which observations count it: its probes, its files, its processes; of an
    /// endpoint elsewhere without a probe of its own, its address.
    pub fn questions(&self) -> Vec<Probe> {
        let look = |ask| Probe::new(ask, LOOK_EVERY, LOOK_TIMEOUT);
        let mut questions = self.probes.clone();
        if let Kind::Url(url) = &self.kind {
            if questions.is_empty() {
                questions.extend(url.asks().into_iter().map(|ask| Probe::new(ask, URL_EVERY, URL_TIMEOUT)));
            }
            questions.iter_mut().for_each(|question| question.here = false);
        }
        questions.extend(self.files.iter().cloned().map(|wanted| look(Ask::File(wanted))));
        let whose = match &self.kind {
            Kind::Unit(unit) => Some(Counted::Unit(unit.clone())),
            Kind::Run(_) => Some(Counted::Marked { service: self.name.to_string(), data: None }),
            Kind::Process(_) | Kind::Url(_) | Kind::Own => None,
        };
        if let (Some(whose), Some(count)) = (whose, self.processes) {
            questions.push(look(Ask::Processes { whose, count }));
        }
        questions
    }
}

/// How often files and processes are looked at, and how long a look may take.
const LOOK_EVERY: Length = Length::seconds(5);
const LOOK_TIMEOUT: Length = Length::seconds(1);
/// The same of an endpoint elsewhere.
const URL_EVERY: Length = Length::seconds(30);
const URL_TIMEOUT: Length = Length::seconds(10);
/// A certificate with fewer days left than this is told.
const URL_DAYS: u32 = 14;

/// How a service is found and started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A systemd unit, by its full name.
    Unit(String),
    /// Muster starts it and keeps it; the command is run by `/bin/sh -c 'exec …'`.
    Run(String),
    /// A process that Muster only watches.
    Process(Match),
    /// An endpoint elsewhere, which Muster can only ask.
    Url(Url),
    /// Muster itself: the one service that is in no roster.
    Own,
}

impl Kind {
    /// The kind as it stands in the configuration and in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Kind::Unit(_) => "unit",
            Kind::Run(_) => "run",
            Kind::Process(_) => "process",
            Kind::Url(_) => "url",
            Kind::Own => "own",
        }
    }

    /// The full name of the unit, where it is one.
    pub fn unit(&self) -> Option<&str> {
        match self {
            Kind::Unit(unit) => Some(unit),
            Kind::Run(_) | Kind::Process(_) | Kind::Url(_) | Kind::Own => None,
        }
    }

    /// Whether it is brought back on this host, by Muster or the service manager; the others can only be watched.
    pub const fn is_brought_back_here(&self) -> bool {
        matches!(self, Kind::Unit(_) | Kind::Run(_))
    }
}

/// The address of an endpoint elsewhere: `http://…`, `https://…` or `tcp://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Url(String);

impl Url {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is asked of it: whether it answers, and of `https` how long its certificate is good.
    pub fn asks(&self) -> Vec<Ask> {
        let (scheme, place) = self.0.split_once("://").unwrap_or(("tcp", &self.0));
        if scheme == "tcp" {
            return vec![Ask::Tcp { address: place.to_owned(), talk: None }];
        }
        let get = Ask::Http { url: self.0.clone(), expect: None, body: None, roots: None };
        let address = get.address().filter(|_| scheme == "https");
        let tls = address.map(|address| Ask::Tls { address, trust: Trust::default(), days: URL_DAYS });
        std::iter::once(get).chain(tls).collect()
    }
}

impl TryFrom<String> for Url {
    type Error = String;
    fn try_from(s: String) -> Result<Self, Self::Error> {
        match s.strip_prefix("tcp://") {
            Some(place) => crate::config::host_and_port(place, 1)?,
            None => crate::config::http_url(&s).map_err(|what| format!("{what}, and `tcp://HOST:PORT` is it neither"))?,
        }
        Ok(Url(s))
    }
}

impl From<Url> for String {
    fn from(url: Url) -> Self {
        url.0
    }
}

/// What a watched process looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Its program file (`/proc/PID/exe`), or the file's name alone.
    pub exe: Option<String>,
    /// A regular expression over its arguments, joined by blanks.
    pub args: Option<String>,
    /// How many of them must be there.
    pub count: Count,
}

/// A bound on a number of processes: `>=1`, `=2`, `<=4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Count {
    /// At least so many.
    pub min: u32,
    /// At most so many.
    pub max: u32,
}

impl Default for Count {
    fn default() -> Self {
        Count { min: 1, max: u32::MAX }
    }
}

impl TryFrom<String> for Count {
    type Error = String;
    fn try_from(s: String) -> Result<Self, Self::Error> {
        let bad = || format!("`{s}` is not a count; write >=1, =2 or <=4");
        let t = s.trim();
        let number = |n: &str| n.trim().parse::<u32>().map_err(|_| bad());
        if let Some(n) = t.strip_prefix(">=") {
            Ok(Count { min: number(n)?, max: u32::MAX })
        } else if let Some(n) = t.strip_prefix("<=") {
            Ok(Count { min: 0, max: number(n)? })
        } else {
            let n = number(t.strip_prefix('=').unwrap_or(t))?;
            Ok(Count { min: n, max: n })
        }
    }
}

impl From<Count> for String {
    fn from(c: Count) -> Self {
        c.to_string()
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (min, u32::MAX) => write!(f, ">={min}"),
            (0, max) => write!(f, "<={max}"),
            (min, _) => write!(f, "={min}"),
        }
    }
}

/// What Muster may do for a service without being asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recover {
    /// Bring it back.
    #[default]
    Auto,
    /// Say what it would do, and wait for a yes.
    Ask,
    /// Tell, and leave it alone.
    Never,
}

/// How much a service matters: what matters more is mended first, where not all can be at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Its loss is everybody's.
    Critical,
    /// Its loss is felt.
    Important,
    /// As most are.
    #[default]
    Normal,
    /// Nobody has declared it: Muster has seen it run. No configuration says so.
    Learned,
}

/// A line that a program is known to log, and the cause it speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownLine {
    /// A regular expression over the line.
    pub pattern: String,
    /// What it speaks for.
    pub cause: crate::cause::Code,
    /// What it means, for the evidence.
    pub means: crate::text::Phrase,
}

/// Bounds on what Muster does by itself (DESIGN §10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How long a service must be there without a break to count as steady: its configuration is then the
    /// last good one, and its backoff starts anew.
    pub steady: Length,
    /// How long a started service may take to show all it must show.
    pub start_within: Length,
    /// At most so many services are worked on at once.
    pub at_once: u32,
    /// At most so many acting steps an hour on this host, and half as many for one service: one that cannot be mended does
    /// not keep Muster from mending another.
    pub steps_an_hour: u32,
    /// At most so many attempts for one incident before people are called; after that attempts go on, ever more slowly.
    pub attempts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { steady: Length::seconds(10), start_within: Length::seconds(30), at_once: 4, steps_an_hour: 120, attempts: 5 }
    }
}

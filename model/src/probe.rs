//! How a service is asked whether it answers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::roster::Count;
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
    /// A right answer that takes longer than this is too slow; `None`: `timeout` is the only limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Length>,
    /// Its target is a service of this host: where it is not right at its address, it is asked over loopback too.
    #[serde(default = "yes")]
    pub here: bool,
}

const fn yes() -> bool {
    true
}

impl Probe {
    /// A question to a service of this host, with no limit but the timeout.
    pub const fn new(ask: Ask, every: Length, timeout: Length) -> Probe {
        Probe { ask, every, timeout, within: None, here: true }
    }
}

/// What a probe asks, and what the right answer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A GET over HTTP/1.1.
    Http {
        /// The address, `http://HOST[:PORT]/PATH` or `https://…`.
        url: String,
        /// The status that counts as an answer; `None`: any below 500. A redirect that is not itself the right answer is followed.
        expect: Option<u16>,
        /// Text that the body must hold (first 64 KiB).
        body: Option<String>,
        /// Of `https`: a file of certificates in PEM that are trusted; `None`: those that the system trusts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        roots: Option<String>,
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
    /// A handshake of TLS 1.2 or 1.3, and the certificate: its chain, its names, its time.
    Tls {
        /// `HOST:PORT`.
        address: String,
        /// Whom it is checked against.
        trust: Trust,
        /// A certificate with fewer days left than this is told as a warning.
        days: u32,
    },
    /// A question to a DNS server over UDP, and over TCP where the answer was cut (RFC 1035).
    Dns {
        /// The name asked for.
        name: String,
        /// The type of record.
        record: Record,
        /// One of the records of the answer must be this; `None`: there must be one.
        expect: Option<String>,
        /// `ADDRESS:PORT` of the server; `None`: the first of `/etc/resolv.conf`.
        server: Option<String>,
    },
    /// An ICMP echo request.
    Icmp {
        /// Name or address.
        host: String,
    },
    /// PING in the protocol of Redis.
    Redis(Peer),
    /// The start of a session in PostgreSQL's protocol, and `SELECT 1`. Without a user only whether the server takes sessions.
    Postgres(Peer),
    /// The greeting of MySQL's protocol; with a user the login and a ping.
    Mysql(Peer),
    /// The greeting of SMTP, EHLO, and STARTTLS where encryption is asked for (RFC 5321, RFC 3207).
    Smtp(Peer),
    /// The head of AMQP 0-9-1, up to the server's `connection.start`.
    Amqp(Peer),
    /// CONNECT of MQTT 3.1.1.
    Mqtt(Peer),
    /// `grpc.health.v1.Health/Check`.
    Grpc {
        /// Where.
        peer: Peer,
        /// The service within the server; empty: the server itself.
        service: String,
    },
    /// A GET over FastCGI.
    Fastcgi {
        /// Where.
        peer: Peer,
        /// The script that is asked, such as `/ping`.
        path: String,
        /// Text that the body must hold (first 64 KiB).
        body: Option<String>,
    },
    /// The time of an NTP server (RFC 5905, as a simple client).
    Ntp {
        /// `HOST:PORT`.
        address: String,
        /// The clocks may differ by so much.
        offset: Length,
    },
    /// Whether a file is there, whose it is, and who may do what with it.
    File(FileWanted),
    /// How many processes a service has.
    Processes {
        /// Which are counted.
        whose: Counted,
        /// How many there must be.
        count: Count,
    },
}

/// Whose processes are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Those in the control group of this unit (its full name), and in the groups below.
    Unit(String),
    /// Those that Muster started for a `run` service, which carry its mark, and their descendants.
    Marked {
        /// The service's name.
        service: String,
        /// The data folder of the Muster that started them, where that is known.
        data: Option<PathBuf>,
    },
}

/// A file, folder, socket or pipe that must be there. A symbolic link is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileWanted {
    /// Its absolute path.
    pub path: String,
    /// The user that it must belong to, by name or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The group that it must belong to, by name or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its permissions (the lower 12 bits of st_mode, inode(7)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
}

/// A server of a protocol, and how it is met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// `HOST:PORT`, or the absolute path of a Unix socket.
    pub address: String,
    /// Who signs in; `None`: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The file that holds the password, read at every question. The password itself is in no roster and no record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<String>,
    /// The database that is opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Encrypted, and whom the certificate is checked against; `None`: in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypt: Option<Trust>,
}

/// What a certificate is checked against.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// The name it must be made out to; `None`: that of the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A file of certificates in PEM that are trusted; `None`: those that the system trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots: Option<String>,
}

/// The types of DNS records that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "they are known by these names, RFC 1035 and its successors")]
pub enum Record {
    A,
    Aaaa,
    Cname,
    Mx,
    Ns,
    Ptr,
    Soa,
    Srv,
    Txt,
}

impl Record {
    /// All, by name and number in a message.
    pub const ALL: [(Record, &'static str, u16); 9] = [
        (Record::A, "A", 1),
        (Record::Ns, "NS", 2),
        (Record::Cname, "CNAME", 5),
        (Record::Soa, "SOA", 6),
        (Record::Ptr, "PTR", 12),
        (Record::Mx, "MX", 15),
        (Record::Txt, "TXT", 16),
        (Record::Aaaa, "AAAA", 28),
        (Record::Srv, "SRV", 33),
    ];

    /// Its name and its number in a message.
    pub fn known(self) -> (&'static str, u16) {
        Record::ALL.iter().find(|(record, ..)| *record == self).map_or(("A", 1), |(_, name, number)| (name, *number))
    }
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
            Ask::Tls { .. } => "tls",
            Ask::Dns { .. } => "dns",
            Ask::Icmp { .. } => "icmp",
            Ask::Redis(_) => "redis",
            Ask::Postgres(_) => "postgres",
            Ask::Mysql(_) => "mysql",
            Ask::Smtp(_) => "smtp",
            Ask::Amqp(_) => "amqp",
            Ask::Mqtt(_) => "mqtt",
            Ask::Grpc { .. } => "grpc",
            Ask::Fastcgi { .. } => "fastcgi",
            Ask::Ntp { .. } => "ntp",
            Ask::File(_) => "file",
            Ask::Processes { .. } => "processes",
        }
    }

    /// What is asked, as a person would write it.
    pub fn target(&self) -> &str {
        match self {
            Ask::Http { url, .. } => url,
            Ask::Tcp { address, .. } | Ask::Tls { address, .. } | Ask::Ntp { address, .. } => address,
            Ask::Unix { path, .. } => path,
            Ask::Exec { command } => command,
            Ask::Dns { name, .. } => name,
            Ask::Icmp { host } => host,
            Ask::Redis(peer) | Ask::Postgres(peer) | Ask::Mysql(peer) | Ask::Smtp(peer) | Ask::Amqp(peer) | Ask::Mqtt(peer) => {
                &peer.address
            }
            Ask::Grpc { peer, .. } | Ask::Fastcgi { peer, .. } => &peer.address,
            Ask::File(wanted) => &wanted.path,
            Ask::Processes { whose: Counted::Unit(word) | Counted::Marked { service: word, .. }, .. } => word,
        }
    }

    /// The place that is asked, where a pack may put a learned port: the address, or the command.
    pub fn place_mut(&mut self) -> &mut String {
        match self {
            Ask::Http { url, .. } => url,
            Ask::Tcp { address, .. } | Ask::Tls { address, .. } | Ask::Ntp { address, .. } => address,
            Ask::Unix { path, .. } => path,
            Ask::Exec { command } => command,
            Ask::Dns { name, server, .. } => server.as_mut().unwrap_or(name),
            Ask::Icmp { host } => host,
            Ask::Redis(peer) | Ask::Postgres(peer) | Ask::Mysql(peer) | Ask::Smtp(peer) | Ask::Amqp(peer) | Ask::Mqtt(peer) => {
                &mut peer.address
            }
            Ask::Grpc { peer, .. } | Ask::Fastcgi { peer, .. } => &mut peer.address,
            Ask::File(wanted) => &mut wanted.path,
            Ask::Processes { whose: Counted::Unit(word) | Counted::Marked { service: word, .. }, .. } => word,
        }
    }

    /// The port of the server that is asked.
    pub fn port(&self) -> Option<u16> {
        self.address()?.rsplit_once(':')?.1.parse().ok()
    }

    /// `HOST:PORT` (or a socket's path) of the server that is asked, as far as it stands in the roster.
    pub fn address(&self) -> Option<String> {
        match self {
            Ask::Http { url, .. } => {
                let (scheme, rest) = url.split_once("://")?;
                let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
                let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
                let port = if scheme == "https" { 443 } else { 80 };
                Some(if has_port { authority.to_owned() } else { format!("{authority}:{port}") })
            }
            Ask::Dns { server, .. } => server.clone(),
            Ask::Exec { .. } | Ask::File(_) | Ask::Processes { .. } => None,
            other => Some(other.target().to_owned()),
        }
    }
}

/// What came of asking once.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
    /// The right answer, but later than its limit.
    Late {
        /// How late.
        text: String,
        /// What it took, by steps.
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
    /// Its address cannot be reached: no way there, or no connection within the time allowed.
    Unreached {
        /// How far it got.
        text: String,
    },
    /// Its name does not resolve.
    Unresolved {
        /// The error.
        text: String,
    },
    /// Not so at its address, but right when asked on this host itself.
    CutOff {
        /// What came at its address, and where it was asked then.
        text: String,
    },
    /// Its certificate is past its time.
    Expired {
        /// Which, and since when.
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
    /// The question could not be put: the plugin cannot run or says UNKNOWN, a file that it takes is missing.
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

    /// The kind as it stands in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Answer::Right { .. } => "right",
            Answer::Warning { .. } => "warning",
            Answer::Late { .. } => "late",
            Answer::Refused { .. } => "refused",
            Answer::Silent { .. } => "silent",
            Answer::Unreached { .. } => "unreached",
            Answer::Unresolved { .. } => "unresolved",
            Answer::CutOff { .. } => "cut_off",
            Answer::Expired { .. } => "expired",
            Answer::Wrong { .. } => "wrong",
            Answer::Unasked { .. } => "unasked",
        }
    }

    /// Whether the service does its work, however slowly.
    pub const fn is_there(&self) -> bool {
        self.is_right() || matches!(self, Answer::Late { .. })
    }

    /// What it said, or the error.
    pub fn text(&self) -> &str {
        match self {
            Answer::Right { text, .. } => text.as_deref().unwrap_or(""),
            Answer::Warning { text, .. }
            | Answer::Late { text, .. }
            | Answer::Unreached { text }
            | Answer::Unresolved { text }
            | Answer::CutOff { text }
            | Answer::Expired { text }
            | Answer::Refused { text }
            | Answer::Silent { text }
            | Answer::Wrong { text, .. }
            | Answer::Unasked { text } => text,
        }
    }
}

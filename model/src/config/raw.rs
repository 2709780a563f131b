//! The configuration as it was typed. Every value keeps its place, and every key may be missing: whether it may be is
//! for `validate` to say.
//!
//! No `untagged` and no `flatten`: both lose the place of a mistake and its message.

use std::fmt;

use serde::de::{IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use crate::roster::{Count, Recover};
use crate::time::Length;

/// A whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub(super) muster: Option<Spanned<RawMuster>>,
    #[serde(default)]
    pub(super) service: Vec<Spanned<RawService>>,
}

/// `[muster]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMuster {
    pub(super) listen: Option<Spanned<String>>,
    pub(super) language: Option<Spanned<String>>,
    pub(super) read: Option<Spanned<String>>,
    pub(super) steady: Option<Spanned<RawLength>>,
    pub(super) start_within: Option<Spanned<RawLength>>,
    pub(super) at_once: Option<Spanned<u32>>,
    pub(super) steps_an_hour: Option<Spanned<u32>>,
    pub(super) attempts: Option<Spanned<u32>>,
    pub(super) keep: Option<Spanned<RawLength>>,
    pub(super) keep_bytes: Option<Spanned<RawBytes>>,
    pub(super) checkpoint_file: Option<Spanned<String>>,
}

/// `[[service]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawService {
    pub(super) name: Option<Spanned<String>>,
    pub(super) unit: Option<Spanned<String>>,
    pub(super) run: Option<Spanned<String>>,
    pub(super) process: Option<Spanned<RawProcess>>,
    pub(super) url: Option<Spanned<String>>,
    pub(super) pack: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) probe: Vec<Spanned<RawProbe>>,
    #[serde(default)]
    pub(super) ports: Vec<Spanned<u16>>,
    #[serde(default)]
    pub(super) files: Vec<Spanned<RawFile>>,
    pub(super) processes: Option<Spanned<RawCount>>,
    pub(super) enabled: Option<Spanned<bool>>,
    #[serde(default)]
    pub(super) config: Vec<Spanned<String>>,
    pub(super) validate: Option<Spanned<String>>,
    pub(super) reload: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) data: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) depends: Vec<Spanned<String>>,
    pub(super) recover: Option<Recover>,
    pub(super) owner: Option<Spanned<String>>,
    pub(super) tier: Option<RawTier>,
    pub(super) unannounced_stop: Option<RawUnannouncedStop>,
    // Words of the contract that later versions speak: known, so that the message can say so.
    pub(super) container: Option<Spanned<IgnoredAny>>,
    pub(super) job: Option<Spanned<IgnoredAny>>,
    pub(super) backup: Option<Spanned<IgnoredAny>>,
}

/// `tier = "…"`.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawTier {
    Critical,
    Important,
    Normal,
}

/// `process = { … }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProcess {
    pub(super) exe: Option<Spanned<String>>,
    pub(super) args: Option<Spanned<String>>,
    pub(super) count: Option<Spanned<RawCount>>,
}

/// One of `files = [{ … }]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) path: Option<Spanned<String>>,
    pub(super) owner: Option<Spanned<String>>,
    pub(super) group: Option<Spanned<String>>,
    pub(super) mode: Option<Spanned<String>>,
}

/// One of `probe = [{ … }]`, as it was typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawProbe {
    pub(super) http: Option<Spanned<String>>,
    pub(super) tcp: Option<Spanned<String>>,
    pub(super) unix: Option<Spanned<String>>,
    pub(super) exec: Option<Spanned<String>>,
    pub(super) tls: Option<Spanned<String>>,
    pub(super) dns: Option<Spanned<String>>,
    pub(super) icmp: Option<Spanned<String>>,
    pub(super) redis: Option<Spanned<String>>,
    pub(super) postgres: Option<Spanned<String>>,
    pub(super) mysql: Option<Spanned<String>>,
    pub(super) smtp: Option<Spanned<String>>,
    pub(super) amqp: Option<Spanned<String>>,
    pub(super) mqtt: Option<Spanned<String>>,
    pub(super) grpc: Option<Spanned<String>>,
    pub(super) fastcgi: Option<Spanned<String>>,
    pub(super) ntp: Option<Spanned<String>>,
    pub(super) expect: Option<Spanned<RawExpect>>,
    pub(super) body: Option<Spanned<String>>,
    pub(super) send: Option<Spanned<String>>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) roots: Option<Spanned<String>>,
    pub(super) days: Option<Spanned<u32>>,
    #[serde(rename = "type")]
    pub(super) record: Option<Spanned<String>>,
    pub(super) server: Option<Spanned<String>>,
    pub(super) user: Option<Spanned<String>>,
    pub(super) password_file: Option<Spanned<String>>,
    pub(super) database: Option<Spanned<String>>,
    pub(super) encrypt: Option<Spanned<bool>>,
    pub(super) service: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) offset: Option<Spanned<RawLength>>,
    pub(super) every: Option<Spanned<RawLength>>,
    pub(super) timeout: Option<Spanned<RawLength>>,
    pub(super) within: Option<Spanned<RawLength>>,
}

impl RawProbe {
    /// What is asked, by the kind's word: one of these should be given.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (&'static str, &Spanned<String>)> {
        [
            ("http", &self.http),
            ("tcp", &self.tcp),
            ("unix", &self.unix),
            ("exec", &self.exec),
            ("tls", &self.tls),
            ("dns", &self.dns),
            ("icmp", &self.icmp),
            ("redis", &self.redis),
            ("postgres", &self.postgres),
            ("mysql", &self.mysql),
            ("smtp", &self.smtp),
            ("amqp", &self.amqp),
            ("mqtt", &self.mqtt),
            ("grpc", &self.grpc),
            ("fastcgi", &self.fastcgi),
            ("ntp", &self.ntp),
        ]
        .into_iter()
        .filter_map(|(word, value)| Some((word, value.as_ref()?)))
    }

    /// The keys beside it that were given, and where: not every kind has every one.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&'static str, usize)> {
        fn at<T>(value: &Option<Spanned<T>>) -> Option<usize> {
            value.as_ref().map(|v| v.span().start)
        }
        [
            ("expect", at(&self.expect)),
            ("body", at(&self.body)),
            ("send", at(&self.send)),
            ("name", at(&self.name)),
            ("roots", at(&self.roots)),
            ("days", at(&self.days)),
            ("type", at(&self.record)),
            ("server", at(&self.server)),
            ("user", at(&self.user)),
            ("password_file", at(&self.password_file)),
            ("database", at(&self.database)),
            ("encrypt", at(&self.encrypt)),
            ("service", at(&self.service)),
            ("path", at(&self.path)),
            ("offset", at(&self.offset)),
        ]
        .into_iter()
        .filter_map(|(word, at)| Some((word, at?)))
    }
}

/// `unannounced_stop = { … }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUnannouncedStop {
    pub(super) restore_after: Option<Spanned<RawLength>>,
}

/// A length of time, `"5s"`.
pub(super) struct RawLength(pub(super) Length);

impl<'de> Deserialize<'de> for RawLength {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = RawLength;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time in quotes, such as \"500ms\", \"5s\" or \"2h\"")
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<RawLength, E> {
                s.parse().map(RawLength).map_err(E::custom)
            }
        }
        d.deserialize_any(Reader)
    }
}

/// A number of bytes: `1048576`, or `"2 GiB"`.
pub(super) struct RawBytes(pub(super) u64);

const BYTE_UNITS: [(&str, u64); 5] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("B", 1)];

impl<'de> Deserialize<'de> for RawBytes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = RawBytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of bytes, or such as \"500 MiB\" or \"2 GiB\"")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<RawBytes, E> {
                u64::try_from(n).map(RawBytes).map_err(|_| E::invalid_value(de::Unexpected::Signed(n), &self))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<RawBytes, E> {
                Ok(RawBytes(n))
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<RawBytes, E> {
                BYTE_UNITS
                    .iter()
                    .find_map(|(unit, scale)| Some((s.trim().strip_suffix(unit)?.trim_end(), *scale)))
                    .and_then(|(number, scale)| number.parse::<u64>().ok()?.checked_mul(scale))
                    .map(RawBytes)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(s), &self))
            }
        }
        d.deserialize_any(Reader)
    }
}

/// How many processes: `2`, `">=1"`.
pub(super) struct RawCount(pub(super) Count);

impl<'de> Deserialize<'de> for RawCount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = RawCount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of processes, or such as \">=1\"")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<RawCount, E> {
                self.visit_str(&n.to_string())
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<RawCount, E> {
                Count::try_from(s.to_owned()).map(RawCount).map_err(E::custom)
            }
        }
        d.deserialize_any(Reader)
    }
}

/// The right answer of a probe: a status of HTTP, or what is said over a socket.
pub(super) enum RawExpect {
    Status(i64),
    Words(String),
}

impl<'de> Deserialize<'de> for RawExpect {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = RawExpect;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status such as 200 (http), or the beginning of the answer in quotes (tcp, unix, dns)")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<RawExpect, E> {
                Ok(RawExpect::Status(n))
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<RawExpect, E> {
                Ok(RawExpect::Words(s.to_owned()))
            }
        }
        d.deserialize_any(Reader)
    }
}

//! Every key of the configuration with its type, what is taken without it, and an example: the reference in
//! `docs/reference/configuration.md` is made of these. What each means is in the catalogue (`tell`), under `key-TABLE-NAME`.

use super::service::RESTORE_AFTER;
use super::{KEEP, KEEP_BYTES, LISTEN, probe, protocol, validate};
use crate::roster::Limits;

/// A table of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `[muster]`
    Muster,
    /// `[[service]]`
    Service,
    /// `process = { … }` of a service
    Process,
    /// one of `files = [{ … }]` of a service
    File,
    /// `unannounced_stop = { … }` of a service
    UnannouncedStop,
    /// one of `probe = [{ … }]` of a service
    Probe,
}

impl Table {
    /// All of them, in the order in which they are explained.
    pub const ALL: [Table; 6] = [Table::Muster, Table::Service, Table::Process, Table::File, Table::UnannouncedStop, Table::Probe];

    /// The table as it is written.
    pub const fn written(self) -> &'static str {
        match self {
            Table::Muster => "[muster]",
            Table::Service => "[[service]]",
            Table::Process => "process = { … }",
            Table::File => "files = [{ … }]",
            Table::UnannouncedStop => "unannounced_stop = { … }",
            Table::Probe => "probe = [{ … }]",
        }
    }

    /// The table's word in the catalogue's keys.
    pub const fn word(self) -> &'static str {
        match self {
            Table::Muster => "muster",
            Table::Service => "service",
            Table::Process => "process",
            Table::File => "file",
            Table::UnannouncedStop => "unannounced-stop",
            Table::Probe => "probe",
        }
    }

    /// Its keys, in the order in which they are explained.
    pub fn keys(self) -> Vec<Key> {
        match self {
            Table::Muster => muster(),
            Table::Service => service(),
            Table::Process => process(),
            Table::File => file(),
            Table::UnannouncedStop => unannounced_stop(),
            Table::Probe => probe_keys(),
        }
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A text in quotes.
    Text,
    /// A length of time, `"5s"`.
    Length,
    /// A number of bytes, or `"2 GiB"`.
    Bytes,
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Switch,
    /// A number of processes, or a bound on it, `">=1"`.
    Count,
    /// A list of texts.
    Texts,
    /// A list of whole numbers.
    Wholes,
    /// A table.
    Table,
    /// A list of tables.
    Tables,
    /// A whole number or a text.
    WholeOrText,
}

impl Form {
    /// All of them.
    pub const ALL: [Form; 11] = [
        Form::Text,
        Form::Length,
        Form::Bytes,
        Form::Whole,
        Form::Switch,
        Form::Count,
        Form::Texts,
        Form::Wholes,
        Form::Table,
        Form::Tables,
        Form::WholeOrText,
    ];

    /// The form's word in the catalogue's keys.
    pub const fn word(self) -> &'static str {
        match self {
            Form::Text => "text",
            Form::Length => "length",
            Form::Bytes => "bytes",
            Form::Whole => "whole",
            Form::Switch => "switch",
            Form::Count => "count",
            Form::Texts => "texts",
            Form::Wholes => "wholes",
            Form::Table => "table",
            Form::Tables => "tables",
            Form::WholeOrText => "whole-or-text",
        }
    }
}

/// A key.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub form: Form,
    /// What is taken without it, as it would be written; `None`: nothing.
    pub usual: Option<String>,
    /// The least and the most it may be, where it is bounded by more than its form.
    pub bounds: Option<(String, String)>,
    /// An example: a line of its table, or a whole probe.
    pub example: &'static str,
}

fn key(name: &'static str, form: Form, example: &'static str) -> Key {
    Key { name, form, usual: None, bounds: None, example }
}

impl Key {
    fn usually(self, usual: impl std::fmt::Display) -> Key {
        let quoted = matches!(self.form, Form::Text | Form::Length | Form::Count);
        Key { usual: Some(if quoted { format!("\"{usual}\"") } else { usual.to_string() }), ..self }
    }

    fn bounded<T: std::fmt::Display>(self, (least, most): (T, T)) -> Key {
        Key { bounds: Some((least.to_string(), most.to_string())), ..self }
    }
}

/// Keys that the contract has and this version has not.
pub const LATER: [&str; 3] = ["container", "job", "backup"];

fn muster() -> Vec<Key> {
    let usual = Limits::default();
    vec![
        key("listen", Form::Text, "listen = \"127.0.0.1:7373\"").usually(LISTEN),
        key("language", Form::Text, "language = \"zh-CN\""),
        key("read", Form::Text, "read = \"token\""),
        key("steady", Form::Length, "steady = \"30s\"").usually(usual.steady).bounded(validate::STEADY),
        key("start_within", Form::Length, "start_within = \"2m\"").usually(usual.start_within).bounded(validate::START_WITHIN),
        key("at_once", Form::Whole, "at_once = 2").usually(usual.at_once).bounded(validate::AT_ONCE),
        key("steps_an_hour", Form::Whole, "steps_an_hour = 60").usually(usual.steps_an_hour).bounded(validate::STEPS_AN_HOUR),
        key("attempts", Form::Whole, "attempts = 3").usually(usual.attempts).bounded(validate::ATTEMPTS),
        key("keep", Form::Length, "keep = \"365d\"").usually(KEEP).bounded(validate::KEEP),
        key("keep_bytes", Form::Bytes, "keep_bytes = \"500 MiB\"").usually(KEEP_BYTES),
        key("checkpoint_file", Form::Text, "checkpoint_file = \"/mnt/elsewhere/muster.checkpoints\""),
    ]
}

fn service() -> Vec<Key> {
    vec![
        key("name", Form::Text, "name = \"web\""),
        key("unit", Form::Text, "unit = \"nginx.service\""),
        key("run", Form::Text, "run = \"/usr/bin/python3 /srv/app/main.py\""),
        key("process", Form::Table, "process = { exe = \"/usr/sbin/foo\", count = \">=1\" }"),
        key("url", Form::Text, "url = \"https://bank.example.org/health\""),
        key("pack", Form::Text, "pack = \"nginx\""),
        key("probe", Form::Tables, "probe = [{ http = \"http://127.0.0.1/health\", expect = 200, every = \"1s\", timeout = \"500ms\" }]"),
        key("ports", Form::Wholes, "ports = [80, 443]"),
        key("files", Form::Tables, "files = [{ path = \"/etc/ssl/private/shop.key\", owner = \"root\", mode = \"0640\" }]"),
        key("processes", Form::Count, "processes = \">=3\""),
        key("enabled", Form::Switch, "enabled = true"),
        key("config", Form::Texts, "config = [\"/etc/nginx/**\"]"),
        key("validate", Form::Text, "validate = \"nginx -t\""),
        key("reload", Form::Text, "reload = \"systemctl reload nginx\""),
        key("data", Form::Texts, "data = [\"/var/www\"]"),
        key("depends", Form::Texts, "depends = [\"cache\"]"),
        key("recover", Form::Text, "recover = \"ask\"").usually("auto"),
        key("owner", Form::Text, "owner = \"web-team\""),
        key("tier", Form::Text, "tier = \"critical\"").usually("normal"),
        key("unannounced_stop", Form::Table, "unannounced_stop = { restore_after = \"2m\" }"),
    ]
}

fn process() -> Vec<Key> {
    vec![
        key("exe", Form::Text, "exe = \"/usr/sbin/foo\""),
        key("args", Form::Text, "args = '--worker\\b'"),
        key("count", Form::Count, "count = \"=4\"").usually(crate::roster::Count::default()),
    ]
}

fn file() -> Vec<Key> {
    vec![
        key("path", Form::Text, "path = \"/etc/ssl/private/shop.key\""),
        key("owner", Form::Text, "owner = \"root\""),
        key("group", Form::Text, "group = \"ssl-cert\""),
        key("mode", Form::Text, "mode = \"0640\""),
    ]
}

fn unannounced_stop() -> Vec<Key> {
    vec![key("restore_after", Form::Length, "restore_after = \"2m\"").bounded(RESTORE_AFTER)]
}

fn probe_keys() -> Vec<Key> {
    vec![
        key("http", Form::Text, "{ http = \"http://127.0.0.1:8080/health\" }"),
        key("tcp", Form::Text, "{ tcp = \"127.0.0.1:11211\", send = \"version\\r\\n\", expect = \"VERSION\" }"),
        key("unix", Form::Text, "{ unix = \"/run/app.sock\" }"),
        key("exec", Form::Text, "{ exec = \"/usr/lib/nagios/plugins/check_load -w 9 -c 20\", every = \"1m\", timeout = \"10s\" }"),
        key("tls", Form::Text, "{ tls = \"shop.example.org:443\", every = \"1h\", timeout = \"5s\" }"),
        key("dns", Form::Text, "{ dns = \"example.org\", type = \"MX\", server = \"127.0.0.1:53\" }"),
        key("icmp", Form::Text, "{ icmp = \"192.0.2.1\" }"),
        key("redis", Form::Text, "{ redis = \"127.0.0.1:6379\" }"),
        key("postgres", Form::Text, "{ postgres = \"/var/run/postgresql/.s.PGSQL.5432\" }"),
        key("mysql", Form::Text, "{ mysql = \"127.0.0.1:3306\" }"),
        key("smtp", Form::Text, "{ smtp = \"127.0.0.1:25\" }"),
        key("amqp", Form::Text, "{ amqp = \"127.0.0.1:5672\" }"),
        key("mqtt", Form::Text, "{ mqtt = \"127.0.0.1:1883\" }"),
        key("grpc", Form::Text, "{ grpc = \"127.0.0.1:50051\", service = \"shop.Cart\" }"),
        key("fastcgi", Form::Text, "{ fastcgi = \"/run/php/php8.2-fpm.sock\" }"),
        key("ntp", Form::Text, "{ ntp = \"127.0.0.1:123\" }"),
        key("every", Form::Length, "{ tcp = \"127.0.0.1:80\", every = \"1s\" }").usually(probe::EVERY_USUAL).bounded(probe::EVERY),
        key("timeout", Form::Length, "{ tcp = \"127.0.0.1:80\", timeout = \"200ms\" }").usually(probe::TIMEOUT_USUAL),
        key("within", Form::Length, "{ http = \"http://127.0.0.1/\", within = \"300ms\" }"),
        key("expect", Form::WholeOrText, "{ http = \"http://127.0.0.1/\", expect = 200 }"),
        key("body", Form::Text, "{ http = \"http://127.0.0.1/\", body = \"ok\" }"),
        key("send", Form::Text, "{ tcp = \"127.0.0.1:6379\", send = \"PING\\r\\n\", expect = \"+PONG\" }"),
        key("name", Form::Text, "{ tls = \"127.0.0.1:443\", name = \"shop.example.org\" }"),
        key("roots", Form::Text, "{ http = \"https://shop.internal/\", roots = \"/etc/ssl/our-ca.pem\" }"),
        key("days", Form::Whole, "{ tls = \"shop.example.org:443\", days = 21 }")
            .usually(protocol::DAYS_USUAL)
            .bounded((0, protocol::DAYS_MAX)),
        key("type", Form::Text, "{ dns = \"example.org\", type = \"TXT\" }").usually("A"),
        key("server", Form::Text, "{ dns = \"example.org\", server = \"192.0.2.53:53\" }"),
        key("user", Form::Text, "{ postgres = \"127.0.0.1:5432\", user = \"muster\" }"),
        key("password_file", Form::Text, "{ postgres = \"127.0.0.1:5432\", user = \"muster\", password_file = \"/etc/muster/shop.key\" }"),
        key("database", Form::Text, "{ postgres = \"127.0.0.1:5432\", user = \"muster\", database = \"shop\" }"),
        key("encrypt", Form::Switch, "{ redis = \"cache.internal:6380\", encrypt = true }").usually(false),
        key("service", Form::Text, "{ grpc = \"127.0.0.1:50051\", service = \"shop.Cart\" }"),
        key("path", Form::Text, "{ fastcgi = \"127.0.0.1:9000\", path = \"/status\" }").usually(protocol::PATH_USUAL),
        key("offset", Form::Length, "{ ntp = \"127.0.0.1:123\", offset = \"100ms\" }")
            .usually(protocol::OFFSET_USUAL)
            .bounded(protocol::OFFSET),
    ]
}

/// The kinds of probes, each with the keys it has beside `every`, `timeout` and `within`, as the parser has them.
pub const PROBE_KINDS: &[(&str, &[&str])] = &probe::KINDS;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::raw;

    /// The keys that serde takes, by what it says of one that it does not.
    fn taken<T: serde::de::DeserializeOwned>() -> BTreeSet<String> {
        let Err(error) = toml::from_str::<T>("no_such_key = 1\n") else { panic!("any key is taken") };
        let mut words = error.message().split('`').skip(1).step_by(2).map(str::to_owned);
        assert_eq!(words.next().as_deref(), Some("no_such_key"));
        words.collect()
    }

    #[test]
    fn the_table_has_every_key_that_is_taken_and_no_other() {
        for table in Table::ALL {
            let mut listed: BTreeSet<String> = table.keys().iter().map(|key| key.name.to_owned()).collect();
            assert_eq!(listed.len(), table.keys().len(), "a key of {table:?} is listed twice");
            let taken = match table {
                Table::Muster => taken::<raw::RawMuster>(),
                Table::Service => {
                    listed.extend(LATER.map(str::to_owned));
                    taken::<raw::RawService>()
                }
                Table::Process => taken::<raw::RawProcess>(),
                Table::File => taken::<raw::RawFile>(),
                // serde writes a lone field without the others.
                Table::UnannouncedStop => taken::<raw::RawUnannouncedStop>(),
                Table::Probe => taken::<raw::RawProbe>(),
            };
            assert_eq!(listed, taken, "{table:?}");
        }
    }

    #[test]
    fn every_example_is_taken_and_has_its_key() {
        for table in Table::ALL {
            for Key { name, example, .. } in table.keys() {
                let service = |line: &str| format!("[[service]]\nname = \"x\"\nunit = \"x.service\"\n{line}\n");
                let text = match table {
                    Table::Muster => format!("[muster]\n{example}\n"),
                    Table::Service if name == "name" => format!("[[service]]\n{example}\nunit = \"x.service\"\n"),
                    Table::Service if ["unit", "run", "process", "url"].contains(&name) => {
                        format!("[[service]]\nname = \"x\"\n{example}\n")
                    }
                    Table::Service => service(example) + "[[service]]\nname = \"cache\"\nunit = \"redis.service\"\n",
                    Table::Process if name == "count" => format!("[[service]]\nname = \"x\"\nprocess = {{ exe = \"foo\", {example} }}\n"),
                    Table::Process => format!("[[service]]\nname = \"x\"\nprocess = {{ {example} }}\n"),
                    Table::File if name == "path" => service(&format!("files = [{{ {example} }}]")),
                    Table::File => service(&format!("files = [{{ path = \"/x\", {example} }}]")),
                    Table::UnannouncedStop => service(&format!("unannounced_stop = {{ {example} }}")),
                    Table::Probe => service(&format!("probe = [{example}]")),
                };
                assert!(example.contains(&format!("{name} = ")), "{name} is not in its example");
                let parsed = crate::config::parse(&[("x.toml".to_owned(), text.clone())]);
                assert!(parsed.is_ok(), "{text}: {}", parsed.unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
            }
        }
    }

    #[test]
    fn every_kind_of_probe_has_keys_that_are_listed() {
        let listed: BTreeSet<&str> = probe_keys().iter().map(|key| key.name).collect();
        for (kind, keys) in PROBE_KINDS {
            assert!(listed.contains(kind) && keys.iter().all(|key| listed.contains(key)), "{kind}");
        }
    }
}

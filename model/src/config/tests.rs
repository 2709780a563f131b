//! Each case: what is typed, and what a person is told about it.

use super::*;
use crate::probe::{Ask, Counted, FileWanted, Peer, Probe, Record, Talk, Trust};
use crate::roster::{Count, Kind, Recover, Tier};

fn files(texts: &[(&str, &str)]) -> Vec<(String, String)> {
    texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn told(texts: &[(&str, &str)]) -> Vec<String> {
    parse(&files(texts)).expect_err("a mistake").iter().map(ToString::to_string).collect()
}

/// A service that is right, with these lines added to it.
fn service_with(lines: &str) -> String {
    format!("[[service]]\nname = \"a\"\nunit = \"a\"\n{lines}\n")
}

const KINDS: [&str; 16] =
    ["http", "tcp", "unix", "exec", "tls", "dns", "icmp", "redis", "postgres", "mysql", "smtp", "amqp", "mqtt", "grpc", "fastcgi", "ntp"];

fn peer(address: &str) -> Peer {
    Peer { address: address.to_owned(), ..Peer::default() }
}

const FULL: &str = r#"
[muster]
listen = "[::1]:8080"
language = "zh-CN"
steady = "20s"
start_within = "1m"
at_once = 2
steps_an_hour = 60
attempts = 3
keep = "30d"
keep_bytes = "500 MiB"
checkpoint_file = "/mnt/other/checkpoints"

[[service]]
name     = "web"
unit     = "nginx"
pack     = "nginx"
probe    = [
  { http = "http://127.0.0.1/health", expect = 200, body = "ok", every = "1s", timeout = "500ms" },
  { tcp = "127.0.0.1:6379", send = "PING\r\n", expect = "re:^\\+PONG" },
  { unix = "/run/x.sock" },
  { exec = "/usr/lib/nagios/plugins/check_x -w 5" },
  { tls = "[::1]:443", name = "example.org", roots = "/etc/ca.pem", days = 30 },
  { dns = "example.org", type = "aaaa", expect = "::1", server = "127.0.0.1:53" },
  { icmp = "[::1]" },
  { redis = "/run/redis.sock", user = "u", password_file = "/etc/muster/redis" },
  { postgres = "h:5432", user = "u", database = "d", encrypt = true, name = "db", roots = "/etc/ca.pem" },
  { mysql = "h:3306" }, { smtp = "h:25", encrypt = true }, { amqp = "h:5672" }, { mqtt = "h:1883" },
  { grpc = "h:50051", service = "x.Y" }, { fastcgi = "/run/php.sock", path = "/status", body = "pool" }, { ntp = "h:123", offset = "50ms" },
]
config   = ["/etc/nginx/**"]
validate = "nginx -t"
reload   = "nginx -s reload"
data     = ["/var/www"]
depends  = ["cache"]
recover  = "ask"
owner    = "web-team"
tier     = "critical"
unannounced_stop = { restore_after = "2m" }
ports     = [443, 80]
files     = [{ path = "/etc/ssl/key.pem", owner = "root", group = "ssl-cert", mode = "0640" }, { path = "/run/x" }]
processes = ">=2"
enabled   = true

[[service]]
name = "cache"
run = "redis-server --port 0"
[[service]]
name = "worker"
process = { exe = "/usr/sbin/foo", args = "^--queue", count = ">=2" }
[[service]]
name = "shop"
url = "https://shop.example.org/health"
[[service]]
name = "bank"
url = "tcp://bank.example.org:8443"
probe = [{ tcp = "bank.example.org:8443", timeout = "900ms", within = "200ms" }]
"#;

#[test]
fn everything_that_can_be_said_is_understood() {
    let config = parse(&files(&[("m.toml", FULL)])).unwrap();
    assert_eq!((config.listen.as_str(), config.language.as_deref()), ("[::1]:8080", Some("zh-CN")));
    let limits = Limits { steady: Length::seconds(20), start_within: Length::seconds(60), at_once: 2, steps_an_hour: 60, attempts: 3 };
    assert_eq!(config.limits, limits);
    assert_eq!((config.keep, config.keep_bytes), (Length::seconds(30 * 86_400), 500 << 20));
    assert_eq!(config.checkpoint_file.as_deref(), Some("/mnt/other/checkpoints"));
    let [web, cache, worker, shop, bank] = config.services.as_slice() else { panic!("{config:?}") };
    assert_eq!(web.kind, Kind::Unit("nginx.service".to_owned()));
    assert_eq!((web.recover, web.tier, web.restore_after), (Recover::Ask, Tier::Critical, Some(Length::seconds(120))));
    assert_eq!(web.depends, std::slice::from_ref(&cache.name));
    assert_eq!((web.probes[0].every, web.probes[0].timeout), (Length::seconds(1), Length::ms(500)));
    assert_eq!((web.probes[2].every, web.probes[2].timeout), (Length::seconds(5), Length::seconds(1)));
    let talk = Talk { send: "PING\r\n".to_owned(), expect: "re:^\\+PONG".to_owned() };
    assert_eq!(web.probes[1].ask, Ask::Tcp { address: "127.0.0.1:6379".to_owned(), talk: Some(talk) });
    assert_eq!(web.probes.iter().map(|p| p.ask.kind()).collect::<Vec<_>>(), KINDS);
    let [_, _, _, _, tls, dns, _, redis, postgres, .., grpc, fastcgi, ntp] = web.probes.as_slice() else { panic!("{web:?}") };
    let trust = |name: &str| Trust { name: Some(name.to_owned()), roots: Some("/etc/ca.pem".to_owned()) };
    assert_eq!(tls.ask, Ask::Tls { address: "[::1]:443".to_owned(), trust: trust("example.org"), days: 30 });
    let (name, expect, server) = ("example.org".to_owned(), Some("::1".to_owned()), Some("127.0.0.1:53".to_owned()));
    assert_eq!(dns.ask, Ask::Dns { name, record: Record::Aaaa, expect, server });
    let user = Some("u".to_owned());
    let key = Some("/etc/muster/redis".to_owned());
    assert_eq!(redis.ask, Ask::Redis(Peer { user: user.clone(), password_file: key, ..peer("/run/redis.sock") }));
    let encrypt = Some(trust("db"));
    assert_eq!(postgres.ask, Ask::Postgres(Peer { user, database: Some("d".to_owned()), encrypt, ..peer("h:5432") }));
    assert_eq!(grpc.ask, Ask::Grpc { peer: peer("h:50051"), service: "x.Y".to_owned() });
    let body = Some("pool".to_owned());
    assert_eq!(fastcgi.ask, Ask::Fastcgi { peer: peer("/run/php.sock"), path: "/status".to_owned(), body });
    assert_eq!(ntp.ask, Ask::Ntp { address: "h:123".to_owned(), offset: Length::ms(50) });
    for probe in &web.probes {
        let text = serde_json::to_string(probe).unwrap();
        assert_eq!(&serde_json::from_str::<Probe>(&text).unwrap(), probe, "{text}");
    }
    assert_eq!(cache.kind, Kind::Run("redis-server --port 0".to_owned()));
    let Kind::Process(worker) = &worker.kind else { panic!("{worker:?}") };
    assert_eq!(worker.count, Count { min: 2, max: u32::MAX });
    let key = FileWanted {
        path: "/etc/ssl/key.pem".to_owned(),
        owner: Some("root".to_owned()),
        group: Some("ssl-cert".to_owned()),
        mode: Some(0o640),
    };
    assert_eq!((web.ports.as_slice(), web.enabled), (&[80, 443][..], Some(true)));
    assert_eq!((&web.files[0], web.files.len()), (&key, 2));
    let asked: Vec<Ask> = web.questions().into_iter().skip(web.probes.len()).map(|q| q.ask).collect();
    let count = Count { min: 2, max: u32::MAX };
    let processes = Ask::Processes { whose: Counted::Unit("nginx.service".to_owned()), count };
    assert_eq!(asked, [Ask::File(web.files[0].clone()), Ask::File(web.files[1].clone()), processes]);
    let asked = |service: &Service| -> Vec<_> {
        let questions = service.questions();
        questions.iter().map(|q| (q.ask.kind(), q.ask.target().to_owned(), q.within, q.here)).collect()
    };
    let of = |kind, target: &str, within| (kind, target.to_owned(), within, false);
    let (url, address) = ("https://shop.example.org/health", "shop.example.org:443");
    assert_eq!(asked(shop), [of("http", url, None), of("tls", address, None)], "nothing said is the usual");
    assert_eq!(asked(bank), [of("tcp", "bank.example.org:8443", Some(Length::ms(200)))], "what is said goes before");
    assert!(config.services.iter().all(|s| s.declared && s.lines.is_empty()));
}

#[test]
fn nothing_said_is_the_usual() {
    for text in [vec![], files(&[("m.toml", "")]), files(&[("m.toml", "[muster]\n"), ("services.d/a.toml", "# none\n")])] {
        assert_eq!(parse(&text), Ok(Config::default()));
    }
}

#[test]
fn a_mistyped_key_is_named_with_its_place_and_the_nearest_known_one() {
    assert_eq!(
        told(&[("bad.toml", "[[service]]\nname = \"a\"\nrunn = \"/bin/true\"\n")]),
        ["bad.toml:3:1: unknown key `runn`. Did you mean `run`?"]
    );
}

#[test]
fn every_mistake_of_every_file_is_told_at_once() {
    let main = "[muster]\nlisten = \"nowhere\"\nattemps = 3\n[[service]]\nname = \"a b\"\nunit = \"a.servce\"\n";
    let more = "[[service]]\nname = \"c\"\nunit = \"c\"\nprobe = [{ http = \"ftp://x\" }, { tcp = 5 }]\ntier = \"hgih\"\n";
    assert_eq!(
        told(&[("m.toml", main), ("services.d/c.toml", more), ("services.d/d.toml", "x = = 1")]),
        [
            "m.toml:2:10: `nowhere` is not HOST:PORT. Write ADDRESS:PORT, such as 127.0.0.1:7373.",
            "m.toml:3:1: unknown key `attemps`. Did you mean `attempts`?",
            "m.toml:5:8: ' ' in a name; letters, digits and `.` `_` `@` `-` make one.",
            "m.toml:6:8: `.servce` is not a kind of unit; for a service write `a.servce.service`.",
            "services.d/c.toml:4:19: `ftp://x` does not begin with `http://` or `https://`.",
            "services.d/c.toml:4:40: invalid type: integer `5`, expected a string.",
            "services.d/c.toml:5:8: unknown value `hgih`. Known: critical, important, normal.",
            "services.d/d.toml:1:5: extra `=`, expected nothing.",
        ]
    );
}

#[test]
fn each_mistake_in_a_service_has_its_message() {
    for (lines, message) in [
        ("run = \"x\"", "1:1: a service of several kinds. Keep exactly one of `unit`, `run`, `process` and `url`."),
        ("container = \"x\"", "4:13: kind `container` is not in this version. There are `unit`, `run`, `process` and `url`."),
        ("job = { schedule = \"* * * * *\" }", "4:7: kind `job` is not in this version. There are `unit`, `run`, `process` and `url`."),
        ("ports = [0]", "4:10: 0 is no port. Write a number from 1 to 65535."),
        ("ports = [70000]", "4:10: invalid value: integer `70000`, expected u16."),
        ("files = [{ owner = \"root\" }]", "4:10: a file without a path. Add `path = \"/…\"`."),
        ("files = [{ path = \"x\" }]", "4:19: `x` is not an absolute path."),
        (
            "files = [{ path = \"/x\", mode = \"0999\" }]",
            "4:32: `0999` is not the mode of a file. Write it as chmod(1) takes it in digits, such as \"0640\".",
        ),
        ("processes = \"0\"", "4:13: a service that must not be there cannot be lost. Write a count of 1 or more."),
        ("tier = \"learned\"", "4:8: unknown value `learned`. Known: critical, important, normal."),
        ("config = [\"etc/x\"]", "4:11: `etc/x` is not an absolute path."),
        ("data = [\"/a/../b\"]", "4:9: `/a/../b` goes up with `..`; write the path itself."),
        ("depends = [\"a\"]", "4:12: services depend on each other in a ring: a → a. Remove one of these dependencies."),
        ("depends = [\"aa\"]", "4:12: `a` depends on `aa`, which is not declared. Did you mean `a`?"),
        ("recover = \"atuo\"", "4:11: unknown value `atuo`. Did you mean `auto`?"),
        ("validate = \"\"", "4:12: an empty text."),
        ("owner = 5", "4:9: invalid type: integer `5`, expected a string."),
        ("unannounced_stop = { restore_after = \"0s\" }", "4:38: 0s is outside 1s to 7d."),
        ("unannounced_stop = { restore = \"1m\" }", "4:22: unknown key `restore`. Known: restore_after."),
        ("[service.backup]\nevery = \"1d\"", "4:1: `backup` is not in this version. Remove the table; backups come with a later version."),
    ] {
        assert_eq!(told(&[("f", &service_with(lines))]), [format!("f:{message}")], "{lines}");
    }
    for (head, message) in [
        ("unit = \"a\"", "1:1: a service without a name. Add `name = \"…\"`."),
        ("name = \"\"\nunit = \"a\"", "2:8: an empty name."),
        (
            "name = \"a\"",
            "1:1: a service of no kind. Add exactly one of `unit = \"…\"`, `run = \"…\"`, `process = { exe = \"…\" }` and `url = \"…\"`.",
        ),
        ("name = \"a\"\nunit = \"a@\"", "3:8: `a@` is a template; name an instance of it, such as `a@1.service`."),
        ("name = \"a\"\nunit = \"a/b\"", "3:8: '/' in the name of a unit; letters, digits and `:` `-` `_` `.` `\\` `@` make one."),
        (
            "name = \"a\"\nurl = \"ftp://x\"",
            "3:7: `ftp://x` does not begin with `http://` or `https://`, and `tcp://HOST:PORT` is it neither. \
             Write `http://…`, `https://…` or `tcp://HOST:PORT`.",
        ),
        ("name = \"a\"\nurl = \"tcp://x\"", "3:7: `x` is not HOST:PORT. Write `http://…`, `https://…` or `tcp://HOST:PORT`."),
        (
            "name = \"a\"\nurl = \"http://x\"\nports = [1]",
            "4:10: nobody here can see who holds a port elsewhere. Ask it with `probe = [{ tcp = \"HOST:PORT\" }]`.",
        ),
        ("name = \"a\"\nurl = \"http://x\"\nprocesses = 2", "4:13: a `url` has no `processes`. Only what runs here can be counted."),
        (
            "name = \"a\"\nrun = \"x\"\nenabled = true",
            "4:11: a `run` is not enabled or disabled. Only a `unit` comes up with the machine by being enabled.",
        ),
        ("name = \"a\"\nprocess = {}", "3:11: `process` says neither `exe` nor `args`. Add `exe = \"/path/of/program\"`."),
        ("name = \"a\"\nprocess = { args = \"(\" }", "3:20: `(` is not a regular expression: unclosed group."),
        ("name = \"a\"\nprocess = { exe = \"b\", count = \"many\" }", "3:32: `many` is not a count; write >=1, =2 or <=4."),
        (
            "name = \"a\"\nprocess = { exe = \"b\", count = 0 }",
            "3:32: a service that must not be there cannot be lost. Write a count of 1 or more.",
        ),
        ("name = \"a\"\nprocess = { exe = \"bin/b\" }", "3:19: `exe` must be an absolute path, or the program's name alone."),
        ("name = \"a\"\nunit = \"a\"\nname = \"b\"", "4:1: duplicate key."),
    ] {
        assert_eq!(told(&[("f", &format!("[[service]]\n{head}\n"))]), [format!("f:{message}")], "{head}");
    }
    let single = "[service]\nname = \"a\"\n";
    assert!(told(&[("f", single)])[0].starts_with("f:1:1: a list is expected here. Write `[[service]]`"), "{:?}", told(&[("f", single)]));
}

#[test]
fn each_mistake_in_a_probe_has_its_message() {
    for (probe, message) in [
        (
            "",
            "10: a probe that asks nothing. There are `http`, `tcp`, `unix`, `exec`, `tls`, `dns`, `icmp`, `redis`, `postgres`, `mysql`, `smtp`, \
             `amqp`, `mqtt`, `grpc`, `fastcgi`, `ntp`.",
        ),
        (
            "icmp = \"h\", timeout = \"1s\", within = \"1s\"",
            "49: a limit of 1s is never passed: after 1s there is no answer. Write a shorter `within`, or a longer `timeout`.",
        ),
        ("tls = \"h\"", "18: `h` is not HOST:PORT."),
        ("tls = \"h:443\", days = 9999", "34: 9999 days are outside 0 to 3650."),
        ("tls = \"h:443\", roots = \"ca.pem\"", "35: `ca.pem` is not an absolute path."),
        ("dns = \"x y\"", "18: `x y` is not a name."),
        (
            "dns = \"x\", type = \"AAA\"",
            "30: `AAA` is not a type of record that can be asked for. Known: A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV.",
        ),
        ("dns = \"x\", server = \"ns1\"", "32: `ns1` is not ADDRESS:PORT, such as 127.0.0.1:53."),
        ("dns = \"x\", expect = 5", "32: the `expect` of a `dns` probe is a record. Write it in quotes, such as \"192.0.2.1\"."),
        ("icmp = \"a b\"", "19: `a b` is neither a name nor an address."),
        (
            "icmp = \"h\", expect = \"x\"",
            "33: a probe of kind `icmp` has no `expect`. Beside its target it has `every`, `timeout` and `within`.",
        ),
        (
            "redis = \"h:1\", database = \"x\"",
            "38: a probe of kind `redis` has no `database`. Known: user, password_file, encrypt, name, roots, every, timeout, within.",
        ),
        ("redis = \"h:1\", name = \"x\"", "34: a certificate is checked only where the connection is encrypted. Add `encrypt = true`."),
        ("postgres = \"h:1\", password_file = \"/x\"", "46: `password_file` without `user`. Say who signs in."),
        ("mysql = \"h:1\", database = \"x\"", "38: `database` without `user`. Say who signs in."),
        ("postgres = \"/run/x\", encrypt = true", "43: a socket has no name that a certificate could be made out to. Add `name = \"…\"`."),
        ("mqtt = \"h:1\", user = \"\"", "33: an empty text."),
        ("fastcgi = \"/run/x\", path = \"ping\"", "39: `ping` is not an absolute path."),
        ("ntp = \"h:123\", offset = \"2d\"", "36: 2d is outside 1ms to 1d."),
        ("htpt = \"x\"", "12: unknown key `htpt`. Did you mean `http`?"),
        ("tcp = \"h:1\", exec = \"true\"", "10: a probe of several kinds. Write one table for each."),
        ("https = \"https://h/\"", "12: unknown key `https`. Did you mean `http`?"),
        ("http = \"http://h:99999/\"", "19: `h:99999` has no port from 1 to 65535."),
        ("http = \"http:///x\"", "19: `http:///x` has no host."),
        ("http = \"http://u:p@h/\"", "19: a user in an address; probes do not sign in."),
        ("http = \"http://h/a b\"", "19: ' ' in an address; write it as %XX."),
        ("http = \"http://h/\", expect = 20", "41: 20 is not a status of HTTP. Write a number from 100 to 599."),
        (
            "http = \"http://h/\", expect = \"ok\"",
            "41: the `expect` of an `http` probe is a status. Write a number; text goes into `body`.",
        ),
        ("tcp = \"h\"", "18: `h` is not HOST:PORT."),
        ("tcp = \"h:0\"", "18: `h:0` has no port from 1 to 65535."),
        ("tcp = \"[::1:80\"", "18: `[::1:80` is not HOST:PORT."),
        ("tcp = \"h:1\", send = \"x\"", "32: `send` without `expect`. Say what the answer must begin with."),
        ("tcp = \"h:1\", send = \"hex:0g\", expect = \"y\"", "32: `0g` is not bytes in hexadecimal; two digits make one."),
        ("tcp = \"h:1\", expect = \"re:[\"", "34: `[` is not a regular expression: unclosed character class."),
        ("tcp = \"h:1\", expect = 200", "34: the `expect` of a `tcp` or `unix` probe is text. Put it in quotes."),
        ("unix = \"run/x\"", "19: `run/x` is not an absolute path."),
        ("exec = \" \"", "19: an empty command."),
        ("exec = \"true\", every = \"10ms\"", "35: 10ms is outside 100ms to 1d."),
        (
            "exec = \"true\", every = 5",
            "35: invalid type: integer `5`, expected a length of time in quotes, such as \"500ms\", \"5s\" or \"2h\".",
        ),
        (
            "exec = \"true\", every = \"5 s\"",
            "35: `5 s` is not a length of time; write a number and a unit, such as 500ms, 1s, 5m, 2h, 7d.",
        ),
        ("exec = \"true\", timeout = \"6s\"", "37: a timeout of 6s is longer than the 5s between two questions."),
    ] {
        assert_eq!(told(&[("f", &service_with(&format!("probe = [{{ {probe} }}]")))]), [format!("f:4:{message}")], "{probe}");
    }
}

#[test]
fn services_are_unique_over_all_files_and_both_places_are_named() {
    let text = service_with("");
    assert_eq!(
        told(&[("m.toml", &text), ("services.d/x.toml", &format!("\n{text}"))]),
        ["services.d/x.toml:3:8: service `a` is declared twice, first at m.toml:2:8. Rename or remove one of them."]
    );
    assert_eq!(
        told(&[("m.toml", ""), ("services.d/x.toml", "[muster]\n")]),
        ["services.d/x.toml:1:1: `[muster]` belongs in the main file."]
    );
}

#[test]
fn musters_own_name_is_no_services() {
    assert_eq!(
        told(&[("f", "[[service]]\nname = \"muster\"\nunit = \"muster\"\n")]),
        ["f:2:8: `muster` is the name under which Muster tells of itself. Give the service another name, such as `muster-unit`."]
    );
    assert!(parse(&files(&[("f", "[[service]]\nname = \"muster-unit\"\nunit = \"muster\"\n")])).is_ok());
}

#[test]
fn a_ring_of_dependencies_is_named_whole_and_once() {
    let ring: String = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]
        .iter()
        .map(|(name, needs)| format!("[[service]]\nname = \"{name}\"\nrun = \"x\"\ndepends = [\"{needs}\"]\n"))
        .collect();
    assert_eq!(
        told(&[("f", &ring)]),
        ["f:4:12: services depend on each other in a ring: a → b → c → a. Remove one of these dependencies."]
    );
}

#[test]
fn a_chain_as_long_as_the_roster_is_walked() {
    let chain: String = (0..SERVICES_MAX)
        .map(|i| {
            let needs = if i + 1 < SERVICES_MAX { format!("depends = [\"s{}\"]", i + 1) } else { String::new() };
            format!("[[service]]\nname = \"s{i}\"\nrun = \"x\"\n{needs}\n")
        })
        .collect();
    assert_eq!(parse(&files(&[("f", &chain)])).unwrap().services.len(), SERVICES_MAX);
    let one_more = format!("{chain}[[service]]\nname = \"more\"\nrun = \"x\"\n");
    assert_eq!(told(&[("f", &one_more)]).len(), 1);
}

#[test]
fn hostile_texts_are_refused_without_harm() {
    let garbage: String = (0..1 << 20).map(|i: u32| char::from(33 + (i.wrapping_mul(2_654_435_761) >> 24) as u8 % 90)).collect();
    let deep_lists = format!("x = {}", "[".repeat(100_000));
    let deep_tables = format!("x = {}", "{a=".repeat(100_000));
    let deep_keys = format!("{}x = 1", "a.".repeat(100_000));
    let many_keys: String = (0..20_000).map(|i| format!("k{i} = 1\n")).collect();
    let equals = "=".repeat(1 << 20);
    let lines = "\n".repeat(1 << 20) + "x";
    let one_line = format!("x = \"{}\"", "é".repeat(1 << 19));
    for text in [garbage, deep_lists, deep_tables, deep_keys, many_keys, equals, lines, one_line, "\u{feff}\0".to_owned()] {
        let errors = parse(&files(&[("f", &text)])).expect_err("hostile");
        assert!(errors.len() <= ERRORS_MAX && errors.iter().all(|e| e.what.len() < 10_000), "{errors:.200?}");
    }
    let large = "#".repeat(FILE_BYTES_MAX + 1);
    assert_eq!(told(&[("f", &large)]), ["f:1:1: the file has 4194305 bytes; a configuration has at most 4194304."]);
}

/// The generator of Knuth's MMIX: the same seed gives the same texts.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

#[test]
fn a_valid_file_altered_at_random_never_panics_and_every_mistake_has_a_place_in_it() {
    const PIECES: [&str; 16] =
        ["\"", "[", "]", "{", "}", "=", "\n", "[[service]]", "name", "é", "\u{0}", "probe = [{", "99999999999999999999", "-1", "true", "."];
    for seed in 0..3_000 {
        let mut chance = Chance(seed);
        let mut text: Vec<char> = FULL.chars().collect();
        for _ in 0..=chance.below(4) {
            let at = chance.below(text.len());
            match chance.below(3) {
                0 => drop(text.drain(at..(at + 1 + chance.below(20)).min(text.len()))),
                1 => drop(text.splice(at..at, PIECES[chance.below(PIECES.len())].chars())),
                _ => {
                    let other = chance.below(text.len());
                    text.swap(at, other);
                }
            }
        }
        let text: String = text.into_iter().collect();
        let lines = text.split('\n').count();
        if let Err(errors) = parse(&files(&[("f", &text)])) {
            assert!(!errors.is_empty() && errors.len() <= ERRORS_MAX, "seed {seed}");
            assert!(errors.iter().all(|e| (1..=lines).contains(&(e.line as usize)) && e.column >= 1), "seed {seed}: {errors:?}");
        }
    }
}

//! The packs against the real programs, each in a box of its own: mount, network and process namespaces, in which `/etc`, `/var`
//! and `/run` are overlays in memory, and so is `/tmp`. Nothing of it is left behind, and no port of the machine is touched.
//! A program that is not installed here is skipped, and the test says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::path::Path;
use std::process::Command;

use muster_model::config;
use muster_model::probe::{Ask, Probe, Talk};
use muster_model::roster::Service;
use muster_packs::{Packs, Program, builtin};

/// Makes the box and runs `$1` in it. What cannot be had says so and exits 77.
const BOX: &str = r#"
ip link set lo up || exit 77
at=/tmp; mount -t tmpfs -o mode=1777 none "$at" || exit 77
for dir in etc var run; do
  mkdir "$at/$dir" "$at/$dir.work" &&
    mount -t overlay -o lowerdir=/$dir,upperdir="$at/$dir",workdir="$at/$dir.work" none /$dir || exit 77
done
exec sh -c "$1""#;

/// Words for the scripts: `hold PORT` takes a TCP port until the box ends; `up PORT` waits until somebody listens on it;
/// `ask PORT HEX` says this there and shows what comes back, nothing where it was hung up; `syslog` writes what is logged to
/// `/run/syslog.log`; `program PID` tells whose process it is.
const WORDS: &str = r#"
hold() {
  perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => $ARGV[0], Listen => 5) or die; $| = 1; print "held\n"; sleep 100' \
    "$1" >/run/held &
  for _ in $(seq 200); do grep -q held /run/held && return; sleep 0.05; done
}
up() {
  want=$(printf ':%04X .* 0A ' "$1")
  for _ in $(seq 400); do grep -qE "$want" /proc/net/tcp /proc/net/tcp6 && return; sleep 0.05; done
  echo "nobody listens on $1"
}
syslog() {
  mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9
  perl -MSocket -MIO::Handle -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0) and bind(S, pack_sockaddr_un("/dev/log")) or die;
    open(L, ">", "/run/syslog.log"); L->autoflush(1);
    while (defined recv(S, $m, 4000, 0)) { $m =~ s/^<\d+>\S+ +\S+ \S+ //; chomp $m; print L "$m\n" }' &
  for _ in $(seq 200); do [ -S /dev/log ] && return; sleep 0.05; done
}
ask() {
  perl -MIO::Socket::INET -e 'alarm 10; $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die;
    $s->syswrite(pack("H*", $ARGV[1])); sysread($s, $b, 4096); print "ANSWER ", unpack("H*", $b), "\n"' "$1" "$2"
}
program() { echo "EXE $(readlink "/proc/$1/exe")"; }
"#;

/// Runs a script in a box: its exit code, and all that it said. `None` where no box can be had; says why.
fn boxed(script: &str) -> Option<(i32, String)> {
    let out = Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"])
        .args(["sh", "-c", BOX, "sh", &format!("exec 2>&1\n{WORDS}\n{script}")])
        .env("LC_ALL", "C.UTF-8")
        .output();
    let out = match out {
        Ok(out) => out,
        Err(error) => {
            println!("skipped: no unshare: {error}");
            return None;
        }
    };
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    let code = out.status.code().unwrap_or(-1);
    if code == 77 || said.starts_with("unshare: ") {
        println!("skipped: no box can be had here: {}", said.trim());
        return None;
    }
    Some((code, said))
}

/// A program under test.
struct Case {
    unit: &'static str,
    exe: &'static str,
    /// What its unit and its package would do before.
    prepare: &'static str,
    /// Starts it in the foreground.
    start: &'static str,
    /// Where it logs, beside its own output.
    log: &'static str,
    /// The port it listens on as it is shipped; 0: none.
    port: u16,
    /// A port in use keeps it from starting, and it says so.
    says_taken: bool,
    /// Files, and what is added to them, that it does not take; whether the place is named to the line.
    breaks: &'static [(&'static str, &'static str, bool)],
}

impl Case {
    fn service(&self) -> Service {
        let text = format!("[[service]]\nname = \"a\"\nunit = \"{}\"\n", self.unit);
        let mut service = config::parse(&[("test".to_owned(), text)]).unwrap().services.remove(0);
        Packs::new(builtin()).furnish(&mut service, Program::default(), if self.port > 0 { std::slice::from_ref(&self.port) } else { &[] });
        service
    }

    /// What the first of its lines that the pack knows speaks for.
    fn speaks_for(&self, said: &str) -> Vec<&'static str> {
        let lines: Vec<_> = self.service().lines.into_iter().map(|k| (regex::Regex::new(&k.pattern).unwrap(), k.cause.code())).collect();
        said.lines().filter_map(|line| lines.iter().find(|(pattern, _)| pattern.is_match(line))).map(|(_, code)| *code).collect()
    }

    fn check(&self) {
        if !Path::new(self.exe).exists() {
            println!("skipped: {} is not installed", self.exe);
            return;
        }
        let Case { unit, exe, prepare, start, log, port, .. } = self;
        let service = self.service();
        let pack = service.pack.clone().unwrap_or_else(|| panic!("no pack knows {unit}"));
        let show = if log.is_empty() { String::new() } else { format!("cat {log} 2>/dev/null") };

        // It runs, answers what the pack asks, and is known by its program.
        let talk = match service.probes.as_slice() {
            [Probe { ask: Ask::Tcp { talk: Some(talk), .. }, .. }] => Some(talk),
            _ => None,
        };
        let ask = talk.map_or_else(String::new, |talk| format!("ask {port} '{}'", in_hex(&talk.send)));
        let wait = if *port > 0 { format!("up {port}") } else { "sleep 0.5".to_owned() };
        let Some((_, said)) = boxed(&format!("{prepare}\n{start} & pid=$!\n{wait}\n{ask}\nprogram $pid\nkill $pid; wait $pid\n{show}"))
        else {
            return;
        };
        let seen = said.lines().find_map(|line| line.strip_prefix("EXE ")).unwrap_or_default();
        let unknown = config::parse(&[("test".to_owned(), "[[service]]\nname = \"a\"\nunit = \"other\"\n".to_owned())]).unwrap();
        let program = Program { exe: Some(seen), command: None };
        let found = Packs::new(builtin()).recognise(&unknown.services[0], program).map(|pack| pack.name.clone());
        assert_eq!(found.as_deref(), Some(pack.as_str()), "{exe} is {seen}: {said}");
        assert_eq!(self.speaks_for(&said), <[&str; 0]>::default(), "{exe} is well: {said}");

        if let Some(talk) = talk {
            let answer = said.lines().find_map(|line| line.strip_prefix("ANSWER ")).unwrap_or_else(|| panic!("{exe} is silent: {said}"));
            assert!(is_right(talk, answer), "{exe} answers {answer} to {}: {said}", talk.send);
        }

        // Its configuration is taken as it is shipped; what is wrong is refused, by validator and program, with the place.
        let validate = service.validate.as_deref().unwrap_or("true");
        if service.validate.is_some() {
            let (code, said) = boxed(&format!("{prepare}\n{validate}")).unwrap();
            assert_eq!(code, 0, "{exe} as it is shipped: {said}");
        }
        for (file, wrong, line_named) in self.breaks {
            let broken = format!("{prepare}\ncat >> {file} <<'END'\n{wrong}\nEND\necho LINES $(wc -l < {file})\n");
            let (code, said) = boxed(&format!("{broken}{validate}")).unwrap();
            // 126 and 127 say that the validator could not be run.
            assert!(![0, 126, 127].contains(&code), "{exe} takes {wrong}: {code} {said}");
            assert!(said.contains(file), "{file} is not named: {said}");
            if *line_named {
                let (lines, words) = said.split_once('\n').unwrap();
                let last: usize = lines.strip_prefix("LINES ").unwrap().parse().unwrap();
                // The last line that was added, or the end of the file, where what is open is missed.
                let named = [last, last + 1].iter().any(|line| words.split(|c: char| !c.is_ascii_digit()).any(|n| n == line.to_string()));
                assert!(named, "line {last} of {file} is not named: {words}");
            }
            let (_, said) = boxed(&format!("{broken}timeout -s KILL 5 {start}\n{show}")).unwrap();
            let causes = self.speaks_for(&said);
            assert!(causes.contains(&"config.invalid"), "{exe} with {wrong}: {causes:?} {said}");
        }

        if self.says_taken {
            let (_, said) = boxed(&format!("{prepare}\nhold {port}\ntimeout -s KILL 5 {start}\n{show}")).unwrap();
            let causes = self.speaks_for(&said);
            assert_eq!(causes.first(), Some(&"network.port_taken"), "{exe}: {said}");
        }
    }
}

fn in_hex(send: &str) -> String {
    let plain = || send.bytes().map(|byte| format!("{byte:02x}")).collect();
    send.strip_prefix("hex:").map_or_else(plain, str::to_owned)
}

/// Whether an answer, in hexadecimal, is the one that the pack expects.
fn is_right(talk: &Talk, answer: &str) -> bool {
    let bytes: Vec<u8> = (0..answer.len() / 2).map(|i| u8::from_str_radix(&answer[2 * i..2 * i + 2], 16).unwrap()).collect();
    match talk.expect.strip_prefix("re:") {
        Some(pattern) => regex::bytes::Regex::new(pattern).unwrap().is_match(&bytes),
        None => answer.starts_with(&in_hex(&talk.expect)),
    }
}

#[test]
fn apache() {
    Case {
        unit: "apache2",
        exe: "/usr/sbin/apache2",
        prepare: "mkdir -p /run/apache2 /run/lock/apache2 /var/log/apache2; set -a; . /etc/apache2/envvars; set +a",
        start: "/usr/sbin/apache2 -D FOREGROUND",
        log: "/var/log/apache2/error.log",
        port: 80,
        says_taken: true,
        breaks: &[
            ("/etc/apache2/apache2.conf", "Nonsense on", true),
            ("/etc/apache2/apache2.conf", "<VirtualHost *:81>", true),
            ("/etc/apache2/sites-enabled/000-default.conf", "Listen many", true),
        ],
    }
    .check();
}

#[test]
fn mariadb() {
    Case {
        unit: "mariadb",
        exe: "/usr/sbin/mariadbd",
        prepare: "id mysql >/dev/null 2>&1 || useradd -r mysql; mkdir -p /run/mysqld /var/lib/mysql; chown mysql /run/mysqld /var/lib/mysql
                  mkdir -p /var/lib/mysql/mysql && chown mysql /var/lib/mysql/mysql",
        start: "mariadbd --user=mysql --skip-grant-tables --bind-address=127.0.0.1",
        log: "",
        port: 3306,
        says_taken: true,
        breaks: &[("/etc/mysql/mariadb.conf.d/99-test.cnf", "[mariadbd]\nno_such-option = 1", true)],
    }
    .check();
}

#[test]
fn openssh() {
    Case {
        unit: "ssh",
        exe: "/usr/sbin/sshd",
        prepare: "mkdir -p /run/sshd; ssh-keygen -q -A",
        start: "/usr/sbin/sshd -D -e",
        log: "",
        port: 22,
        says_taken: true,
        breaks: &[
            ("/etc/ssh/sshd_config", "Nonsense yes", true),
            ("/etc/ssh/sshd_config", "PermitRootLogin perhaps", true),
            ("/etc/ssh/sshd_config", "Port many", true),
        ],
    }
    .check();
}

#[test]
fn cron() {
    Case {
        unit: "cron",
        exe: "/usr/sbin/cron",
        prepare: "syslog",
        start: "/usr/sbin/cron -f",
        log: "/run/syslog.log",
        port: 0,
        says_taken: false,
        breaks: &[("/etc/cron.d/test", "* * * * * root true\n61 * * * * root true", true), ("/etc/cron.d/test", "nonsense at all", true)],
    }
    .check();
}

#[test]
fn chrony() {
    Case {
        unit: "chrony",
        exe: "/usr/sbin/chronyd",
        prepare: "mkdir -p /run/chrony; chown _chrony /run/chrony; chmod 750 /run/chrony",
        // -x: the clock of the machine is left alone.
        start: "/usr/sbin/chronyd -d -x",
        log: "",
        port: 0,
        says_taken: false,
        breaks: &[("/etc/chrony/chrony.conf", "nonsense 3", true), ("/etc/chrony/chrony.conf", "makestep many", true)],
    }
    .check();
}

#[test]
fn rsyslog() {
    Case {
        unit: "rsyslog",
        exe: "/usr/sbin/rsyslogd",
        // The kernel's log is the machine's, not the test's.
        prepare: "sed -i /imklog/d /etc/rsyslog.conf
                  printf 'module(load=\"imtcp\")\\ninput(type=\"imtcp\" port=\"514\")\\n' > /etc/rsyslog.d/test.conf",
        start: "/usr/sbin/rsyslogd -n -iNONE",
        log: "",
        port: 514,
        says_taken: true,
        breaks: &[
            ("/etc/rsyslog.conf", "*.* action(type=\"omfile\" fil=\"/x\")", false),
            ("/etc/rsyslog.conf", "nonsense line here", false),
        ],
    }
    .check();
}

#[test]
fn mosquitto() {
    Case {
        unit: "mosquitto",
        exe: "/usr/sbin/mosquitto",
        prepare: "mkdir -p /var/log/mosquitto /run/mosquitto; chown mosquitto /var/log/mosquitto /run/mosquitto",
        start: "/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf",
        log: "/var/log/mosquitto/mosquitto.log",
        port: 1883,
        says_taken: true,
        breaks: &[("/etc/mosquitto/mosquitto.conf", "nonsense 3", true), ("/etc/mosquitto/conf.d/test.conf", "listener many", true)],
    }
    .check();
}

#[test]
fn memcached() {
    Case {
        unit: "memcached",
        exe: "/usr/bin/memcached",
        prepare: "mkdir -p /run/memcached; chown memcache /run/memcached",
        start: "/usr/bin/memcached $(grep -vE '^(#|-d|logfile)' /etc/memcached.conf) -u memcache",
        log: "",
        port: 11211,
        says_taken: true,
        breaks: &[("/etc/memcached.conf", "--nonsense", false), ("/etc/memcached.conf", "-I 4g", false)],
    }
    .check();
}

#[test]
fn bind() {
    Case {
        unit: "named",
        exe: "/usr/sbin/named",
        prepare: "mkdir -p /run/named; chown bind /run/named",
        start: "/usr/sbin/named -f -g -u bind",
        log: "",
        port: 53,
        says_taken: true,
        breaks: &[("/etc/bind/named.conf", "nonsense 3;", true), ("/etc/bind/named.conf.options", "options { };", true)],
    }
    .check();
}

#[test]
fn unbound() {
    Case {
        unit: "unbound",
        exe: "/usr/sbin/unbound",
        // The trust anchor is fetched by a helper of the unit.
        prepare: "rm -f /etc/unbound/unbound.conf.d/root-auto-trust-anchor-file.conf",
        start: "/usr/sbin/unbound -d -p",
        log: "",
        port: 53,
        says_taken: true,
        breaks: &[("/etc/unbound/unbound.conf", "nonsense: 3", true), ("/etc/unbound/unbound.conf", "server:\n  port: many", true)],
    }
    .check();
}

#[test]
fn postfix() {
    Case {
        unit: "postfix@-",
        exe: "/usr/lib/postfix/sbin/master",
        prepare: "syslog; postconf alias_maps= alias_database= inet_protocols=ipv4; postfix check",
        start: "/usr/lib/postfix/sbin/master -s",
        log: "/run/syslog.log",
        port: 25,
        says_taken: true,
        breaks: &[("/etc/postfix/main.cf", "no equals sign", true)],
    }
    .check();
}

#[test]
fn php_fpm() {
    Case {
        unit: "php8.2-fpm.service",
        exe: "/usr/sbin/php-fpm8.2",
        prepare: "mkdir -p /run/php; sed -i 's/^listen = .*/listen = 127.0.0.1:9000/' /etc/php/8.2/fpm/pool.d/www.conf",
        start: "/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /etc/php/8.2/fpm/php-fpm.conf",
        log: "/var/log/php8.2-fpm.log",
        port: 9000,
        says_taken: true,
        breaks: &[
            ("/etc/php/8.2/fpm/pool.d/www.conf", "nonsense = 3", true),
            ("/etc/php/8.2/fpm/pool.d/www.conf", "pm.max_children = many", true),
        ],
    }
    .check();
}

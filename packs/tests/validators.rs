//! The validators of the packs, run as Muster runs them: the candidate over the real path, in a mount namespace of its own.
//! A program that is not installed here is skipped, and the test says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use muster_model::config;
use muster_model::roster::{KnownLine, Service};
use muster_packs::{Packs, Program, builtin};

fn furnished(unit: &str) -> Service {
    let text = format!("[[service]]\nname = \"a\"\nunit = \"{unit}\"\n");
    let mut service = config::parse(&[("test".to_owned(), text)]).unwrap().services.remove(0);
    Packs::new(builtin()).furnish(&mut service, Program::default(), &[]);
    service
}

/// Why the validators cannot be tried here, if they cannot.
fn obstacle(program: &str, file: &Path) -> Option<String> {
    if !Path::new(program).exists() {
        return Some(format!("{program} is not installed"));
    }
    if !file.exists() {
        return Some(format!("there is no {}", file.display()));
    }
    let alone = Command::new("unshare").args(["--mount", "--propagation", "private", "true"]).output();
    match alone {
        Ok(out) if out.status.success() => None,
        Ok(out) => Some(format!("no mount namespace: {}", String::from_utf8_lossy(&out.stderr).trim())),
        Err(error) => Some(format!("no unshare: {error}")),
    }
}

/// Whether the program takes this text as its configuration, and what it said.
fn takes(service: &Service, file: &Path, text: &str) -> (bool, String) {
    let scratch = tempfile::tempdir().unwrap();
    let candidate = scratch.path().join("candidate");
    // The copy has the owner and mode of the real one, as the program may run as another user.
    assert!(Command::new("cp").arg("-p").arg(file).arg(&candidate).status().unwrap().success());
    std::fs::write(&candidate, text).unwrap();
    let out = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", "mount --bind \"$1\" \"$2\" && exec sh -c \"$3\"", "sh"])
        .args([candidate.as_os_str(), file.as_os_str(), service.validate.as_deref().unwrap().as_ref()])
        .output()
        .unwrap();
    (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
}

/// What the first known line among these speaks for.
fn speaks_for(lines: &[KnownLine], said: &str) -> Option<&'static str> {
    said.lines().find_map(|line| lines.iter().find(|k| regex::Regex::new(&k.pattern).unwrap().is_match(line))).map(|k| k.cause.code())
}

/// All files below these paths with size and time of change.
fn traces(paths: &[&str]) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
    let mut found = BTreeMap::new();
    let mut left: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    while let Some(path) = left.pop() {
        let Ok(meta) = std::fs::symlink_metadata(&path) else { continue };
        if meta.is_dir() {
            left.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
        found.insert(path, (meta.len(), meta.modified().ok()));
    }
    found
}

/// A good configuration is taken; each of these, added to it, is not, and what the program says is known for what it is.
fn check(unit: &str, program: &str, file: &str, breaks: &[&str], untouched: &[&str]) {
    let file = Path::new(file);
    if let Some(why) = obstacle(program, file) {
        println!("skipped: {why}");
        return;
    }
    let service = furnished(unit);
    let good = std::fs::read_to_string(file).unwrap();
    let before = traces(untouched);
    let (ok, said) = takes(&service, file, &good);
    assert!(ok, "as it is installed: {said}");
    assert!(takes(&service, file, &format!("{good}\n# another word\n")).0, "with a remark");
    for wrong in breaks {
        let (ok, said) = takes(&service, file, &format!("{good}\n{wrong}\n"));
        assert!(!ok, "{wrong} is taken: {said}");
        // A file that is to be included and is not there counts as missing, all else as invalid.
        let cause = if wrong.starts_with("include") { "config.missing" } else { "config.invalid" };
        assert_eq!(speaks_for(&service.lines, &said), Some(cause), "{wrong}: {said}");
    }
    assert_eq!(traces(untouched), before, "the validator left traces");
    assert_eq!(std::fs::read_to_string(file).unwrap(), good, "the real file is as it was");
}

#[test]
fn nginx_takes_what_is_right_and_refuses_what_is_wrong() {
    // /run/nginx.pid and the logs are not among the untouched: `nginx -t` opens both (nginx(8)).
    check(
        "nginx",
        "/usr/sbin/nginx",
        "/etc/nginx/nginx.conf",
        &["nonsense;", "http {", "events { worker_connections many; }"],
        &["/etc/nginx"],
    );
}

#[test]
fn redis_takes_what_is_right_refuses_what_is_wrong_and_touches_nothing() {
    let breaks = ["maxmemoryy 5", "port many", "dir /nonexistent", "include /nonexistent.conf", "save 1", "appendonly maybe"];
    let untouched = ["/var/lib/redis", "/var/log/redis", "/run/redis", "/etc/redis"];
    check("redis-server", "/usr/bin/redis-server", "/etc/redis/redis.conf", &breaks, &untouched);
}

#[test]
fn redis_is_validated_beside_options_that_would_make_it_act() {
    let file = Path::new("/etc/redis/redis.conf");
    if let Some(why) = obstacle("/usr/bin/redis-server", file) {
        println!("skipped: {why}");
        return;
    }
    // None of these may be acted on by the copy: it would go to the background, write a log, a pidfile, an append-only file, follow a master.
    let lively = "daemonize yes\nlogfile /var/lib/redis/x.log\npidfile /var/lib/redis/x.pid\nappendonly yes\n\
                  unixsocket /var/lib/redis/x.sock\ncluster-enabled yes\nsupervised systemd\nsave 1 1\n";
    let before = traces(&["/var/lib/redis", "/run/redis"]);
    assert_eq!(takes(&furnished("redis-server"), file, lively), (true, String::new()));
    assert_eq!(takes(&furnished("redis-server"), file, "replicaof 127.0.0.1 1\n"), (true, String::new()));
    assert_eq!(traces(&["/var/lib/redis", "/run/redis"]), before);
}

#[test]
fn haproxy_takes_what_is_right_and_refuses_what_is_wrong() {
    let breaks = ["frontend x\n  bindd *:80", "nonsense", "backend y\n  server a"];
    check("haproxy", "/usr/sbin/haproxy", "/etc/haproxy/haproxy.cfg", &breaks, &["/etc/haproxy", "/run/haproxy", "/var/lib/haproxy"]);
}

#[test]
fn postgresql_takes_what_is_right_and_refuses_what_is_wrong() {
    let breaks = ["nonsense = 3", "shared_buffers = abc", "port = ", "log_directory = 'x"];
    let untouched = ["/var/lib/postgresql", "/run/postgresql", "/etc/postgresql"];
    let program = "/usr/lib/postgresql/15/bin/postgres";
    check("postgresql@15-main", program, "/etc/postgresql/15/main/postgresql.conf", &breaks, &untouched);
}

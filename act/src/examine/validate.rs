//! Does the program take its configuration as it stands?

use std::sync::LazyLock;

use muster_model::exam::Finding;
use muster_model::roster::Service;
use regex::Regex;

use crate::{VALIDATE_WITHIN, chain, shell};

pub(super) fn run(service: &Service) -> Finding {
    let Some(validate) = &service.validate else {
        return Finding::Failed { why: format!("{} has no validator", service.name) };
    };
    match shell::sh(validate, VALIDATE_WITHIN) {
        // That the validator itself is missing says nothing of the configuration.
        Ok(ran) if !ran.began() => Finding::Failed { why: format!("the validator cannot be run: {}", ran.words()) },
        Ok(ran) => {
            let ok = ran.ok();
            let said = ran.words();
            let blames = if ok { None } else { blamed(&said, service) };
            Finding::Validated { ok, said, blames }
        }
        Err(error) => Finding::Failed { why: chain(&error) },
    }
}

/// Ways in which programs name the file, and mostly the line, that they do not take; the surest first.
static PLACES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        // PostgreSQL: `in file "/etc/postgresql/15/main/postgresql.conf" line 12`.
        r#"file "(?<file>/[^"\n]+)",? (?:near )?line (?<line>\d+)"#,
        // sshd: `/etc/ssh/sshd_config: line 3: …`; Postfix: `/etc/postfix/main.cf, line 4: …`; rsyslog: `…, on or before line 5`.
        r#"(?:^|[\s"'])(?<file>/[^\s:,"']+)[:,]? (?:on or before )?line (?<line>\d+)"#,
        // MariaDB: `in config file: /etc/mysql/my.cnf at line: 1`.
        r"file: (?<file>/[^\s:]+) at line:? (?<line>\d+)",
        // nginx: `in /etc/nginx/nginx.conf:12`; HAProxy: `[/etc/haproxy/haproxy.cfg:30]`; compilers and linters.
        r#"(?:^|[\s\["'(=])(?<file>/[^\s:"'\])]+):(?<line>\d+)"#,
        // Apache: `Syntax error on line 12 of /etc/apache2/apache2.conf:`; chrony: `at line 12 in file /etc/chrony/chrony.conf`.
        r"line (?<line>\d+) (?:of|in)(?: file)? (?<file>/[^\s:,]+)",
        // redis: `can't open config file '/etc/redis/redis.conf'`.
        r#"(?:^|[\s\["'(=])(?<file>/[^\s:"'\])]+\.(?:conf|cfg|cnf|ini|toml|ya?ml|json))\b"#,
    ];
    patterns.iter().filter_map(|p| Regex::new(p).ok()).collect()
});
/// redis names the line alone: `Reading the configuration file, at line 5`.
static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\bat line (?<line>\d+)").ok());

/// The file, and the line where one is named, that a validator's words blame.
fn blamed(said: &str, service: &Service) -> Option<(String, Option<u32>)> {
    let number = |found: &regex::Captures<'_>| found.name("line").and_then(|line| line.as_str().parse().ok());
    if let Some(found) = PLACES.iter().find_map(|place| place.captures(said)) {
        return Some((found["file"].to_owned(), number(&found)));
    }
    let line = number(&LINE.as_ref()?.captures(said)?);
    Some((only_file(service)?, line))
}

/// The one configuration file that the validator reads: the first that its own text names and that is there, else the only
/// one of the service's that is named in full.
fn only_file(service: &Service) -> Option<String> {
    let words = service.validate.as_deref()?.split(|c: char| c.is_whitespace() || "\"'=;()".contains(c));
    let mut named = words.filter(|word| word.starts_with('/') && std::fs::metadata(word).is_ok_and(|m| m.is_file()));
    let is_config =
        |path: &&str| service.config.iter().any(|glob| path.starts_with(glob.split(['*', '?', '[', '{']).next().unwrap_or(glob)));
    named.find(is_config).map(str::to_owned).or_else(|| match service.config.as_slice() {
        [one] if !one.contains(['*', '?', '[', '{']) => Some(one.clone()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use muster_model::roster::Kind;

    use super::*;

    fn service(validate: &str, config: &[&str]) -> Service {
        Service {
            config: config.iter().map(ToString::to_string).collect(),
            validate: Some(validate.into()),
            ..Service::new("db".into(), Kind::Unit("db.service".into()))
        }
    }

    #[test]
    fn the_file_and_line_are_found_in_the_words_of_real_validators() {
        let any = service("true", &[]);
        for (said, path, line) in [
            (
                "nginx: [emerg] unknown directive \"bogus\" in /etc/nginx/nginx.conf:12\nnginx: configuration file /etc/nginx/nginx.conf test failed",
                "/etc/nginx/nginx.conf",
                Some(12),
            ),
            (
                "nginx: [emerg] open() \"/etc/nginx/mime.types\" failed (2: No such file or directory) in /etc/nginx/nginx.conf:13",
                "/etc/nginx/nginx.conf",
                Some(13),
            ),
            (
                "[ALERT]    (9) : config : parsing [/etc/haproxy/haproxy.cfg:30] : unknown keyword 'bogus'",
                "/etc/haproxy/haproxy.cfg",
                Some(30),
            ),
            (
                "LOG:  syntax error in file \"/etc/postgresql/15/main/postgresql.conf\" line 12, near token \"=\"",
                "/etc/postgresql/15/main/postgresql.conf",
                Some(12),
            ),
            ("AH00526: Syntax error on line 7 of /etc/apache2/apache2.conf:", "/etc/apache2/apache2.conf", Some(7)),
            (
                "2026-11-23T03:34:11Z Fatal error : Invalid directive at line 48 in file /etc/chrony/chrony.conf",
                "/etc/chrony/chrony.conf",
                Some(48),
            ),
            ("/etc/ssh/sshd_config: line 123: Bad configuration option: Nonsense", "/etc/ssh/sshd_config", Some(123)),
            ("/etc/ssh/sshd_config line 123: Badly formatted port number.", "/etc/ssh/sshd_config", Some(123)),
            ("postconf: fatal: /etc/postfix/main.cf, line 47: missing '=' after attribute name: \"x\"", "/etc/postfix/main.cf", Some(47)),
            ("postconf: fatal: file /etc/postfix/master.cf: line 138: bad field count", "/etc/postfix/master.cf", Some(138)),
            ("rsyslogd: error during parsing file /etc/rsyslog.conf, on or before line 70: syntax error", "/etc/rsyslog.conf", Some(70)),
            (
                "error: Found option without preceding group in config file: /etc/mysql/mariadb.conf.d/99.cnf at line: 1",
                "/etc/mysql/mariadb.conf.d/99.cnf",
                Some(1),
            ),
            ("error: Wrong group definition in config file: /etc/mysql/my.cnf at line 3", "/etc/mysql/my.cnf", Some(3)),
            ("1795404984: Error found at /etc/mosquitto/mosquitto.conf:14.", "/etc/mosquitto/mosquitto.conf", Some(14)),
            (
                "[23-Nov-2026 03:47:21] ERROR: [/etc/php/8.2/fpm/pool.d/www.conf:491] unknown entry 'nonsense'",
                "/etc/php/8.2/fpm/pool.d/www.conf",
                Some(491),
            ),
            ("Fatal error, can't open config file '/etc/redis/redis.conf': No such file", "/etc/redis/redis.conf", None),
        ] {
            assert_eq!(blamed(said, &any), Some((path.to_owned(), line)), "{said}");
        }
        assert_eq!(blamed("it does not work", &any), None);
    }

    #[test]
    fn a_line_alone_is_of_the_file_that_the_validator_reads() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().display().to_string();
        let said =
            "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line 5\n>>> 'foo bar'\nBad directive";
        let folder = format!("{}/**", file.path().parent().unwrap().display());
        assert_eq!(blamed(said, &service(&format!("conf={path}; check \"$conf\""), &[&folder])), Some((path.clone(), Some(5))));
        assert_eq!(blamed(said, &service("check", &[&path])), Some((path, Some(5))));
        assert_eq!(blamed(said, &service("check", &["/etc/redis/**"])), None);
    }

    #[test]
    fn a_validator_that_is_not_there_accuses_nobody() {
        assert!(matches!(run(&service("no-such-validator", &[])), Finding::Failed { why } if why.contains("not found")));
        assert!(matches!(run(&service("false", &[])), Finding::Validated { ok: false, .. }));
        assert!(matches!(run(&service("true", &[])), Finding::Validated { ok: true, blames: None, .. }));
    }
}

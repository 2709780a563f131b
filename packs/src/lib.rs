//! Knowledge about well-known programs, as data: how to recognise one, where its configuration and data are, how to
//! validate, ask and reload it, and what its error lines mean. One file a program in `data/`; people add theirs in the
//! same format ([`parse`]); `docs/packs.md` says how to write one.
#![forbid(unsafe_code)]

mod furnish;
mod pack;

pub use furnish::{Packs, Program};
pub use pack::{Line, Pack, PackError, parse};

/// Name and text of each built-in pack.
const BUILTIN: [(&str, &str); 20] = [
    ("apache.toml", include_str!("../data/apache.toml")),
    ("bind.toml", include_str!("../data/bind.toml")),
    ("chrony.toml", include_str!("../data/chrony.toml")),
    ("cron.toml", include_str!("../data/cron.toml")),
    ("docker.toml", include_str!("../data/docker.toml")),
    ("haproxy.toml", include_str!("../data/haproxy.toml")),
    ("mariadb.toml", include_str!("../data/mariadb.toml")),
    ("memcached.toml", include_str!("../data/memcached.toml")),
    ("mosquitto.toml", include_str!("../data/mosquitto.toml")),
    ("nginx.toml", include_str!("../data/nginx.toml")),
    ("openssh.toml", include_str!("../data/openssh.toml")),
    ("php-fpm.toml", include_str!("../data/php-fpm.toml")),
    ("podman.toml", include_str!("../data/podman.toml")),
    ("postfix.toml", include_str!("../data/postfix.toml")),
    ("postgresql.toml", include_str!("../data/postgresql.toml")),
    ("rabbitmq.toml", include_str!("../data/rabbitmq.toml")),
    ("redis.toml", include_str!("../data/redis.toml")),
    ("rsyslog.toml", include_str!("../data/rsyslog.toml")),
    ("timesyncd.toml", include_str!("../data/timesyncd.toml")),
    ("unbound.toml", include_str!("../data/unbound.toml")),
];

/// The packs that come with Muster.
pub fn builtin() -> Vec<Pack> {
    // A test parses each of them, so that none can be missing here.
    BUILTIN.iter().filter_map(|(name, text)| parse(name, text).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_pack_is_well_formed() {
        for (name, text) in BUILTIN {
            let pack = parse(name, text).unwrap_or_else(|errors| panic!("{errors:#?}"));
            assert_eq!(format!("{}.toml", pack.name), name);
            assert!(!pack.units.is_empty() && !pack.exes.is_empty() && !pack.lines.is_empty(), "{name}");
            for line in &pack.lines {
                let languages: Vec<&str> = line.known.means.languages().map(|(language, _)| language).collect();
                assert_eq!(languages, ["en", "zh-CN"], "{name}: {}", line.known.pattern);
            }
            for peer in &pack.peers {
                assert!(BUILTIN.iter().any(|(file, _)| file.strip_suffix(".toml") == Some(peer)), "{name}: there is no pack {peer}");
            }
        }
        assert_eq!(builtin().len(), BUILTIN.len());
    }

    #[test]
    fn known_lines_match_what_the_programs_really_say_and_nothing_ordinary() {
        for pack in builtin() {
            let compiled: Vec<_> = pack.lines.iter().map(|l| (l, regex::Regex::new(&l.known.pattern).unwrap())).collect();
            for line in &pack.lines {
                assert!(!line.samples.is_empty(), "{}: `{}` has no samples", pack.name, line.known.pattern);
                for sample in &line.samples {
                    // The first that matches is the meaning, as the order in the file has it.
                    let (first, _) = compiled.iter().find(|(_, regex)| regex.is_match(sample)).expect(sample);
                    assert_eq!(first.known, line.known, "{sample}");
                }
            }
            for ordinary in &pack.ordinary {
                let wrong = compiled.iter().find(|(_, regex)| regex.is_match(ordinary)).map(|(line, _)| &line.known.pattern);
                assert_eq!(wrong, None, "{}: {ordinary}", pack.name);
            }
        }
    }
}

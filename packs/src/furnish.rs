//! Which pack knows a service, and what it adds to it.

use std::collections::BTreeMap;

use muster_model::probe::Probe;
use muster_model::roster::{Kind, Service};

use crate::pack::{PORT, Pack};

/// The process behind a service, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Program<'a> {
    /// Its program file.
    pub exe: Option<&'a str>,
    /// Its arguments, joined by blanks.
    pub command: Option<&'a str>,
}

/// Ports of one service that are asked; a program that listens on more is asked on the lowest.
const PORTS_ASKED_MAX: usize = 4;

/// All packs there are.
#[derive(Clone, Debug, Default)]
pub struct Packs {
    /// Those of the people here first: they win.
    packs: Vec<Pack>,
}

/// How a pack came to be a service's.
enum Known<'p> {
    /// By the unit under which it is shipped, or by the roster's word: all that the pack says holds. With what the pattern caught.
    Shipped(&'p Pack, BTreeMap<String, String>),
    /// By its program alone: where this one's files are, nobody said.
    Program(&'p Pack),
}

impl Packs {
    /// The built-in packs and after them those of the people here. A later one wins over an earlier one: it takes its place
    /// where both have the same name, and is asked first where both know a service.
    pub fn new(packs: impl IntoIterator<Item = Pack>) -> Packs {
        let mut all: Vec<Pack> = Vec::new();
        for pack in packs {
            all.retain(|earlier| earlier.name != pack.name);
            all.insert(0, pack);
        }
        Packs { packs: all }
    }

    /// All of them, those that win first.
    pub fn iter(&self) -> impl Iterator<Item = &Pack> {
        self.packs.iter()
    }

    /// The pack of this name.
    pub fn named(&self, name: &str) -> Option<&Pack> {
        self.packs.iter().find(|pack| pack.name == name)
    }

    /// The pack that knows this service: the one the roster names, else by its unit, else by its program.
    pub fn recognise(&self, service: &Service, program: Program<'_>) -> Option<&Pack> {
        self.know(service, program).map(|known| match known {
            Known::Shipped(pack, _) | Known::Program(pack) => pack,
        })
    }

    /// Fills what the roster left empty. Give it the service as the roster has it, not one that was furnished before;
    /// `ports` are the TCP ports it was seen to listen on, and may be none yet.
    ///
    /// A service recognised by its program alone gets what holds wherever its files are: probes and the meaning of lines.
    pub fn furnish(&self, service: &mut Service, program: Program<'_>, ports: &[u16]) {
        let pack = match self.know(service, program) {
            None => return,
            Some(Known::Program(pack)) => pack,
            Some(Known::Shipped(pack, caught)) => {
                let filled = |texts: &[String]| texts.iter().filter_map(|text| fill(text, &caught)).collect();
                let command = |text: &Option<String>| text.as_ref().and_then(|text| fill(text, &caught));
                if service.config.is_empty() {
                    service.config = filled(&pack.config);
                }
                if service.data.is_empty() {
                    service.data = filled(&pack.data);
                }
                service.validate = service.validate.take().or_else(|| command(&pack.validate));
                service.reload = service.reload.take().or_else(|| command(&pack.reload));
                pack
            }
        };
        if service.probes.is_empty() {
            service.probes = pack.probes.iter().flat_map(|probe| put_to(probe, ports)).collect();
        }
        if service.lines.is_empty() {
            service.lines = pack.lines.iter().map(|line| line.known.clone()).collect();
        }
        service.pack = Some(pack.name.clone());
    }

    fn know(&self, service: &Service, program: Program<'_>) -> Option<Known<'_>> {
        let unit = if let Kind::Unit(unit) = &service.kind { Some(unit.as_str()) } else { None };
        if let Some(name) = &service.pack {
            let pack = self.named(name)?;
            return Some(Known::Shipped(pack, unit.map(|unit| caught(pack, unit).unwrap_or_else(|| of_unit(unit))).unwrap_or_default()));
        }
        let by_unit = unit.and_then(|unit| self.packs.iter().find_map(|pack| Some(Known::Shipped(pack, caught(pack, unit)?))));
        by_unit.or_else(|| {
            let program = if program.exe.is_some() { program } else { declared(&service.kind) };
            self.packs.iter().find(|pack| is_of(pack, program)).map(Known::Program)
        })
    }
}

/// The program as the roster has it, where nobody has seen the process yet.
fn declared(kind: &Kind) -> Program<'_> {
    match kind {
        Kind::Unit(_) | Kind::Url(_) | Kind::Own => Program::default(),
        Kind::Run(command) => {
            Program { exe: command.split_ascii_whitespace().find(|word| *word != "exec"), command: Some(command.as_str()) }
        }
        Kind::Process(process) => Program { exe: process.exe.as_deref(), command: process.args.as_deref() },
    }
}

fn is_of(pack: &Pack, program: Program<'_>) -> bool {
    let Some(path) = program.exe else { return false };
    // An executable that was replaced while it ran is `/path (deleted)` in /proc/PID/exe.
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    let named = |exe: &String| path.strip_suffix(exe.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('/'));
    pack.exes.iter().any(named) && pack.args.as_ref().is_none_or(|args| program.command.is_some_and(|command| args.is_match(command)))
}

/// What the first pattern that matches the unit catches from its name.
fn caught(pack: &Pack, unit: &str) -> Option<BTreeMap<String, String>> {
    let (pattern, captures) = pack.units.iter().find_map(|pattern| Some((pattern, pattern.captures(unit)?)))?;
    let named = pattern.capture_names().flatten().filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned())));
    Some(named.chain(of_unit(unit)).collect())
}

fn of_unit(unit: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("unit".to_owned(), unit.to_owned())])
}

/// The text with `{NAME}` filled in. `None` where a value is missing, or is not plain: the texts are run by a shell.
fn fill(text: &str, values: &BTreeMap<String, String>) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        rest = match tail.strip_prefix('}') {
            // `${NAME}` is the shell's own.
            Some(tail) if !name.is_empty() && !before.ends_with('$') => {
                let value = values.get(name)?;
                if !value.chars().all(|c| c.is_ascii_alphanumeric() || "@:._-".contains(c)) {
                    return None;
                }
                filled.push_str(value);
                tail
            }
            _ => {
                filled.push('{');
                after
            }
        };
    }
    filled.push_str(rest);
    Some(filled)
}

/// The probe for each port; one without a port in it as it is.
fn put_to(probe: &Probe, ports: &[u16]) -> Vec<Probe> {
    let place = probe.ask.clone().place_mut().clone();
    let at = |port: &str| {
        let mut put = probe.clone();
        *put.ask.place_mut() = place.replace(PORT, port);
        put
    };
    if place.contains(PORT) { ports.iter().take(PORTS_ASKED_MAX).map(|port| at(&port.to_string())).collect() } else { vec![probe.clone()] }
}

#[cfg(test)]
mod tests {
    use muster_model::config;
    use muster_model::roster::Service;

    use super::*;

    fn service(lines: &str) -> Service {
        let text = format!("[[service]]\nname = \"a\"\n{lines}\n");
        config::parse(&[("f".to_owned(), text)]).unwrap().services.remove(0)
    }

    fn furnished(lines: &str, exe: Option<&str>, ports: &[u16]) -> Service {
        let mut service = service(lines);
        Packs::new(crate::builtin()).furnish(&mut service, Program { exe, command: None }, ports);
        service
    }

    #[test]
    fn a_unit_as_it_is_shipped_gets_all_that_its_pack_says() {
        let pg = furnished("unit = \"postgresql@15-main\"", None, &[5432]);
        assert_eq!(pg.pack.as_deref(), Some("postgresql"));
        assert_eq!(pg.config, ["/etc/postgresql/15/main/**"]);
        assert_eq!(pg.data, ["/var/lib/postgresql/15/main"]);
        assert!(pg.validate.as_ref().unwrap().contains("/usr/lib/postgresql/15/bin/postgres"), "{pg:?}");
        assert_eq!(pg.reload.as_deref(), Some("systemctl reload postgresql@15-main.service"));
        assert_eq!(pg.probes.iter().map(|p| p.ask.target()).collect::<Vec<_>>(), ["127.0.0.1:5432"]);
        for (unit, pack) in [("nginx", "nginx"), ("redis-server", "redis"), ("redis", "redis"), ("haproxy", "haproxy")] {
            let service = furnished(&format!("unit = \"{unit}\""), None, &[]);
            assert_eq!(service.pack.as_deref(), Some(pack));
            assert!(!service.config.is_empty() && service.validate.is_some() && !service.lines.is_empty(), "{service:?}");
            assert!(service.probes.is_empty(), "no port is known yet");
        }
    }

    #[test]
    fn a_program_recognised_by_its_file_alone_gets_nothing_about_files_elsewhere() {
        for (lines, exe) in [
            ("run = \"redis-server --port 7000\"", None),
            ("run = \"/usr/bin/redis-server x.conf\"", None),
            ("process = { exe = \"redis-server\" }", None),
            ("unit = \"mine\"", Some("/usr/bin/redis-server (deleted)")),
        ] {
            let service = furnished(lines, exe, &[7000, 7001]);
            assert_eq!(service.pack.as_deref(), Some("redis"), "{lines}");
            assert!(service.config.is_empty() && service.validate.is_none() && service.data.is_empty(), "{service:?}");
            assert!(service.probes.len() == 2 && !service.lines.is_empty(), "{service:?}");
        }
    }

    #[test]
    fn an_interpreter_is_known_by_its_arguments_and_a_common_name_by_its_folder() {
        let text = "name = \"mine\"\n[recognise]\nexes = [\"lib/mine/master\", \"beam\"]\nargs = \"-s mine\\\\b\"";
        let packs = Packs::new(crate::builtin().into_iter().chain([crate::parse("mine.toml", text).unwrap()]));
        let known = |exe, command| packs.recognise(&service("unit = \"x\""), Program { exe: Some(exe), command }).map(|p| p.name.as_str());
        assert_eq!(known("/usr/lib/mine/master", Some("master -s mine")), Some("mine"));
        for (exe, command) in [
            ("/usr/lib/other/master", Some("master -s mine")),
            ("/usr/libx/beam", Some("beam -s miner")),
            ("/usr/bin/beam", None),
            ("/usr/bin/abeam", Some("-s mine")),
        ] {
            assert_eq!(known(exe, command), None, "{exe} {command:?}");
        }
        assert_eq!(packs.recognise(&service("run = \"beam -s mine\""), Program::default()).map(|p| p.name.as_str()), Some("mine"));
    }

    #[test]
    fn a_pack_of_the_people_here_wins_over_a_built_in_one() {
        let pack = |name: &str| {
            let text = format!("name = \"{name}\"\nvalidate = \"our-check\"\n[recognise]\nunits = ['^nginx\\.service$']");
            Packs::new(crate::builtin().into_iter().chain([crate::parse("p.toml", &text).unwrap()]))
        };
        for name in ["nginx", "web-of-ours", "aaa"] {
            let mut service = service("unit = \"nginx\"");
            let packs = pack(name);
            packs.furnish(&mut service, Program::default(), &[80]);
            assert_eq!((service.pack.as_deref(), service.validate.as_deref()), (Some(name), Some("our-check")));
        }
        assert_eq!(pack("nginx").iter().count(), crate::builtin().len(), "it takes the other's place");
    }

    #[test]
    fn what_the_roster_says_stays() {
        let lines = "unit = \"nginx\"\nconfig = [\"/srv/n.conf\"]\nvalidate = \"true\"\nprobe = [{ tcp = \"h:1\" }]";
        let service = furnished(lines, None, &[80]);
        assert_eq!((service.config, service.validate.as_deref()), (vec!["/srv/n.conf".to_owned()], Some("true")));
        assert_eq!(service.probes.len(), 1);
        assert!(service.reload.is_some());
        let named = furnished("run = \"/opt/web/start\"\npack = \"nginx\"", None, &[80]);
        assert!(named.validate.is_some() && named.reload.is_none(), "a reload through systemd is none where there is no unit");
        assert_eq!(furnished("run = \"x\"\npack = \"nosuch\"", Some("/usr/bin/redis-server"), &[1]).probes, []);
        assert_eq!(furnished("unit = \"postgresql\"", None, &[]).pack, None);
    }

    #[test]
    fn only_plain_values_are_filled_in() {
        let values = BTreeMap::from([("unit".to_owned(), "a@1.service".to_owned()), ("bad".to_owned(), "$(x)".to_owned())]);
        for (text, filled) in [
            ("x {unit} ${unit} {a,b} { {} {Unit}", Some("x a@1.service ${unit} {a,b} { {} {Unit}")),
            ("{bad}", None),
            ("{other}", None),
            ("{unit", Some("{unit")),
        ] {
            assert_eq!(fill(text, &values).as_deref(), filled, "{text}");
        }
    }
}

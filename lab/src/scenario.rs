//! A scenario: what is set up, what is broken, and what Muster must then say and do. One file each in `scenarios/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use globset::Glob;
use muster_model::cause::Code;
use muster_model::health::Health;
use muster_model::incident::State;
use muster_model::loss::Loss;
use muster_model::time::Length;
use serde::Deserialize;

use crate::person::Hand;

const ROSTER: &str = include_str!("../box/roster.toml");
/// Muster's own default (`model::roster::Limits`), for rosters that do not say.
const STEADY: Length = Length::seconds(10);
/// How long things must stay as they are to be believed: after a fault, and where nothing may happen at all.
const WATCH_FAULT: Length = Length::ms(1500);
const WATCH_HEALTHY: Length = Length::seconds(6);

/// How a client of its own knows that a service answers, by unit.
const ANSWERS: [(&str, &str); 11] = [
    ("nginx.service", "curl -fsS --max-time 3 -o /dev/null http://127.0.0.1/"),
    ("redis-server.service", "timeout 3 redis-cli ping | grep -q PONG"),
    ("postgresql@15-main.service", "pg_isready -q -t 3"),
    ("haproxy.service", "curl -fsS --max-time 3 http://127.0.0.1:8080/ | grep -q front"),
    ("apache2.service", "curl -fsS --max-time 3 -o /dev/null http://127.0.0.1:8081/"),
    ("mariadb.service", "timeout 3 mariadb -e 'select 1' >/dev/null"),
    ("mosquitto.service", "nc -z -w 3 127.0.0.1 1883"),
    ("memcached.service", "echo version | nc -N -w 3 127.0.0.1 11211 | grep -q VERSION"),
    ("unbound.service", "timeout 3 unbound-control status >/dev/null"),
    ("postfix@-.service", "echo QUIT | nc -w 3 127.0.0.1 25 | grep -q ^220"),
    ("ssh.service", "ssh-keyscan -T 3 127.0.0.1 2>/dev/null | grep -q ssh-"),
];

/// One scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// The file's name without `.toml`.
    #[serde(skip)]
    pub(crate) name: String,
    /// What happens, in a few words.
    pub(crate) title: String,
    /// Whether something is lost in it.
    pub(crate) kind: Kind,
    /// The configuration of Muster; four real services where none is given.
    #[serde(default = "default_roster")]
    pub(crate) roster: String,
    /// The services that Muster must find by itself, and no others, where the roster has none: by name.
    #[serde(default)]
    pub(crate) learns: BTreeMap<String, Learned>,
    /// Files to be written into the box first: path and content. What begins with `#!` is executable.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    /// Run as root, in order, before Muster is started.
    #[serde(default)]
    pub(crate) setup: Vec<String>,
    /// What people and programs then do, in order.
    pub(crate) fault: Vec<Deed>,
    /// The incidents there must be.
    #[serde(default)]
    pub(crate) expect: Vec<Expect>,
    /// Incidents that there may be beside them: a first sign that is taken for a loss of its own, and rightly so.
    #[serde(default)]
    pub(crate) also: Vec<Also>,
    /// Health at the end where it is not `present`: any of these is right.
    #[serde(default)]
    pub(crate) health: BTreeMap<String, Vec<Health>>,
    /// Services without an incident that may have been started anew: a person did it.
    #[serde(default)]
    pub(crate) touched: Vec<String>,
    /// Files that must have the content at the end which they had before the fault.
    #[serde(default)]
    pub(crate) restored: Vec<String>,
    /// Lines of shell that must succeed in the box at the end.
    #[serde(default)]
    pub(crate) check: Vec<String>,
    /// All of it must be so by then, counted from the end of the fault.
    #[serde(default = "default_within")]
    pub(crate) within: Length,
    /// How long it must stay so.
    pub(crate) watch: Option<Length>,
}

/// Whether something is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// There must be incidents: `expect`.
    Fault,
    /// There must be none.
    Healthy,
}

/// A service that Muster must find by itself, and what it must find out about it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Learned {
    /// Its unit.
    pub(crate) unit: String,
    /// The TCP ports it holds.
    #[serde(default)]
    pub(crate) ports: Vec<u16>,
    /// The pack that knows it.
    pub(crate) pack: Option<String>,
}

/// Something that a person or a program does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deed {
    /// By whose hand.
    #[serde(rename = "as", default)]
    pub(crate) hand: Hand,
    /// A line of shell; without one, it is only waited.
    pub(crate) run: Option<String>,
    /// Not before the ledger has an event of this kind, newer than the first deed.
    pub(crate) on_event: Option<String>,
    /// Not before this line of shell succeeds.
    pub(crate) until: Option<String>,
    /// It goes on beside what follows, till the box ends.
    #[serde(default)]
    pub(crate) background: bool,
    /// It is meant to fail, such as the start of what cannot start.
    #[serde(default)]
    pub(crate) may_fail: bool,
}

/// An incident there must be, and what Muster must know of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// The service that is lost.
    pub(crate) service: String,
    /// In which way: any of these is right.
    pub(crate) loss: Vec<Loss>,
    /// Why: any of these is right, and it must be named first.
    pub(crate) cause: Vec<Code>,
    /// What the cause's subject must contain.
    pub(crate) subject: Option<String>,
    /// Who did it.
    pub(crate) actor: Option<ExpectActor>,
    /// How far the incident must get.
    pub(crate) state: State,
    /// The cause must be confirmed by its undoing, or must not be.
    pub(crate) confirmed: Option<bool>,
    /// From the loss to the return.
    pub(crate) recovered_within: Option<Length>,
    /// From the loss to its detection.
    pub(crate) detect_within: Option<Length>,
    /// Steps that must have been done, in this order.
    #[serde(default)]
    pub(crate) steps: Vec<String>,
    /// Nothing may have been done about it.
    #[serde(default)]
    pub(crate) left_alone: bool,
}

/// What must be known of an actor. What is not given is not asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectActor {
    /// Nobody may be named: nobody could have seen it.
    #[serde(default)]
    pub(crate) nobody: bool,
    /// The name of the user it ran as.
    pub(crate) user: Option<String>,
    /// Who logged in.
    pub(crate) login_uid: Option<u32>,
    /// Whether there is a terminal.
    pub(crate) tty: Option<bool>,
    /// What its command line, or one of its parents', must contain.
    pub(crate) command: Option<String>,
}

/// An incident that may be there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Also {
    /// Of which service.
    pub(crate) service: String,
    /// In which ways.
    pub(crate) loss: Vec<Loss>,
    /// With which causes.
    pub(crate) cause: Vec<Code>,
}

fn default_roster() -> String {
    ROSTER.to_owned()
}

fn default_within() -> Length {
    Length::seconds(30)
}

/// What the laboratory itself must know of a roster; the whole of it is Muster's matter.
#[derive(Debug, Deserialize)]
struct RosterSketch {
    #[serde(default)]
    muster: MusterSketch,
    #[serde(default)]
    service: Vec<ServiceSketch>,
}

#[derive(Debug, Default, Deserialize)]
struct MusterSketch {
    steady: Option<Length>,
}

#[derive(Debug, Deserialize)]
struct ServiceSketch {
    name: String,
    unit: Option<String>,
}

/// What the laboratory watches while Muster works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cast {
    /// Every service of the roster, declared or learned, with its unit where it has one.
    pub(crate) services: BTreeMap<String, Option<String>>,
    /// What must be learned.
    pub(crate) learns: BTreeMap<String, Learned>,
    /// For how long a service must be well to count as steady.
    pub(crate) steady: Length,
}

impl Scenario {
    /// The services of its roster.
    pub(crate) fn cast(&self) -> Result<Cast> {
        let sketch: RosterSketch = toml::from_str(&self.roster).context("its roster is not TOML")?;
        ensure!(self.learns.is_empty() || sketch.service.is_empty(), "with services declared, none is learned");
        let learned = self.learns.iter().map(|(name, learned)| (name.clone(), Some(learned.unit.clone())));
        let services = sketch.service.into_iter().map(|s| (s.name, s.unit)).chain(learned).collect();
        Ok(Cast { services, learns: self.learns.clone(), steady: sketch.muster.steady.unwrap_or(STEADY) })
    }

    /// How long it must stay as it must be.
    pub(crate) fn watch(&self) -> Length {
        self.watch.unwrap_or(if self.kind == Kind::Fault { WATCH_FAULT } else { WATCH_HEALTHY })
    }

    /// All that must succeed in the box at the end: its own checks, and a client's for each service that is to be present.
    pub(crate) fn checks(&self, cast: &Cast) -> Vec<&str> {
        let present = cast.services.iter().filter(|(name, _)| self.health.get(*name).is_none_or(|h| h.contains(&Health::Present)));
        let units: Vec<&str> = present.filter_map(|(_, unit)| unit.as_deref()).collect();
        let answers = ANSWERS.iter().filter(|(unit, _)| units.contains(unit)).map(|(_, line)| *line);
        answers.chain(self.check.iter().map(String::as_str)).collect()
    }

    /// Reads one from its text.
    fn parse(name: &str, text: &str) -> Result<Scenario> {
        let mut scenario: Scenario = toml::from_str(text)?;
        name.clone_into(&mut scenario.name);
        let cast = scenario.cast()?;
        let named = scenario.expect.iter().map(|e| &e.service).chain(scenario.also.iter().map(|a| &a.service));
        for service in named.chain(scenario.health.keys()).chain(&scenario.touched) {
            ensure!(cast.services.contains_key(service), "`{service}` is not in its roster");
        }
        ensure!(!scenario.fault.is_empty(), "nothing is done in it: it has no [[fault]]");
        match scenario.kind {
            Kind::Fault => ensure!(!scenario.expect.is_empty(), "a fault without [[expect]]"),
            Kind::Healthy => ensure!(scenario.expect.is_empty(), "a healthy scenario with [[expect]]"),
        }
        for expect in &scenario.expect {
            ensure!(!expect.loss.is_empty() && !expect.cause.is_empty(), "of `{}`, no loss or no cause is expected", expect.service);
        }
        Ok(scenario)
    }
}

/// Reads every scenario of a directory whose name fits, in the order of their names.
pub(crate) fn load(dir: &Path, only: Option<&str>) -> Result<Vec<Scenario>> {
    let fits = Glob::new(only.unwrap_or("*")).context("--only is not a glob pattern")?.compile_matcher();
    let mut scenarios = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|n| n.to_str()).filter(|_| path.extension().is_some_and(|e| e == "toml")) else {
            continue;
        };
        if fits.is_match(name) {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            scenarios.push(Scenario::parse(name, &text).with_context(|| path.display().to_string())?);
        }
    }
    ensure!(!scenarios.is_empty(), "no scenario in {} fits `{}`", dir.display(), only.unwrap_or("*"));
    scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(scenarios)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "title = 't'\nkind = 'healthy'\n[[fault]]\nrun = 'true'\n";

    #[test]
    fn every_scenario_loads_and_there_are_enough_of_both_kinds() {
        let all = load(Path::new("scenarios"), None).unwrap();
        let faults = all.iter().filter(|s| s.kind == Kind::Fault).count();
        assert!(faults >= 30, "{faults} faults");
        assert!(all.len() - faults >= 12, "{} healthy ones", all.len() - faults);
    }

    #[test]
    fn a_scenario_without_a_roster_has_the_four_real_services() {
        let cast = Scenario::parse("x", MINIMAL).unwrap().cast().unwrap();
        assert_eq!(cast.services.keys().collect::<Vec<_>>(), ["haproxy", "nginx", "postgres", "redis"]);
        assert_eq!(cast.services["nginx"].as_deref(), Some("nginx.service"));
        assert_eq!(cast.steady, Length::seconds(3));
    }

    #[test]
    fn a_scenario_that_contradicts_itself_is_refused() {
        let refused = |text: &str, why: &str| {
            let error = format!("{:#}", Scenario::parse("x", text).unwrap_err());
            assert!(error.contains(why), "{error}");
        };
        refused("title = 't'\nkind = 'healthy'\nfault = []", "no [[fault]]");
        refused(&MINIMAL.replace("healthy", "fault"), "without [[expect]]");
        refused(&format!("{MINIMAL}[learns.nginx]\nunit = 'nginx.service'\n"), "none is learned");
        refused(&format!("{MINIMAL}[health]\nmysql = ['lost']\n"), "`mysql` is not in its roster");
        refused(&format!("{MINIMAL}[[expect]]\nservice = 'nginx'\nloss = ['gone']\ncause = []\nstate = 'open'\n"), "gone");
        refused(&format!("{MINIMAL}unknown = 1\n"), "unknown");
    }
}

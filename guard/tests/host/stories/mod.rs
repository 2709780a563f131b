//! Whole stories, one a test: what befalls a service on a calm machine, and what Muster then has on record.
//!
//! A story is a line of acts; the time of each is in seconds from the first. The record is shown without what is
//! examined and seen, which is what the simulation is for.

mod configuration;
mod ends;
mod people;
mod restarts;
mod shown;

use expect_test::Expect;
use muster_model::event::{Body, Command, Decision};
use muster_model::id::ServiceName;
use muster_model::observation::End;
use muster_model::plan::{Leave, Step};
use muster_model::roster::{Kind, Limits, Match, Recover, Service, Tier};
use muster_model::sight::Blindness;
use muster_model::time::{Length, Time};

use crate::simulation::probe;
use crate::world::{Act, Bug, HOUR, Happening, MINUTE, MS, S, Truth, Weather, World};

/// When the first act comes: everything is steady by then.
const FIRST: u64 = 30 * S;

/// Tells a story, and compares the record of `length` seconds.
pub fn check(services: &str, acts: &str, length: u64, record: Expect) {
    record.assert_eq(&told(&tell(services, acts, length)));
}

/// Lets a story happen. `services` are separated by `;`: a name, and what is special about it. `acts` likewise: a second,
/// and what happens.
fn tell(services: &str, acts: &str, length: u64) -> World {
    let services: Vec<Truth> = services.split(';').enumerate().map(|(n, s)| service(n as u16, s.trim())).collect();
    let mut world = World::new(1, Weather::default(), Limits::default(), services);
    world.begins();
    for act in acts.split(';').map(str::trim).filter(|a| !a.is_empty()) {
        let (second, act) = act.split_once(' ').expect("an act has a time");
        let second: f64 = second.parse().expect("seconds");
        world.after(FIRST + (second * S as f64) as u64, Happening::Does(parse(act)));
    }
    world.run_until(FIRST + length * S);
    world.promise_replay();
    assert_eq!(world.promises.broken, None);
    world
}

/// `web`, then any of: `run`, `process`, `restart=…`, `socket`, `probe`, `config`, `ask`, `never`, `needs=…`, `restore=…s`, `critical`.
fn service(n: u16, text: &str) -> Truth {
    let mut words = text.split_whitespace();
    let name = words.next().expect("a service has a name");
    let port = 8000 + n * 10;
    let row = Service::new(ServiceName::from(name), Kind::Unit(format!("{name}.service")));
    let mut t = Truth::new(row, port, Time(0));
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("run", _) => t.row.kind = Kind::Run(format!("/usr/sbin/{name}")),
            ("process", _) => t.row.kind = Kind::Process(Match { exe: Some(name.to_owned()), args: None, count: Default::default() }),
            ("restart", policy) => t.unit.restart = policy.to_owned().leak(),
            ("socket", _) => t.unit.socket = true,
            ("probe", _) => t.row.probes = vec![probe(port)],
            ("config", _) => {
                t.row.config = vec![t.config_path()];
                t.row.validate = Some(format!("{name} -t"));
            }
            ("critical", _) => t.row.tier = Tier::Critical,
            ("ask", _) => t.row.recover = Recover::Ask,
            ("never", _) => t.row.recover = Recover::Never,
            ("needs", other) => t.row.depends = vec![ServiceName::from(other)],
            ("restore", after) => t.row.restore_after = after.parse().ok(),
            _ => panic!("`{word}` says nothing of a service"),
        }
    }
    t
}

/// `kill -9 web by bob`, `stop web by alice`, `edit web bad`, …
fn parse(text: &str) -> Act {
    let (act, by) = text.split_once(" by ").unwrap_or((text, "alice"));
    let by: &'static str = by.to_owned().leak();
    let words: Vec<&str> = act.split_whitespace().collect();
    let service = |n: usize| ServiceName::from(*words.get(n).unwrap_or(&"web"));
    let bug = |starts, end| Act::Bug { service: service(1), bug: Bug { starts, after: 50 * MS, end } };
    match words[0] {
        "kill" => Act::Signal { service: service(2), signal: -words[1].parse::<i32>().expect("a signal"), by },
        "exit" => Act::Crash { service: service(2), end: End::Code(words[1].parse().expect("a code")) },
        "hand-over" => Act::HandOver { service: service(1) },
        "segv" => Act::Crash { service: service(1), end: End::Signal(11) },
        "oom" => Act::Oom { service: service(1) },
        "deadlock" => Act::Deadlock { service: service(1) },
        "stop" => Act::Stop { service: service(1), by },
        "start" => Act::Start { service: service(1), by },
        "restart" => Act::Restart { service: service(1), by },
        "reload" => Act::Reload { service: service(1), by },
        "disable" => Act::Disable { service: service(1), by },
        "disable-later" => Act::DisableLater { service: service(1), by },
        "mask" => Act::Mask { service: service(1), by },
        "edit" => Act::Edit { service: service(1), sort: words[2].to_owned().leak(), by },
        "delete" => Act::Edit { service: service(1), sort: "", by },
        "take-port" => Act::TakePort { service: service(1), by },
        "free-port" => Act::FreePort { service: service(1) },
        "crashes" => bug(words[2].parse().expect("a count"), End::Code(1)),
        "recover" => Act::Tell(Command::Recover { service: service(1) }),
        "pause" => Act::Tell(Command::Pause { service: Some(service(1)), length: Length(MINUTE), reason: "work".to_owned() }),
        "pause-all" => Act::Tell(Command::Pause { service: None, length: Length(MINUTE), reason: "work".to_owned() }),
        "ack" => Act::Ack { service: service(1) },
        "resolve" => Act::Resolve { service: service(1) },
        "muster-down" => Act::MusterDown { length: words[1].parse::<u64>().expect("seconds") * S },
        "reboot" => Act::Reboot { down: 20 * S },
        "blind" => {
            let why = match words[2] {
                "stalled" => Blindness::Stalled,
                "overflowed" => Blindness::Overflowed { lost: 3 },
                _ => Blindness::Crowded { lost: 3 },
            };
            let length = words[3].parse::<u64>().expect("seconds") * S;
            Act::Blind { sensor: words[1].to_owned().leak(), why, length }
        }
        "rung" => Act::Rung { source: words[1].to_owned().leak() },
        "way" => {
            let length = words[3].parse::<u64>().expect("seconds") * S;
            Act::Way { service: service(1), way: words[2].to_owned().leak(), length }
        }
        "clock" => Act::Clock { by: HOUR as i64 },
        _ => panic!("`{text}` is nothing that happens"),
    }
}

/// The record, a line for each decision.
fn told(world: &World) -> String {
    let mut lines = Vec::new();
    let mut services = std::collections::BTreeMap::new();
    let begin = world.ledger.first().map_or(Time(0), |e| e.at);
    for event in &world.ledger {
        let Body::Decided(decision) = &event.body else { continue };
        let (incident, line) = match decision {
            Decision::Opened { service, loss, .. } => {
                let id = format!("i{}", event.seq);
                services.insert(id.clone(), service.clone());
                (id, format!("lost: {loss}"))
            }
            Decision::Refined { incident, loss } => (incident.to_string(), format!("lost: {loss} after all")),
            Decision::Verdict { incident, causes, settled: true } => {
                let Some(cause) = causes.first() else { continue };
                let who = cause.actor.as_ref().map_or(String::new(), |a| format!(" by {}", a.person()));
                (incident.to_string(), format!("cause: {} {:.2}{who}", cause.code, cause.confidence))
            }
            Decision::Planned { incident, plan } => {
                let steps: Vec<&str> = plan.steps.iter().map(|s| if s.acts() { s.code() } else { "await" }).collect();
                let steps = if steps.is_empty() { vec!["nothing"] } else { steps };
                let leave = match plan.leave {
                    Leave::Granted => "",
                    Leave::Asked => ", waits for a yes",
                    Leave::Withheld => ", is not run",
                };
                (incident.to_string(), format!("plan {}: {}{leave} ({})", plan.attempt, steps.join(" + "), plan.why.key))
            }
            Decision::Begun(order) if order.undo => (order.incident.as_ref().map_or(String::new(), |i| i.to_string()), "undo".to_owned()),
            Decision::Confirmed { incident, code } => (incident.to_string(), format!("confirmed: {code}")),
            Decision::Became { incident, state, why, .. } => (incident.to_string(), format!("{state} ({})", why.key)),
            Decision::Begun(order)
                if matches!(order.step, Step::Start) && order.incident.is_none() && event.at.since(begin) > Length(FIRST) =>
            {
                lines.push(format!("{:<8} {}: first start\n", moment(event.at, begin), order.service));
                continue;
            }
            Decision::Verdict { .. } | Decision::Asked { .. } | Decision::Begun(_) | Decision::Good { .. } => continue,
        };
        if let Some(service) = services.get(&incident) {
            lines.push(format!("{:<8} {service}: {line}\n", moment(event.at, begin)));
        }
    }
    lines.concat()
}

fn moment(at: Time, begin: Time) -> String {
    // The history begins a second before Muster does.
    format!("{:.2}s", (at.since(begin).0 as f64 - (FIRST - S) as f64) / S as f64)
}

//! Ten thousand histories by chance, each checked against the promises of the design at every event.
//!
//! `MUSTER_SIM_HISTORIES` sets how many; `MUSTER_SIM_SEED` replays one. A seed that broke a promise is printed with its
//! history, and kept in `tests/regressions.txt` for ever.

use std::collections::BTreeMap;

use muster_model::event::Command;
use muster_model::id::ServiceName;
use muster_model::observation::End;
use muster_model::probe::{Ask, Probe};
use muster_model::roster::{Count, Kind, Limits, Match, Recover, Service, Tier};
use muster_model::sight::Blindness;
use muster_model::time::{Length, Time};

use crate::world::{Act, Bug, Chance, HOUR, Happening, MINUTE, MS, S, Truth, UnitFile, Weather, World};

const HISTORIES: u64 = 10_000;
/// So many seeds are named for each promise that was broken.
const SEEDS_SHOWN: usize = 12;
const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];

#[test]
fn ten_thousand_histories_keep_the_promises() {
    if let Some(seed) = env("MUSTER_SIM_SEED") {
        return assert_kept(seed);
    }
    let histories = env("MUSTER_SIM_HISTORIES").unwrap_or(HISTORIES);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let broken = std::thread::scope(|scope| {
        let run = |first: u64| {
            move || (first..histories).step_by(threads as usize).filter_map(|seed| Some((seed, history(seed).promises.broken?)))
        };
        let running: Vec<_> = (0..threads).map(|first| scope.spawn(move || run(first)().collect::<Vec<_>>())).collect();
        running.into_iter().flat_map(|r| r.join().expect("a history does not panic")).collect::<Vec<_>>()
    });
    let mut kinds: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (seed, promise) in &broken {
        kinds.entry(promise.split(": ").nth(1).unwrap_or(promise)).or_default().push(*seed);
    }
    for (promise, seeds) in &mut kinds {
        seeds.sort_unstable();
        let first = &seeds[..seeds.len().min(SEEDS_SHOWN)];
        println!("{} of {histories} histories broke “{promise}”, the first of them are seeds {first:?}", seeds.len());
    }
    if let Some((seed, _)) = broken.iter().min() {
        assert_kept(*seed);
    }
}

#[test]
fn a_seed_that_once_broke_a_promise_keeps_it_for_ever() {
    for line in include_str!("../regressions.txt").lines().filter(|l| !l.starts_with('#')) {
        let seed = line.split_whitespace().next().and_then(|s| s.parse().ok());
        assert_kept(seed.unwrap_or_else(|| panic!("`{line}` does not begin with a seed")));
    }
}

fn env(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|v| v.parse().unwrap_or_else(|_| panic!("{name}={v} is not a number")))
}

fn assert_kept(seed: u64) {
    let world = history(seed);
    if let Some(broken) = &world.promises.broken {
        for event in &world.ledger {
            println!("{}", serde_json::to_string(event).expect("events are JSON"));
        }
        panic!(
            "seed {seed} broke a promise {broken}\nAgain: MUSTER_SIM_SEED={seed} cargo nextest run -p muster-guard -E 'test(ten_thousand)'"
        );
    }
}

/// A machine by chance, and what happens to it.
fn history(seed: u64) -> World {
    let mut chance = Chance::new(seed);
    let c = &mut chance;
    let rough = |c: &mut Chance, most: f64| if c.likely(0.5) { 0.0 } else { most * c.below(100) as f64 / 100.0 };
    let weather = Weather {
        late: rough(c, 0.2),
        twice: rough(c, 0.3),
        order_fails: rough(c, 0.3),
        exam_fails: rough(c, 0.4),
        dies: rough(c, 0.01),
        varies: true,
    };
    let limits = Limits {
        at_once: 1 + c.below(4) as u32,
        steps_an_hour: c.pick(&[5, 20, 120]),
        attempts: c.between(1, 6) as u32,
        ..Limits::default()
    };
    let count = c.between(1, 5);
    let mut services: Vec<Truth> = (0..count).map(|n| service(c, n)).collect();
    tiers(&mut services, seed);
    let names: Vec<ServiceName> = services.iter().map(Truth::name).collect();
    let mut world = World::new(seed ^ 0x5eed, weather, limits, services);
    world.begins();
    let mut when = c.between(2 * S, 40 * S);
    for _ in 0..c.between(3, 25) {
        let name = names[c.below(names.len() as u64) as usize].clone();
        let act = act(c, name.clone());
        world.after(when, Happening::Does(act));
        when += match c.below(10) {
            0..=3 => c.below(50 * MS),
            4..=6 => c.below(3 * S),
            7..=8 => c.below(40 * S),
            _ => c.below(5 * MINUTE),
        };
    }
    blindness(&mut world, seed, when);
    ways(&mut world, seed, when, &names);
    world.run_until(when);
    world.promise_replay();
    quiet(&mut world, &names, when);
    world
}

/// Some services matter more than others, by a chance of its own.
fn tiers(services: &mut [Truth], seed: u64) {
    let mut chance = Chance::new(seed ^ 0x71e2);
    for t in services {
        t.row.tier = chance.pick(&[Tier::Normal, Tier::Normal, Tier::Important, Tier::Critical]);
    }
}

/// In some histories Muster does not see all that it should. By a chance of its own, so that the other histories stay as they
/// were when their seeds were kept.
fn blindness(world: &mut World, seed: u64, end: u64) {
    let mut chance = Chance::new(seed ^ 0xb11d);
    let c = &mut chance;
    if !c.likely(0.2) {
        return;
    }
    for _ in 0..c.between(1, 6) {
        let lost = c.between(1, 100);
        let why = match c.below(3) {
            0 => Blindness::Stalled,
            1 => Blindness::Overflowed { lost },
            _ => Blindness::Crowded { lost },
        };
        let act = Act::Blind { sensor: c.pick(&["files", "ebpf"]), why, length: c.between(S, MINUTE) };
        world.after(c.below(end), Happening::Does(act));
    }
}

/// In some, what stands between a service and its users fails: it is answered late, out of time, or not at all.
fn ways(world: &mut World, seed: u64, end: u64, names: &[ServiceName]) {
    let mut chance = Chance::new(seed ^ 0x3a75);
    let c = &mut chance;
    let probed: Vec<&ServiceName> = names.iter().filter(|name| !world.services[*name].row.probes.is_empty()).collect();
    if probed.is_empty() || !c.likely(0.3) {
        return;
    }
    for _ in 0..c.between(1, 5) {
        let service = probed[c.below(probed.len() as u64) as usize].clone();
        let act = Act::Way { service, way: c.pick(&["late", "expired", "cut"]), length: c.between(S, 3 * MINUTE) };
        world.after(c.below(end), Happening::Does(act));
    }
}

/// The world comes to rest; then everything that Muster may bring back comes back, and after a person's word the rest.
fn quiet(world: &mut World, names: &[ServiceName], from: u64) {
    world.weather = Weather { varies: true, ..Weather::default() };
    let from = from + 2 * MINUTE; // a boot is over by then
    world.run_until(from);
    for name in names {
        world.after(0, Happening::Does(Act::Listed { service: name.clone(), listed: true }));
        world.after(0, Happening::Does(Act::Tell(Command::Resume { service: Some(name.clone()) })));
        // Not in the moment in which Muster looks at what came into the roster.
        world.after(MS, Happening::Does(Act::Repair { service: name.clone() }));
    }
    world.after(0, Happening::Does(Act::Tell(Command::Resume { service: None })));
    world.after(0, Happening::MusterStarts);
    let rest = from + 10 * S;
    world.run_until(rest);
    // Said again, in case Muster was down.
    for name in names {
        world.after(20 * S, Happening::Does(Act::Tell(Command::Resume { service: Some(name.clone()) })));
    }
    world.after(20 * S, Happening::Does(Act::Tell(Command::Resume { service: None })));
    world.run_until(rest + world.quiet_time());
    let not_back: Vec<_> = world.services.values().filter(|t| world.lacks(t) && world.is_musters(t)).map(Truth::name).collect();
    if !not_back.is_empty() {
        world.promise_quiet();
    }
    for name in names {
        let t = &world.services[name];
        if world.lacks(t) {
            world.after(0, Happening::Does(Act::Repair { service: name.clone() }));
            let t = &world.services[name];
            let by_hand = matches!(t.row.kind, Kind::Process(_)) || t.unit.file != UnitFile::Enabled;
            let service = name.clone();
            if by_hand {
                world.after(0, Happening::Does(Act::Signal { service: service.clone(), signal: 9, by: "carol" }));
                world.after(5 * S, Happening::Does(Act::Start { service, by: "carol" }));
            } else {
                world.after(0, Happening::Does(Act::Tell(Command::Recover { service })));
            }
        }
    }
    let end = world.now + 10 * MINUTE;
    world.run_until(end);
    if world.promises.broken.is_none() {
        world.promise_quiet();
        world.promise_replay();
    }
}

fn service(c: &mut Chance, n: u64) -> Truth {
    let name = ["web", "cache", "db", "queue", "mail"][n as usize];
    let kind = match c.below(10) {
        0..=5 => Kind::Unit(format!("{name}.service")),
        6..=8 => Kind::Run(format!("/usr/sbin/{name}")),
        _ => Kind::Process(Match { exe: Some(name.to_owned()), args: None, count: Count::default() }),
    };
    let port = 8000 + n as u16 * 10;
    let probes = if c.likely(0.6) { vec![probe(port)] } else { Vec::new() };
    let config = if c.likely(0.7) { vec![format!("/etc/{name}.conf")] } else { Vec::new() };
    let row = Service {
        probes,
        validate: (!config.is_empty() && c.likely(0.8)).then(|| format!("{name} -t")),
        reload: (n.is_multiple_of(2) && !config.is_empty()).then(|| format!("{name} -s reload")),
        config,
        depends: if n > 0 && c.likely(0.3) { vec![ServiceName::from("web")] } else { Vec::new() },
        recover: c.pick(&[Recover::Auto, Recover::Auto, Recover::Auto, Recover::Ask, Recover::Never]),
        restore_after: c.likely(0.2).then(|| Length::seconds(30)),
        ..Service::new(ServiceName::from(name), kind)
    };
    let mut t = Truth::new(row, port, Time(0));
    t.unit.restart = c.pick(&["no", "no", "on-failure", "always", "on-abnormal"]);
    t.unit.restart_after = c.pick(&[0, 100 * MS, S, 20 * S]);
    t.unit.notify = c.likely(0.4);
    t.on_term = c.pick(&[End::Code(0), End::Code(0), End::Signal(15), End::Code(143)]);
    t.start_takes = c.pick(&[5 * MS, 40 * MS, 2 * S]);
    t.stop_takes = c.pick(&[MS, 20 * MS, 3 * S]);
    t
}

pub fn probe(port: u16) -> Probe {
    Probe::new(Ask::Tcp { address: format!("127.0.0.1:{port}"), talk: None }, Length::seconds(1), Length::ms(500))
}

fn act(c: &mut Chance, service: ServiceName) -> Act {
    let by = c.pick(&PEOPLE);
    let length = Length(c.between(S, 10 * MINUTE));
    match c.below(46) {
        0..=3 => Act::Signal { service, signal: 9, by },
        4 => Act::Signal { service, signal: 15, by },
        5 => Act::Signal { service, signal: 11, by },
        6 => Act::Signal { service, signal: 19, by },
        7 => Act::Signal { service, signal: 18, by },
        8..=9 => Act::Crash { service, end: c.pick(&[End::Code(0), End::Code(1), End::Signal(11), End::Signal(6), End::Code(139)]) },
        10 => Act::Oom { service },
        11 => Act::Deadlock { service },
        12..=14 => Act::Stop { service, by },
        15 => Act::Disable { service, by },
        16 => Act::Mask { service, by },
        17 => Act::DisableLater { service, by },
        18..=20 => Act::Start { service, by },
        21..=22 => Act::Restart { service, by },
        23 => Act::Reload { service, by },
        24..=26 => Act::Edit { service, sort: c.pick(&["good", "bad", "bad", "wrong", ""]), by },
        27 => Act::TakePort { service, by },
        28 => Act::FreePort { service },
        29..=30 => {
            let end = c.pick(&[End::Code(1), End::Signal(11), End::Code(0)]);
            Act::Bug { service, bug: Bug { starts: c.between(1, 12) as u32, after: c.pick(&[MS, 200 * MS, 3 * S]), end } }
        }
        31 => Act::Repair { service },
        32 => Act::Tell(Command::Recover { service }),
        33 => Act::Tell(Command::Pause { service: Some(service), length, reason: "work".to_owned() }),
        34 => Act::Tell(Command::Pause { service: None, length, reason: "work".to_owned() }),
        35 => Act::Tell(Command::Resume { service: c.likely(0.5).then_some(service) }),
        36 => Act::Ack { service },
        37 => Act::Resolve { service },
        38 => Act::Policy {
            service,
            recover: c.pick(&[Recover::Auto, Recover::Ask, Recover::Never]),
            restore_after: c.likely(0.3).then(|| Length::seconds(20)),
        },
        39 => Act::Listed { service, listed: c.likely(0.6) },
        40..=42 => Act::MusterDown { length: c.between(50 * MS, 30 * S) },
        43 => Act::Reboot { down: c.between(5 * S, 60 * S) },
        _ => Act::Clock { by: c.between(0, 2 * HOUR) as i64 - HOUR as i64 },
    }
}

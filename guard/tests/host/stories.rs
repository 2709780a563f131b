//! Whole stories, one a test: what befalls a service on a calm machine, and what Muster then has on record.
//!
//! A story is a line of acts; the time of each is in seconds from the first. The record is shown without what is
//! examined and seen, which is what the simulation is for.

use expect_test::{Expect, expect};
use muster_model::event::{Body, Command, Decision};
use muster_model::id::ServiceName;
use muster_model::observation::End;
use muster_model::plan::{Leave, Step};
use muster_model::roster::{Kind, Limits, Match, Recover, Service};
use muster_model::sight::Blindness;
use muster_model::time::{Length, Time};

use crate::simulation::probe;
use crate::world::{Act, Bug, HOUR, Happening, MINUTE, MS, S, Truth, Weather, World};

/// When the first act comes: everything is steady by then.
const FIRST: u64 = 30 * S;

/// Tells a story. `services` are separated by `;`: a name, and what is special about it. `acts` likewise: a second, and
/// what happens. The record of `length` seconds is compared.
pub fn check(services: &str, acts: &str, length: u64, record: Expect) {
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
    record.assert_eq(&told(&world));
}

/// `web`, then any of: `run`, `process`, `restart=…`, `socket`, `probe`, `config`, `ask`, `never`, `needs=…`, `restore=…s`, `disabled`.
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

#[test]
fn a_unit_that_is_killed_is_started_and_the_killer_is_named() {
    check(
        "web",
        "0 kill -9 web by bob",
        60,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: start (plan-start)
            0.16s    web: cause: operator.killed 1.00 by bob
            0.20s    web: confirmed: operator.killed
            0.20s    web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_unit_that_the_manager_restarts_is_left_to_the_manager() {
    check(
        "web restart=always",
        "0 kill -9 web by bob",
        60,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: await (plan-await-manager)
            0.16s    web: cause: operator.killed 1.00 by bob
            0.20s    web: confirmed: operator.killed
            0.20s    web: recovered (state-recovered-by-others)
        "#]],
    );
}

#[test]
fn a_run_service_that_is_killed_is_started() {
    check(
        "web run",
        "0 kill -9 web",
        60,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: start (plan-start)
            0.16s    web: cause: operator.killed 1.00 by alice
            0.20s    web: confirmed: operator.killed
            0.20s    web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_process_that_is_only_watched_is_reported_and_not_touched() {
    check(
        "web process",
        "0 kill -9 web",
        60,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: cause: operator.killed 1.00 by alice
            0.00s    web: plan 1: nothing, is not run (plan-only-watched)
            0.00s    web: escalated (plan-only-watched)
        "#]],
    );
}

#[test]
fn a_term_by_a_person_that_ends_with_exit_0_is_a_kill_by_that_person() {
    check(
        "web",
        "0 kill -15 web by bob",
        60,
        expect![[r#"
            0.03s    web: lost: exited
            0.04s    web: cause: operator.killed 0.98 by bob
            0.04s    web: plan 1: start (plan-start)
            0.23s    web: confirmed: operator.killed
            0.23s    web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_planned_restart_is_no_incident() {
    check("web probe", "0 restart web", 120, expect![[""]]);
}

#[test]
fn a_program_that_hands_its_place_on_is_no_incident_and_its_successor_is_watched() {
    check("web probe", "0 hand-over web", 120, expect![[""]]);
    check(
        "web",
        "0 hand-over web; 60 kill -9 web",
        120,
        expect![[r#"
            60.00s   web: lost: killed
            60.00s   web: plan 1: start (plan-start)
            60.16s   web: cause: operator.killed 1.00 by alice
            60.20s   web: confirmed: operator.killed
            60.20s   web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn what_rests_while_its_socket_waits_is_there_and_what_is_killed_is_not() {
    check("web socket", "0 exit 0 web; 60 start web; 90 exit 0 web", 180, expect![[""]]);
    check(
        "web socket",
        "0 kill -9 web",
        60,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: start (plan-start)
            0.16s    web: cause: operator.killed 1.00 by alice
            0.20s    web: confirmed: operator.killed
            0.20s    web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_planned_restart_of_a_restarting_unit_is_no_incident() {
    check("web probe restart=always", "0 restart web", 120, expect![[""]]);
}

#[test]
fn a_reload_with_a_good_configuration_is_no_incident() {
    check("web probe config", "0 edit web good; 1 reload web", 120, expect![[""]]);
}

#[test]
fn a_stop_is_told_and_left_alone() {
    check(
        "web restart=always",
        "0 stop web by bob",
        600,
        expect![[r#"
            0.03s    web: lost: stopped
            0.04s    web: cause: operator.stopped 1.00 by bob
            0.04s    web: plan 1: start, is not run (plan-left-alone)
        "#]],
    );
}

#[test]
fn a_stop_of_a_program_that_exits_143_is_still_a_stop() {
    check(
        "web",
        "0 stop web by bob",
        60,
        expect![[r#"
            0.03s    web: lost: stopped
            0.04s    web: cause: operator.stopped 1.00 by bob
            0.04s    web: plan 1: start, is not run (plan-left-alone)
        "#]],
    );
}

#[test]
fn disable_now_is_told_and_left_alone() {
    check(
        "web",
        "0 disable web by bob",
        600,
        expect![[r#"
            0.03s    web: lost: stopped
            0.04s    web: cause: operator.disabled 0.98 by bob
            0.04s    web: plan 1: enable + start, is not run (plan-left-alone)
        "#]],
    );
}

#[test]
fn mask_now_is_told_and_left_alone() {
    check(
        "web",
        "0 mask web by bob",
        600,
        expect![[r#"
            0.03s    web: lost: stopped
            0.04s    web: cause: operator.disabled 0.98 by bob
            0.04s    web: plan 1: unmask + enable + start, is not run (plan-left-alone)
        "#]],
    );
}

#[test]
fn a_broken_configuration_is_a_danger_and_after_a_restart_by_another_it_is_restored_and_its_editor_named() {
    check(
        "web probe config",
        "0 edit web bad by alice; 10 restart web by bob",
        60,
        expect![[r#"
            0.77s    web: lost: cannot_restart
            0.82s    web: cause: config.invalid 0.99 by alice
            0.82s    web: plan 1: config.restore, waits for a yes (plan-config-offered)
            10.04s   web: closed (state-became-a-loss)
            10.04s   web: lost: exited
            10.10s   web: cause: config.invalid 1.00 by alice
            10.10s   web: plan 1: config.restore + start (plan-config-restore)
            10.21s   web: confirmed: config.invalid
            10.21s   web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn an_edit_an_hour_before_is_still_the_cause() {
    check(
        "web probe config",
        "0 edit web bad by alice; 3600 restart web by bob",
        3660,
        expect![[r#"
            0.77s    web: lost: cannot_restart
            0.82s    web: cause: config.invalid 0.99 by alice
            0.82s    web: plan 1: config.restore, waits for a yes (plan-config-offered)
            3600.04s web: closed (state-became-a-loss)
            3600.04s web: lost: exited
            3600.10s web: cause: config.invalid 1.00 by alice
            3600.10s web: plan 1: config.restore + start (plan-config-restore)
            3600.20s web: confirmed: config.invalid
            3600.20s web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_deleted_configuration_is_restored() {
    check(
        "web probe config",
        "0 delete web by alice; 10 restart web by bob",
        60,
        expect![[r#"
            0.77s    web: lost: cannot_restart
            0.82s    web: cause: config.missing 0.99 by alice
            0.82s    web: plan 1: config.restore, waits for a yes (plan-config-offered)
            10.04s   web: closed (state-became-a-loss)
            10.04s   web: lost: exited
            10.10s   web: cause: config.missing 0.99 by alice
            10.10s   web: plan 1: config.restore + start (plan-config-restore)
            10.21s   web: confirmed: config.missing
            10.21s   web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_configuration_that_moves_the_port_is_restored() {
    check(
        "web probe config",
        "0 edit web wrong by alice; 10 restart web by bob",
        120,
        expect![[r#"
            13.21s   web: lost: port_closed
            13.27s   web: cause: config.changed 0.99 by alice
            13.27s   web: plan 1: config.restore + restart (plan-config-restore)
            13.47s   web: confirmed: config.changed
            13.47s   web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_taken_port_names_its_holder_and_the_service_starts_when_it_is_free() {
    check(
        "web probe",
        "0 take-port web by eve; 0.1 restart web by bob; 60 free-port web",
        120,
        expect![[r#"
            0.14s    web: lost: exited
            0.15s    web: cause: network.port_taken 0.96 by eve
            0.15s    web: plan 1: start, waits for a yes (plan-port-taken)
            0.15s    web: escalated (state-waits-for-yes)
            60.15s   web: plan 1: start (plan-port-free)
            60.36s   web: confirmed: network.port_taken
            60.36s   web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn memory_that_ran_out_is_told_and_the_service_started() {
    check(
        "web",
        "0 oom web",
        60,
        expect![[r#"
            0.00s    web: lost: oom_killed
            0.00s    web: plan 1: start (plan-start)
            0.16s    web: cause: resource.memory 1.00
            0.20s    web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_crash_is_the_programs_own() {
    check(
        "web",
        "0 segv web",
        60,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: start (plan-start)
            0.16s    web: cause: crash.bug 0.99
            0.20s    web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_crash_loop_calls_people_and_is_tried_ever_more_slowly() {
    check(
        "web",
        "0 crashes web 20; 1 kill -9 web",
        600,
        expect![[r#"
            1.00s    web: lost: killed
            1.00s    web: plan 1: start (plan-start)
            1.07s    web: cause: crash.bug 0.94
            2.01s    web: plan 2: start (plan-start)
            2.06s    web: lost: crash_loop after all
            2.07s    web: cause: crash.bug 0.97
            4.01s    web: plan 3: start (plan-start)
            4.07s    web: cause: crash.bug 0.97
            8.01s    web: plan 4: start (plan-start)
            8.07s    web: cause: crash.bug 0.97
            16.01s   web: plan 5: start (plan-start)
            16.07s   web: cause: crash.bug 0.97
            32.02s   web: escalated (state-escalated-attempts)
            32.02s   web: plan 6: start (plan-start)
            32.08s   web: cause: crash.bug 0.97
            64.02s   web: plan 7: start (plan-start)
            64.08s   web: cause: crash.bug 0.97
            128.02s  web: plan 8: start (plan-start)
            128.08s  web: cause: crash.bug 0.97
            256.02s  web: plan 9: start (plan-start)
            256.08s  web: cause: crash.bug 0.97
            512.02s  web: plan 10: start (plan-start)
            512.08s  web: cause: crash.bug 0.97
        "#]],
    );
}

#[test]
fn a_stopped_process_is_killed_and_started() {
    check(
        "web probe",
        "0 kill -19 web by bob",
        120,
        expect![[r#"
            0.00s    web: lost: hung
            0.06s    web: cause: operator.killed 0.99 by bob
            0.06s    web: plan 1: kill_restart (plan-kill-restart)
            0.20s    web: confirmed: operator.killed
            0.20s    web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_deadlock_is_killed_and_started() {
    check(
        "web probe",
        "0 deadlock web",
        120,
        expect![[r#"
            0.20s    web: lost: hung
            0.27s    web: cause: hang.deadlock 0.95
            0.27s    web: plan 1: kill_restart (plan-kill-restart)
            0.47s    web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_unit_disabled_an_hour_before_the_machine_is_restarted_is_brought_back() {
    check(
        "web",
        "0 disable-later web; 3600 reboot",
        3700,
        expect![[r#"
            3.00s    web: lost: unit_disabled
            3.01s    web: cause: operator.disabled 1.00 by alice
            3.01s    web: plan 1: enable, waits for a yes (plan-enable)
            3623.00s web: closed (state-became-a-loss)
            3623.00s web: lost: stopped
            3623.01s web: cause: host.rebooted 0.98
            3623.01s web: plan 1: start (plan-start)
            3623.02s web: recovered (state-recovered-by-muster)
            3653.00s web: lost: unit_disabled
            3653.01s web: cause: operator.disabled 1.00 by alice
            3653.01s web: plan 1: enable, waits for a yes (plan-enable)
        "#]],
    );
}

#[test]
fn a_unit_disabled_just_before_the_machine_is_restarted_is_left_alone() {
    check(
        "web",
        "0 disable-later web by bob; 10 reboot",
        120,
        expect![[r#"
            3.00s    web: lost: unit_disabled
            3.01s    web: cause: operator.disabled 1.00 by bob
            3.01s    web: plan 1: enable, waits for a yes (plan-enable)
            33.00s   web: closed (state-became-a-loss)
            33.00s   web: lost: stopped
            33.01s   web: cause: operator.disabled 0.99 by bob
            33.01s   web: plan 1: enable + start, is not run (plan-left-alone)
        "#]],
    );
}

#[test]
fn an_enabled_unit_comes_back_with_the_machine_without_an_incident() {
    check(
        "web; cache run",
        "0 reboot",
        120,
        expect![[r#"
            23.00s   cache: first start
        "#]],
    );
}

#[test]
fn a_loss_while_muster_was_down_is_found_at_its_start() {
    check(
        "web; cache run",
        "0 muster-down 10; 5 kill -9 web; 5 kill -9 cache",
        60,
        expect![[r#"
            10.00s   web: lost: killed
            10.00s   web: plan 1: start (plan-start)
            10.01s   cache: lost: exited
            10.01s   web: recovered (state-recovered-by-muster)
            10.02s   cache: cause: unknown 1.00
            10.02s   cache: plan 1: start (plan-start)
            10.02s   web: cause: unknown 1.00
            10.02s   cache: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn lost_again_before_it_was_steady_is_the_same_story() {
    check(
        "web",
        "0 kill -9 web; 4 kill -9 web",
        60,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: start (plan-start)
            0.16s    web: cause: operator.killed 1.00 by alice
            0.20s    web: confirmed: operator.killed
            0.20s    web: recovered (state-recovered-by-muster)
            4.00s    web: open (state-relapsed)
            4.01s    web: cause: operator.killed 1.00 by alice
            4.01s    web: plan 2: start (plan-start)
            14.21s   web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn lost_again_after_it_was_steady_is_another_story() {
    check(
        "web",
        "0 kill -9 web; 30 kill -9 web",
        60,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: start (plan-start)
            0.16s    web: cause: operator.killed 1.00 by alice
            0.20s    web: confirmed: operator.killed
            0.20s    web: recovered (state-recovered-by-muster)
            30.00s   web: lost: killed
            30.00s   web: plan 1: start (plan-start)
            30.16s   web: cause: operator.killed 1.00 by alice
            30.20s   web: confirmed: operator.killed
            30.20s   web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_stop_in_a_pause_is_no_incident_and_what_is_down_after_it_is() {
    check(
        "web; cache",
        "0 pause web; 1 stop web; 20 start web; 0 pause cache; 1 stop cache",
        90,
        expect![[r#"
            60.00s   cache: lost: stopped
            60.01s   cache: cause: operator.stopped 1.00 by alice
            60.01s   cache: plan 1: start, is not run (plan-left-alone)
        "#]],
    );
}

#[test]
fn under_the_global_pause_losses_are_told_and_nothing_is_done_until_it_ends() {
    check(
        "web",
        "0 pause-all; 1 kill -9 web",
        90,
        expect![[r#"
            1.00s    web: lost: killed
            1.16s    web: cause: operator.killed 1.00 by alice
            60.00s   web: plan 1: start (plan-start)
            60.21s   web: confirmed: operator.killed
            60.21s   web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn recover_ask_waits_for_a_yes() {
    check(
        "web ask",
        "0 kill -9 web; 100 recover web",
        120,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: start, waits for a yes (plan-start)
            0.00s    web: escalated (state-waits-for-yes)
            0.16s    web: cause: operator.killed 1.00 by alice
            100.00s  web: plan 1: start (plan-start)
            100.21s  web: confirmed: operator.killed
            100.21s  web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn recover_never_is_told_only() {
    check(
        "web never",
        "0 kill -9 web",
        600,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: start, is not run (plan-start)
            0.00s    web: escalated (plan-start)
            0.16s    web: cause: operator.killed 1.00 by alice
        "#]],
    );
}

#[test]
fn a_dependency_is_mended_first() {
    check(
        "web needs=db; db",
        "0 kill -9 db; 0.0001 kill -9 web",
        60,
        expect![[r#"
            0.00s    db: lost: killed
            0.00s    db: plan 1: start (plan-start)
            0.00s    web: lost: killed
            0.00s    web: plan 1: start (plan-start)
            0.16s    db: cause: operator.killed 1.00 by alice
            0.16s    web: cause: operator.killed 1.00 by alice
            0.20s    db: confirmed: operator.killed
            0.20s    db: recovered (state-recovered-by-muster)
            0.41s    web: confirmed: operator.killed
            0.41s    web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn an_unannounced_stop_is_put_back_where_the_roster_says_so() {
    check(
        "web restore=30s",
        "0 stop web by bob",
        60,
        expect![[r#"
            0.03s    web: lost: stopped
            0.04s    web: cause: operator.stopped 1.00 by bob
            0.04s    web: plan 1: start, is not run (plan-left-alone)
            30.02s   web: plan 1: start (plan-restore-after)
            30.23s   web: confirmed: operator.stopped
            30.23s   web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_stop_that_somebody_confirms_is_not_put_back() {
    check(
        "web restore=30s",
        "0 stop web by bob; 5 ack web",
        120,
        expect![[r#"
            0.03s    web: lost: stopped
            0.04s    web: cause: operator.stopped 1.00 by bob
            0.04s    web: plan 1: start, is not run (plan-left-alone)
            5.00s    web: plan 1: start, is not run (plan-left-alone)
        "#]],
    );
}

#[test]
fn what_a_person_resolved_is_how_it_is_meant_to_be() {
    check(
        "web never",
        "0 kill -9 web; 10 resolve web; 60 muster-down 5",
        600,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: start, is not run (plan-start)
            0.00s    web: escalated (plan-start)
            0.16s    web: cause: operator.killed 1.00 by alice
        "#]],
    );
}

#[test]
fn two_services_lost_at_once_are_two_stories() {
    check(
        "web; cache run",
        "0 kill -9 web by bob; 0 kill -9 cache by bob",
        60,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: start (plan-start)
            0.00s    cache: lost: killed
            0.00s    cache: plan 1: start (plan-start)
            0.16s    cache: cause: operator.killed 1.00 by bob
            0.16s    web: cause: operator.killed 1.00 by bob
            0.20s    web: confirmed: operator.killed
            0.20s    web: recovered (state-recovered-by-muster)
            0.20s    cache: confirmed: operator.killed
            0.20s    cache: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn muster_killed_in_the_middle_of_a_recovery_goes_on_with_it() {
    check(
        "web probe config",
        "0 edit web bad; 1 restart web; 1.1005 muster-down 2",
        60,
        expect![[r#"
            0.77s    web: lost: cannot_restart
            0.82s    web: cause: config.invalid 0.99 by alice
            0.82s    web: plan 1: config.restore, waits for a yes (plan-config-offered)
            1.04s    web: closed (state-became-a-loss)
            1.04s    web: lost: exited
            3.16s    web: cause: config.invalid 1.00 by alice
            3.16s    web: plan 1: config.restore + start (plan-config-restore)
            3.37s    web: confirmed: config.invalid
            3.37s    web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn a_stop_during_a_crash_loop_ends_the_attempts() {
    check(
        "web",
        "0 crashes web 20; 1 kill -9 web; 20 stop web by bob",
        900,
        expect![[r#"
            1.00s    web: lost: killed
            1.00s    web: plan 1: start (plan-start)
            1.07s    web: cause: crash.bug 0.94
            2.01s    web: plan 2: start (plan-start)
            2.06s    web: lost: crash_loop after all
            2.07s    web: cause: crash.bug 0.97
            4.01s    web: plan 3: start (plan-start)
            4.07s    web: cause: crash.bug 0.97
            8.01s    web: plan 4: start (plan-start)
            8.07s    web: cause: crash.bug 0.97
            16.01s   web: plan 5: start (plan-start)
            16.07s   web: cause: crash.bug 0.97
            20.00s   web: escalated (state-escalated-attempts)
            20.00s   web: plan 6: start, is not run (plan-left-alone)
        "#]],
    );
}

#[test]
fn a_clock_that_is_set_puts_nothing_back_early() {
    check(
        "web restore=30s",
        "0 stop web by bob; 5 clock",
        60,
        expect![[r#"
            0.03s    web: lost: stopped
            0.04s    web: cause: operator.stopped 1.00 by bob
            0.04s    web: plan 1: start, is not run (plan-left-alone)
            3630.03s web: plan 1: start (plan-restore-after)
            3630.23s web: confirmed: operator.stopped
            3630.23s web: recovered (state-recovered-by-muster)
        "#]],
    );
}

#[test]
fn what_is_slow_is_told_and_restarted_only_with_a_yes() {
    check(
        "web probe",
        "0 way web late 60",
        120,
        expect![[r#"
        0.20s    web: lost: slow
        0.21s    web: cause: unknown 1.00
        0.21s    web: plan 1: restart, waits for a yes (plan-restart-slow)
        60.20s   web: recovered (state-recovered-by-others)
    "#]],
    );
}

#[test]
fn a_slow_service_that_is_killed_has_two_stories() {
    check(
        "web probe",
        "0 way web late 60; 10 kill -9 web by bob",
        120,
        expect![[r#"
            0.20s    web: lost: slow
            0.21s    web: cause: unknown 1.00
            0.21s    web: plan 1: restart, waits for a yes (plan-restart-slow)
            10.00s   web: closed (state-became-a-loss)
            10.00s   web: lost: killed
            10.00s   web: plan 1: start (plan-start)
            10.16s   web: cause: operator.killed 1.00 by bob
            10.21s   web: confirmed: operator.killed
            10.21s   web: recovered (state-recovered-by-muster)
            20.20s   web: lost: slow
            20.21s   web: cause: unknown 1.00
            20.21s   web: plan 1: restart, waits for a yes (plan-restart-slow)
            60.20s   web: recovered (state-recovered-by-others)
        "#]],
    );
}

#[test]
fn what_is_well_and_cut_off_is_left_alone() {
    check(
        "web probe",
        "0 way web cut 60",
        120,
        expect![[r#"
        0.20s    web: lost: unreachable
        0.21s    web: cause: unknown 1.00
        0.21s    web: plan 1: nothing, is not run (plan-cut-off)
        0.21s    web: escalated (plan-cut-off)
        60.20s   web: recovered (state-recovered-by-others)
    "#]],
    );
}

#[test]
fn what_is_killed_while_it_is_cut_off_is_started_once() {
    check(
        "web probe",
        "0 kill -9 web by bob; 0 way web cut 60",
        200,
        expect![[r#"
            0.00s    web: lost: killed
            0.00s    web: plan 1: start (plan-start)
            0.16s    web: cause: operator.killed 1.00 by bob
            30.01s   web: lost: unreachable after all
            30.02s   web: cause: unknown 1.00
            30.02s   web: plan 2: nothing, is not run (plan-cut-off)
            30.02s   web: escalated (plan-cut-off)
            60.20s   web: recovered (state-recovered-by-others)
        "#]],
    );
}

#[test]
fn a_certificate_that_expired_is_for_people_to_renew() {
    check(
        "web probe",
        "0 way web expired 60",
        120,
        expect![[r#"
        0.20s    web: lost: tls_expired
        0.21s    web: cause: tls.expired 0.99
        0.21s    web: plan 1: nothing, is not run (plan-renew-certificate)
        0.21s    web: escalated (plan-renew-certificate)
        60.20s   web: recovered (state-recovered-by-others)
    "#]],
    );
}

#[test]
fn a_unit_that_is_disabled_and_runs_on_is_enabled_with_a_yes() {
    check(
        "web",
        "0 disable-later web by bob; 20 recover web",
        120,
        expect![[r#"
        3.00s    web: lost: unit_disabled
        3.01s    web: cause: operator.disabled 1.00 by bob
        3.01s    web: plan 1: enable, waits for a yes (plan-enable)
        20.00s   web: plan 1: enable (plan-enable)
        20.00s   web: confirmed: operator.disabled
        20.00s   web: recovered (state-recovered-by-muster)
    "#]],
    );
}

//! How a service ends, and is brought back.

use expect_test::expect;
use muster_model::event::{Body, Decision};

use super::{check, tell};

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
    check("web probe", "0 restart web", 120, expect![[r#""#]]);
}

#[test]
fn a_program_that_hands_its_place_on_is_no_incident_and_its_successor_is_watched() {
    check("web probe", "0 hand-over web", 120, expect![[r#""#]]);
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
    check("web socket", "0 exit 0 web; 60 start web; 90 exit 0 web", 180, expect![[r#""#]]);
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
    check("web probe restart=always", "0 restart web", 120, expect![[r#""#]]);
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

/// Four at a time: of the two that wait for a place, the one that matters most comes first, though it was lost last.
#[test]
fn what_matters_more_is_mended_first() {
    let kills = "0 kill -9 a; 0 kill -9 b; 0 kill -9 c; 0 kill -9 d; 0 kill -9 e; 0.001 kill -9 f";
    let world = tell("a; b; c; d; e; f critical", kills, 30);
    let begun = world.ledger.iter().filter_map(|event| match &event.body {
        Body::Decided(Decision::Begun(order)) => Some(order.service.as_str()),
        _ => None,
    });
    assert_eq!(begun.collect::<Vec<_>>(), ["a", "b", "c", "d", "f", "e"]);
}

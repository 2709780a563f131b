//! Stories of Muster itself: a sensor does not see, and that is told like every other loss.

use expect_test::expect;

use crate::stories::check;

#[test]
fn a_sensor_that_stands_still_is_an_incident_until_it_goes_on() {
    check(
        "web",
        "0 blind files stalled 90",
        200,
        expect![[r#"
        0.00s    muster: lost: hung
        0.00s    muster: cause: hang.deadlock 0.62
        0.00s    muster: plan 1: nothing, is not run (plan-own-restart)
        0.00s    muster: escalated (plan-own-restart)
        90.00s   muster: recovered (state-sees-again)
    "#]],
    );
}

#[test]
fn a_queue_that_ran_over_is_waited_for_and_is_over_by_itself() {
    check(
        "web",
        "0 blind files overflowed 15",
        100,
        expect![[r#"
        0.00s    muster: lost: slow
        0.00s    muster: cause: unknown 1.00
        0.00s    muster: plan 1: await (plan-own-looks-again)
        15.00s   muster: recovered (state-sees-again)
    "#]],
    );
}

#[test]
fn queues_that_run_over_without_an_end_call_people() {
    check(
        "web",
        "0 blind ebpf crowded 3000",
        2000,
        expect![[r#"
        0.00s    muster: lost: slow
        0.00s    muster: cause: unknown 1.00
        0.00s    muster: plan 1: await (plan-own-looks-again)
        120.00s  muster: plan 2: await (plan-own-looks-again)
        240.00s  muster: plan 3: await (plan-own-looks-again)
        360.00s  muster: plan 4: await (plan-own-looks-again)
        480.00s  muster: plan 5: await (plan-own-looks-again)
        600.00s  muster: escalated (state-escalated-attempts)
        600.00s  muster: plan 6: await (plan-own-looks-again)
        720.01s  muster: plan 7: await (plan-own-looks-again)
        840.01s  muster: plan 8: await (plan-own-looks-again)
        968.01s  muster: plan 9: await (plan-own-looks-again)
        1224.01s muster: plan 10: await (plan-own-looks-again)
        1524.01s muster: plan 11: await (plan-own-looks-again)
        1824.01s muster: plan 12: await (plan-own-looks-again)
    "#]],
    );
}

#[test]
fn what_is_only_seen_less_well_and_then_not_at_all_has_two_incidents() {
    check(
        "web",
        "0 blind ebpf crowded 60; 20 blind files stalled 20",
        200,
        expect![[r#"
        0.00s    muster: lost: slow
        0.00s    muster: cause: unknown 1.00
        0.00s    muster: plan 1: await (plan-own-looks-again)
        20.00s   muster: closed (state-became-a-loss)
        20.00s   muster: lost: hung
        20.00s   muster: cause: hang.deadlock 0.62
        20.00s   muster: plan 1: nothing, is not run (plan-own-restart)
        20.00s   muster: escalated (plan-own-restart)
        40.00s   muster: recovered (state-sees-again)
        50.00s   muster: lost: slow
        50.00s   muster: cause: unknown 1.00
        50.00s   muster: plan 1: await (plan-own-looks-again)
        60.00s   muster: recovered (state-sees-again)
    "#]],
    );
}

#[test]
fn a_new_start_has_new_sensors() {
    check(
        "web",
        "0 blind files stalled 900; 30 muster-down 2",
        100,
        expect![[r#"
        0.00s    muster: lost: hung
        0.00s    muster: cause: hang.deadlock 0.62
        0.00s    muster: plan 1: nothing, is not run (plan-own-restart)
        0.00s    muster: escalated (plan-own-restart)
        32.00s   muster: cause: hang.deadlock 0.62
        32.00s   muster: recovered (state-sees-again)
    "#]],
    );
}

#[test]
fn a_service_is_brought_back_while_muster_is_half_blind() {
    check(
        "web",
        "0 blind files stalled 60; 5 kill -9 web by bob",
        100,
        expect![[r#"
        0.00s    muster: lost: hung
        0.00s    muster: cause: hang.deadlock 0.62
        0.00s    muster: plan 1: nothing, is not run (plan-own-restart)
        0.00s    muster: escalated (plan-own-restart)
        5.00s    web: lost: killed
        5.00s    web: plan 1: start (plan-start)
        5.16s    web: cause: operator.killed 1.00 by bob
        5.21s    web: confirmed: operator.killed
        5.21s    web: recovered (state-recovered-by-muster)
        60.00s   muster: recovered (state-sees-again)
    "#]],
    );
}

#[test]
fn a_sensor_that_climbs_to_another_rung_at_once_is_not_blind() {
    check("web", "0 rung none; 3 rung systemctl; 30 rung dbus", 60, expect![[""]]);
}

#[test]
fn a_sensor_without_a_rung_is_blind_until_it_has_one() {
    check(
        "web",
        "0 rung none; 30 rung dbus",
        60,
        expect![[r#"
        5.00s    muster: lost: hung
        5.00s    muster: cause: unknown 1.00
        5.00s    muster: plan 1: nothing, is not run (plan-own-restart)
        5.00s    muster: escalated (plan-own-restart)
        30.00s   muster: recovered (state-sees-again)
    "#]],
    );
}

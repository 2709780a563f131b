//! Services that live, and do not show what they must show.

use expect_test::expect;

use super::check;

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

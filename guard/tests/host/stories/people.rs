//! What people say is meant, and what Muster makes of it.

use expect_test::expect;

use super::check;

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

/// A stop that is said anew while the one before is being put back is one to wait for again.
#[test]
fn a_stop_in_the_middle_of_a_put_back_ends_it() {
    check(
        "web restore=20s",
        "0 mask web; 20.033 stop web by bob",
        60,
        expect![[r#"
            0.03s    web: lost: stopped
            0.04s    web: cause: operator.disabled 0.98 by alice
            0.04s    web: plan 1: unmask + enable + start, is not run (plan-left-alone)
            20.02s   web: plan 1: unmask + enable + start (plan-restore-after)
            20.06s   web: plan 2: start, is not run (plan-left-alone)
            40.03s   web: plan 2: start (plan-restore-after)
            50.24s   web: recovered (state-recovered-by-muster)
        "#]],
    );
}

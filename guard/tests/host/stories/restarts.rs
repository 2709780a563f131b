//! The machine or Muster itself goes down in between, or its clock is set.

use expect_test::expect;

use super::check;

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
fn what_was_stopped_while_muster_was_down_is_seen_to_stand_still() {
    check(
        "web",
        "0 muster-down 10; 3 kill -19 web by bob",
        60,
        expect![[r#"
        10.01s   web: lost: hung
        10.06s   web: cause: operator.killed 0.82
        10.06s   web: plan 1: kill_restart (plan-kill-restart)
        10.07s   web: confirmed: operator.killed
        10.07s   web: recovered (state-recovered-by-muster)
    "#]],
    );
}

#[test]
fn a_configuration_that_came_back_while_muster_was_down_is_a_danger_no_longer() {
    check(
        "web config",
        "0 delete web; 5 muster-down 10; 8 edit web good",
        60,
        expect![[r#"
        0.77s    web: lost: cannot_restart
        0.82s    web: cause: config.missing 0.99 by alice
        0.82s    web: plan 1: config.restore, waits for a yes (plan-config-offered)
        15.01s   web: recovered (state-recovered-by-others)
    "#]],
    );
}

//! Configurations that keep a service from its work.

use expect_test::expect;

use super::check;

#[test]
fn a_reload_with_a_good_configuration_is_no_incident() {
    check("web probe config", "0 edit web good; 1 reload web", 120, expect![[r#""#]]);
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
fn a_refused_configuration_under_a_mask_is_put_back_and_the_mask_taken_off_with_a_yes() {
    check(
        "web config",
        "0 edit web bad; 2 kill -9 web; 2.01 mask web; 20 recover web",
        60,
        expect![[r#"
            0.77s    web: lost: cannot_restart
            0.82s    web: cause: config.invalid 0.99 by alice
            0.82s    web: plan 1: config.restore, waits for a yes (plan-config-offered)
            2.00s    web: closed (state-became-a-loss)
            2.00s    web: lost: killed
            2.00s    web: plan 1: config.restore + start (plan-config-restore)
            2.03s    web: lost: stopped after all
            2.09s    web: cause: operator.disabled 0.98 by alice
            2.09s    web: plan 2: unmask + enable + start, is not run (plan-left-alone)
            20.00s   web: plan 2: unmask + enable + start (plan-unmask)
            30.21s   web: confirmed: operator.disabled
            30.21s   web: recovered (state-recovered-by-muster)
        "#]],
    );
}

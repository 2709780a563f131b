//! In a pid namespace of its own, as in a container: pids are those that Muster itself would see.

use std::process::Command;

const INSIDE: &str = "MUSTER_TEST_INSIDE";

/// Runs another test of this program in a pid namespace of its own.
fn again_inside(test: &str) {
    if std::env::var_os(INSIDE).is_some() {
        return;
    }
    let us = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]).arg(us).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    let Ok(run) = command.output() else { return println!("skipped: no unshare(1)") };
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    if said.contains("unshare failed") || said.contains("Operation not permitted") {
        return println!("skipped: no pid namespace can be made: {said}");
    }
    assert!(run.status.success(), "{test} inside: {said}");
    assert!(said.contains("1 passed"), "{test} did not run: {said}");
}

#[test]
fn senders_are_named_by_their_pids_inside() {
    again_inside("senders::a_shell_between_is_named_though_it_is_gone_too");
    again_inside("senders::a_shells_own_kill_is_named_with_and_without_a_fork");
}

#[test]
fn ends_are_told_inside() {
    again_inside("ends::ebpf::every_end_is_told_once_and_how");
    again_inside("ends::pidfd::every_end_is_told_once_and_how");
}

#[test]
fn commands_are_told_inside() {
    again_inside("commands::ebpf_tells_commands_that_name_a_service");
}

#[test]
fn the_proc_connector_declines_inside() {
    again_inside("ends::connector::every_end_is_told_once_and_how");
}

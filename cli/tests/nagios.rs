//! `muster check` as the command of a real Nagios, which runs as a user of its own and asks through sudo, as docs/how-to/nagios.md says.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use support::{Muster, pid, text};

/// What Nagios has not seen by then it will not see.
const LONGEST: Duration = Duration::from_secs(60);

/// A Nagios in the foreground; dropping it ends it.
struct Nagios(Child);

impl Drop for Nagios {
    fn drop(&mut self) {
        // Its children are ended by it where it is told to end.
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}

/// One value of a block of Nagios' status.dat.
fn value(status: &str, key: &str) -> String {
    let block = status.split("servicestatus {").nth(1).unwrap_or_default().split('}').next().unwrap_or_default();
    let line = block.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}=")));
    line.unwrap_or_default().to_owned()
}

fn configuration(folder: &Path, check: &str) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    fs::write(
        at("objects.cfg"),
        format!(
            "define timeperiod {{\n timeperiod_name always\n alias always\n monday 00:00-24:00\n tuesday 00:00-24:00\n wednesday 00:00-24:00\n \
             thursday 00:00-24:00\n friday 00:00-24:00\n saturday 00:00-24:00\n sunday 00:00-24:00\n}}\n\
             define command {{\n command_name check_muster\n command_line {check} $ARG1$\n}}\n\
             define contact {{\n contact_name nobody\n host_notifications_enabled 0\n service_notifications_enabled 0\n \
             host_notification_period always\n service_notification_period always\n host_notification_options n\n service_notification_options n\n \
             host_notification_commands check_muster\n service_notification_commands check_muster\n}}\n\
             define host {{\n host_name here\n address 127.0.0.1\n max_check_attempts 1\n check_period always\n contacts nobody\n \
             active_checks_enabled 0\n}}\n\
             define service {{\n host_name here\n service_description fragile\n check_command check_muster!fragile\n max_check_attempts 1\n \
             check_interval 1\n retry_interval 1\n check_period always\n contacts nobody\n}}\n"
        ),
    )
    .unwrap();
    format!(
        "cfg_file={}\nlog_file={}\nobject_cache_file={}\nprecached_object_file={}\nresource_file={}\nstatus_file={}\nstate_retention_file={}\n\
         temp_file={}\ntemp_path={}\ncheck_result_path={}\nlock_file={}\ncommand_file={}\nquery_socket={}\nstatus_update_interval=1\n\
         interval_length=1\nservice_inter_check_delay_method=n\nmax_service_check_spread=1\ncheck_external_commands=0\nuse_syslog=0\n\
         enable_notifications=0\nexecute_service_checks=1\nillegal_macro_output_chars=`~$&|'\"<>\n",
        at("objects.cfg"),
        at("nagios.log"),
        at("objects.cache"),
        at("objects.precache"),
        at("resource.cfg"),
        at("status.dat"),
        at("retention.dat"),
        at("nagios.tmp"),
        folder.display(),
        at("results"),
        at("nagios.lock"),
        at("nagios.cmd"),
        at("nagios.qh"),
    )
}

#[test]
fn a_real_nagios_sees_a_loss_and_the_return_through_sudo() {
    if !rustix::process::geteuid().is_root() || ["/usr/sbin/nagios4", "/usr/bin/sudo"].iter().any(|program| !Path::new(program).exists()) {
        println!("skipped: needs root, nagios4-core and sudo");
        return;
    }
    let muster = Muster::up("[[service]]\nname = \"fragile\"\nrun = \"/bin/sleep 100000\"\nrecover = \"never\"\n");
    let first = muster.until(|| pid(&muster, "fragile"));
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let data = muster.folder.path().join("data").display().to_string();
    // Root's program, as an installed one is: not in a folder that somebody else may write.
    fs::copy(env!("CARGO_BIN_EXE_muster"), at("muster")).unwrap();
    let program = at("muster").display().to_string();
    fs::create_dir(at("results")).unwrap();
    fs::write(at("resource.cfg"), "").unwrap();
    let check = format!("/usr/bin/sudo -n {program} --data {data} check");
    fs::write(at("nagios.cfg"), configuration(folder.path(), &check)).unwrap();
    fs::write(at("sudoers"), format!("nagios ALL=(root) NOPASSWD: {program} ^--data {data} check [A-Za-z0-9][A-Za-z0-9_.@-]*$\n")).unwrap();
    fs::set_permissions(at("sudoers"), fs::Permissions::from_mode(0o440)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["results", "nagios.cfg", "objects.cfg", "resource.cfg"] {
        assert!(Command::new("chown").arg("nagios").arg(at(name)).status().unwrap().success());
    }
    // Nagios writes beside its files.
    assert!(Command::new("chgrp").arg("nagios").arg(folder.path()).status().unwrap().success());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1775)).unwrap();

    // /etc/sudoers is the machine's: ours is there in a mount namespace of this test's own.
    let as_nagios = |words: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c"]).arg(format!(
            "mount --bind {} /etc/sudoers && exec setpriv --reuid nagios --regid nagios --clear-groups -- {words}",
            at("sudoers").display()
        ));
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    };
    let said = |output: &Output| format!("{}{}", text(output), String::from_utf8_lossy(&output.stderr));
    // The line lets in what it names, and nothing beside it.
    let allowed = as_nagios(&format!("{check} fragile")).output().unwrap();
    if !allowed.status.success() && !text(&allowed).contains("FRAGILE") {
        panic!("{}", said(&allowed));
    }
    for other in [
        format!("{check} fragile --config /etc/shadow"),
        format!("/usr/bin/sudo -n {program} --data {data} down"),
        "cat /etc/shadow".to_owned(),
    ] {
        let refused = as_nagios(&other).output().unwrap();
        assert!(!refused.status.success() && !text(&refused).contains("FRAGILE"), "{other}: {}", said(&refused));
    }

    let nagios = as_nagios(&format!("/usr/sbin/nagios4 {}", at("nagios.cfg").display()))
        .stdout(fs::File::create(at("out")).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _nagios = Nagios(nagios);
    let until = |state: &str, words: &str| {
        let begun = muster_sense::clock::since_boot().0;
        // Nagios writes its status anew every second: wait for the file to be another.
        muster.until(|| {
            let status = fs::read_to_string(at("status.dat")).unwrap_or_default();
            let (now, output) = (value(&status, "current_state"), value(&status, "plugin_output"));
            if now == state && output.contains(words) {
                return Ok(status);
            }
            let waited = Duration::from_nanos(muster_sense::clock::since_boot().0 - begun);
            let log = fs::read_to_string(at("nagios.log")).unwrap_or_default();
            assert!(waited < LONGEST, "state {now}, {output}\n{log}{}", fs::read_to_string(at("out")).unwrap_or_default());
            Err(format!("state {now}, {output}\n{log}{}", fs::read_to_string(at("out")).unwrap_or_default()))
        })
    };
    let status = until("0", "FRAGILE OK - present");
    assert!(value(&status, "performance_data").starts_with("processes=1"), "{status}");
    kill_process(Pid::from_raw(first as i32).unwrap(), Signal::KILL).unwrap();
    let status = until("2", "FRAGILE CRITICAL - lost");
    assert!(value(&status, "plugin_output").contains("killed by a signal"), "{status}");
    assert!(value(&status, "performance_data").starts_with("processes=0"), "{status}");
    assert!(muster.ask(&["recover", "fragile"]).status.success());
    until("0", "FRAGILE OK - present");
    let log = fs::read_to_string(at("nagios.log")).unwrap();
    assert!(log.contains("SERVICE ALERT: here;fragile;CRITICAL;HARD;1;FRAGILE CRITICAL - lost"), "{log}");
    assert!(log.contains("SERVICE ALERT: here;fragile;OK;HARD;1;FRAGILE OK - present"), "{log}");
}

#[test]
fn an_agent_that_hangs_is_unknown_in_time_and_so_is_a_command_that_makes_no_sense() {
    let muster = Muster::up("[[service]]\nname = \"fragile\"\nrun = \"/bin/sleep 100000\"\n");
    muster.until(|| pid(&muster, "fragile"));
    let agent = Pid::from_child(&muster.child);
    kill_process(agent, Signal::STOP).unwrap();
    let begun = muster_sense::clock::since_boot().0;
    let hung = muster.ask(&["check", "fragile", "--timeout", "2"]);
    let took = Duration::from_nanos(muster_sense::clock::since_boot().0 - begun);
    kill_process(agent, Signal::CONT).unwrap();
    assert_eq!(hung.status.code(), Some(3), "{}", text(&hung));
    assert!(text(&hung).starts_with("FRAGILE UNKNOWN - Muster did not answer within 2 s."), "{}", text(&hung));
    assert!(took < Duration::from_secs(9), "{took:?}");
    for wrong in [&["check"][..], &["check", "fragile", "--frobnicate"], &["check", "fragile", "-t", "0"]] {
        let said = muster.ask(wrong);
        assert_eq!(said.status.code(), Some(3), "{wrong:?}");
        assert!(text(&said).starts_with("CHECK UNKNOWN - ") && text(&said).lines().count() == 1, "{}", text(&said));
    }
}

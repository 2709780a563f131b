//! Who sent a signal.

use std::process::Command;

use muster_model::actor::Actor;
use muster_model::id::ProcessKey;
use muster_model::observation::Fact;
use muster_sense::process::Ladder;

use crate::support::{Ours, Scene, done, scene};

/// The next signal of this number that was sent to a process, with its sender.
fn sender(scene: &Scene, to: ProcessKey, number: i32) -> Option<Actor> {
    scene.wait("signal", |seen| match &seen.fact {
        Fact::SignalSent { process, signal, sender } if *process == to && *signal == number => Some(sender.clone()),
        _ => None,
    })
}

fn watched(scene: &Scene) -> Ours {
    let target = Ours::sleeper();
    scene.processes.watch(&"web".into(), target.key());
    target
}

fn us() -> i32 {
    std::process::id() as i32
}

#[test]
fn a_kill_command_is_named_though_it_is_gone() {
    let Some(scene) = scene(Ladder::Ebpf) else { return };
    let target = watched(&scene);
    done(Command::new("/bin/kill").args(["-9", &target.pid().to_string()]));
    let who = sender(&scene, target.key(), 9).unwrap();
    assert_eq!(who.command, Some(format!("/bin/kill -9 {}", target.pid())));
    assert_eq!(who.exe.as_deref(), Some("/bin/kill"));
    assert_eq!((who.uid, who.user.as_deref()), (Some(rustix::process::getuid().as_raw()), Some("root")));
    assert_eq!(who.parent_pids[0], us());
    assert!(who.parents[0].contains("process"), "{:?} is not this test", who.parents);
    assert_eq!(who.parents.len(), who.parent_pids.len());
    assert_eq!(who.login_uid, muster_sense::proc::Proc::here().login_uid(us()).unwrap());
}

#[test]
fn a_shells_own_kill_is_named_with_and_without_a_fork() {
    let Some(scene) = scene(Ladder::Ebpf) else { return };
    for script in ["kill -15 PID", "(kill -15 PID; exit 0); exit 0", "{ (kill -15 PID) & } ; wait"] {
        let target = watched(&scene);
        let script = script.replace("PID", &target.pid().to_string());
        done(Command::new("bash").args(["-c", &script]));
        let who = sender(&scene, target.key(), 15).unwrap();
        assert_eq!(who.command, Some(format!("bash -c '{script}'")));
        assert!(who.descends_from(us()));
    }
}

#[test]
fn a_shell_between_is_named_though_it_is_gone_too() {
    let Some(scene) = scene(Ladder::Ebpf) else { return };
    let target = watched(&scene);
    let script = format!("sh -c '/bin/kill -TERM {}; exit 0'; exit 0", target.pid());
    done(Command::new("sh").args(["-c", &script]));
    let who = sender(&scene, target.key(), 15).unwrap();
    assert_eq!(who.command, Some(format!("/bin/kill -TERM {}", target.pid())));
    assert_eq!(who.parents[0], format!("sh -c '/bin/kill -TERM {}; exit 0'", target.pid()));
    assert!(who.parents[1].starts_with("sh -c 'sh -c "), "{:?}", who.parents);
    assert_eq!(who.parent_pids[2], us());
}

#[test]
fn the_user_the_login_and_the_terminal_are_those_of_the_sender() {
    let Some(scene) = scene(Ladder::Ebpf) else { return };
    let ready = ["--reuid", "65534", "--clear-groups", "sh", "-c", "echo up; exec sleep 1000"];
    let mut target = Ours::run(Command::new("setpriv").args(ready));
    std::io::Read::read_exact(target.0.stdout.as_mut().unwrap(), &mut [0; 3]).unwrap();
    scene.processes.watch(&"web".into(), target.key());
    // The login may be set once where it is unset; a terminal comes from script(1).
    let script =
        "echo 4242 2>/dev/null >/proc/self/loginuid; exec setpriv --reuid 65534 --clear-groups script -qc 'kill -QUIT PID' /dev/null";
    done(Command::new("sh").args(["-c", &script.replace("PID", &target.pid().to_string())]));
    let who = sender(&scene, target.key(), libc::SIGQUIT).unwrap();
    assert_eq!((who.uid, who.user.as_deref()), (Some(65534), Some("nobody")));
    assert!(who.tty.as_deref().is_some_and(|tty| tty.starts_with("pts/")), "{who:?}");
    match muster_sense::proc::Proc::here().login_uid(us()).unwrap() {
        None => assert_eq!(who.login_uid, Some(4242)),
        ours => println!("skipped: the login is already {ours:?} here"),
    }
}

#[test]
fn the_kernels_own_signals_have_no_sender() {
    let Some(scene) = scene(Ladder::Ebpf) else { return };
    let mut faults = Ours::run(Command::new("python3").args(["-c", "import ctypes; input(); ctypes.string_at(0)"]));
    let key = faults.key();
    scene.processes.watch(&"web".into(), key);
    std::io::Write::write_all(faults.0.stdin.as_mut().unwrap(), b"\n").unwrap();
    assert_eq!(sender(&scene, key, libc::SIGSEGV), None);
}

#[test]
fn stop_continue_and_reload_are_told_and_idle_signals_are_not() {
    let Some(scene) = scene(Ladder::Ebpf) else { return };
    let target = Ours::shell("trap : HUP; while :; do read line || exit; done");
    scene.processes.watch(&"web".into(), target.key());
    for signal in ["WINCH", "0", "CHLD", "STOP", "CONT", "HUP"] {
        done(Command::new("kill").args([format!("-{signal}"), target.pid().to_string()]));
    }
    let told: Vec<i32> = (0..3)
        .map(|_| {
            scene.wait("signal", |seen| match seen.fact {
                Fact::SignalSent { signal, .. } => Some(signal),
                _ => None,
            })
        })
        .collect();
    assert_eq!(told, [libc::SIGSTOP, libc::SIGCONT, libc::SIGHUP]);
}

#[test]
fn a_process_that_was_stopped_before_it_was_watched_is_told() {
    let Some(scene) = scene(Ladder::Pidfd) else { return };
    let (target, other) = (Ours::sleeper(), Ours::sleeper());
    let pid = rustix::process::Pid::from_raw(target.pid()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    rustix::process::waitid(
        rustix::process::WaitId::Pid(pid),
        rustix::process::WaitIdOptions::STOPPED | rustix::process::WaitIdOptions::NOWAIT,
    )
    .unwrap();
    scene.processes.watch(&"cache".into(), other.key());
    scene.processes.watch(&"web".into(), target.key());
    assert_eq!(sender(&scene, target.key(), libc::SIGSTOP), None);

    // It leaves the roster, and comes back.
    scene.processes.keep_only(&["cache".into()].into());
    scene.processes.watch(&"web".into(), target.key());
    assert_eq!(sender(&scene, target.key(), libc::SIGSTOP), None);
}

#[test]
fn the_signal_is_told_before_the_end_that_it_caused() {
    let Some(scene) = scene(Ladder::Ebpf) else { return };
    for _ in 0..50 {
        let mut target = watched(&scene);
        let key = target.key();
        target.0.kill().unwrap();
        let facts: Vec<Fact> = (0..2).map(|_| scene.wait("fact", |seen| Some(seen.fact.clone()))).collect();
        assert!(
            matches!(&facts[0], Fact::SignalSent { process, signal: 9, sender: Some(who) } if *process == key && who.pid == Some(us()))
        );
        assert!(matches!(&facts[1], Fact::ProcessExited { process, .. } if *process == key), "{facts:?}");
    }
}

#[test]
fn what_children_tell_their_parent_with_usr1_is_their_own_affair() {
    let Some(scene) = scene(Ladder::Ebpf) else { return };
    let mut parent = Ours::shell("trap : USR1; read line; /bin/kill -USR1 $$; read line");
    let key = parent.key();
    scene.processes.watch(&"web".into(), key);
    std::io::Write::write_all(parent.0.stdin.as_mut().unwrap(), b"\n").unwrap();
    done(Command::new("kill").args(["-USR2", &parent.pid().to_string()]));
    let first = scene.wait("signal", |seen| match seen.fact {
        Fact::SignalSent { signal, .. } => Some(signal),
        _ => None,
    });
    assert_eq!(first, libc::SIGUSR2, "not the child's");
}

#[test]
fn a_thousand_killed_at_once_are_all_told_with_their_killer() {
    let Some(scene) = scene(Ladder::Ebpf) else { return };
    let many: Vec<Ours> = (0..1000).map(|_| watched(&scene)).collect();
    let mut left: std::collections::BTreeSet<ProcessKey> = many.iter().map(Ours::key).collect();
    done(Command::new("kill").arg("-9").args(many.iter().map(|one| one.pid().to_string())));
    let mut named = 0;
    while !left.is_empty() {
        let (process, sender) = scene.wait("end or signal", |seen| match &seen.fact {
            Fact::ProcessExited { process, .. } => Some((*process, None)),
            Fact::SignalSent { process, sender, .. } => Some((*process, sender.clone())),
            _ => None,
        });
        match sender {
            Some(who) => named += usize::from(who.command.is_some_and(|command| command.starts_with("kill -9 ") && command.ends_with('…'))),
            None => assert!(left.remove(&process), "told twice"),
        }
    }
    assert_eq!(named as u64 + scene.processes.lost(), 1000);
    assert!(named > 500, "only {named} killers named");
}

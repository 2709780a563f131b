//! Who sent a signal, from audit records: the rung below eBPF.

use std::process::Command;

use muster_model::actor::Actor;
use muster_model::id::ProcessKey;
use muster_model::observation::{End, Fact};
use muster_model::time::Length;
use muster_sense::process::Ladder;

use crate::support::{Ours, Scene, done, scene};

/// The kernel's longest tick (CONFIG_HZ=100).
const TICK: Length = Length::ms(10);

fn watched(scene: &Scene) -> Ours {
    let target = Ours::sleeper();
    scene.processes.watch(&"web".into(), target.key());
    target
}

/// Who sent the next signal of this number to a process.
fn sender(scene: &Scene, to: ProcessKey, number: i32) -> Actor {
    scene.wait("signal", |seen| match &seen.fact {
        Fact::SignalSent { process, signal, sender } if *process == to && *signal == number => {
            assert_eq!(seen.source, "audit");
            assert_eq!(seen.service.as_ref().map(|service| service.as_str()), Some("web"));
            sender.clone()
        }
        _ => None,
    })
}

fn us() -> i32 {
    std::process::id().cast_signed()
}

#[test]
fn a_kill_command_is_named_though_it_and_its_victim_are_gone() {
    let Some(scene) = scene(Ladder::Audit) else { return };
    let rung = scene.rungs.iter().find(|rung| rung.fact == "signal_sender").unwrap();
    assert!(rung.rung == 2 && rung.why.as_ref().unwrap().contains("auditing was"), "{rung:?}");
    let mut target = watched(&scene);
    let (key, before) = (target.key(), muster_sense::clock::now().0);
    done(Command::new("/bin/kill").args(["-9", &target.pid().to_string()]));
    target.0.wait().unwrap();
    let who = sender(&scene, key, 9);
    assert_eq!(who.command, Some(format!("/bin/kill -9 {}", target.pid())));
    assert!(who.exe.as_deref().unwrap().ends_with("/bin/kill"), "{who:?}");
    assert_eq!((who.uid, who.user.as_deref()), (Some(rustix::process::getuid().as_raw()), Some("root")));
    assert_eq!(who.parent_pids[0], us());
    assert!(who.parents[0].contains("process"), "{:?} is not this test", who.parents);
    assert_eq!(who.parents.len(), who.parent_pids.len());
    assert_eq!(who.login_uid, muster_sense::proc::Proc::here().login_uid(us()).unwrap());
    // Another one, told before or after its end: what counts is that both are there, and the times in order.
    let target = watched(&scene);
    done(Command::new("kill").arg(target.pid().to_string()));
    let (mut sent, mut ended) = (None, None);
    while sent.is_none() || ended.is_none() {
        let (end, at) = scene.wait("signal and end", |seen| match &seen.fact {
            Fact::SignalSent { process, signal: 15, .. } if *process == target.key() => Some((None, seen.at)),
            Fact::ProcessExited { process, end } if *process == target.key() => Some((Some(*end), seen.at)),
            _ => None,
        });
        match end {
            Some(end) => ended = Some(at).filter(|_| end == End::Signal(15)),
            None => sent = Some(at),
        }
    }
    // An audit record has its time from a clock that is moved on with the kernel's tick only.
    assert!(before.before(TICK) < sent.unwrap() && sent < ended, "{before:?} {sent:?} {ended:?}");
}

#[test]
fn a_shells_own_kill_is_named_with_its_terminal_and_login() {
    let Some(scene) = scene(Ladder::Audit) else { return };
    let target = watched(&scene);
    let kill = format!("kill -QUIT {}", target.pid());
    let script = format!("echo 4242 2>/dev/null >/proc/self/loginuid; exec script -qc '{kill}' /dev/null");
    done(Command::new("bash").args(["-c", &script]));
    let who = sender(&scene, target.key(), libc::SIGQUIT);
    assert!(who.command.as_deref().unwrap().contains(&kill), "{who:?}");
    assert!(who.tty.as_deref().is_some_and(|tty| tty.starts_with("pts/")), "{who:?}");
    match muster_sense::proc::Proc::here().login_uid(us()).unwrap() {
        None => assert_eq!(who.login_uid, Some(4242)),
        ours => println!("skipped: the login is already {ours:?} here"),
    }
}

#[test]
fn every_call_that_sends_is_seen_and_a_whole_group_is() {
    let Some(scene) = scene(Ladder::Audit) else { return };
    let target = watched(&scene);
    let pid = target.pid();
    let calls = [
        (62, format!("{pid}, 18"), libc::SIGCONT),         // kill
        (200, format!("{pid}, 19"), libc::SIGSTOP),        // tkill
        (234, format!("{pid}, {pid}, 20"), libc::SIGTSTP), // tgkill
    ];
    if cfg!(target_arch = "x86_64") {
        for (number, arguments, signal) in &calls {
            done(Command::new("python3").args(["-c", &format!("import ctypes, os; ctypes.CDLL(None).syscall({number}, {arguments})")]));
            let who = sender(&scene, target.key(), *signal);
            assert!(who.command.as_deref().unwrap().contains("import ctypes"), "{who:?}");
        }
    }
    done(Command::new("python3").args(["-c", &format!("import os, signal; signal.pidfd_send_signal(os.pidfd_open({pid}), 1)")]));
    sender(&scene, target.key(), libc::SIGHUP);

    // Two processes of one group, one call.
    let mut group = Ours::run(Command::new("setsid").args(["sh", "-c", "sleep 1000 & echo $!; wait"]));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(group.0.stdout.as_mut().unwrap()), &mut line).unwrap();
    let child = muster_sense::proc::process_key(line.trim().parse().unwrap()).unwrap();
    for key in [group.key(), child] {
        scene.processes.watch(&"web".into(), key);
    }
    done(Command::new("/bin/kill").args(["-TERM", "--", &format!("-{}", group.pid())]));
    let mut left = vec![group.key(), child];
    while !left.is_empty() {
        let told = scene.wait("signal", |seen| match &seen.fact {
            Fact::SignalSent { process, signal: 15, sender: Some(who) } if who.command.as_deref().unwrap().contains("-TERM") => {
                Some(*process)
            }
            _ => None,
        });
        left.retain(|key| *key != told);
    }
}

#[test]
fn what_programs_tell_each_other_is_not_told_and_neither_is_what_failed() {
    let Some(scene) = scene(Ladder::Audit) else { return };
    let target = Ours::shell("trap : USR1 WINCH HUP; while :; do read line || exit; done");
    scene.processes.watch(&"web".into(), target.key());
    let (kill, pid) = (|signal: &str, pid: &str| done(Command::new("kill").args([signal, pid])), target.pid().to_string());
    kill("-USR1", &pid);
    kill("-WINCH", &pid);
    kill("-0", &pid);
    done(Command::new("setpriv").args(["--reuid", "65534", "--clear-groups", "kill", "-STOP", &pid])); // may not
    kill("-HUP", &pid);
    let first = scene.wait("signal", |seen| match seen.fact {
        Fact::SignalSent { signal, .. } => Some(signal),
        _ => None,
    });
    assert_eq!(first, libc::SIGHUP);
    assert_eq!(scene.processes.lost(), 0);
}

#[test]
fn a_thousand_killed_at_once_are_told_with_their_killer_or_counted() {
    let Some(scene) = scene(Ladder::Audit) else { return };
    let many: Vec<Ours> = (0..1000).map(|_| watched(&scene)).collect();
    let mut left: std::collections::BTreeSet<ProcessKey> = many.iter().map(Ours::key).collect();
    let pids = many.iter().map(|one| one.pid().to_string());
    done(Command::new("kill").arg("-9").args(pids));
    // The last word: by then everything before it has been told or lost.
    let last = watched(&scene);
    done(Command::new("kill").args(["-HUP", &last.pid().to_string()]));
    let (mut named, mut over) = (0, false);
    while !over || !left.is_empty() {
        scene.wait("end or signal", |seen| match &seen.fact {
            Fact::ProcessExited { process, .. } => {
                assert!(left.remove(process) || *process == last.key(), "told twice");
                Some(())
            }
            Fact::SignalSent { process, signal, sender } => {
                over |= *process == last.key() && *signal == libc::SIGHUP;
                named += usize::from(*signal == 9 && sender.as_ref().unwrap().command.as_ref().unwrap().starts_with("kill -9 "));
                Some(())
            }
            _ => None,
        });
    }
    println!("{named} of 1,000 killers named, {} losses counted", scene.processes.lost());
    assert!(named == 1000 || scene.processes.lost() > 0, "{named} named, and nothing is said of the rest");
    assert!(named > 500, "only {named} killers named");
}

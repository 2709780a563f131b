//! How processes end, through each source.

use std::process::Command;

use muster_model::id::{ProcessKey, ServiceName};
use muster_model::observation::{End, Fact};
use muster_sense::process::{Ladder, Processes};
use muster_sense::{clock, proc};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Ours, Scene, done, late_end, scene, with_scene};

fn service() -> ServiceName {
    "web".into()
}

/// Every way to end that a source has to tell. `knows` is false where it cannot say how a process ended that its parent
/// has already waited for.
fn every_end(scene: &Scene) {
    let before = clock::now().0;
    let killed = Ours::sleeper();
    scene.processes.watch(&service(), killed.key());
    scene.processes.watch(&service(), killed.key());
    done(Command::new("kill").args(["-9", &killed.pid().to_string()]));
    let (end, of, seen) = scene.end_of(killed.key());
    assert_eq!((end, of), (End::Signal(9), service()));
    assert!(seen.at > before && seen.at <= clock::now().0, "{} is not when it ended", seen.at);

    let mut exits = Ours::shell("read line; exit 7");
    let key = exits.key();
    scene.processes.watch(&service(), key);
    drop(exits.0.stdin.take());
    assert_eq!(scene.end_of(key).0, End::Code(7));

    let faults = Ours::run(Command::new("python3").args(["-c", "import ctypes; input(); ctypes.string_at(0)"]));
    let key = faults.key();
    scene.processes.watch(&service(), key);
    let mut faults = faults;
    std::io::Write::write_all(faults.0.stdin.as_mut().unwrap(), b"\n").unwrap();
    assert_eq!(scene.end_of(key).0, End::Signal(libc::SIGSEGV));

    // A zombie is not alive, whatever kill(2) says.
    let zombie = Ours::shell("exit 3");
    zombie.until_zombie();
    scene.processes.watch(&service(), zombie.key());
    assert_eq!(scene.end_of(zombie.key()).0, End::Code(3));

    // Gone for good: nobody can say how any more, unless the source's own word was still on its way.
    let mut gone = Ours::sleeper();
    let key = gone.key();
    gone.0.kill().unwrap();
    gone.0.wait().unwrap();
    scene.processes.watch(&service(), key);
    let end = scene.end_of(key).0;
    assert!(matches!(end, End::Unknown | End::Signal(9)), "{end:?}");

    // The pid has another process by now.
    let alive = Ours::sleeper();
    let other = ProcessKey { start: alive.key().start - 1, ..alive.key() };
    scene.processes.watch(&service(), other);
    assert_eq!(scene.end_of(other).0, End::Unknown);

    // Two services share it: both hear of it.
    let shared = Ours::sleeper();
    scene.processes.watch(&"a".into(), shared.key());
    scene.processes.watch(&"b".into(), shared.key());
    scene.processes.unwatch(alive.key());
    done(Command::new("kill").arg(shared.pid().to_string()));
    assert_eq!(scene.end_of(shared.key()).1.as_str(), "a");
    assert_eq!(scene.end_of(shared.key()).1.as_str(), "b");

    // No longer watched, no longer told, and nothing is told twice.
    let free = Ours::sleeper();
    scene.processes.watch(&service(), free.key());
    scene.processes.unwatch(free.key());
    drop(free);
    drop(alive);
    assert_eq!(late_end(scene), None);
    assert_eq!(scene.processes.lost(), 0);
}

/// Two hundred short lives, each told once and with its own code.
fn short_lives(scene: &Scene) {
    let mut lives: Vec<Ours> = (0..200).map(|n| Ours::shell(&format!("read line; exit {}", n % 100))).collect();
    let keys: Vec<ProcessKey> = lives.iter().map(Ours::key).collect();
    for key in &keys {
        scene.processes.watch(&service(), *key);
    }
    for life in &mut lives {
        drop(life.0.stdin.take());
    }
    let mut ends = std::collections::BTreeMap::new();
    while ends.len() < keys.len() {
        let (process, end) = scene.wait("end of a short life", |seen| match seen.fact {
            Fact::ProcessExited { process, end } => Some((process, end)),
            _ => None,
        });
        assert_eq!(ends.insert(process, end), None, "told twice");
    }
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(ends[key], End::Code(n as i32 % 100));
    }
}

/// A process whose first thread ended is alive until the last one does.
fn first_thread_ends_first(scene: &Scene) {
    let program = "
import ctypes, threading, os, sys
def rest():
    sys.stdin.readline()
    os._exit(5)
threading.Thread(target=rest).start()
sys.stdout.write('up\\n'); sys.stdout.flush()
ctypes.CDLL(None).syscall(60, 0)
";
    let mut threads = Ours::run(Command::new("python3").args(["-c", program]));
    let key = threads.key();
    scene.processes.watch(&service(), key);
    let mut up = [0; 3];
    std::io::Read::read_exact(threads.0.stdout.as_mut().unwrap(), &mut up).unwrap();
    if cfg!(target_arch = "x86_64") {
        let again = scene.processes.clone();
        assert_eq!(late_end(scene), None, "the other thread lives");
        again.watch(&"other".into(), key);
        assert_eq!(late_end(scene), None, "the other thread lives");
    }
    drop(threads.0.stdin.take());
    assert_eq!(scene.end_of(key).0, End::Code(5));
}

macro_rules! on_each_source {
    ($($name:ident: $ladder:expr;)*) => { $(
        mod $name {
            use super::*;
            #[test]
            fn every_end_is_told_once_and_how() {
                with_scene($ladder, every_end);
            }
            #[test]
            fn short_lives_are_all_told() {
                with_scene($ladder, short_lives);
            }
            #[test]
            fn a_process_lives_as_long_as_one_of_its_threads() {
                with_scene($ladder, first_thread_ends_first);
            }
        }
    )* };
}

on_each_source! {
    ebpf: Ladder::Ebpf;
    connector: Ladder::Connector;
    pidfd: Ladder::Pidfd;
    polling: Ladder::Proc;
}

#[test]
fn a_status_that_was_taken_at_once_is_known_all_the_same() {
    // The parent waits at once, so that no zombie is left to look at: the descriptor still knows (Linux 6.15).
    let Some(scene) = scene(Ladder::Pidfd) else { return };
    let mut known = 0;
    for _ in 0..20 {
        let parent = Ours::shell("sleep 1000 & echo $!; wait $!; exit 0");
        let mut parent = parent;
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(parent.0.stdout.as_mut().unwrap()), &mut line).unwrap();
        let child = proc::process_key(line.trim().parse().unwrap()).unwrap();
        scene.processes.watch(&service(), child);
        done(Command::new("kill").args(["-9", &child.pid.to_string()]));
        known += u32::from(scene.end_of(child).0 == End::Signal(9));
    }
    println!("{known} of 20 known");
    assert!(known == 20 || rustix::system::uname().release().to_str().unwrap() < "6.15");
}

#[test]
fn every_rung_is_named_with_its_place_and_the_reason_for_not_a_better_one() {
    let Some(scene) = scene(Ladder::Pidfd) else { return };
    let rung = |fact: &str| scene.rungs.iter().find(|rung| rung.fact == fact).unwrap();
    assert_eq!((rung("process_end").source.as_str(), rung("process_end").rung), ("pidfd", 3));
    assert_eq!(rung("signal_sender").source, "none");
    assert_eq!(rung("command").source, "none");
    let memory = rung("memory_kill");
    assert!(matches!((memory.source.as_str(), memory.rung), ("kernel_log", 2) | ("none", 3)), "{memory:?}");
    assert!(rung("process_end").why.as_deref().unwrap().contains("switched off"));
}

#[test]
fn a_full_sink_is_counted_and_nothing_hangs() {
    let (sink, seen) = crossbeam_channel::bounded(1);
    let (processes, _) = Processes::start(sink, Ladder::Pidfd);
    for code in 0..3 {
        let ended = Ours::shell(&format!("exit {code}"));
        ended.until_zombie();
        processes.watch(&service(), ended.key());
    }
    // An end waits for room for a while before it is counted as lost, and not on this thread.
    let tick = crossbeam_channel::tick(std::time::Duration::from_millis(10));
    assert!(tick.iter().take(1_000).any(|_| processes.lost() == 2), "two ends found no room, {} are counted", processes.lost());
    assert_eq!(seen.len(), 1);
    assert_eq!(processes.pulses()[0].read().crowded, 2);
}

#[test]
fn what_the_kernels_ring_has_no_room_for_is_counted() {
    if scene(Ladder::Ebpf).is_none() {
        return;
    }
    let (sink, seen) = crossbeam_channel::bounded(1);
    let (processes, _) = Processes::start(sink, Ladder::Ebpf);
    let signalled = Ours::sleeper();
    let ending: Vec<Ours> = (0..6).map(|_| Ours::sleeper()).collect();
    ending.iter().chain([&signalled]).for_each(|ours| processes.watch(&service(), ours.key()));
    // Each end waits a second for room in the sink, and nobody takes anything out: the reader is held up.
    let signal = |ours: &Ours, signal| kill_process(Pid::from_raw(ours.pid()).unwrap(), signal).unwrap();
    ending.iter().for_each(|ours| signal(ours, Signal::KILL));
    assert!(matches!(seen.iter().next().map(|seen| seen.fact), Some(Fact::ProcessExited { .. } | Fact::SignalSent { .. })));
    for _ in 0..40_000 {
        signal(&signalled, Signal::CONT);
    }
    let pulse = processes.pulses().remove(0);
    let tick = crossbeam_channel::tick(std::time::Duration::from_millis(10));
    let counted = tick.iter().take(3_000).any(|_| {
        seen.try_iter().for_each(drop);
        pulse.read().overflowed > 0
    });
    assert!(counted, "{:?}", pulse.read());
}

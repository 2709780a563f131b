//! kill -9 at any instant under load: nothing acknowledged is lost, the chain is whole, and it opens again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not so")]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use muster_ledger::{Options, verify_file};
use muster_model::id::Seq;
use muster_model::time::{Length, Mono};
use support::{BEGIN, DEADLINE, Seeded, append, numbered, open};

const ROUNDS: u64 = 200;
/// So many crashes happen to one and the same ledger.
const ROUNDS_A_LEDGER: u64 = 10;
/// The directory, for the child.
const CHILD: &str = "MUSTER_LEDGER_CRASH_DIR";

#[test]
fn nothing_acknowledged_is_lost_by_200_kills_at_random_instants() {
    let seed = std::env::var("MUSTER_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut random = Seeded(seed);
    let mut dir = support::scratch();
    let mut acknowledged: BTreeSet<u64> = BTreeSet::new();
    let mut all: usize = 0;
    for round in 0..ROUNDS {
        if round % ROUNDS_A_LEDGER == 0 {
            // One on the disk, one in memory, where the instants lie closer together.
            dir = if (round / ROUNDS_A_LEDGER).is_multiple_of(2) { tempfile::tempdir().unwrap() } else { support::scratch() };
            acknowledged.clear();
        }
        let before = acknowledged.len();
        acknowledged.extend(kill_somewhere(dir.path(), &mut random));
        all += acknowledged.len() - before;

        let what = format!("seed {seed}, round {round}");
        let verified = verify_file(dir.path(), None).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(verified.broken, None, "{what}");
        let ledger = open(dir.path(), options());
        for event in ledger.replay(Seq(1)).unwrap() {
            let event = event.unwrap_or_else(|e| panic!("{what}: {e}"));
            acknowledged.remove(&event.seq.0);
        }
        // Retention may have dropped the oldest, and its summary says so; nothing else may be missing.
        let kept_from = ledger.replay(Seq(1)).unwrap().next().map_or(1, |event| event.unwrap().seq.0);
        acknowledged.retain(|seq| *seq >= kept_from);
        assert!(acknowledged.is_empty(), "{what}: acknowledged and lost: {acknowledged:?}");
        ledger.append_durable(BEGIN, Mono(0), numbered(0)).unwrap_or_else(|e| panic!("{what}: {e}"));
        ledger.close().unwrap_or_else(|e| panic!("{what}: {e}"));
    }
    println!("{ROUNDS} kills, {all} acknowledged events, none lost (MUSTER_SEED={seed})");
    assert!(all as u64 > ROUNDS, "the child was killed before it did anything");
}

/// Starts the child, lets it acknowledge a few events, and kills it a moment later: what it acknowledged.
fn kill_somewhere(dir: &Path, random: &mut Seeded) -> Vec<u64> {
    let (mut child, acks) = start(dir);
    let mut acknowledged = Vec::new();
    for _ in 0..=random.below(12) {
        acknowledged.push(acks.recv_timeout(DEADLINE).unwrap());
    }
    let moment = Duration::from_micros(random.below(4_000));
    while let Ok(seq) = acks.recv_timeout(moment) {
        acknowledged.push(seq);
        if random.below(3) == 0 {
            break;
        }
    }
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    acknowledged.extend(acks.iter()); // What was in the pipe was acknowledged too.
    acknowledged
}

fn start(dir: &Path) -> (Child, Receiver<u64>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_appends_under_load", "--nocapture", "--test-threads=1"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let (sender, acks) = unbounded();
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            if let Some(seq) = line.strip_prefix("ack ").and_then(|seq| seq.parse().ok()) {
                let _ = sender.send(seq);
            }
        }
    });
    (child, acks)
}

/// Checkpoints and retention are at work all the time, so that a kill hits them too.
fn options() -> Options {
    Options { checkpoint_every: 400, keep: Some(Length::seconds(2_000)), ..Options::default() }
}

/// Not a test of its own: the process that is killed. It does nothing unless it was started by the test above.
#[test]
fn child_appends_under_load() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let ledger = open(Path::new(&dir), options());
    let mut out = std::io::stdout();
    // Ends when the parent does: then nobody reads what it says.
    for n in 1.. {
        for burst in 0..n % 40 {
            append(&ledger, n * 40 + burst);
        }
        let event = ledger.append_durable(BEGIN, Mono(n), numbered(n)).unwrap();
        if writeln!(out, "\nack {}", event.seq).and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

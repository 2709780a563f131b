//! Every target survives its seeds, what the fuzzer once found, and a number of mutations of them that is the same in
//! every run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not so")]

mod mutation;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use muster_fuzz::TARGETS;

use self::mutation::Mutations;

/// Decides the mutations.
const SEED: u64 = 1;
/// A mutation does not grow beyond this.
const BYTES_MAX: usize = 100_000;

fn seeds_of(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // The mutations go by the order.
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

fn survives(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let seeds = seeds_of(name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for (file, bytes) in &seeds {
        assert!(catch_unwind(|| (target.run)(bytes)).is_ok(), "{} is not survived", file.display());
    }
    let mut mutations = Mutations::new(SEED, seeds.into_iter().map(|(_, bytes)| bytes).collect(), BYTES_MAX);
    for number in 0..target.mutations {
        let bytes = mutations.next();
        if catch_unwind(AssertUnwindSafe(|| (target.run)(&bytes))).is_err() {
            let found = std::env::temp_dir().join(format!("muster-fuzz-{name}"));
            fs::write(&found, &bytes).unwrap();
            panic!("{name} does not survive mutation {number}; it is kept in {}", found.display());
        }
    }
}

macro_rules! survive {
    ($($name:ident)*) => {
        $(#[test] fn $name() { survives(stringify!($name)) })*

        #[test]
        fn every_target_is_tested_and_has_a_fuzz_target() {
            let all: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(all, BTreeSet::from([$(stringify!($name)),*]));
            let here = Path::new(env!("CARGO_MANIFEST_DIR"));
            let manifest = fs::read_to_string(here.join("Cargo.toml")).unwrap();
            for name in all {
                let text = fs::read_to_string(here.join(format!("fuzz_targets/{name}.rs"))).unwrap();
                assert!(text.contains(&format!("run(\"{name}\", bytes)")) && manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
            }
        }
    };
}

survive! {
    config pack request reply mask moments event checkpoints ledger_file
    http dns redis postgres scram mysql smtp amqp mqtt fastcgi grpc ntp icmp plugin talk certificate
    audit ebpf connector kernel_log fanotify globs sock_diag proc_net proc cgroup log_lines systemctl
}

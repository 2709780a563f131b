//! Every reader of what comes from outside, as a function of bytes: it takes anything, does not panic, and what it makes
//! of it is within bounds. The fuzzer runs each without end (`fuzz/run`), the tests run each over its seeds and a number
//! of mutations of them (`tests/seeds.rs`).
//!
//! To add one: a function of bytes beside the reader, a line in [`TARGETS`], seeds in `seeds/NAME/`, three lines in
//! `fuzz_targets/NAME.rs` and in `Cargo.toml`. What the fuzzer finds goes into `seeds/NAME/` and stays there.
#![allow(clippy::expect_used, reason = "a target fails by panicking")]

mod record;
mod texts;

use muster_sense::fuzz as sense;

/// A reader under test.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of the fuzz target and of the folder of its seeds.
    pub name: &'static str,
    /// Gives it these bytes.
    pub run: fn(&[u8]),
    /// How many mutations of its seeds a run of the tests tries: fewer where one takes longer.
    pub mutations: u32,
}

const QUICK: u32 = 3_000;
/// It begins conversations, compiles patterns or hashes.
const SLOW: u32 = 500;
/// It writes files.
const WITH_FILES: u32 = 60;

/// All of them.
pub const TARGETS: [Target; 37] = [
    target("config", texts::config, SLOW),
    target("pack", texts::pack, SLOW),
    target("request", texts::request, QUICK),
    target("reply", texts::reply, QUICK),
    target("mask", texts::mask, QUICK),
    target("moments", texts::moments, QUICK),
    target("event", record::event, QUICK),
    target("checkpoints", record::checkpoints, WITH_FILES),
    target("ledger_file", record::ledger_file, WITH_FILES),
    target("http", sense::http, SLOW),
    target("dns", sense::dns, QUICK),
    target("redis", sense::redis, SLOW),
    target("postgres", sense::postgres, SLOW),
    target("scram", sense::scram, SLOW),
    target("mysql", sense::mysql, SLOW),
    target("smtp", sense::smtp, SLOW),
    target("amqp", sense::amqp, SLOW),
    target("mqtt", sense::mqtt, SLOW),
    target("fastcgi", sense::fastcgi, SLOW),
    target("grpc", sense::grpc, QUICK),
    target("ntp", sense::ntp, QUICK),
    target("icmp", sense::icmp, QUICK),
    target("plugin", sense::plugin, QUICK),
    target("talk", sense::talk, SLOW),
    target("certificate", sense::certificate, QUICK),
    target("audit", sense::audit, QUICK),
    target("ebpf", sense::ebpf, QUICK),
    target("connector", sense::connector, QUICK),
    target("kernel_log", sense::kernel_log, QUICK),
    target("fanotify", sense::fanotify, QUICK),
    target("globs", sense::globs, SLOW),
    target("sock_diag", sense::sock_diag, QUICK),
    target("proc_net", sense::proc_net, QUICK),
    target("proc", sense::proc, QUICK),
    target("cgroup", sense::cgroup, QUICK),
    target("log_lines", sense::log_lines, QUICK),
    target("systemctl", sense::systemctl, QUICK),
];

const fn target(name: &'static str, run: fn(&[u8]), mutations: u32) -> Target {
    Target { name, run, mutations }
}

/// Gives these bytes to the target of this name, which is that of a fuzz target's binary.
pub fn run(name: &str, bytes: &[u8]) {
    for target in TARGETS.iter().filter(|target| target.name == name) {
        (target.run)(bytes);
    }
}

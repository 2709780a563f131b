//! What watching processes costs, and how soon an end is known. Run it alone on the machine, as root:
//! `cargo run --release -p muster-sense --example process_bench`.
//!
//! Prints for each source the time from just before SIGKILL to the observation in the sink, the processor time of the
//! source's own threads with a thousand watched processes, idle and with a thousand program starts a second on the
//! machine, and the time that its eBPF programs took in the kernel.

use std::error::Error;
use std::process::{Child, Command, Stdio};
use std::{env, fs, io};

use crossbeam_channel::{Receiver, bounded};
use muster_model::id::{Pid, ProcessKey};
use muster_model::observation::{Fact, Observation};
use muster_model::time::Length;
use muster_sense::process::{Ladder, Processes};
use muster_sense::{clock, proc};
use rustix::process::{Signal, kill_process};
use rustix::thread::{NanosleepRelativeResult, nanosleep};
use rustix::time::Timespec;

const KILLS: usize = 200;
const WATCHED: usize = 1000;
const STARTS_PER_SECOND: u64 = 1000;
const WINDOW: Length = Length::seconds(10);
const FORKER: &str = "--start-programs";
const STATS: &str = "/proc/sys/kernel/bpf_stats_enabled";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    if env::args().nth(1).as_deref() == Some(FORKER) {
        return start_programs();
    }
    let stats_before = fs::read_to_string(STATS).unwrap_or_default();
    let _ = fs::write(STATS, "1");
    for ladder in [Ladder::Ebpf, Ladder::Connector, Ladder::Pidfd, Ladder::Proc] {
        measure(ladder)?;
    }
    let _ = fs::write(STATS, stats_before);
    Ok(())
}

fn measure(ladder: Ladder) -> Outcome<()> {
    let (sink, seen) = bounded(10_000);
    let begun = clock::now().1;
    let (processes, rungs) = Processes::start(sink, ladder);
    let started = clock::now().1.since(begun);
    let ends = rungs.iter().find(|rung| rung.fact == "process_end").ok_or("no rung")?;
    println!("{} (started in {:.1} ms; asked for {ladder:?})", ends.source, started.as_ms());

    let mut children = Children(Vec::new());
    for _ in 0..WATCHED {
        processes.watch(&"bench".into(), children.sleeper()?);
    }
    let idle = cost(|| pause(WINDOW))?;
    println!("  {WATCHED} watched, idle: {idle}");
    let mut forker = Command::new(env::current_exe()?).arg(FORKER).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    pause(Length::seconds(1));
    let busy = cost(|| pause(WINDOW))?;
    drop(forker.stdin.take());
    let started = io::read_to_string(forker.stdout.take().ok_or("no output")?)?;
    forker.wait()?;
    println!("  {WATCHED} watched, with {} program starts a second: {busy}", started.trim());

    let mut first = Vec::new();
    let mut ended = Vec::new();
    for _ in 0..KILLS {
        let process = children.sleeper()?;
        processes.watch(&"bench".into(), process);
        pause(Length::ms(5));
        while seen.try_recv().is_ok() {}
        let (to_first, to_end) = kill(&seen, process)?;
        first.push(to_first);
        ended.push(to_end);
    }
    println!("  SIGKILL to the first observation: {}", spread(first));
    println!("  SIGKILL to the end:               {}", spread(ended));
    println!("  lost {}; resident {} KiB", processes.lost(), resident_kib()?);
    Ok(())
}

/// Kills a process; how long until the first thing was seen of it, and until its end was.
fn kill(seen: &Receiver<Observation>, process: ProcessKey) -> Outcome<(Length, Length)> {
    let target = rustix::process::Pid::from_raw(process.pid.get()).ok_or("no pid")?;
    let begun = clock::now().1;
    kill_process(target, Signal::KILL)?;
    let mut first = None;
    loop {
        let observation = seen.recv_timeout(Length::seconds(10).std())?;
        let took = clock::now().1.since(begun);
        first.get_or_insert(took);
        if matches!(observation.fact, Fact::ProcessExited { process: ended, .. } if ended == process) {
            return Ok((first.unwrap_or(took), took));
        }
    }
}

/// Our own children, ended when dropped.
struct Children(Vec<Child>);

impl Children {
    fn sleeper(&mut self) -> Outcome<ProcessKey> {
        let child = Command::new("sleep").arg("1000").spawn()?;
        let pid = i32::try_from(child.id())?;
        self.0.push(child);
        let stat = proc::process_key(pid).ok_or("it ended at once")?;
        Ok(ProcessKey { pid: Pid::new(pid).ok_or("no pid")?, start: stat.start })
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts `true` at an even pace until its input ends; then prints how many it started a second.
fn start_programs() -> Outcome<()> {
    let ended = std::thread::spawn(|| io::read_to_string(io::stdin()));
    let begun = clock::now().1;
    let mut count = 0;
    while !ended.is_finished() {
        Command::new("true").status()?;
        count += 1;
        let due = begun.after(Length(count * 1_000_000_000 / STARTS_PER_SECOND));
        pause(due.since(clock::now().1));
    }
    println!("{}", count * 1_000_000_000 / clock::now().1.since(begun).0);
    Ok(())
}

fn pause(length: Length) {
    let mut left = Timespec { tv_sec: (length.0 / 1_000_000_000) as i64, tv_nsec: (length.0 % 1_000_000_000) as i64 };
    while let NanosleepRelativeResult::Interrupted(rest) = nanosleep(&left) {
        left = rest;
    }
}

/// The processor time of the source's threads, and of its programs in the kernel, as parts of one processor.
fn cost(body: impl FnOnce()) -> Outcome<String> {
    let (threads, programs, begun) = (threads_ns()?, programs_ns()?, clock::now().1);
    body();
    let took = clock::now().1.since(begun).0 as f64;
    let part = |now: u64, before: u64| 100.0 * (now - before) as f64 / took;
    Ok(format!("threads {:.3} %, in the kernel {:.3} % of a core", part(threads_ns()?, threads), part(programs_ns()?, programs)))
}

/// Processor time of the threads named `muster-…` (`/proc/PID/task/TID/schedstat`).
fn threads_ns() -> Outcome<u64> {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task")?.flatten() {
        if fs::read_to_string(task.path().join("comm"))?.starts_with("muster-") {
            let stat = fs::read_to_string(task.path().join("schedstat"))?;
            sum += stat.split_whitespace().next().ok_or("no schedstat")?.parse::<u64>()?;
        }
    }
    Ok(sum)
}

/// `run_time_ns` of the eBPF programs that this process holds (`/proc/self/fdinfo`).
fn programs_ns() -> Outcome<u64> {
    let mut sum = 0;
    for descriptor in fs::read_dir("/proc/self/fdinfo")?.flatten() {
        let text = fs::read_to_string(descriptor.path()).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("run_time_ns:"));
        sum += line.map_or(Ok(0), |ns| ns.trim().parse::<u64>())?;
    }
    Ok(sum)
}

fn resident_kib() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn spread(mut times: Vec<Length>) -> String {
    times.sort_unstable();
    let at = |part: usize| times.get((times.len() * part / 100).min(times.len() - 1)).copied().unwrap_or_default().as_ms();
    format!("n {}, p50 {:.3} ms, p99 {:.3} ms", times.len(), at(50), at(99))
}

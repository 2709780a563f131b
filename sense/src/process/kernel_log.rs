//! Which process the kernel killed for want of memory, from its log (`/dev/kmsg`): the rung below eBPF.
//!
//! No thread waits for lines: the log is read on when a watched process was killed. The kernel writes the line right after
//! the signal, and the process gives its memory back before its end is told.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Mutex, PoisonError};

use muster_model::id::ProcessKey;
use muster_model::time::{Length, Mono};

use crate::clock;
use crate::proc::{TICKS_PER_SECOND, in_initial_pid_namespace};

pub(super) const NAME: &str = "kernel_log";
/// The longest line with its dictionary (`PRINTK_MESSAGE_MAX`), and room.
const LINE_MAX_BYTES: usize = 8 * 1024;
/// How many lines are read at once; what is above that is read at the next end.
const LINES_PER_LOOK_MAX: usize = 20_000;
/// How many kills are remembered whose end has not been told yet.
const VICTIMS_MAX: usize = 256;
/// The log counts its time by a clock of its own, which drifts.
const DRIFT: Length = Length::seconds(2);

/// Why the rung is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the kernel's log has the process ids of the initial pid namespace, and Muster runs in another")]
    OtherNamespace,
    #[error("cannot read /dev/kmsg: {0}; it needs CAP_SYSLOG or kernel.dmesg_restrict=0")]
    Open(#[from] io::Error),
}

/// The log from now on.
pub(super) struct KernelLog(Mutex<Reader>);

struct Reader {
    log: File,
    victims: VecDeque<Victim>,
}

/// A line that says whom the kernel killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Victim {
    pid: i32,
    at: Mono,
}

impl KernelLog {
    pub(super) fn open() -> Result<KernelLog, Error> {
        if !in_initial_pid_namespace() {
            return Err(Error::OtherNamespace);
        }
        let mut log = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open("/dev/kmsg")?;
        log.seek(SeekFrom::End(0))?;
        Ok(KernelLog(Mutex::new(Reader { log, victims: VecDeque::new() })))
    }

    /// Whether the log says that the kernel killed this process for want of memory. It says so once.
    pub(super) fn killed(&self, process: ProcessKey) -> bool {
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read.on();
        let started = Mono(process.start.saturating_mul(1_000_000_000 / TICKS_PER_SECOND));
        let place = read.victims.iter().position(|victim| victim.pid == process.pid.get() && victim.at.after(DRIFT) >= started);
        place.and_then(|place| read.victims.remove(place)).is_some()
    }
}

impl Reader {
    /// Reads what has come since.
    fn on(&mut self) {
        let mut line = [0; LINE_MAX_BYTES];
        for _ in 0..LINES_PER_LOOK_MAX {
            match self.log.read(&mut line) {
                Ok(length) => {
                    let Some(victim) = victim(&line[..length]) else { continue };
                    if self.victims.len() >= VICTIMS_MAX {
                        self.victims.pop_front();
                    }
                    self.victims.push_back(victim);
                }
                // Lines were written over before they were read; the next ones are there.
                Err(error) if error.raw_os_error() == Some(libc::EPIPE) => {}
                Err(_) => return,
            }
        }
    }
}

/// `3,1234,5678901,-;Memory cgroup out of memory: Killed process 20393 (redis-server) total-vm:…`: priority and facility,
/// number, microseconds (Documentation/ABI/testing/dev-kmsg). Only the kernel's own facility counts: other programs can
/// write to the log too.
pub(super) fn victim(line: &[u8]) -> Option<Victim> {
    let line = String::from_utf8_lossy(line);
    let (head, text) = line.split_once(';')?;
    let mut head = head.split(',');
    if head.next()?.parse::<u32>().ok()? >> 3 != 0 {
        return None;
    }
    let at = clock::boot_of_monotonic(head.nth(1)?.parse::<u64>().ok()?.checked_mul(1000)?);
    // Before Linux 5.0 the words in front were a line of their own.
    let (before, after) = text.split_once("Killed process ")?;
    if !before.is_empty() && !before.to_ascii_lowercase().starts_with("out of memory") && !before.starts_with("Memory cgroup out of memory")
    {
        return None;
    }
    let pid = after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    Some(Victim { pid, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(line: &str) -> Option<i32> {
        victim(line.as_bytes()).map(|victim| victim.pid)
    }

    #[test]
    fn lines_of_the_memory_killer_name_its_victim() {
        let rest = "(redis-server) total-vm:123296kB, anon-rss:64768kB, UID:101 pgtables:228kB oom_score_adj:0\n SUBSYSTEM=x\n";
        for words in ["Memory cgroup out of memory: ", "Out of memory: ", "Out of memory (oom_kill_allocating_task): ", ""] {
            assert_eq!(pid(&format!("3,1234,15498336879,-;{words}Killed process 20393 {rest}")), Some(20393), "{words}");
        }
        assert_eq!(victim(b"3,1,2000000,-;Killed process 7 (a)").map(|victim| victim.at), Some(clock::boot_of_monotonic(2_000_000_000)));
    }

    #[test]
    fn other_lines_name_nobody() {
        assert_eq!(pid("11,1,2,-;Out of memory: Killed process 7 (a)"), None, "written by a program");
        assert_eq!(pid("6,1,2,-;audit: type=1300 comm=\"Out of memory: Killed process 7\""), None);
        assert_eq!(pid("3,1,2,-;oom_reaper: reaped process 20393 (redis-server)"), None);
        assert_eq!(pid("3,1,2,-;Out of memory: Killed process x"), None);
        assert_eq!(pid("3,1,18446744073709551615,-;Killed process 7 (a)"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = (victim(&bytes), victim(&[&b"3,1,2,-;Out of memory: Killed process "[..], &bytes].concat()));
        }
    }
}

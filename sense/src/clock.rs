//! The one place where clocks are read.
//!
//! Two clocks count: the wall clock (`CLOCK_REALTIME`), which people read and which can be set, and the time since boot
//! (`CLOCK_BOOTTIME`), which only moves on, also through suspend, and which the kernel stamps on what it reports.

use std::path::Path;

use muster_model::id::BootId;
use muster_model::time::{Mono, Time};
use rustix::time::{ClockId, clock_gettime};

use crate::proc::{self, ReadError};

/// How far apart the two readings of a pair may lie before they are taken again.
const PAIR_GAP_MAX_NS: u64 = 5_000;
/// Two clocks closer than this have not been parted by a suspend.
const ASLEEP_MIN_NS: u64 = 100_000_000;
/// How often a pair is taken again: a busy machine may interrupt every one of them.
const PAIR_TRIES_MAX: u32 = 4;

/// What the clocks say now.
pub fn now() -> (Time, Mono) {
    let (wall, boot) = pair();
    (Time(wall), Mono(boot))
}

/// How long the machine has been up: the second of the two clocks alone.
pub fn since_boot() -> Mono {
    Mono(boot_ns())
}

/// The wall-clock time of a moment that the kernel gave in nanoseconds since boot (`bpf_ktime_get_boot_ns`), by the wall
/// clock as it is set now.
pub fn wall_of(moment: Mono) -> Time {
    let (wall, boot) = pair();
    let ago = i64::try_from(i128::from(boot) - i128::from(moment.0)).unwrap_or(0);
    Time(wall.saturating_sub(ago))
}

/// The time since boot of a moment on the monotonic clock, which stands still in suspend; some kernel interfaces use it.
pub fn boot_of_monotonic(monotonic_ns: u64) -> Mono {
    let asleep = boot_ns().saturating_sub(u64::try_from(nanoseconds(clock_gettime(ClockId::Monotonic))).unwrap_or(0));
    // What lies between the two readings is no sleep.
    let asleep = if asleep < ASLEEP_MIN_NS { 0 } else { asleep };
    Mono(monotonic_ns.saturating_add(asleep))
}

/// When this machine was booted, by the wall clock as it is set now.
pub fn booted_at() -> Time {
    wall_of(Mono(0))
}

/// The identity of this boot: `ROOT/proc/sys/kernel/random/boot_id` (random(4)). `None` where /proc does not have it.
pub fn boot_id(root: &Path) -> Result<Option<BootId>, ReadError> {
    let text = proc::read_text(&root.join("proc/sys/kernel/random/boot_id"))?;
    Ok(text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).map(BootId::from))
}

/// Both clocks, in nanoseconds, read within [`PAIR_GAP_MAX_NS`] of each other where the machine lets us.
fn pair() -> (i64, u64) {
    let mut best = (u64::MAX, 0, 0);
    for _ in 0..PAIR_TRIES_MAX {
        let before = boot_ns();
        let wall = nanoseconds(clock_gettime(ClockId::Realtime));
        let gap = boot_ns().saturating_sub(before);
        if gap < best.0 {
            best = (gap, wall, before + gap / 2);
        }
        if gap <= PAIR_GAP_MAX_NS {
            break;
        }
    }
    (best.1, best.2)
}

fn boot_ns() -> u64 {
    u64::try_from(nanoseconds(clock_gettime(ClockId::Boottime))).unwrap_or(0)
}

fn nanoseconds(t: rustix::time::Timespec) -> i64 {
    t.tv_sec.saturating_mul(1_000_000_000).saturating_add(t.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_since_boot_becomes_the_wall_time_at_which_it_was() {
        let (wall, boot) = now();
        let back = wall_of(boot);
        assert!((back.0 - wall.0).abs() < 50_000_000, "{wall} became {back}");
        assert!(booted_at() < wall);
        assert_eq!(wall_of(Mono(boot.0 - 1_000_000_000)).since(wall).0, 0, "an earlier moment is earlier");
    }

    #[test]
    fn the_boot_is_named_by_the_kernel_and_absent_where_there_is_no_proc() {
        assert_eq!(boot_id(Path::new("/")).unwrap().unwrap().as_str().len(), 36);
        assert_eq!(boot_id(Path::new("/nowhere")).unwrap(), None);
    }
}

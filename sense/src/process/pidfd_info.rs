//! How a process ended, asked through its descriptor (ioctl `PIDFD_GET_INFO` with `PIDFD_INFO_EXIT`, Linux 6.15): works
//! after its parent has taken the status, and for processes that are not our children.
#![allow(unsafe_code)]

use rustix::fd::BorrowedFd;
use rustix::ioctl::{Updater, ioctl, opcode};

/// `struct pidfd_info` of include/uapi/linux/pidfd.h in its first version.
type Info = [u64; 8];
const PIDFD_GET_INFO: rustix::ioctl::Opcode = opcode::read_write::<Info>(0xff, 11);
const PIDFD_INFO_EXIT: u64 = 1 << 3;

/// The status as wait(2) would give it; `None` where the kernel does not say, or not yet.
pub(super) fn exit_status(pidfd: BorrowedFd<'_>) -> Option<i32> {
    let mut info: Info = [PIDFD_INFO_EXIT, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: the opcode carries the size of `Info`, of which the kernel reads and writes no more than that, and every
    // bit pattern is a valid `Info`.
    unsafe { ioctl(pidfd, Updater::<PIDFD_GET_INFO, Info>::new(&mut info)) }.ok()?;
    // The last four of the 64 bytes are exit_code.
    let [.., last] = info;
    let bytes = last.to_ne_bytes();
    let code = i32::from_ne_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    (info[0] & PIDFD_INFO_EXIT != 0).then_some(code)
}

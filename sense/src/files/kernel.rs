//! The system calls of fanotify(7) that rustix does not have.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// MAX_HANDLE_SZ of `linux/exportfs.h`.
const HANDLE_BYTES_MAX: usize = 128;

/// fanotify_init(2).
pub(super) fn init(flags: libc::c_uint) -> io::Result<OwnedFd> {
    // SAFETY: takes integers only.
    let fd = unsafe { libc::fanotify_init(flags, (libc::O_RDONLY | libc::O_CLOEXEC | libc::O_LARGEFILE) as libc::c_uint) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// fanotify_mark(2) on a path.
pub(super) fn mark(group: &impl AsFd, flags: libc::c_uint, mask: u64, path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: `path` ends in a NUL and lives over the call, which keeps no pointer to it.
    let done = unsafe { libc::fanotify_mark(group.as_fd().as_raw_fd(), flags, mask, libc::AT_FDCWD, path.as_ptr()) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The file handle of a path, links followed: its type (4 bytes) and its bytes, as fanotify reports them.
pub(super) fn handle(path: &Path) -> io::Result<Vec<u8>> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // A file system that cannot open by handle (overlayfs) still gives one that identifies (since Linux 6.5); an older
    // kernel does not know the flag.
    match name_to_handle(&path, libc::AT_SYMLINK_FOLLOW | libc::AT_HANDLE_FID) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => name_to_handle(&path, libc::AT_SYMLINK_FOLLOW),
        done => done,
    }
}

fn name_to_handle(path: &CString, flags: libc::c_int) -> io::Result<Vec<u8>> {
    /// `struct file_handle` with room for the longest one.
    #[repr(C)]
    struct Handle {
        bytes: libc::c_uint,
        kind: libc::c_int,
        handle: [u8; HANDLE_BYTES_MAX],
    }
    let mut handle = Handle { bytes: HANDLE_BYTES_MAX as libc::c_uint, kind: 0, handle: [0; HANDLE_BYTES_MAX] };
    let mut mount = 0;
    // SAFETY: `handle` begins like `struct file_handle` and says how much room follows; `path` ends in a NUL; the kernel
    // keeps no pointer to either.
    let done = unsafe { libc::name_to_handle_at(libc::AT_FDCWD, path.as_ptr(), (&raw mut handle).cast(), &raw mut mount, flags) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    let length = usize::try_from(handle.bytes).unwrap_or(0).min(HANDLE_BYTES_MAX);
    Ok([&handle.kind.to_ne_bytes()[..], &handle.handle[..length]].concat())
}

/// Takes over a descriptor that came inside an event, so that it is closed.
pub(super) fn own(fd: i32) -> Option<OwnedFd> {
    // SAFETY: the kernel opened it for the reader of the event, which is us, and it is read once.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}

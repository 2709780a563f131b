//! Giving memory back.
#![allow(unsafe_code)]

/// Returns freed memory to the kernel: the types of the kernel take some forty megabytes while they are looked through,
/// and glibc would keep them.
pub(super) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim(3) has no conditions; it is safe among threads and touches no memory in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

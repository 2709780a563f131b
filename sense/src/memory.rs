//! Muster's own memory.

/// Gives memory that is free back to the machine. The allocator of glibc keeps what a burst took, such as the reading of
/// the kernel's types at the start, until it is told (malloc_trim(3)); others give it back by themselves.
#[allow(unsafe_code)]
pub fn give_back() {
    // SAFETY: it takes no pointers, and is thread-safe by its manual page.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0);
    }
}

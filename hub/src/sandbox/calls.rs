//! The system calls that serving needs, and no others: seccomp (seccomp(2)). No program is run, no process started, no socket
//! opened or connected; what is not listed fails with EPERM.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use super::SandboxError;

/// What the runtime, the allocator and the server call. What is not here was never seen to be called while serving.
const NEEDED: [libc::c_long; 67] = [
    libc::SYS_accept4,
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fcntl,
    libc::SYS_fdatasync,
    libc::SYS_fstat,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_futex,
    libc::SYS_getdents64,
    libc::SYS_getpeername,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mkdirat,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_renameat2,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    libc::SYS_socketpair,
    libc::SYS_sigaltstack,
    libc::SYS_statx,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_uname,
    libc::SYS_unlinkat,
    libc::SYS_write,
    libc::SYS_writev,
];

/// Gives up all other calls, for every thread to come. The inner error: this kernel or processor cannot do it, and why.
pub(super) fn give_up() -> Result<Result<(), String>, SandboxError> {
    let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else {
        return Ok(Err(format!("not made for {}", std::env::consts::ARCH)));
    };
    let failed = |error: &dyn std::fmt::Display| SandboxError::Calls(error.to_string());
    // glibc tries clone3, whose flags no filter can read, and falls back to clone where it is told that there is none.
    for (rules, action) in [(absent(), libc::ENOSYS), (needed().map_err(|e| failed(&e))?, libc::EPERM)] {
        let refuse = SeccompAction::Errno(action.cast_unsigned());
        let (otherwise, listed) = if action == libc::ENOSYS { (SeccompAction::Allow, refuse) } else { (refuse, SeccompAction::Allow) };
        let filter = SeccompFilter::new(rules, otherwise, listed, arch).map_err(|e| failed(&e))?;
        let program = BpfProgram::try_from(filter).map_err(|e| failed(&e))?;
        match apply_filter(&program) {
            Ok(()) => {}
            Err(seccompiler::Error::Prctl(error) | seccompiler::Error::Seccomp(error)) if error.raw_os_error() == Some(libc::EINVAL) => {
                return Ok(Err("this kernel has none".to_owned()));
            }
            Err(error) => return Err(failed(&error)),
        }
    }
    Ok(Ok(()))
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn absent() -> Rules {
    BTreeMap::from([(libc::SYS_clone3, Vec::new())])
}

fn needed() -> Result<Rules, seccompiler::BackendError> {
    let mut rules: Rules = NEEDED.into_iter().map(|call| (call, Vec::new())).collect();
    #[cfg(target_arch = "x86_64")]
    rules.extend([libc::SYS_epoll_wait, libc::SYS_poll, libc::SYS_arch_prctl].map(|call| (call, Vec::new())));
    rules.insert(libc::SYS_clone3, Vec::new()); // the first filter has answered it
    let with = |argument: u8, of: u64, is: u64| -> Result<SeccompRule, seccompiler::BackendError> {
        let masked = SeccompCmpOp::MaskedEq(of);
        SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Qword, masked, is)?])
    };
    let exactly = |argument: u8, is: u64| -> Result<SeccompRule, seccompiler::BackendError> {
        SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, is)?])
    };
    // Threads, not processes.
    let thread = u64::from(libc::CLONE_THREAD.cast_unsigned());
    rules.insert(libc::SYS_clone, vec![with(0, thread, thread)?]);
    // Memory, not code.
    let exec = u64::from(libc::PROT_EXEC.cast_unsigned());
    rules.insert(libc::SYS_mmap, vec![with(2, exec, 0)?]);
    rules.insert(libc::SYS_mprotect, vec![with(2, exec, 0)?]);
    rules.insert(libc::SYS_ioctl, vec![exactly(1, libc::FIONBIO)?]);
    // The names of threads and of mappings, for whoever looks.
    let names = [libc::PR_SET_NAME, libc::PR_SET_VMA].map(|option| u64::from(option.cast_unsigned()));
    rules.insert(libc::SYS_prctl, names.into_iter().map(|option| exactly(0, option)).collect::<Result<_, _>>()?);
    Ok(rules)
}

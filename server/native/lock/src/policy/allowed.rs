//! What a locked relay still may call. Anything else is EPERM, or worse.

use super::{Check, Rule, Test, full, has, is, lacks, rule};

const THREAD: u64 = (libc::CLONE_THREAD | libc::CLONE_VM) as u64;
const NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;
/// `CLONE_NEWTIME` lies in the byte of the exit signal.
const NEW_TIME: u64 = 0x80;
const EXECUTABLE: u64 = libc::PROT_EXEC as u64;
/// The bit that `MAP_SHARED` and `MAP_SHARED_VALIDATE` have and `MAP_PRIVATE` has not.
const SHARED: u64 = libc::MAP_SHARED as u64;
const OWN: Check = Check { argument: 0, width: super::Width::Half, test: Test::OwnPid };
/// `MADV_GUARD_INSTALL` and `MADV_GUARD_REMOVE`, not in libc.
const GUARD_INSTALL: u64 = 102;
const GUARD_REMOVE: u64 = 103;
/// `PR_SET_VMA`: libc names anonymous memory.
const SET_VMA: u64 = 0x5356_4d41;

/// A call with its arguments where they matter.
pub const ALLOWED: &[Rule] = &[
    // Packets, control pipes, wake-ups: only descriptors that exist can be named.
    rule!(SYS_read, "control pipe, eventfd"),
    rule!(SYS_write, "control pipe, eventfd; RLIMIT_FSIZE stands behind it"),
    rule!(SYS_readv, "as read"),
    rule!(SYS_writev, "as write"),
    rule!(SYS_recvfrom, "the event loop's own socket pair"),
    rule!(SYS_recvmsg, "media, one at a time"),
    rule!(SYS_recvmmsg, "media, in batches"),
    rule!(SYS_sendto, "the event loop's own socket pair; media"),
    rule!(SYS_sendmsg, "media, one at a time"),
    rule!(SYS_sendmmsg, "media, in batches"),
    rule!(SYS_close, "leaving"),
    rule!(SYS_shutdown, "leaving"),
    rule!(SYS_getsockname, "the event loop describes its sockets"),
    rule!(SYS_getpeername, "as getsockname"),
    rule!(SYS_getsockopt, "SO_ERROR"),
    rule!(SYS_fstat, "the event loop asks what a descriptor is"),
    rule!(SYS_newfstatat, [[has(3, libc::AT_EMPTY_PATH as u64)]], "libc's fstat"),
    rule!(SYS_lseek, "CPython probes streams"),
    rule!(
        SYS_fcntl,
        [
            [is(1, libc::F_GETFD as u64)],
            [is(1, libc::F_SETFD as u64)],
            [is(1, libc::F_GETFL as u64)],
            [is(1, libc::F_SETFL as u64)]
        ],
        "non-blocking; no duplicates, leases, seals or owners"
    ),
    rule!(
        SYS_ioctl,
        [
            [is(1, libc::FIONREAD)],
            [is(1, libc::FIONBIO)],
            [is(1, libc::FIOCLEX)],
            [is(1, libc::FIONCLEX)],
            [is(1, libc::TCGETS)]
        ],
        "non-blocking, bytes waiting, isatty; nothing that writes to a terminal"
    ),
    // Waiting.
    #[cfg(target_arch = "x86_64")]
    rule!(SYS_epoll_wait, "event loop and packet thread"),
    rule!(SYS_epoll_pwait, "event loop and packet thread"),
    rule!(SYS_epoll_ctl, "event loop and packet thread"),
    rule!(SYS_epoll_create1, "holds no data"),
    rule!(SYS_eventfd2, "wakes threads; holds eight bytes of this process"),
    #[cfg(target_arch = "x86_64")]
    rule!(SYS_poll, "CPython waits on one descriptor"),
    rule!(SYS_ppoll, "as poll"),
    rule!(SYS_timerfd_create, "timers; hold no data"),
    rule!(SYS_timerfd_settime, "as timerfd_create"),
    rule!(SYS_clock_gettime, "time, where the vDSO cannot answer; CPU time"),
    rule!(SYS_clock_getres, "event loop"),
    rule!(SYS_clock_nanosleep, "sleep"),
    rule!(SYS_nanosleep, "sleep"),
    rule!(SYS_gettimeofday, "time, where the vDSO cannot answer"),
    rule!(SYS_sched_yield, "contended locks"),
    rule!(SYS_restart_syscall, "the kernel's own, after a stop"),
    // Threads: the packet thread is started after the lock.
    rule!(SYS_futex, "locks"),
    rule!(
        SYS_clone,
        [[has(0, THREAD), lacks(0, NAMESPACES | NEW_TIME)]],
        "threads only: no process, no namespace"
    ),
    rule!(SYS_set_robust_list, "start of a thread"),
    rule!(SYS_rseq, "start of a thread"),
    rule!(SYS_sigaltstack, "start of a thread"),
    rule!(SYS_sched_getaffinity, "allocators count cores"),
    rule!(SYS_membarrier, "lock-free reclamation"),
    rule!(SYS_rt_sigaction, "leaving on SIGTERM"),
    rule!(SYS_rt_sigprocmask, "start of a thread"),
    rule!(SYS_rt_sigreturn, "end of a signal handler"),
    rule!(SYS_tgkill, [[OWN]], "abort; no other process can be signalled"),
    rule!(SYS_exit, "end of a thread"),
    rule!(SYS_exit_group, "end"),
    // Memory: private and not executable.
    rule!(SYS_brk, "heap"),
    rule!(SYS_mmap, [[lacks(2, EXECUTABLE), lacks(3, SHARED)]], "heap, stacks: no code, nothing shared"),
    rule!(SYS_mprotect, [[lacks(2, EXECUTABLE)]], "stack guards, heap growth: no code"),
    rule!(SYS_munmap, "heap, stacks"),
    rule!(SYS_mremap, "heap growth"),
    rule!(
        SYS_madvise,
        [
            [is(2, libc::MADV_DONTNEED as u64)],
            [is(2, libc::MADV_FREE as u64)],
            [is(2, libc::MADV_DONTDUMP as u64)],
            [is(2, libc::MADV_WIPEONFORK as u64)],
            [is(2, libc::MADV_HUGEPAGE as u64)],
            [is(2, libc::MADV_NOHUGEPAGE as u64)],
            [is(2, libc::MADV_POPULATE_WRITE as u64)],
            [is(2, GUARD_INSTALL)],
            [is(2, GUARD_REMOVE)]
        ],
        "allocators, stack guards, random generators; not MERGEABLE, PAGEOUT or DODUMP"
    ),
    rule!(SYS_mlock, "keeping memory out of swap"),
    rule!(SYS_mlock2, "as mlock"),
    // Identity and limits, read only.
    rule!(SYS_getpid, "fork detection in libraries"),
    rule!(SYS_getppid, "has signaling gone"),
    rule!(SYS_gettid, "locks"),
    rule!(SYS_getuid, "self check"),
    rule!(SYS_geteuid, "self check"),
    rule!(SYS_getgid, "self check"),
    rule!(SYS_getegid, "self check"),
    rule!(SYS_capget, "self check"),
    #[cfg(target_arch = "x86_64")]
    rule!(SYS_getrlimit, "self check"),
    rule!(SYS_prlimit64, [[is(0, 0), full(2, Test::Is(0))]], "self check: reads, sets none"),
    rule!(SYS_getrusage, "CPU time in the statistics"),
    rule!(SYS_getrandom, "keys"),
    rule!(
        SYS_prctl,
        [
            [is(0, libc::PR_SET_DUMPABLE as u64), full(1, Test::Is(0))],
            [is(0, libc::PR_GET_DUMPABLE as u64)],
            [is(0, libc::PR_GET_SECCOMP as u64)],
            [is(0, libc::PR_GET_NO_NEW_PRIVS as u64)],
            [is(0, SET_VMA)]
        ],
        "undumpable after the inspection, self check; not PR_SET_NAME, which everybody can read"
    ),
    // Open until the last filter, which is set through it and closes it.
    rule!(SYS_seccomp, [[is(0, libc::SECCOMP_SET_MODE_FILTER as u64)]], "the filters after this one"),
];

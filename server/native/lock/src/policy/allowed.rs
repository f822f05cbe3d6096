//! What a locked relay still may call. Anything else is EPERM, or worse.
//!
//! A test counts what a relay calls through a whole call and says which rule nobody needs. What it does
//! not see and stays says why.

use super::{CONNECTING, Check, LISTENER, Rule, Test, Width, full, is, lacks, masked, rule};

/// What libc gives `clone` for a thread; `CLONE_DETACHED` is ignored by the kernel.
const THREAD: u64 = (libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID) as u64;
const ALL_BUT_DETACHED: u64 = 0xFFFF_FFFF & !(libc::CLONE_DETACHED as u64);
const EXECUTABLE: u64 = libc::PROT_EXEC as u64;
/// `MAP_SHARED` and `MAP_SHARED_VALIDATE` have the first bit, `MAP_PRIVATE` has not.
const KINDS_OF_MAP: u64 = (libc::MAP_SHARED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u64;
const OWN_MEMORY: u64 = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u64;
const OWN: Check = Check { argument: 0, width: Width::Half, test: Test::OwnPid };
const ACCEPTED: u64 = (libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) as u64;
/// `MADV_GUARD_INSTALL` and `MADV_GUARD_REMOVE`, not in libc.
const GUARD_INSTALL: u64 = 102;
const GUARD_REMOVE: u64 = 103;

/// A call with its arguments where they matter. Several rules for one call are alternatives.
pub const ALLOWED: &[Rule] = &[
    // Packets, control pipes, wake-ups: only descriptors that exist can be named, and none is made.
    rule!(SYS_read, "control pipe, eventfd"),
    rule!(SYS_write, "control pipe, eventfd; RLIMIT_FSIZE stands behind it"),
    rule!(SYS_recvmmsg, "media, in batches"),
    rule!(SYS_sendmmsg, [[lacks(3, CONNECTING)]], "media, in batches"),
    rule!(
        SYS_accept4,
        [[is(0, LISTENER), is(3, ACCEPTED)]],
        "ICE over TCP: whoever connects to the one listening socket; on no other descriptor"
    ),
    rule!(
        SYS_recvfrom,
        "the event loop's wake-up by another thread",
        unseen: "a relay has no second Python thread; were a library to start one, the loop would sleep on"
    ),
    rule!(
        SYS_sendto,
        [[lacks(3, CONNECTING)]],
        "the event loop's wake-up by another thread",
        unseen: "as recvfrom; asyncio swallows the refusal"
    ),
    rule!(SYS_close, "leaving"),
    rule!(SYS_lseek, "the lock reads its own status again, after the last filter"),
    rule!(SYS_ioctl, [[is(1, libc::FIONBIO)]], "control pipes become non-blocking"),
    // Waiting.
    #[cfg(target_arch = "x86_64")]
    rule!(SYS_epoll_wait, "event loop and packet thread"),
    #[cfg(not(target_arch = "x86_64"))]
    rule!(SYS_epoll_pwait, "event loop and packet thread"),
    rule!(SYS_epoll_ctl, "event loop and packet thread"),
    rule!(SYS_clock_gettime, "time, where the vDSO cannot answer; CPU time"),
    rule!(SYS_futex, "locks"),
    rule!(SYS_restart_syscall, "the kernel's own", unseen: "only after a stop and a continue"),
    // Threads: the packet thread is started after the lock.
    rule!(
        SYS_clone,
        [[masked(0, ALL_BUT_DETACHED, THREAD)]],
        "threads as libc makes them, and nothing else: no process, no namespace, no descriptor"
    ),
    rule!(SYS_set_robust_list, "start of a thread"),
    rule!(SYS_rseq, "start of a thread"),
    rule!(SYS_rt_sigaction, "start of a thread"),
    rule!(SYS_rt_sigprocmask, "start of a thread"),
    rule!(SYS_rt_sigreturn, "end of a signal handler", unseen: "CPython has one for SIGINT"),
    rule!(
        SYS_tgkill,
        [[OWN]],
        "abort; no other process can be signalled",
        unseen: "after a panic: SIGABRT tells signaling a mistake of ours from damaged memory"
    ),
    rule!(SYS_exit, "end of a thread"),
    rule!(SYS_exit_group, "end"),
    // Memory: private and not executable.
    rule!(SYS_brk, "heap"),
    rule!(
        SYS_mmap,
        [[lacks(2, EXECUTABLE), masked(3, KINDS_OF_MAP, OWN_MEMORY)]],
        "heap, stacks: no code, nothing shared, no file"
    ),
    rule!(SYS_mprotect, [[lacks(2, EXECUTABLE)]], "stack guards, heap growth: no code"),
    rule!(SYS_munmap, "heap, stacks"),
    rule!(SYS_mremap, "a large block grows", unseen: "without it libc copies the block"),
    rule!(
        SYS_madvise,
        [[is(2, libc::MADV_DONTNEED as u64)]],
        "memory goes back; not MERGEABLE, PAGEOUT or DODUMP"
    ),
    rule!(
        SYS_madvise,
        [[is(2, GUARD_INSTALL)], [is(2, GUARD_REMOVE)]],
        "stack guards",
        unseen: "glibc from 2.42 on, which starts no thread when refused"
    ),
    // Identity and limits, read only.
    rule!(SYS_getpid, "fork detection in libraries"),
    rule!(SYS_capget, "self check"),
    rule!(SYS_prlimit64, [[is(0, 0), full(2, Test::Is(0))]], "self check: reads, sets none"),
    rule!(SYS_getrandom, "keys"),
    rule!(
        SYS_prctl,
        [[is(0, libc::PR_SET_DUMPABLE as u64), full(1, Test::Is(0))]],
        "undumpable, after the inspection; not PR_SET_NAME, which everybody can read"
    ),
    rule!(SYS_prctl, [[is(0, libc::PR_GET_DUMPABLE as u64)]], "self check"),
    rule!(SYS_prctl, [[is(0, libc::PR_GET_SECCOMP as u64)]], "self check"),
    rule!(SYS_prctl, [[is(0, libc::PR_GET_NO_NEW_PRIVS as u64)]], "self check"),
    // Open until the last filter, which is set through it and closes it.
    rule!(SYS_seccomp, [[is(0, libc::SECCOMP_SET_MODE_FILTER as u64)]], "the filters after this one"),
];

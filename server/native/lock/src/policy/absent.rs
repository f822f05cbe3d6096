//! Calls that the kernel seems not to have.

use super::{Rule, rule};

/// Answered ENOSYS from the first moment on: a ring set up before the lock would do its work in a kernel
/// thread that no later layer sees.
pub const STAGE_0: &[Rule] = &[
    rule!(SYS_io_uring_setup, "a ring bypasses uid, Landlock and seccomp"),
    rule!(SYS_io_uring_enter, "as io_uring_setup"),
    rule!(SYS_io_uring_register, "as io_uring_setup"),
];

/// Answered ENOSYS after the lock: libc, CPython and OpenSSL have a path for kernels without them.
pub const ABSENT: &[Rule] = &[
    rule!(SYS_clone3, "its flags are in memory, where a filter cannot look; libc falls back to clone"),
    rule!(SYS_openat2, "its flags are in memory"),
    rule!(SYS_statx, "libc falls back to newfstatat"),
    rule!(SYS_close_range, "CPython falls back to close"),
    rule!(SYS_faccessat2, "libc falls back to faccessat"),
    rule!(SYS_epoll_pwait2, "libc falls back to epoll_pwait"),
    rule!(SYS_futex_waitv, "not needed"),
    rule!(SYS_fchmodat2 = 452, "libc falls back to fchmodat, which is a tripwire"),
];

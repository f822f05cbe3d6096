//! Calls that no relay makes once it is locked: whoever makes one has taken it over, and the process dies.

use super::{CONNECTING, Check, LISTENER, Rule, Test, Width, has, lacks, rule};

/// Flags of `openat` any of which writes, creates, truncates or makes a nameless file.
const fn opens(bits: i32) -> Check {
    has(2, bits as u64)
}

/// `__O_TMPFILE`, without the directory bit that `O_TMPFILE` contains.
const TMPFILE: i32 = 0o20_000_000;

/// The repeated probe asks for a socket of the unspecified family, which is no family: EPERM by the
/// allow list shows that the filters still answer. Any real family kills.
const FAMILY: Check = Check { argument: 0, width: Width::Half, test: Test::Not(libc::AF_UNSPEC as u64) };

/// The one that a relay may accept connections on is named, and no other.
const NOT_THE_LISTENER: Check = Check { argument: 0, width: Width::Half, test: Test::Not(LISTENER) };

/// Tripwires on every architecture.
pub const TRIPWIRES: &[Rule] = &[
    // Files.
    rule!(
        SYS_openat,
        [
            [opens(libc::O_WRONLY)],
            [opens(libc::O_RDWR)],
            [opens(libc::O_CREAT)],
            [opens(libc::O_TRUNC)],
            [opens(libc::O_APPEND)],
            [opens(TMPFILE)]
        ],
        "writes a file; to open for reading is EPERM, as tracebacks and libraries try it"
    ),
    rule!(SYS_open_by_handle_at, "opens without a path"),
    rule!(SYS_name_to_handle_at, "makes such a handle"),
    rule!(SYS_mkdirat, "data in a name"),
    rule!(SYS_mknodat, "data in a name, a device"),
    rule!(SYS_symlinkat, "data in a link"),
    rule!(SYS_linkat, "data in a name"),
    #[cfg(target_arch = "x86_64")]
    rule!(SYS_renameat, "data in a name"),
    rule!(SYS_renameat2, "data in a name"),
    rule!(SYS_unlinkat, "destroys"),
    rule!(SYS_truncate, "data in a size"),
    rule!(SYS_ftruncate, "data in a size"),
    rule!(SYS_fallocate, "data in a size"),
    rule!(SYS_fchmod, "data in a mode; Landlock does not cover it"),
    rule!(SYS_fchmodat, "as fchmod"),
    rule!(SYS_fchown, "data in an owner"),
    rule!(SYS_fchownat, "data in an owner"),
    rule!(SYS_utimensat, "data in a time; Landlock does not cover it"),
    rule!(SYS_setxattr, "data in an attribute; Landlock does not cover it"),
    rule!(SYS_lsetxattr, "as setxattr"),
    rule!(SYS_fsetxattr, "as setxattr"),
    rule!(SYS_setxattrat = 463, "as setxattr"),
    rule!(SYS_removexattrat = 466, "as setxattr"),
    rule!(SYS_file_setattr = 469, "as setxattr"),
    rule!(SYS_pwrite64, "a relay has nothing seekable"),
    rule!(SYS_pwritev, "as pwrite64"),
    rule!(SYS_pwritev2, "as pwrite64"),
    rule!(SYS_copy_file_range, "moves file data"),
    rule!(SYS_sendfile, "moves file data"),
    rule!(SYS_splice, "moves data past write"),
    rule!(SYS_tee, "copies pipe data"),
    rule!(SYS_vmsplice, "moves memory into a pipe"),
    rule!(SYS_memfd_create, "a file without a path"),
    rule!(SYS_memfd_secret, "as memfd_create"),
    rule!(SYS_inotify_init1, "watches files"),
    rule!(SYS_fanotify_init, "watches files"),
    rule!(SYS_quotactl, "writes limits"),
    rule!(SYS_acct, "has the kernel write a file"),
    rule!(SYS_swapon, "has the kernel write memory to disk"),
    rule!(SYS_swapoff, "as swapon"),
    // Processes.
    rule!(SYS_execve, "starts a program"),
    rule!(SYS_execveat, "starts a program"),
    rule!(
        SYS_clone,
        [[lacks(0, libc::CLONE_THREAD as u64)], [lacks(0, libc::CLONE_VM as u64)]],
        "a process instead of a thread"
    ),
    rule!(SYS_ptrace, "another process writes for it"),
    rule!(SYS_process_vm_readv, "another process's memory"),
    rule!(SYS_process_vm_writev, "another process's memory"),
    rule!(SYS_process_madvise, "another process's memory"),
    rule!(SYS_process_mrelease, "another process's memory"),
    rule!(SYS_pidfd_open, "reaches another process"),
    rule!(SYS_pidfd_getfd, "takes a descriptor of another process"),
    rule!(SYS_pidfd_send_signal, "data in a signal"),
    rule!(SYS_kcmp, "looks at another process"),
    rule!(SYS_kill, "data in a signal"),
    rule!(SYS_tkill, "data in a signal"),
    rule!(SYS_rt_sigqueueinfo, "data in a signal"),
    rule!(SYS_rt_tgsigqueueinfo, "data in a signal"),
    rule!(SYS_setpriority, "data in a priority that everybody reads"),
    rule!(SYS_sched_setaffinity, "data in a mask that everybody reads"),
    // Network.
    rule!(SYS_socket, [[FAMILY]], "a relay has the sockets it was born with"),
    rule!(SYS_socketpair, "as socket"),
    rule!(SYS_connect, "a peer nobody proved"),
    rule!(SYS_bind, "another address"),
    rule!(SYS_listen, "as socket"),
    rule!(SYS_accept, "as socket"),
    rule!(SYS_accept4, [[NOT_THE_LISTENER]], "as socket"),
    rule!(SYS_sendto, [[has(3, CONNECTING)]], "as connect"),
    rule!(SYS_sendmsg, [[has(2, CONNECTING)]], "as connect"),
    rule!(SYS_sendmmsg, [[has(3, CONNECTING)]], "as connect"),
    rule!(SYS_io_uring_setup, "a ring bypasses the filters"),
    rule!(SYS_io_uring_enter, "as io_uring_setup"),
    rule!(SYS_io_uring_register, "as io_uring_setup"),
    // Memory of the kernel that outlives or is shared.
    rule!(SYS_shmget, "shared memory"),
    rule!(SYS_shmat, "shared memory"),
    rule!(SYS_msgget, "message queue"),
    rule!(SYS_msgsnd, "message queue"),
    rule!(SYS_semget, "data in semaphores"),
    rule!(SYS_semop, "data in semaphores"),
    rule!(SYS_mq_open, "message queue"),
    rule!(SYS_add_key, "data in the kernel's key ring"),
    rule!(SYS_request_key, "as add_key"),
    rule!(SYS_keyctl, "as add_key"),
    rule!(SYS_userfaultfd, "pauses the kernel in our memory"),
    rule!(SYS_remap_file_pages, "maps around mmap's filter"),
    // The machine.
    rule!(SYS_bpf, "code in the kernel"),
    rule!(SYS_perf_event_open, "samples memory and writes a ring"),
    rule!(SYS_syslog, "the kernel's log"),
    rule!(SYS_mount, "another file system"),
    rule!(SYS_umount2, "another file system"),
    rule!(SYS_move_mount, "another file system"),
    rule!(SYS_open_tree, "another file system"),
    rule!(SYS_open_tree_attr = 467, "another file system"),
    rule!(SYS_fsopen, "another file system"),
    rule!(SYS_fsmount, "another file system"),
    rule!(SYS_mount_setattr, "another file system"),
    rule!(SYS_pivot_root, "another root"),
    rule!(SYS_chroot, "another root"),
    rule!(SYS_setns, "another namespace"),
    rule!(SYS_unshare, "another namespace"),
    rule!(SYS_sethostname, "data in a name that everybody reads"),
    rule!(SYS_setdomainname, "as sethostname"),
    rule!(SYS_reboot, "the machine"),
    rule!(SYS_kexec_load, "another kernel"),
    rule!(SYS_kexec_file_load, "another kernel"),
    rule!(SYS_init_module, "code in the kernel"),
    rule!(SYS_finit_module, "code in the kernel"),
    rule!(SYS_delete_module, "code in the kernel"),
    rule!(SYS_setuid, "another user"),
    rule!(SYS_setresuid, "another user"),
    rule!(SYS_setgid, "another group"),
    rule!(SYS_setresgid, "another group"),
    rule!(SYS_setgroups, "another group"),
    rule!(SYS_capset, "a capability"),
    rule!(SYS_seccomp, "the filters are complete"),
    rule!(SYS_landlock_create_ruleset, "the rules are complete"),
];

/// Calls that only x86_64 still has; newer architectures have the `*at` forms alone.
#[cfg(target_arch = "x86_64")]
pub const LEGACY_TRIPWIRES: &[Rule] = &[
    rule!(SYS_open, [[legacy(libc::O_WRONLY)], [legacy(libc::O_RDWR)], [legacy(libc::O_CREAT)]], "as openat"),
    rule!(SYS_creat, "as openat"),
    rule!(SYS_mkdir, "as mkdirat"),
    rule!(SYS_mknod, "as mknodat"),
    rule!(SYS_symlink, "as symlinkat"),
    rule!(SYS_link, "as linkat"),
    rule!(SYS_rename, "as renameat"),
    rule!(SYS_unlink, "as unlinkat"),
    rule!(SYS_rmdir, "as unlinkat"),
    rule!(SYS_chmod, "as fchmodat"),
    rule!(SYS_chown, "as fchownat"),
    rule!(SYS_lchown, "as fchownat"),
    rule!(SYS_utime, "as utimensat"),
    rule!(SYS_utimes, "as utimensat"),
    rule!(SYS_futimesat, "as utimensat"),
    rule!(SYS_setrlimit, "data in a limit; raises one"),
    rule!(SYS_fork, "a process"),
    rule!(SYS_vfork, "a process"),
    rule!(SYS_inotify_init, "as inotify_init1"),
    rule!(SYS_ioperm, "hardware"),
    rule!(SYS_iopl, "hardware"),
    rule!(SYS_modify_ldt, "odd code segments"),
];

/// Calls that only x86_64 still has: none here.
#[cfg(not(target_arch = "x86_64"))]
pub const LEGACY_TRIPWIRES: &[Rule] = &[];

#[cfg(target_arch = "x86_64")]
const fn legacy(bits: i32) -> Check {
    has(1, bits as u64)
}

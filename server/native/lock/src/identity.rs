//! From root to nobody in particular, and no capability left.

use crate::status::StatusFile;
use crate::{LockError, Step};

/// `_LINUX_CAPABILITY_VERSION_3`: two words per set.
const CAPABILITY_VERSION: u32 = 0x2008_0522;
/// More than the kernel has; it answers EINVAL past its last.
const MOST_CAPABILITIES: libc::c_ulong = 64;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Whether the effective, permitted and inheritable sets are empty, by the kernel's answer now.
pub fn capabilities_empty() -> bool {
    let mut header = Header { version: CAPABILITY_VERSION, pid: 0 };
    let mut sets = [Sets::default(); 2];
    // SAFETY: version 3 writes two `Sets`, and both pointers are valid for the call.
    let answer = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) };
    answer == 0 && sets.iter().all(|set| set.effective | set.permitted | set.inheritable == 0)
}

/// Whether user and group are not root's, or were not to be changed.
fn changed(user: u32, users: [u32; 4], groups: [u32; 4], supplementary: usize) -> bool {
    users == [user; 4] && groups == [user; 4] && supplementary == 0
}

/// Started as root: becomes user and group `user` without supplementary groups (0: stays). In every case
/// no capability is left in any set; the bounding set is emptied where the process may, and means
/// nothing under no_new_privs where it may not. The kernel is asked again at the end.
pub fn drop_to(user: u32, status: &mut StatusFile) -> Result<(), LockError> {
    // SAFETY: no pointers; has no effect but its answer.
    let root = unsafe { libc::geteuid() } == 0;
    let bounded = drop_bounding();
    // SAFETY: no pointers.
    unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) };
    if root && user != 0 {
        // SAFETY: setgroups with a count of zero reads no memory; the others take no pointers. There is
        // one thread, so libc has no other to bring along.
        let failed = unsafe {
            libc::setgroups(0, std::ptr::null()) != 0
                || libc::setresgid(user, user, user) != 0
                || libc::setresuid(user, user, user) != 0
        };
        if failed {
            return Err(LockError::last(Step::Identity));
        }
    }
    let header = Header { version: CAPABILITY_VERSION, pid: 0 };
    let none = [Sets::default(); 2];
    // SAFETY: version 3 reads two `Sets`, and both pointers are valid for the call.
    if unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) } != 0 {
        return Err(LockError::last(Step::Identity));
    }
    let now = status.read()?;
    let identity = !root || user == 0 || changed(user, now.users, now.groups, now.supplementary);
    let nothing_left = now.capabilities == 0 && (!bounded || now.bounding == 0);
    if identity && nothing_left { Ok(()) } else { Err(LockError { step: Step::Identity, errno: 0 }) }
}

/// Whether this process may; then nothing is left in the set.
fn drop_bounding() -> bool {
    for capability in 0..MOST_CAPABILITIES {
        // SAFETY: no pointers.
        if unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) } != 0 {
            // EPERM without CAP_SETPCAP, EINVAL past the last capability.
            return std::io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL);
        }
    }
    true
}

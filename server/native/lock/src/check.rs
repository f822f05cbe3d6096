//! What a locked relay asks the kernel again: nothing here is a tripwire.

use crate::{LockError, Step, identity, limits};

/// Answers of the repeated probes. All true while the lock holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// A file cannot be opened, not even to read: EPERM.
    pub open_refused: bool,
    /// A socket cannot be made: EPERM.
    pub socket_refused: bool,
    /// Memory cannot be made executable: EPERM.
    pub code_refused: bool,
    /// Filters, no_new_privs, limits, capabilities and dumpable are as they were set, and a call that the
    /// kernel is to seem without is ENOSYS.
    pub state_unchanged: bool,
}

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn open_refused() -> bool {
    // SAFETY: the path is a literal that ends in a zero byte.
    let file = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if file < 0 {
        return errno() == libc::EPERM;
    }
    // SAFETY: opened just now, and nobody else knows it.
    unsafe { libc::close(file) };
    false
}

/// The unspecified family is none, so nothing can come of it: without filters the answer is another error.
fn socket_refused() -> bool {
    // SAFETY: no pointers.
    let socket = unsafe { libc::socket(libc::AF_UNSPEC, 0, 0) };
    socket == -1 && errno() == libc::EPERM
}

fn code_refused() -> bool {
    const LENGTH: usize = 4096;
    let (rights, flags) = (libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new private mapping anywhere.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), LENGTH, rights, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return errno() == libc::EPERM;
    }
    // SAFETY: mapped just now, and nobody else knows it.
    unsafe { libc::munmap(page, LENGTH) };
    false
}

fn ask(option: libc::c_int) -> libc::c_int {
    // SAFETY: the three options asked for take no pointer and change nothing.
    unsafe { libc::prctl(option, 0, 0, 0, 0) }
}

/// The state that can be asked without a file.
fn state_unchanged() -> bool {
    ask(libc::PR_GET_SECCOMP) == libc::SECCOMP_MODE_FILTER as libc::c_int
        && ask(libc::PR_GET_NO_NEW_PRIVS) == 1
        && ask(libc::PR_GET_DUMPABLE) == 0
        && seems_absent()
        && limits::held()
        && identity::capabilities_empty()
}

/// What the filters refuse is refused with their answer: they do not only stand, they are asked.
pub fn filters_answer() -> bool {
    open_refused() && socket_refused() && code_refused() && seems_absent()
}

/// A call of [`crate::policy::ABSENT`]. With a size of 0 a kernel that looked at it would say EINVAL.
fn seems_absent() -> bool {
    // SAFETY: a null pointer and a size of 0: nothing is read.
    let answer = unsafe { libc::syscall(libc::SYS_clone3, std::ptr::null::<libc::c_void>(), 0_usize) };
    answer == -1 && errno() == libc::ENOSYS
}

/// Probes a relay that is locked and finished. On one that is not, PR_GET_SECCOMP and the rest answer
/// honestly that nothing is held.
pub fn probe() -> Probe {
    Probe {
        open_refused: open_refused(),
        socket_refused: socket_refused(),
        code_refused: code_refused(),
        state_unchanged: state_unchanged(),
    }
}

/// After the inspection: becomes undumpable, so that nobody without root's rights reads its memory, and
/// asks everything again.
pub fn finish() -> Result<(), LockError> {
    // SAFETY: no pointers.
    if unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) } != 0 {
        return Err(LockError::last(Step::SelfCheck));
    }
    let probe = probe();
    if probe.open_refused && probe.socket_refused && probe.code_refused && probe.state_unchanged {
        Ok(())
    } else {
        Err(LockError { step: Step::SelfCheck, errno: 0 })
    }
}

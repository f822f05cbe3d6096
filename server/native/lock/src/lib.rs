//! The lock of a relay: Landlock, seccomp, limits and identity, set in order, each asked for again.
//!
//! Order matters. Limits and identity come before the filters that forbid to change them, Landlock
//! before seccomp so that its canaries can run, then the limit on descriptors, which those need, and the
//! filters last. [`stage_0`] comes long before, ahead of any event loop, and [`finish`] long after, when the
//! process has been inspected from outside.

mod canary;
mod check;
mod filter;
mod identity;
mod limits;
mod memory;
pub mod policy;
mod ruleset;
mod status;

use std::fmt;
use std::io;
use std::time::Instant;

pub use check::{Probe, finish, probe};
pub use filter::{count as filter_count, digest};
pub use limits::DESCRIPTORS;
pub use ruleset::{LEAST_ABI, abi as landlock_abi};

use canary::Canaries;
use status::StatusFile;

/// Where the lock failed. The numbers are those of `BirthFailure` in the control vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// There is more than one thread.
    Threads = 2,
    /// User, groups or capabilities.
    Identity = 3,
    /// Resource limits.
    Limits = 4,
    /// Landlock could not be set.
    Landlock = 5,
    /// No canary to try, or one that still sings.
    Canary = 6,
    /// A filter could not be set.
    Seccomp = 7,
    /// The kernel's account differs from what was set.
    SelfCheck = 9,
    /// Memory protection.
    Other = 10,
}

/// A lock that is not whole. The process must end: some layers are set and cannot be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockError {
    /// Where.
    pub step: Step,
    /// The kernel's reason; 0 when it accepted and yet its account differs.
    pub errno: i32,
}

impl LockError {
    fn io(step: Step, error: &io::Error) -> Self {
        Self { step, errno: error.raw_os_error().unwrap_or(0) }
    }

    fn last(step: Step) -> Self {
        Self::io(step, &io::Error::last_os_error())
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "the lock failed at {:?}", self.step)?;
        if self.errno == 0 { Ok(()) } else { write!(to, ": {}", io::Error::from_raw_os_error(self.errno)) }
    }
}

impl std::error::Error for LockError {}

/// Which layers to set. A relay sets all; the others exist for the control run of `verify` and for tests
/// that show that a missing layer is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layers {
    /// File size, core, message queue and descriptor limits.
    pub limits: bool,
    /// User, groups and capabilities.
    pub identity: bool,
    /// Landlock and its canaries.
    pub landlock: bool,
    /// The final filters.
    pub seccomp: bool,
}

impl Layers {
    /// All of them.
    pub const ALL: Self = Self { limits: true, identity: true, landlock: true, seccomp: true };
}

/// What is held after [`lock`], by the kernel's account.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// The Landlock version that is enforced; 0 when the kernel has none.
    pub landlock_abi: u8,
    /// How many filters stand, stage 0 and inherited ones included.
    pub seccomp_filters: u32,
    /// The filters are on.
    pub seccomp: bool,
    /// [`digest`].
    pub filter_digest: [u8; 32],
    /// The canaries sang before Landlock and got EACCES after.
    pub canary_refused: bool,
    /// Every limit is what it was set to: nothing, but for descriptors of connections.
    pub limits_held: bool,
    /// No capability in any set.
    pub capabilities_empty: bool,
    /// No program started from here gains rights.
    pub no_new_privs: bool,
    /// Memory that cannot be swapped, in bytes.
    pub locked_bytes: u64,
    /// Mappings that were writable and executable, and are executable only now.
    pub frozen_code: usize,
    /// What setting the lock took.
    pub microseconds: u32,
}

fn no_new_privs() -> Result<(), LockError> {
    // SAFETY: no pointers.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } == 0 {
        Ok(())
    } else {
        Err(LockError::last(Step::Seccomp))
    }
}

/// Before any event loop: `io_uring_*` answers ENOSYS from here on.
pub fn stage_0() -> Result<(), LockError> {
    no_new_privs()?;
    filter::install(&filter::stage_0()?)
}

/// Sets the layers, and asks the kernel for each. `user` is taken when started as root (0: stays). `accepts`
/// where [`policy::LISTENER`] is a listening socket, and descriptors for its connections are needed.
///
/// Fails closed: after an error the process must end. A kernel without Landlock is no error but a
/// smaller report; who reads it decides.
pub fn lock(user: u32, accepts: bool, layers: Layers) -> Result<Report, LockError> {
    let start = Instant::now();
    if !memory::single_threaded()? {
        return Err(LockError { step: Step::Threads, errno: 0 });
    }
    let mut status = StatusFile::open()?;
    let before = status.read()?.seccomp_filters;
    let frozen_code = memory::freeze_code()?;
    let filter_digest = filter::digest()?;
    if layers.limits {
        limits::set()?;
    }
    no_new_privs()?;
    if layers.identity {
        identity::drop_to(user, &mut status)?;
    }
    let landlock_abi = if layers.landlock { ruleset::abi() } else { 0 };
    let mut canary_refused = false;
    if landlock_abi > 0 {
        let canaries = Canaries::sing(landlock_abi)?;
        ruleset::restrict(landlock_abi)?;
        canary_refused = canaries.refused();
        if !canary_refused {
            return Err(LockError { step: Step::Canary, errno: 0 });
        }
    }
    if layers.limits {
        limits::complete(accepts)?;
    }
    let mut filters = before;
    if layers.seccomp {
        for program in filter::stack(std::process::id())? {
            filter::install(&program)?;
            filters += 1;
        }
        if !check::filters_answer() {
            return Err(LockError { step: Step::SelfCheck, errno: 0 });
        }
    }
    let now = status.read()?;
    drop(status);
    let seccomp = now.seccomp_mode == libc::SECCOMP_MODE_FILTER as u8 && layers.seccomp;
    if now.seccomp_filters != filters || seccomp != layers.seccomp || !now.no_new_privs {
        return Err(LockError { step: Step::SelfCheck, errno: 0 });
    }
    Ok(Report {
        landlock_abi,
        seccomp_filters: now.seccomp_filters,
        seccomp,
        filter_digest,
        canary_refused,
        limits_held: limits::held(),
        capabilities_empty: now.capabilities == 0,
        no_new_privs: now.no_new_privs,
        locked_bytes: now.locked_kib * 1024,
        frozen_code,
        microseconds: u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX),
    })
}

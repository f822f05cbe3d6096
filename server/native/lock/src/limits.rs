//! Resource limits: no file grows, no core is dumped, no message queue is fed, no descriptor is made but for
//! connections of ICE over TCP, where a relay serves that.
//!
//! The number of processes is not limited: threads count towards it, over all processes of the user, and
//! the packet thread starts after the lock. That no process can be made is up to the filters.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{LockError, Step};

/// What is limited to nothing first. FSIZE stops data even into a file that is open already.
const AT_FIRST: [u32; 3] = [libc::RLIMIT_FSIZE, libc::RLIMIT_CORE, libc::RLIMIT_MSGQUEUE];
/// What is limited once Landlock and its canaries have had their descriptors. Those that exist stay; one that
/// arrives in a message is refused too.
const AT_LAST: u32 = libc::RLIMIT_NOFILE;
/// Descriptors of a relay that accepts connections: numbers below this one, those of the listening socket and of
/// what it was born with included.
pub const DESCRIPTORS: u64 = 1024;

/// What the last limit was set to here.
static AT_MOST: AtomicU64 = AtomicU64::new(0);

fn is(resource: u32, wanted: u64) -> bool {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for the call, which writes it.
    let told = unsafe { libc::getrlimit(resource, &mut limit) } == 0;
    told && limit.rlim_cur == wanted && limit.rlim_max == wanted
}

/// Whether every limit is what it was set to, soft and hard, by the kernel's answer now.
pub fn held() -> bool {
    AT_FIRST.iter().all(|&resource| is(resource, 0)) && is(AT_LAST, AT_MOST.load(Relaxed))
}

/// Sets those that nothing before the filters needs, and asks again.
pub fn set() -> Result<(), LockError> {
    AT_FIRST.iter().try_for_each(|&resource| to(resource, 0))
}

/// Sets the rest and asks again: no descriptor can be made from here on, or none but those of connections.
pub fn complete(accepts: bool) -> Result<(), LockError> {
    let most = if accepts { DESCRIPTORS } else { 0 };
    AT_MOST.store(most, Relaxed);
    to(AT_LAST, most)
}

fn to(resource: u32, most: u64) -> Result<(), LockError> {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: `limit` is valid for the call, which reads it.
    if unsafe { libc::setrlimit(resource, &limit) } != 0 {
        return Err(LockError::last(Step::Limits));
    }
    if is(resource, most) { Ok(()) } else { Err(LockError { step: Step::Limits, errno: 0 }) }
}

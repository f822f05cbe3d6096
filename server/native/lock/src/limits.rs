//! Resource limits: no file grows, no core is dumped, no message queue is fed, no descriptor is made.
//!
//! The number of processes is not limited: threads count towards it, over all processes of the user, and
//! the packet thread starts after the lock. That no process can be made is up to the filters.

use crate::{LockError, Step};

/// What is limited to nothing first. FSIZE stops data even into a file that is open already.
const AT_FIRST: [u32; 3] = [libc::RLIMIT_FSIZE, libc::RLIMIT_CORE, libc::RLIMIT_MSGQUEUE];
/// What is limited to nothing once Landlock and its canaries have had their descriptors. Those that
/// exist stay; one that arrives in a message is refused too.
const AT_LAST: [u32; 1] = [libc::RLIMIT_NOFILE];

fn get(resource: u32) -> Option<libc::rlimit> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for the call, which writes it.
    (unsafe { libc::getrlimit(resource, &mut limit) } == 0).then_some(limit)
}

fn are_nothing(resources: &[u32]) -> bool {
    resources
        .iter()
        .all(|&resource| get(resource).is_some_and(|limit| limit.rlim_cur == 0 && limit.rlim_max == 0))
}

/// Whether every limit is nothing, soft and hard, by the kernel's answer now.
pub fn held() -> bool {
    are_nothing(&AT_FIRST) && are_nothing(&AT_LAST)
}

/// Sets those that nothing before the filters needs, and asks again.
pub fn set() -> Result<(), LockError> {
    to_nothing(&AT_FIRST)
}

/// Sets the rest and asks again: no descriptor can be made from here on.
pub fn complete() -> Result<(), LockError> {
    to_nothing(&AT_LAST)
}

fn to_nothing(resources: &[u32]) -> Result<(), LockError> {
    let nothing = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    for &resource in resources {
        // SAFETY: `nothing` is valid for the call, which reads it.
        if unsafe { libc::setrlimit(resource, &nothing) } != 0 {
            return Err(LockError::last(Step::Limits));
        }
    }
    if are_nothing(resources) { Ok(()) } else { Err(LockError { step: Step::Limits, errno: 0 }) }
}

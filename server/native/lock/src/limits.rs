//! Resource limits: no file grows, no core is dumped, no message queue is fed.

use crate::{LockError, Step};

/// What is limited to nothing. FSIZE stops data even into a file that is open already.
const TO_NOTHING: [u32; 3] = [libc::RLIMIT_FSIZE, libc::RLIMIT_CORE, libc::RLIMIT_MSGQUEUE];

fn get(resource: u32) -> Option<libc::rlimit> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for the call, which writes it.
    (unsafe { libc::getrlimit(resource, &mut limit) } == 0).then_some(limit)
}

/// Whether every limit is nothing, soft and hard, by the kernel's answer now.
pub fn held() -> bool {
    TO_NOTHING
        .iter()
        .all(|&resource| get(resource).is_some_and(|limit| limit.rlim_cur == 0 && limit.rlim_max == 0))
}

/// Sets them and asks again.
pub fn set() -> Result<(), LockError> {
    let nothing = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    for resource in TO_NOTHING {
        // SAFETY: `nothing` is valid for the call, which reads it.
        if unsafe { libc::setrlimit(resource, &nothing) } != 0 {
            return Err(LockError::last(Step::Limits));
        }
    }
    if held() { Ok(()) } else { Err(LockError { step: Step::Limits, errno: 0 }) }
}

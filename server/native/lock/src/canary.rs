//! Write canaries: opens that worked a moment ago and that Landlock must refuse.
//!
//! They run between Landlock and seccomp, and before the process is too poor to tell: EACCES is
//! Landlock's answer, EPERM would be seccomp's. Nothing is written, and the nameless files leave nothing.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

use crate::{LockError, Step};

/// A device anybody may write, and nameless files where anybody may usually make one.
const CANARIES: [(&str, i32); 4] = [
    ("/dev/null", 0),
    ("/dev/shm", libc::O_TMPFILE),
    ("/tmp", libc::O_TMPFILE),
    ("/var/tmp", libc::O_TMPFILE),
];

fn open(path: &str, flags: i32) -> Result<(), i32> {
    OpenOptions::new()
        .write(true)
        .custom_flags(flags)
        .open(path)
        .map(drop)
        .map_err(|error| error.raw_os_error().unwrap_or(0))
}

/// The canaries that can be opened for writing now.
#[derive(Debug)]
pub struct Canaries(Vec<(&'static str, i32)>);

impl Canaries {
    /// Opens each, after the change of user and before Landlock. Without one that opens there is nothing
    /// to prove, which is an error.
    pub fn sing() -> Result<Self, LockError> {
        let open: Vec<_> = CANARIES.into_iter().filter(|(path, flags)| open(path, *flags).is_ok()).collect();
        if open.is_empty() {
            Err(LockError { step: Step::Canary, errno: libc::ENOENT })
        } else {
            Ok(Self(open))
        }
    }

    /// Each is refused with EACCES now.
    pub fn refused(&self) -> bool {
        self.0.iter().all(|(path, flags)| open(path, *flags) == Err(libc::EACCES))
    }
}

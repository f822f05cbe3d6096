//! Canaries: what worked a moment ago and Landlock must refuse, since the kernel has no other way to ask
//! whether it is on.
//!
//! They run between Landlock and seccomp, and before the process is too poor to tell: EACCES is Landlock's
//! answer for files and TCP, EPERM for its scopes and for seccomp, which is not there yet. Nothing is
//! written, the nameless files leave nothing, and no signal is sent.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use crate::{LockError, Step};

/// From this version on Landlock covers TCP.
const TCP: u8 = 4;
/// From this version on Landlock covers signals and abstract sockets of processes outside.
const SCOPES: u8 = 6;

/// Files anybody may usually make or write: a device, and nameless ones.
const WRITES: [(&str, i32); 4] = [
    ("/dev/null", 0),
    ("/dev/shm", libc::O_TMPFILE),
    ("/tmp", libc::O_TMPFILE),
    ("/var/tmp", libc::O_TMPFILE),
];
/// Everybody may read it, and a relay has no use for it.
const READ: &str = "/proc/self/status";

/// One attempt; what Landlock answers it, and the least version that does.
struct Canary {
    attempt: Attempt,
    refusal: i32,
    since: u8,
}

enum Attempt {
    Write(&'static str, i32),
    Read(&'static str),
    ListenByTcp,
    /// The listener was made before Landlock, and counts as outside for that.
    ConnectTo(UnixListener),
    /// Whether this process could be signalled; signal 0 is none.
    Signal(libc::pid_t),
}

impl Attempt {
    fn make(&self) -> io::Result<()> {
        match self {
            Self::Write(path, flags) => {
                OpenOptions::new().write(true).custom_flags(*flags).open(path).map(drop)
            }
            Self::Read(path) => File::open(path).map(drop),
            Self::ListenByTcp => TcpListener::bind(("127.0.0.1", 0)).map(drop),
            Self::ConnectTo(listener) => UnixStream::connect_addr(&listener.local_addr()?).map(drop),
            Self::Signal(process) => {
                // SAFETY: no pointers; signal 0 only asks whether another could be sent.
                if unsafe { libc::kill(*process, 0) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
            }
        }
    }
}

/// An abstract socket, which has a name and no file. The name is drawn, so that relays that are born at the
/// same time do not meet.
fn listener() -> Option<UnixListener> {
    let mut name = [0_u8; 16];
    // SAFETY: the buffer is as long as is said. Not a library's generator: the first use of one takes long.
    let drawn = unsafe { libc::getrandom(name.as_mut_ptr().cast(), name.len(), 0) };
    if usize::try_from(drawn) != Ok(name.len()) {
        return None;
    }
    UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).ok()?).ok()
}

/// Who started this process; none where that is outside of its namespace.
fn parent() -> Option<libc::pid_t> {
    // SAFETY: no pointers, and it never fails.
    Some(unsafe { libc::getppid() }).filter(|&process| process > 0)
}

/// What can be done now and must not after Landlock.
pub struct Canaries(Vec<Canary>);

impl Canaries {
    /// Tries each, after the change of user and before Landlock. Without a file that opens for writing
    /// there is nothing to prove, which is an error; where the others do not work, they prove nothing
    /// and are left out: parents of another user, machines without IPv4.
    pub fn sing(abi: u8) -> Result<Self, LockError> {
        let canary = |attempt, refusal, since| Canary { attempt, refusal, since };
        let sings = |one: &Canary| abi >= one.since && one.attempt.make().is_ok();
        let mut canaries: Vec<_> = WRITES
            .into_iter()
            .map(|(path, flags)| canary(Attempt::Write(path, flags), libc::EACCES, 1))
            .filter(sings)
            .collect();
        if canaries.is_empty() {
            return Err(LockError { step: Step::Canary, errno: libc::ENOENT });
        }
        let others = [
            Some(canary(Attempt::Read(READ), libc::EACCES, 1)),
            Some(canary(Attempt::ListenByTcp, libc::EACCES, TCP)),
            listener().map(|made| canary(Attempt::ConnectTo(made), libc::EPERM, SCOPES)),
            parent().map(|process| canary(Attempt::Signal(process), libc::EPERM, SCOPES)),
        ];
        canaries.extend(others.into_iter().flatten().filter(sings));
        Ok(Self(canaries))
    }

    /// Each is refused now, as Landlock refuses. Closes what they held.
    pub fn refused(self) -> bool {
        self.0
            .iter()
            .all(|one| one.attempt.make().is_err_and(|error| error.raw_os_error() == Some(one.refusal)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_landlock_every_canary_sings_and_goes_on_singing() {
        let canaries = Canaries::sing(SCOPES).expect("files can be written here");
        assert!(canaries.0.iter().any(|one| matches!(one.attempt, Attempt::Write(..))));
        assert!(canaries.0.iter().any(|one| matches!(one.attempt, Attempt::ConnectTo(_))));
        assert!(canaries.0.iter().any(|one| matches!(one.attempt, Attempt::Signal(_))));
        assert!(canaries.0.iter().all(|one| one.attempt.make().is_ok()));
        assert!(!canaries.refused());
    }

    #[test]
    fn what_an_old_landlock_does_not_cover_is_not_asked_of_it() {
        let canaries = Canaries::sing(1).expect("files can be written here");
        assert!(canaries.0.iter().all(|one| matches!(one.attempt, Attempt::Write(..) | Attempt::Read(_))));
    }
}

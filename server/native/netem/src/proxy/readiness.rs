//! Waiting for sockets, input, or a moment.

use core::time::Duration;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::flows::Token;

/// Events taken at once.
const EVENTS: usize = 64;

/// A descriptor that a call made, or its error.
fn owned(descriptor: RawFd) -> io::Result<OwnedFd> {
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a call that just succeeded made it, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// epoll.
pub struct Readiness(OwnedFd);

impl Readiness {
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointer is passed.
        owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }).map(Self)
    }

    /// A descriptor to read from. It leaves when it is closed.
    pub fn add(&self, descriptor: RawFd, token: Token) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token as u64 };
        // SAFETY: `event` lives through the call.
        let status =
            unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, descriptor, &raw mut event) };
        if status < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Waits for something, and says what.
    pub fn wait(&self, ready: &mut Vec<Token>) -> io::Result<()> {
        ready.clear();
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS];
        // SAFETY: the kernel writes at most that many events into an array of that length.
        let count =
            unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), EVENTS as libc::c_int, -1) };
        match usize::try_from(count) {
            Ok(count) => ready.extend(events[..count].iter().map(|event| event.u64 as Token)),
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
        Ok(())
    }
}

/// timerfd: a moment of the monotonic clock, to the nanosecond.
pub struct Timer(OwnedFd);

impl Timer {
    pub fn new() -> io::Result<Self> {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        // SAFETY: no pointer is passed.
        owned(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) }).map(Self)
    }

    pub fn descriptor(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// At this moment, or never.
    pub fn set(&self, at: Option<Duration>) {
        // Zero would mean never.
        let at = at.map_or(Duration::ZERO, |at| at.max(Duration::from_nanos(1)));
        let nothing = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let moment = libc::timespec {
            tv_sec: at.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            tv_nsec: at.subsec_nanos().into(),
        };
        let value = libc::itimerspec { it_interval: nothing, it_value: moment };
        let (timer, flags) = (self.0.as_raw_fd(), libc::TFD_TIMER_ABSTIME);
        // SAFETY: `value` lives through the call; the old value is not asked for.
        unsafe { libc::timerfd_settime(timer, flags, &raw const value, core::ptr::null_mut()) };
    }

    /// After it went off.
    pub fn clear(&self) {
        let mut count = 0_u64;
        // SAFETY: eight bytes are written to eight bytes.
        unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), size_of::<u64>()) };
    }
}

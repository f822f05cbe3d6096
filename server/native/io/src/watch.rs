//! Waiting for something to do, and how long that took in all.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use offrecord_forwarder::api::Micros;

use crate::clock;
use crate::packet_loop::Sockets;

/// Names under which descriptors are watched; sockets have their indices.
pub(crate) const COMMANDS: u64 = 2;
pub(crate) const LISTENER: u64 = 3;
/// Longest sleep; only a bound against a core that names no time.
const LONGEST_SLEEP: u64 = 1_000_000;

/// See the module.
pub(crate) struct Watch {
    epoll: OwnedFd,
    idle: u64,
}

impl Watch {
    /// Watches the sockets and the descriptor that tells of commands.
    pub fn new(sockets: &Sockets, commands: RawFd) -> io::Result<Self> {
        // SAFETY: no pointers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just created, owned by nobody else.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        let watched = sockets
            .iter()
            .zip(0_u64..)
            .filter_map(|(socket, index)| socket.as_ref().map(|socket| (socket.as_raw_fd(), index)))
            .chain([(commands, COMMANDS)]);
        for (fd, name) in watched {
            let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: name };
            // SAFETY: two live descriptors and a valid event.
            if unsafe { libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event) } != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(Self { epoll, idle: 0 })
    }

    /// For those who add descriptors of their own.
    pub fn epoll(&self) -> RawFd {
        self.epoll.as_raw_fd()
    }

    /// Microseconds waited so far.
    pub fn idle(&self) -> u64 {
        self.idle
    }

    /// Waits until something is ready, at most until a time; how many are.
    pub fn wait(&mut self, until: Micros, ready: &mut [libc::epoll_event]) -> usize {
        let began = clock::now();
        let sleep = until.0.saturating_sub(began.0).min(LONGEST_SLEEP).div_ceil(1000);
        // SAFETY: `ready` is writable for its length. An interrupted wait is a round with nothing ready.
        let count = unsafe {
            libc::epoll_wait(
                self.epoll.as_raw_fd(),
                ready.as_mut_ptr(),
                ready.len() as libc::c_int,
                sleep as libc::c_int,
            )
        };
        self.idle += clock::now().0 - began.0;
        usize::try_from(count).unwrap_or(0)
    }
}

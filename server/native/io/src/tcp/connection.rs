//! One connection: pieces of a stream in, framed datagrams out, and no more kept than one of each.

use core::net::SocketAddr;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use offrecord_forwarder::api::Outbox;
use offrecord_forwarder::framing::{Deframer, LONGEST, PREFIX, prefix};

use crate::receive::{empty_header, empty_iovec};
use crate::socket_address;

/// Datagrams written in one call.
const AT_ONCE: usize = 128;

/// The connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// See the module.
pub struct Connection {
    socket: OwnedFd,
    pub peer: SocketAddr,
    pub incoming: Deframer,
    /// What the kernel did not take of a datagram that it took the beginning of.
    unsent: Vec<u8>,
    /// Of the outbox: what goes here with the next flush.
    pub queued: Vec<usize>,
}

impl Connection {
    pub fn new(socket: OwnedFd, peer: SocketAddr) -> Self {
        let unsent = Vec::new();
        Self { socket, peer, incoming: Deframer::default(), unsent, queued: Vec::new() }
    }

    pub fn socket(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Whether a datagram was begun and the kernel has no room for the rest of it.
    pub fn is_stuck(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Writes the rest of a datagram that was begun.
    pub fn write_rest(&mut self) -> Result<(), Broken> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let mut pieces =
            [libc::iovec { iov_base: self.unsent.as_ptr().cast_mut().cast(), iov_len: self.unsent.len() }];
        let written = write(self.socket(), &mut pieces)?;
        self.unsent.drain(..written);
        Ok(())
    }

    /// Writes what is queued, never waiting. What the kernel has no room for is dropped, but for the rest of
    /// a datagram that was begun. Returns how many were dropped.
    pub fn write_queued(&mut self, outbox: &Outbox) -> Result<u64, Broken> {
        let queued = core::mem::take(&mut self.queued);
        let outcome = self.write_all(outbox, &queued);
        self.queued = queued;
        self.queued.clear();
        outcome
    }

    fn write_all(&mut self, outbox: &Outbox, queued: &[usize]) -> Result<u64, Broken> {
        self.write_rest()?;
        if self.is_stuck() {
            return Ok(queued.len() as u64);
        }
        let mut dropped = 0;
        for chunk in queued.chunks(AT_ONCE) {
            let mut prefixes = [[0; PREFIX]; AT_ONCE];
            let mut pieces = [empty_iovec(); 2 * AT_ONCE];
            for (at, &index) in chunk.iter().enumerate() {
                let datagram = outbox.datagram(&outbox.transmits[index]);
                prefixes[at] = prefix(datagram.len());
                pieces[2 * at + 1] =
                    libc::iovec { iov_base: datagram.as_ptr().cast_mut().cast(), iov_len: datagram.len() };
            }
            for (at, prefix) in prefixes[..chunk.len()].iter().enumerate() {
                pieces[2 * at] = libc::iovec { iov_base: prefix.as_ptr().cast_mut().cast(), iov_len: PREFIX };
            }
            if dropped > 0 || self.is_stuck() {
                dropped += chunk.len() as u64;
                continue;
            }
            let written = write(self.socket(), &mut pieces[..2 * chunk.len()])?;
            dropped += self.keep_rest(outbox, chunk, written);
        }
        Ok(dropped)
    }

    /// Of datagrams of which the kernel took so many bytes: keeps the rest of the one that was begun.
    /// Returns how many were not begun.
    fn keep_rest(&mut self, outbox: &Outbox, chunk: &[usize], mut written: usize) -> u64 {
        for (at, &index) in chunk.iter().enumerate() {
            let datagram = outbox.datagram(&outbox.transmits[index]);
            let whole = PREFIX + datagram.len();
            if written >= whole {
                written -= whole;
                continue;
            }
            if written == 0 {
                return (chunk.len() - at) as u64;
            }
            self.unsent.reserve_exact(PREFIX + LONGEST);
            self.unsent
                .extend(prefix(datagram.len()).into_iter().chain(datagram.iter().copied()).skip(written));
            return (chunk.len() - at - 1) as u64;
        }
        0
    }
}

/// How many bytes the kernel took; 0 where it has no room.
fn write(socket: RawFd, pieces: &mut [libc::iovec]) -> Result<usize, Broken> {
    let mut header = empty_header();
    header.msg_hdr.msg_iov = pieces.as_mut_ptr();
    header.msg_hdr.msg_iovlen = pieces.len() as _;
    loop {
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        // SAFETY: one header, whose pieces live until the call returns.
        if unsafe { libc::sendmmsg(socket, &raw mut header, 1, flags as _) } == 1 {
            return Ok(header.msg_len as usize);
        }
        match io::Error::last_os_error().raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::EAGAIN | libc::ENOBUFS) => return Ok(0),
            _ => return Err(Broken),
        }
    }
}

/// A connection that waits at the listening socket, and who made it. `None` where there is none.
///
/// # Errors
/// The kernel's, where it gives no descriptor: there may still be somebody waiting.
pub fn accept(listener: RawFd) -> io::Result<Option<(OwnedFd, SocketAddr)>> {
    use std::os::fd::FromRawFd;

    let mut storage = socket_address::empty();
    loop {
        let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: both pointers are valid for the call, and `length` says how much there is.
        let fd = unsafe { libc::accept4(listener, (&raw mut storage).cast(), &raw mut length, flags) };
        if fd >= 0 {
            // SAFETY: made just now, and nobody else knows it.
            let socket = unsafe { OwnedFd::from_raw_fd(fd) };
            let peer = socket_address::read(&storage);
            // By one socket for both families IPv4 comes within IPv6.
            return Ok(peer.map(|peer| (socket, canonical(peer))));
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            // Those of a connection that ended before it was accepted, accept(2).
            Some(
                libc::EINTR
                | libc::ECONNABORTED
                | libc::EPROTO
                | libc::ENETDOWN
                | libc::ENETUNREACH
                | libc::EHOSTUNREACH
                | libc::EHOSTDOWN
                | libc::ENONET
                | libc::ENOPROTOOPT
                | libc::EOPNOTSUPP,
            ) => {}
            Some(libc::EAGAIN) => return Ok(None),
            _ => return Err(error),
        }
    }
}

fn canonical(peer: SocketAddr) -> SocketAddr {
    match peer.ip().to_canonical() {
        ip if ip.is_ipv4() => SocketAddr::new(ip, peer.port()),
        _ => peer,
    }
}

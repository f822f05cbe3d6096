//! UDP sockets of loopback that say when a datagram arrived.

use core::time::Duration;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use super::clock;

/// Asked of the kernel for each buffer: what waits for this thread should not be lost.
const BUFFER: libc::c_int = 4 << 20;
/// Control space for one timestamp, in words for alignment.
const CONTROL_WORDS: usize = 8;

/// A port of loopback that the kernel chooses.
pub fn open() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    set(&socket, libc::SO_TIMESTAMPNS, 1)?;
    // The kernel gives what it may; this is no reason to fail.
    let _ = set(&socket, libc::SO_RCVBUF, BUFFER);
    let _ = set(&socket, libc::SO_SNDBUF, BUFFER);
    Ok(socket)
}

fn set(socket: &UdpSocket, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the value is as long as it is said to be, and lives through the call.
    let status = unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, (&raw const value).cast(), length)
    };
    if status < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A datagram's length and sender, and its time of arrival on the monotonic clock; `None` when there is none.
pub fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Option<(usize, SocketAddr, Duration)> {
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let mut control = [0_u64; CONTROL_WORDS];
    // SAFETY: all zeroes is a valid address and a valid header.
    let mut address: libc::sockaddr_in = unsafe { core::mem::zeroed() };
    // SAFETY: as above.
    let mut header: libc::msghdr = unsafe { core::mem::zeroed() };
    header.msg_name = (&raw mut address).cast();
    header.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control) as _;
    loop {
        // SAFETY: the header's pointers were set above to memory that outlives the call.
        let length = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_DONTWAIT) };
        if let Ok(length) = usize::try_from(length) {
            let host = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
            let from = SocketAddrV4::new(host, u16::from_be(address.sin_port));
            return Some((length, from.into(), clock::of_arrival(stamp(&header))));
        }
        // A refusal is of something sent before, and is told once: nobody is there any more.
        if io::Error::last_os_error().kind() != io::ErrorKind::ConnectionRefused {
            return None;
        }
    }
}

/// The kernel's timestamp (SO_TIMESTAMPNS), since the epoch.
fn stamp(header: &libc::msghdr) -> Option<Duration> {
    // SAFETY: the kernel filled the control area of this header, or left its length at zero.
    let first = unsafe { libc::CMSG_FIRSTHDR(header).as_ref() }?;
    if first.cmsg_level != libc::SOL_SOCKET || first.cmsg_type != libc::SCM_TIMESTAMPNS {
        return None;
    }
    // SAFETY: data of this type is a timespec; it may be unaligned.
    let time = unsafe { libc::CMSG_DATA(first).cast::<libc::timespec>().read_unaligned() };
    Some(clock::duration(&time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_tells_its_sender_and_when_it_came() {
        let (one, other) = (open().expect("a port"), open().expect("a port"));
        let to = other.local_addr().expect("bound");
        let mut buffer = [0; 100];
        let pause = Duration::from_millis(100);
        // The kernel begins to stamp some time after the first socket asked for it.
        let is_stamped = (0..100).any(|_| {
            let before = clock::monotonic();
            one.send_to(b"hello", to).expect("loopback takes it");
            std::thread::sleep(pause);
            let (length, from, at) = receive(&other, &mut buffer).expect("it is there");
            assert_eq!((&buffer[..length], from), (&b"hello"[..], one.local_addr().expect("bound")));
            assert!(receive(&other, &mut buffer).is_none());
            let slack = pause / 4; // between the readings of two clocks
            assert!(at + slack >= before, "{before:?} {at:?}: not before it was sent");
            at + pause / 2 < clock::monotonic()
        });
        assert!(is_stamped, "the time of arrival is always when it was read");
    }
}

//! Many datagrams received in one system call, into arrays that are made once.

use core::net::SocketAddr;
use std::io;
use std::os::fd::RawFd;

use crate::{clock, socket_address};

/// Datagrams received in one call.
pub const RECEIVE: usize = 64;
/// Bytes of one receive buffer; longer datagrams are not WebRTC's and are dropped.
pub const DATAGRAM: usize = 2048;
/// Control space per datagram, in words for alignment: room for one timestamp.
pub(crate) const CONTROL_WORDS: usize = 8;

pub(crate) fn empty_header() -> libc::mmsghdr {
    // SAFETY: pointers and integers; null and zero are valid.
    unsafe { core::mem::zeroed() }
}

pub(crate) fn empty_iovec() -> libc::iovec {
    libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 }
}

/// Receive buffers inside media memory, and the arrays that `recvmmsg` fills.
pub struct ReceiveBatch {
    buffers: &'static mut [u8],
    headers: Box<[libc::mmsghdr]>,
    iovecs: Box<[libc::iovec]>,
    addresses: Box<[libc::sockaddr_storage]>,
    controls: Box<[[u64; CONTROL_WORDS]]>,
    /// Kernel timestamps of the datagrams since the last `forget`, in microseconds since the epoch.
    pub arrivals: Vec<u64>,
}

// SAFETY: the raw pointers in the arrays point into the boxes beside them and are set anew before each
// call; nothing outside holds them.
unsafe impl Send for ReceiveBatch {}

impl ReceiveBatch {
    /// Media memory that the buffers take.
    pub const BYTES: usize = RECEIVE * DATAGRAM;

    /// `buffers` holds [`Self::BYTES`].
    pub fn new(buffers: &'static mut [u8]) -> Self {
        assert_eq!(buffers.len(), Self::BYTES, "the caller cuts the buffers to size");
        Self {
            buffers,
            headers: (0..RECEIVE).map(|_| empty_header()).collect(),
            iovecs: (0..RECEIVE).map(|_| empty_iovec()).collect(),
            addresses: (0..RECEIVE).map(|_| socket_address::empty()).collect(),
            controls: vec![[0; CONTROL_WORDS]; RECEIVE].into_boxed_slice(),
            arrivals: Vec::with_capacity(4 * RECEIVE),
        }
    }

    /// Receives what is there without waiting. Returns how many; 0 where there is nothing.
    pub fn receive(&mut self, socket: RawFd) -> io::Result<usize> {
        for index in 0..RECEIVE {
            let buffer = &mut self.buffers[index * DATAGRAM..(index + 1) * DATAGRAM];
            self.iovecs[index] = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: DATAGRAM };
            let header = &mut self.headers[index].msg_hdr;
            header.msg_name = (&raw mut self.addresses[index]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_iov = &raw mut self.iovecs[index];
            header.msg_iovlen = 1;
            header.msg_control = self.controls[index].as_mut_ptr().cast();
            header.msg_controllen = size_of::<[u64; CONTROL_WORDS]>() as _;
            header.msg_flags = 0;
        }
        // SAFETY: `RECEIVE` headers whose pointers were set above to memory that outlives the call.
        let received = unsafe {
            libc::recvmmsg(
                socket,
                self.headers.as_mut_ptr(),
                RECEIVE as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                core::ptr::null_mut(),
            )
        };
        if let Ok(count) = usize::try_from(received) {
            return Ok(count);
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EAGAIN | libc::EINTR) => Ok(0),
            _ => Err(error),
        }
    }

    /// One received datagram and its sender; `None` where it was cut or came from nowhere.
    /// Remembers when it arrived.
    pub fn datagram(&mut self, index: usize) -> Option<(SocketAddr, &mut [u8])> {
        let header = &self.headers[index];
        let length = header.msg_len as usize;
        let arrival = arrival(&header.msg_hdr);
        if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 || length == 0 || length > DATAGRAM {
            return None;
        }
        let from = socket_address::read(&self.addresses[index])?;
        if let Some(arrival) = arrival {
            self.arrivals.push(arrival);
        }
        let start = index * DATAGRAM;
        Some((from, &mut self.buffers[start..start + length]))
    }

    /// Wipes the first `count` buffers: media was opened in place there.
    pub fn wipe(&mut self, count: usize) {
        for index in 0..count {
            let length = (self.headers[index].msg_len as usize).min(DATAGRAM);
            let start = index * DATAGRAM;
            zeroize::Zeroize::zeroize(&mut self.buffers[start..start + length]);
        }
    }
}

/// The kernel's timestamp (SO_TIMESTAMPNS) in microseconds since the epoch.
pub(crate) fn arrival(header: &libc::msghdr) -> Option<u64> {
    // SAFETY: the kernel filled the control area of this header, or left its length at zero.
    let first = unsafe { libc::CMSG_FIRSTHDR(header).as_ref() }?;
    if first.cmsg_level != libc::SOL_SOCKET || first.cmsg_type != libc::SCM_TIMESTAMPNS {
        return None;
    }
    // SAFETY: data of this type is a timespec; it may be unaligned.
    let time = unsafe { libc::CMSG_DATA(first).cast::<libc::timespec>().read_unaligned() };
    Some(clock::micros(&time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::SendBatch;
    use offrecord_forwarder::api::{Outbox, Transmit};
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;

    fn buffers() -> &'static mut [u8] {
        Box::leak(vec![0_u8; ReceiveBatch::BYTES].into_boxed_slice())
    }

    fn outbox(to: SocketAddr, datagrams: &[&[u8]]) -> Outbox {
        let mut outbox = Outbox::default();
        for bytes in datagrams {
            let start = outbox.bytes.len();
            outbox.bytes.extend_from_slice(bytes);
            outbox.transmits.push(Transmit { socket: 0, to, start, len: bytes.len() });
        }
        outbox
    }

    #[test]
    fn datagrams_sent_in_one_call_arrive_in_one_call() {
        let sender = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let receiver = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let to = receiver.local_addr().expect("bound");
        let mut send = SendBatch::new(2);
        assert_eq!(send.send(sender.as_raw_fd(), 0, &outbox(to, &[b"one", b"three"])), 0);
        let mut receive = ReceiveBatch::new(buffers());
        assert_eq!(receive.receive(receiver.as_raw_fd()).expect("readable"), 2);
        let from = sender.local_addr().expect("bound");
        assert_eq!(receive.datagram(0).map(|(a, b)| (a, b.to_vec())), Some((from, b"one".to_vec())));
        assert_eq!(receive.datagram(1).map(|(a, b)| (a, b.to_vec())), Some((from, b"three".to_vec())));
        receive.wipe(2);
        assert!(receive.buffers.iter().all(|byte| *byte == 0));
        assert_eq!(receive.receive(receiver.as_raw_fd()).expect("empty"), 0);
    }

    #[test]
    fn a_datagram_too_long_is_dropped() {
        let sender = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let receiver = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let to = receiver.local_addr().expect("bound");
        sender.send_to(&[0; DATAGRAM + 1], to).expect("loopback takes it");
        let mut receive = ReceiveBatch::new(buffers());
        assert_eq!(receive.receive(receiver.as_raw_fd()).expect("readable"), 1);
        assert!(receive.datagram(0).is_none());
    }
}

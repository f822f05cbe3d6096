//! Many datagrams sent in one system call, runs of equal length as one message that the kernel cuts apart.

use std::io;
use std::os::fd::RawFd;

use offrecord_forwarder::api::{Outbox, SocketIndex};

use crate::receive::{empty_header, empty_iovec};
use crate::segments::{MOST, Runs};
use crate::socket_address;

/// Messages sent in one call.
const MESSAGES: usize = 256;
/// Datagrams in them.
const DATAGRAMS: usize = 1024;
/// Runs one after the other that the kernel or a network card refuses to cut, until no more are tried.
const PATIENCE: u32 = 8;
/// Control space of a message, in words for alignment: a header and the length of the segments.
const CONTROL_WORDS: usize = 3;
const SOL_UDP: libc::c_int = 17;
const UDP_SEGMENT: libc::c_int = 103;

/// The arrays that `sendmmsg` reads.
pub struct SendBatch {
    runs: Runs,
    headers: Box<[libc::mmsghdr]>,
    iovecs: Box<[libc::iovec]>,
    addresses: Box<[libc::sockaddr_storage]>,
    controls: Box<[[u64; CONTROL_WORDS]]>,
    refused_to_cut: u32,
}

// SAFETY: the raw pointers in the arrays point into the boxes beside them, or into an outbox, and are set anew
// before each call; nothing outside holds them.
unsafe impl Send for SendBatch {}

/// Sends messages: how many, at least one, or the number of the error of the first.
type Kernel<'call> = dyn FnMut(&mut [libc::mmsghdr]) -> Result<usize, libc::c_int> + 'call;

/// What came of sending.
#[derive(Clone, Copy, Default)]
struct Sent {
    /// Datagrams that the kernel refused.
    refused: u64,
    /// Its buffer is full: the rest need not be tried.
    congested: bool,
}

impl SendBatch {
    /// With room for so many datagrams at a time.
    pub fn new(transmits: usize) -> Self {
        Self {
            runs: Runs::with_room_for(transmits),
            headers: (0..MESSAGES).map(|_| empty_header()).collect(),
            iovecs: (0..DATAGRAMS).map(|_| empty_iovec()).collect(),
            addresses: (0..MESSAGES).map(|_| socket_address::empty()).collect(),
            controls: vec![[0; CONTROL_WORDS]; MESSAGES].into_boxed_slice(),
            refused_to_cut: 0,
        }
    }

    /// Sends every datagram of the outbox that goes by `index`, never waiting. Returns how many the
    /// kernel refused: all the rest when its buffer is full, single ones for other reasons.
    pub fn send(&mut self, socket: RawFd, index: SocketIndex, outbox: &Outbox) -> u64 {
        self.send_by(&mut |headers| send(socket, headers), index, outbox)
    }

    fn send_by(&mut self, kernel: &mut Kernel<'_>, index: SocketIndex, outbox: &Outbox) -> u64 {
        let most = if self.refused_to_cut < PATIENCE { MOST } else { 1 };
        self.runs.find(&outbox.transmits, index, most);
        let mut sent = Sent::default();
        let (mut messages, mut datagrams) = (0, 0);
        for number in 0..self.runs.len() {
            let count = self.runs.run(number).count;
            if messages == MESSAGES || datagrams + count > DATAGRAMS {
                self.flush(kernel, messages, &mut sent);
                (messages, datagrams) = (0, 0);
            }
            self.fill(number, messages, datagrams, outbox);
            messages += 1;
            datagrams += count;
        }
        self.flush(kernel, messages, &mut sent);
        sent.refused
    }

    /// Makes a message of a run, its datagrams in the iovecs from `place` on.
    fn fill(&mut self, number: usize, message: usize, place: usize, outbox: &Outbox) {
        let run = *self.runs.run(number);
        for (iovec, bytes) in self.iovecs[place..].iter_mut().zip(self.runs.datagrams(number, outbox)) {
            *iovec = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        }
        let header = &mut self.headers[message].msg_hdr;
        header.msg_namelen = socket_address::write(run.to, &mut self.addresses[message]);
        header.msg_name = (&raw mut self.addresses[message]).cast();
        header.msg_iov = &raw mut self.iovecs[place];
        header.msg_iovlen = run.count as _;
        header.msg_control = core::ptr::null_mut();
        header.msg_controllen = 0;
        if run.count > 1 {
            let control = &mut self.controls[message];
            header.msg_control = control.as_mut_ptr().cast();
            header.msg_controllen = size_of::<[u64; CONTROL_WORDS]>() as _;
            // SAFETY: the control area is aligned and has room for one header and two bytes.
            unsafe {
                let first = libc::CMSG_FIRSTHDR(header);
                (*first).cmsg_level = SOL_UDP;
                (*first).cmsg_type = UDP_SEGMENT;
                (*first).cmsg_len = libc::CMSG_LEN(size_of::<u16>() as libc::c_uint) as _;
                libc::CMSG_DATA(first).cast::<u16>().write_unaligned(run.segment as u16);
            }
        }
    }

    /// Sends so many messages.
    fn flush(&mut self, kernel: &mut Kernel<'_>, messages: usize, sent: &mut Sent) {
        let mut next = 0;
        while next < messages {
            if sent.congested {
                sent.refused += self.headers[next..messages].iter().map(datagrams_of).sum::<u64>();
                return;
            }
            match kernel(&mut self.headers[next..messages]) {
                Ok(count) => {
                    if self.headers[next..next + count].iter().any(|header| datagrams_of(header) > 1) {
                        self.refused_to_cut = 0;
                    }
                    next += count;
                }
                Err(libc::EINTR) => {}
                Err(libc::EAGAIN | libc::ENOBUFS) => sent.congested = true,
                Err(_) if datagrams_of(&self.headers[next]) > 1 => {
                    self.refused_to_cut += 1;
                    self.send_apart(kernel, next, sent);
                    next += 1;
                }
                // An address without a route or a firewall's word: only this datagram.
                Err(_) => {
                    sent.refused += 1;
                    next += 1;
                }
            }
        }
    }

    /// Sends the datagrams of a message one by one: the path takes none that are to be cut.
    fn send_apart(&self, kernel: &mut Kernel<'_>, message: usize, sent: &mut Sent) {
        let whole = self.headers[message].msg_hdr;
        let count = datagrams_of(&self.headers[message]);
        for position in 0..count {
            let mut header = empty_header();
            header.msg_hdr.msg_name = whole.msg_name;
            header.msg_hdr.msg_namelen = whole.msg_namelen;
            // SAFETY: the message has `count` iovecs.
            header.msg_hdr.msg_iov = unsafe { whole.msg_iov.add(position as usize) };
            header.msg_hdr.msg_iovlen = 1;
            match kernel(core::slice::from_mut(&mut header)) {
                Ok(_) => {}
                Err(libc::EAGAIN | libc::ENOBUFS) => {
                    sent.refused += count - position;
                    sent.congested = true;
                    return;
                }
                Err(_) => sent.refused += 1,
            }
        }
    }
}

fn datagrams_of(header: &libc::mmsghdr) -> u64 {
    header.msg_hdr.msg_iovlen as u64
}

/// How many of the messages were sent, at least one; or the number of the error of the first.
fn send(socket: RawFd, headers: &mut [libc::mmsghdr]) -> Result<usize, libc::c_int> {
    // SAFETY: headers whose pointers were set from live buffers of the outbox and of the batch.
    let sent = unsafe {
        libc::sendmmsg(socket, headers.as_mut_ptr(), headers.len() as libc::c_uint, libc::MSG_DONTWAIT as _)
    };
    match usize::try_from(sent) {
        Ok(count) => Ok(count.max(1)),
        Err(_) => Err(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket_option::switch_on;
    use core::net::SocketAddr;
    use offrecord_forwarder::api::Transmit;
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    fn socket() -> UdpSocket {
        bound("127.0.0.1").expect("IPv4 loopback")
    }

    fn bound(host: &str) -> Option<UdpSocket> {
        let socket = UdpSocket::bind((host, 0)).ok()?;
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out");
        Some(socket)
    }

    fn address(socket: &UdpSocket) -> SocketAddr {
        socket.local_addr().expect("bound")
    }

    fn outbox(datagrams: &[(SocketAddr, Vec<u8>)]) -> Outbox {
        let mut outbox = Outbox::default();
        for (to, bytes) in datagrams {
            let start = outbox.bytes.len();
            outbox.bytes.extend_from_slice(bytes);
            outbox.transmits.push(Transmit { socket: 0, to: *to, start, len: bytes.len() });
        }
        outbox
    }

    fn received(socket: &UdpSocket, count: usize) -> Vec<Vec<u8>> {
        let mut buffer = [0; 2048];
        let mut next = || {
            let length = socket.recv(&mut buffer).expect("a datagram");
            buffer[..length].to_vec()
        };
        (0..count).map(|_| next()).collect()
    }

    /// To each of two, so many of 100 bytes, and a shorter one at the end.
    fn alternating(to: [SocketAddr; 2], count: u8) -> Vec<(SocketAddr, Vec<u8>)> {
        let lengths = |number| if number == count - 1 { 60 } else { 100 };
        (0..count).flat_map(|number| to.map(|to| (to, vec![number; lengths(number)]))).collect()
    }

    fn whole(datagrams: &[(SocketAddr, Vec<u8>)], to: SocketAddr) -> Vec<Vec<u8>> {
        datagrams.iter().filter(|(address, _)| *address == to).map(|(_, bytes)| bytes.clone()).collect()
    }

    #[test]
    fn each_receiver_has_its_datagrams_whole_and_in_order() {
        for host in ["127.0.0.1", "::1"] {
            let (Some(sender), Some(one), Some(two)) = (bound(host), bound(host), bound(host)) else {
                assert_eq!(host, "::1", "only IPv6 may be missing on a machine");
                continue;
            };
            let sent = alternating([address(&one), address(&two)], 150);
            let mut send = SendBatch::new(300);
            assert_eq!(send.send(sender.as_raw_fd(), 0, &outbox(&sent)), 0);
            assert_eq!(send.runs.run(0).count, MOST, "they went as runs");
            for receiver in [&one, &two] {
                assert_eq!(received(receiver, 150), whole(&sent, address(receiver)));
            }
        }
    }

    #[test]
    fn where_runs_are_not_cut_they_are_sent_apart_and_no_more_are_tried() {
        let (sender, one, two) = (socket(), socket(), socket());
        // Without checksums the kernel refuses to cut.
        assert!(switch_on(sender.as_raw_fd(), libc::SOL_SOCKET, libc::SO_NO_CHECK));
        let sent = alternating([address(&one), address(&two)], 10);
        let mut send = SendBatch::new(20);
        for _ in 0..6 {
            assert_eq!(send.send(sender.as_raw_fd(), 0, &outbox(&sent)), 0);
            for receiver in [&one, &two] {
                assert_eq!(received(receiver, 10), whole(&sent, address(receiver)));
            }
        }
        assert_eq!(send.refused_to_cut, PATIENCE);
        assert_eq!(send.runs.run(0).count, 1);
    }

    /// Sends runs of three, two and one datagrams by a kernel that answers as told and then takes what it is given;
    /// returns the datagrams of each message that it took, and how many were refused.
    fn by_kernel(answers: &[Result<usize, libc::c_int>]) -> (Vec<Vec<u8>>, u64) {
        let [one, two, three] = [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let sent = [(one, 1), (one, 2), (one, 3), (two, 4), (two, 5), (three, 6)];
        let outbox = outbox(&sent.map(|(to, number)| (to, vec![number; 9])));
        let (mut answers, mut taken) = (answers.iter().copied(), Vec::new());
        let mut kernel = |headers: &mut [libc::mmsghdr]| {
            let count = answers.next().unwrap_or(Ok(headers.len()))?;
            for header in &headers[..count] {
                let parts = (0..datagrams_of(header) as usize).map(|part| {
                    // SAFETY: as many parts as the message has datagrams, none of them empty.
                    unsafe { *(*header.msg_hdr.msg_iov.add(part)).iov_base.cast::<u8>() }
                });
                taken.push(parts.collect());
            }
            Ok(count)
        };
        let refused = SendBatch::new(8).send_by(&mut kernel, 0, &outbox);
        (taken, refused)
    }

    #[test]
    fn what_is_sent_in_part_goes_on_where_it_ended() {
        let all = vec![vec![1, 2, 3], vec![4, 5], vec![6]];
        assert_eq!(by_kernel(&[Ok(1), Ok(1), Ok(1)]), (all.clone(), 0));
        assert_eq!(by_kernel(&[Ok(2)]), (all.clone(), 0));
        assert_eq!(by_kernel(&[Err(libc::EINTR), Ok(1), Err(libc::EINTR)]), (all, 0));
    }

    #[test]
    fn a_full_buffer_drops_the_rest_and_counts_each_datagram() {
        for full in [libc::EAGAIN, libc::ENOBUFS] {
            assert_eq!(by_kernel(&[Err(full)]), (vec![], 6));
            assert_eq!(by_kernel(&[Ok(1), Err(full)]), (vec![vec![1, 2, 3]], 3));
            assert_eq!(by_kernel(&[Ok(2), Err(full)]), (vec![vec![1, 2, 3], vec![4, 5]], 1));
        }
    }

    #[test]
    fn a_buffer_that_is_full_amid_what_is_sent_apart_drops_the_rest_too() {
        let (cut, full) = (Err(libc::EIO), Err(libc::ENOBUFS));
        assert_eq!(by_kernel(&[cut, Ok(1), full]), (vec![vec![1]], 5));
        let single = |numbers: [u8; 3]| numbers.map(|number| vec![number]);
        let rest = [vec![4, 5], vec![6]];
        assert_eq!(by_kernel(&[cut]), ([&single([1, 2, 3])[..], &rest].concat(), 0));
        assert_eq!(
            by_kernel(&[cut, Ok(1), Err(libc::EPERM)]),
            ([&[vec![1], vec![3]][..], &rest].concat(), 1)
        );
    }

    #[test]
    fn a_refused_datagram_does_not_hold_up_the_others() {
        let (sender, receiver) = (socket(), socket());
        let nowhere: SocketAddr = "240.0.0.1:9".parse().expect("reserved, no route");
        let to = address(&receiver);
        let mixed = [(nowhere, vec![1; 9]), (nowhere, vec![2; 9]), (to, vec![3; 9]), (to, vec![4; 9])];
        let mut send = SendBatch::new(4);
        assert_eq!(send.send(sender.as_raw_fd(), 0, &outbox(&mixed)), 2);
        assert_eq!(received(&receiver, 2), [vec![3; 9], vec![4; 9]]);
    }
}

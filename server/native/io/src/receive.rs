//! Many datagrams received in one system call, into arrays that are made once.
//!
//! Where a socket joins datagrams of one sender (UDP generic receive offload, set before the lock), one message may
//! bring 64 KiB of them, which are cut apart here.

use core::net::SocketAddr;
use std::io;
use std::os::fd::RawFd;

use crate::cut::Cut;
use crate::socket_option::switch_on;
use crate::{clock, socket_address};

/// Messages of one batch, and datagrams after which no more are received for it.
pub const RECEIVE: usize = 64;
/// Bytes of a datagram; longer ones are not WebRTC's and are dropped.
pub const DATAGRAM: usize = 2048;
/// Control space per message, in words for alignment: room for a timestamp and the length of segments.
pub(crate) const CONTROL_WORDS: usize = 8;
const SOL_UDP: libc::c_int = 17;
const UDP_GRO: libc::c_int = 104;

pub(crate) fn empty_header() -> libc::mmsghdr {
    // SAFETY: pointers and integers; null and zero are valid.
    unsafe { core::mem::zeroed() }
}

pub(crate) fn empty_iovec() -> libc::iovec {
    libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 }
}

/// Has the kernel join what it can of what comes to a UDP socket; false where it does not know how.
pub fn join(socket: RawFd) -> bool {
    switch_on(socket, SOL_UDP, UDP_GRO)
}

/// Messages received in one call, and bytes of room for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    messages: usize,
    room: usize,
}

impl Shape {
    /// A datagram each.
    pub const SINGLE: Self = Self { messages: RECEIVE, room: DATAGRAM };
    /// As much as an IP packet holds. Not a power of two: the beginnings, which are all that is used of most, would
    /// then be in the same few places of a cache.
    pub const JOINED: Self = Self { messages: 16, room: 66 << 10 };

    /// Media memory that the buffers take.
    pub const fn bytes(self) -> usize {
        self.messages * self.room
    }
}

/// Receive buffers inside media memory, and the arrays that `recvmmsg` fills.
pub struct ReceiveBatch {
    shape: Shape,
    buffers: &'static mut [u8],
    headers: Box<[libc::mmsghdr]>,
    iovecs: Box<[libc::iovec]>,
    addresses: Box<[libc::sockaddr_storage]>,
    controls: Box<[[u64; CONTROL_WORDS]]>,
    /// Messages of the last call.
    pub received: usize,
    /// How many of them were begun to be cut.
    begun: usize,
    /// What is left of the message begun last, its sender and its arrival.
    cut: Cut,
    from: Option<SocketAddr>,
    arrival: Option<u64>,
    /// Kernel timestamps of the datagrams since they were last drained, in microseconds since the epoch.
    pub arrivals: Vec<u64>,
}

// SAFETY: the raw pointers in the arrays point into the boxes beside them and are set anew before each
// call; nothing outside holds them.
unsafe impl Send for ReceiveBatch {}

impl ReceiveBatch {
    /// `buffers` holds the bytes of the shape.
    pub fn new(shape: Shape, buffers: &'static mut [u8]) -> Self {
        assert_eq!(buffers.len(), shape.bytes(), "the caller cuts the buffers to size");
        let messages = shape.messages;
        Self {
            shape,
            buffers,
            headers: (0..messages).map(|_| empty_header()).collect(),
            iovecs: (0..messages).map(|_| empty_iovec()).collect(),
            addresses: (0..messages).map(|_| socket_address::empty()).collect(),
            controls: vec![[0; CONTROL_WORDS]; messages].into_boxed_slice(),
            received: 0,
            begun: 0,
            cut: Cut::default(),
            from: None,
            arrival: None,
            arrivals: Vec::with_capacity(2 * RECEIVE.max(Shape::JOINED.messages * crate::cut::MOST)),
        }
    }

    /// Receives what is there without waiting. Returns how many messages; 0 where there is nothing.
    pub fn receive(&mut self, socket: RawFd) -> io::Result<usize> {
        let Shape { messages, room } = self.shape;
        (self.received, self.begun, self.cut) = (0, 0, Cut::default());
        for index in 0..messages {
            let buffer = &mut self.buffers[index * room..(index + 1) * room];
            self.iovecs[index] = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: room };
            let header = &mut self.headers[index].msg_hdr;
            header.msg_name = (&raw mut self.addresses[index]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_iov = &raw mut self.iovecs[index];
            header.msg_iovlen = 1;
            header.msg_control = self.controls[index].as_mut_ptr().cast();
            header.msg_controllen = size_of::<[u64; CONTROL_WORDS]>() as _;
            header.msg_flags = 0;
        }
        // SAFETY: as many headers, whose pointers were set above to memory that outlives the call.
        let received = unsafe {
            libc::recvmmsg(
                socket,
                self.headers.as_mut_ptr(),
                messages as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                core::ptr::null_mut(),
            )
        };
        if let Ok(count) = usize::try_from(received) {
            self.received = count;
            return Ok(count);
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EAGAIN | libc::EINTR) => Ok(0),
            _ => Err(error),
        }
    }

    /// Whether the last call took as much as one can: there may be more.
    pub fn is_full(&self) -> bool {
        self.received == self.shape.messages
    }

    /// The next datagram of the last call, and its sender; remembers when it arrived. Those that are too long, that
    /// were cut short or came from nowhere are left out.
    pub fn datagram(&mut self) -> Option<(SocketAddr, &mut [u8])> {
        loop {
            let Some(place) = self.cut.next() else {
                if self.begun == self.received {
                    return None;
                }
                self.begin();
                continue;
            };
            let Some(from) = self.from.filter(|_| place.len() <= DATAGRAM) else { continue };
            self.arrivals.extend(self.arrival);
            let start = (self.begun - 1) * self.shape.room;
            return Some((from, &mut self.buffers[start + place.start..start + place.end]));
        }
    }

    /// Begins to cut the next message.
    fn begin(&mut self) {
        let header = &self.headers[self.begun];
        let Told { arrival, segment } = told(&header.msg_hdr);
        let length = (header.msg_len as usize).min(self.shape.room);
        let is_whole = header.msg_hdr.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) == 0;
        self.cut = if is_whole { Cut::new(length, segment) } else { Cut::default() };
        self.from = socket_address::read(&self.addresses[self.begun]);
        self.arrival = arrival;
        self.begun += 1;
    }

    /// Wipes what the last call received: media was opened in place there.
    pub fn wipe(&mut self) {
        for index in 0..self.received {
            let length = (self.headers[index].msg_len as usize).min(self.shape.room);
            let start = index * self.shape.room;
            zeroize::Zeroize::zeroize(&mut self.buffers[start..start + length]);
        }
    }
}

/// What the kernel tells beside a message.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// Its timestamp (SO_TIMESTAMPNS), in microseconds since the epoch.
    arrival: Option<u64>,
    /// Length of the joined datagrams in bytes, 0 where none were.
    segment: usize,
}

fn told(header: &libc::msghdr) -> Told {
    let mut told = Told::default();
    // SAFETY: the kernel filled the control area of this header, or left its length at zero.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: null at the end, else a header inside the control area.
    while let Some(control) = unsafe { next.as_ref() } {
        // SAFETY: of a header inside the control area.
        let data = unsafe { libc::CMSG_DATA(control) };
        match (control.cmsg_level, control.cmsg_type) {
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                // SAFETY: data of this type is a timespec; it may be unaligned.
                let time = unsafe { data.cast::<libc::timespec>().read_unaligned() };
                told.arrival = Some(clock::micros(&time));
            }
            (SOL_UDP, UDP_GRO) => {
                // SAFETY: data of this type is an int; it may be unaligned.
                let segment = unsafe { data.cast::<libc::c_int>().read_unaligned() };
                told.segment = usize::try_from(segment).unwrap_or(0);
            }
            _ => {}
        }
        // SAFETY: both are of the same control area.
        next = unsafe { libc::CMSG_NXTHDR(header, control) };
    }
    told
}

/// The kernel's timestamp (SO_TIMESTAMPNS) in microseconds since the epoch.
pub(crate) fn arrival(header: &libc::msghdr) -> Option<u64> {
    told(header).arrival
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::SendBatch;
    use offrecord_forwarder::api::{Outbox, Transmit};
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;

    const SHAPES: [Shape; 2] = [Shape::SINGLE, Shape::JOINED];

    fn batch(shape: Shape) -> ReceiveBatch {
        ReceiveBatch::new(shape, Box::leak(vec![0_u8; shape.bytes()].into_boxed_slice()))
    }

    fn outbox(to: SocketAddr, datagrams: &[Vec<u8>]) -> Outbox {
        let mut outbox = Outbox::default();
        for bytes in datagrams {
            let start = outbox.bytes.len();
            outbox.bytes.extend_from_slice(bytes);
            outbox.transmits.push(Transmit { socket: 0, to, start, len: bytes.len() });
        }
        outbox
    }

    /// A sender and a receiver on loopback, which joins or not and has the kernel's timestamps; none where the
    /// machine has no such family.
    fn pair(host: &str, shape: Shape) -> Option<(UdpSocket, UdpSocket)> {
        let (sender, receiver) = (UdpSocket::bind((host, 0)).ok()?, UdpSocket::bind((host, 0)).ok()?);
        assert!(shape == Shape::SINGLE || join(receiver.as_raw_fd()), "Linux joins since 5.0");
        assert!(switch_on(receiver.as_raw_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPNS));
        Some((sender, receiver))
    }

    /// All that is there, and in how many messages it came.
    fn everything(receiver: &UdpSocket, shape: Shape) -> (usize, Vec<(SocketAddr, Vec<u8>)>) {
        let mut receive = batch(shape);
        let (mut messages, mut datagrams) = (0, Vec::new());
        while let count @ 1.. = receive.receive(receiver.as_raw_fd()).expect("readable") {
            messages += count;
            while let Some((from, bytes)) = receive.datagram() {
                datagrams.push((from, bytes.to_vec()));
            }
            receive.wipe();
            assert!(receive.buffers.iter().all(|byte| *byte == 0), "nothing is left");
        }
        let now = clock::realtime();
        assert_eq!(receive.arrivals.len(), datagrams.len(), "each came at some time");
        assert!(receive.arrivals.iter().all(|at| now.abs_diff(*at) < 60_000_000));
        (messages, datagrams)
    }

    /// Runs of a picture's packets, the last of each shorter, and single ones between them.
    fn pictures() -> Vec<Vec<u8>> {
        let lengths = [1200, 1200, 1200, 700, 90, 1200, 1200, 64, 1, 1199, 1199, 1200, DATAGRAM, 1200];
        (0_u8..).zip(lengths.iter().cycle().take(70)).map(|(number, &length)| vec![number; length]).collect()
    }

    #[test]
    fn datagrams_come_whole_and_in_order_whether_the_kernel_cuts_joins_or_does_neither() {
        for (host, shape, is_cut) in ["127.0.0.1", "::1"]
            .iter()
            .flat_map(|host| SHAPES.map(|shape| (host, shape)))
            .flat_map(|(host, shape)| [false, true].map(|is_cut| (host, shape, is_cut)))
        {
            let Some((sender, receiver)) = pair(host, shape) else {
                assert_eq!(*host, "::1", "only IPv6 may be missing on a machine");
                continue;
            };
            let (from, to) = (sender.local_addr().expect("bound"), receiver.local_addr().expect("bound"));
            let sent = pictures();
            if is_cut {
                assert_eq!(SendBatch::new(100).send(sender.as_raw_fd(), 0, &outbox(to, &sent)), 0);
            } else {
                sent.iter()
                    .for_each(|bytes| assert_eq!(sender.send_to(bytes, to).expect("sent"), bytes.len()));
            }
            let (messages, received) = everything(&receiver, shape);
            let expected: Vec<_> = sent.into_iter().map(|bytes| (from, bytes)).collect();
            assert!(received == expected, "{host} {shape:?} {is_cut}");
            let is_joined = messages < expected.len();
            assert_eq!(is_joined, is_cut && shape == Shape::JOINED, "{host} {shape:?} {is_cut}");
        }
    }

    #[test]
    fn as_much_as_a_message_holds_is_taken() {
        for (length, count) in [(1_000, 64), (1_472, 40), (1, 64)] {
            let (sender, receiver) = pair("127.0.0.1", Shape::JOINED).expect("IPv4 loopback");
            let sent = vec![vec![7; length]; count];
            let to = receiver.local_addr().expect("bound");
            assert_eq!(SendBatch::new(100).send(sender.as_raw_fd(), 0, &outbox(to, &sent)), 0);
            let (messages, received) = everything(&receiver, Shape::JOINED);
            assert!(messages <= 2, "{messages} of {count}");
            assert!(received.into_iter().map(|(_, bytes)| bytes).eq(sent));
        }
    }

    #[test]
    fn a_datagram_too_long_is_dropped_alone_or_among_others() {
        for shape in SHAPES {
            let (sender, receiver) = pair("127.0.0.1", shape).expect("IPv4 loopback");
            let to = receiver.local_addr().expect("bound");
            let sent = [vec![1; DATAGRAM + 1], vec![1; DATAGRAM + 1], vec![2; DATAGRAM], vec![3; 9]];
            assert_eq!(SendBatch::new(4).send(sender.as_raw_fd(), 0, &outbox(to, &sent)), 0);
            let (_, received) = everything(&receiver, shape);
            assert!(received.into_iter().map(|(_, bytes)| bytes).eq([vec![2; DATAGRAM], vec![3; 9]]));
        }
    }

    /// What a kernel might write into the control area.
    fn told_of(controls: &[(libc::c_int, libc::c_int, &[u8])]) -> Told {
        let mut area = [0_u64; CONTROL_WORDS];
        let mut header = empty_header().msg_hdr;
        header.msg_control = area.as_mut_ptr().cast();
        header.msg_controllen = size_of_val(&area) as _;
        // SAFETY: a control area of 64 bytes, into which at most two headers with 24 bytes of data go.
        unsafe {
            let mut next = libc::CMSG_FIRSTHDR(&raw const header);
            let mut length = 0;
            for (level, name, data) in controls {
                (*next).cmsg_level = *level;
                (*next).cmsg_type = *name;
                (*next).cmsg_len = libc::CMSG_LEN(data.len() as _) as _;
                core::ptr::copy_nonoverlapping(data.as_ptr(), libc::CMSG_DATA(next), data.len());
                length += libc::CMSG_SPACE(data.len() as _) as usize;
                next = libc::CMSG_NXTHDR(&raw const header, next);
            }
            header.msg_controllen = length as _;
        }
        told(&header)
    }

    #[test]
    fn time_and_length_are_read_in_either_order_and_nonsense_is_none() {
        let time = [7_i64.to_ne_bytes(), 9_000_i64.to_ne_bytes()].concat();
        let stamp = (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS, &time[..]);
        let length = 1200_i32.to_ne_bytes();
        let length = (SOL_UDP, UDP_GRO, &length[..]);
        for both in [[stamp, length], [length, stamp]] {
            let Told { arrival, segment } = told_of(&both);
            assert_eq!((arrival, segment), (Some(7_000_009), 1200));
        }
        let Told { arrival, segment } = told_of(&[(SOL_UDP, UDP_GRO, &(-1_i32).to_ne_bytes())]);
        assert_eq!((arrival, segment), (None, 0));
        assert_eq!(told_of(&[]).segment, 0);
        // SAFETY: only computes.
        let room = unsafe { libc::CMSG_SPACE(16) + libc::CMSG_SPACE(4) } as usize;
        assert!(room <= CONTROL_WORDS * size_of::<u64>());
    }
}

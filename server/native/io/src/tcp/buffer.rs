//! What is read of a stream, inside media memory, with the kernel's time of its arrival.

use core::ops::Range;
use std::io;
use std::os::fd::RawFd;

use offrecord_forwarder::framing::{Deframer, TooLong};

use crate::receive::{CONTROL_WORDS, arrival, empty_header};

/// The one buffer that all connections are read into, each in its turn.
pub struct StreamBuffer {
    buffer: &'static mut [u8],
    found: Vec<Range<usize>>,
    control: Box<[u64; CONTROL_WORDS]>,
    /// Of the beginning of the buffer: read since it was wiped.
    soiled: usize,
    /// Kernel timestamps of what was read, in microseconds since the epoch.
    pub arrivals: Vec<u64>,
}

impl StreamBuffer {
    /// Media memory that it takes; a connection has its turn for so many bytes.
    pub const BYTES: usize = 64 << 10;

    /// `buffer` holds [`Self::BYTES`].
    pub fn new(buffer: &'static mut [u8]) -> Self {
        assert_eq!(buffer.len(), Self::BYTES, "the caller cuts the buffer to size");
        let found = Vec::with_capacity(1024);
        Self {
            buffer,
            found,
            control: Box::new([0; CONTROL_WORDS]),
            soiled: 0,
            arrivals: Vec::with_capacity(64),
        }
    }

    /// Reads what is there without waiting, behind what the connection has held, and takes both apart; none
    /// where there is nothing.
    ///
    /// # Errors
    /// The kernel's; `UnexpectedEof` where the peer sends no more; `InvalidData` where the stream is not
    /// framed, or not for us. Datagrams that came before that can be had all the same.
    pub fn receive(&mut self, socket: RawFd, incoming: &mut Deframer) -> io::Result<()> {
        self.found.clear();
        let held = incoming.restore(self.buffer);
        self.soiled = self.soiled.max(held);
        let length = self.read(socket, held)?;
        let stream = &self.buffer[..held + length];
        incoming.take_apart(stream, &mut self.found).map_err(|TooLong| io::ErrorKind::InvalidData.into())
    }

    /// One of the datagrams that were found last.
    pub fn datagram(&mut self, index: usize) -> Option<&mut [u8]> {
        let place = self.found.get(index)?.clone();
        Some(&mut self.buffer[place])
    }

    /// Bytes that were read behind the first `held`; 0 where nothing is there yet.
    fn read(&mut self, socket: RawFd, held: usize) -> io::Result<usize> {
        let room = &mut self.buffer[held..];
        let mut piece = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
        let mut header = empty_header();
        header.msg_hdr.msg_iov = &raw mut piece;
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_control = self.control.as_mut_ptr().cast();
        header.msg_hdr.msg_controllen = size_of::<[u64; CONTROL_WORDS]>() as _;
        // SAFETY: one header, whose pointers lead to memory that outlives the call.
        let received = unsafe {
            libc::recvmmsg(socket, &raw mut header, 1, libc::MSG_DONTWAIT as _, core::ptr::null_mut())
        };
        if received == 1 {
            let length = header.msg_len as usize;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.arrivals.extend(arrival(&header.msg_hdr));
            self.soiled = self.soiled.max(held + length);
            return Ok(length);
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EAGAIN | libc::EINTR) => Ok(0),
            _ => Err(error),
        }
    }

    /// Media was opened in place there.
    pub fn wipe(&mut self) {
        let soiled = core::mem::take(&mut self.soiled);
        zeroize::Zeroize::zeroize(&mut self.buffer[..soiled]);
    }
}

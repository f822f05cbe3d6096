//! ICE over TCP: whoever connects to the one listening socket, and what comes and goes over that.
//!
//! The listening socket is made before the lock. Nothing here connects, listens or sets an option: what a
//! connection needs, it inherits from the listening socket.

mod buffer;
mod connection;
mod seats;

use core::net::SocketAddr;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use offrecord_forwarder::api::{Micros, Outbox, TCP};

use buffer::StreamBuffer;
use connection::{Broken, Connection, accept};
use seats::{Admission, Seats};

/// Accepted in a row before anything else is looked after.
const ACCEPT: usize = 16;
/// Between two looks at who may stay.
const REVIEW_SPACING: u64 = 1_000_000;

/// See the module. Connections have numbers, which are used again.
pub struct Connections {
    listener: OwnedFd,
    epoll: RawFd,
    first_name: u64,
    receive: StreamBuffer,
    seats: Seats,
    connections: Vec<Option<Connection>>,
    numbers: HashMap<SocketAddr, usize>,
    touched: Vec<usize>,
    /// Peers whose connections are over, for the packet core to forget.
    over: Vec<SocketAddr>,
    next_review: Micros,
    is_listening: bool,
}

impl Connections {
    /// Bytes of media memory that it takes.
    pub const BYTES: usize = StreamBuffer::BYTES;

    /// Watched under `name`, and connections under the names that follow.
    pub fn new(listener: OwnedFd, epoll: RawFd, name: u64, buffer: &'static mut [u8]) -> io::Result<Self> {
        watch(epoll, libc::EPOLL_CTL_ADD, listener.as_raw_fd(), libc::EPOLLIN, name)?;
        Ok(Self {
            listener,
            epoll,
            first_name: name + 1,
            receive: StreamBuffer::new(buffer),
            seats: Seats::new(),
            connections: (0..seats::MOST).map(|_| None).collect(),
            numbers: HashMap::with_capacity(seats::MOST),
            touched: Vec::with_capacity(seats::MOST),
            over: Vec::with_capacity(seats::MOST),
            next_review: Micros(0),
            is_listening: true,
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.seats.taken()
    }

    /// The number of the connection that is watched under this name; `None`: the listening socket.
    pub fn number_of(&self, name: u64) -> Option<usize> {
        usize::try_from(name.checked_sub(self.first_name)?).ok()
    }

    /// Takes whoever has connected, as far as there is room.
    pub fn accept(&mut self, now: Micros) {
        for _ in 0..ACCEPT {
            match accept(self.listener.as_raw_fd()) {
                Ok(None) => return,
                Ok(Some((socket, peer))) => self.seat(now, socket, peer),
                Err(_) => {
                    // The kernel gives no descriptor: somebody waits, and would wake us again and again.
                    self.listen(false);
                    return;
                }
            }
        }
    }

    fn seat(&mut self, now: Micros, socket: OwnedFd, peer: SocketAddr) {
        // By another address of ours: who is who could not be told.
        if self.numbers.contains_key(&peer) {
            return;
        }
        let number = match self.seats.admit(now, peer.ip()) {
            Admission::Refused => return,
            Admission::Seated(number) => number,
            Admission::Replaces(number) => {
                self.forget(number);
                number
            }
        };
        let name = self.first_name + number as u64;
        if watch(self.epoll, libc::EPOLL_CTL_ADD, socket.as_raw_fd(), libc::EPOLLIN, name).is_err() {
            self.seats.leave(number);
            return;
        }
        self.connections[number] = Some(Connection::new(socket, peer));
        self.numbers.insert(peer, number);
    }

    /// Reads what has come over one: its peer, and whether it goes on. Datagrams are asked for by
    /// [`Self::datagram`] then, and [`Self::taken`] is called when they have been.
    pub fn read(&mut self, number: usize) -> Option<(SocketAddr, bool)> {
        let connection = self.connections.get_mut(number)?.as_mut()?;
        let goes_on = self.receive.receive(connection.socket(), &mut connection.incoming).is_ok();
        Some((connection.peer, goes_on))
    }

    /// One of those that were read last.
    pub fn datagram(&mut self, index: usize) -> Option<&mut [u8]> {
        self.receive.datagram(index)
    }

    /// What was read of a connection has been taken: it stays, proven or not yet, or it is over.
    pub fn taken(&mut self, number: usize, goes_on: bool, is_proven: impl Fn() -> bool) {
        if self.seats.waits(number) && is_proven() {
            self.seats.prove(number);
        }
        if !goes_on {
            self.close(number);
        }
    }

    /// Wipes what was read since, and gives the kernel's times of arrival out.
    pub fn wipe(&mut self) -> std::vec::Drain<'_, u64> {
        self.receive.wipe();
        self.receive.arrivals.drain(..)
    }

    /// A connection that was stuck has room again.
    pub fn make_room(&mut self, number: usize) {
        let Some(Some(connection)) = self.connections.get_mut(number) else { return };
        match connection.write_rest() {
            Err(Broken) => self.close(number),
            Ok(()) if connection.is_stuck() => {}
            Ok(()) => self.watch_for(number, libc::EPOLLIN),
        }
    }

    /// Writes what goes by connections, never waiting. Returns how many datagrams were dropped.
    pub fn send(&mut self, outbox: &Outbox) -> u64 {
        let mut dropped = 0;
        let mut touched = core::mem::take(&mut self.touched);
        for (index, transmit) in outbox.transmits.iter().enumerate().filter(|(_, one)| one.socket == TCP) {
            let number = self.numbers.get(&transmit.to).copied();
            let Some((number, connection)) =
                number.and_then(|number| Some((number, self.connections[number].as_mut()?)))
            else {
                dropped += 1;
                continue;
            };
            if connection.queued.is_empty() {
                touched.push(number);
            }
            connection.queued.push(index);
        }
        for number in touched.drain(..) {
            dropped += self.write(number, outbox);
        }
        self.touched = touched;
        dropped
    }

    fn write(&mut self, number: usize, outbox: &Outbox) -> u64 {
        let Some(Some(connection)) = self.connections.get_mut(number) else { return 0 };
        let (queued, was_stuck) = (connection.queued.len() as u64, connection.is_stuck());
        let Ok(dropped) = connection.write_queued(outbox) else {
            self.close(number);
            return queued;
        };
        match (was_stuck, connection.is_stuck()) {
            (false, true) => self.watch_for(number, libc::EPOLLIN | libc::EPOLLOUT),
            (true, false) => self.watch_for(number, libc::EPOLLIN),
            _ => {}
        }
        dropped
    }

    /// Once a second: ends what proves nothing, or is proven no more.
    pub fn review(&mut self, now: Micros, is_proven: impl Fn(SocketAddr) -> bool) {
        if now < self.next_review {
            return;
        }
        self.next_review = Micros(now.0 + REVIEW_SPACING);
        if !self.is_listening {
            self.listen(true);
        }
        for number in 0..self.connections.len() {
            let Some(connection) = &self.connections[number] else { continue };
            if self.seats.is_over(now, number, is_proven(connection.peer)) {
                self.close(number);
            }
        }
    }

    /// Peers whose connections are over since the last call.
    pub fn over(&mut self) -> std::vec::Drain<'_, SocketAddr> {
        self.over.drain(..)
    }

    fn close(&mut self, number: usize) {
        self.forget(number);
        self.seats.leave(number);
    }

    /// Closing takes it out of what is watched, and what the kernel still had to send is dropped.
    fn forget(&mut self, number: usize) {
        if let Some(connection) = self.connections[number].take() {
            self.numbers.remove(&connection.peer);
            self.over.push(connection.peer);
        }
    }

    fn watch_for(&mut self, number: usize, events: libc::c_int) {
        let Some(connection) = &self.connections[number] else { return };
        let name = self.first_name + number as u64;
        if watch(self.epoll, libc::EPOLL_CTL_MOD, connection.socket(), events, name).is_err() {
            self.close(number);
        }
    }

    fn listen(&mut self, on: bool) {
        let events = if on { libc::EPOLLIN } else { 0 };
        let watched =
            watch(self.epoll, libc::EPOLL_CTL_MOD, self.listener.as_raw_fd(), events, self.first_name - 1);
        self.is_listening = on && watched.is_ok();
    }
}

fn watch(epoll: RawFd, operation: libc::c_int, fd: RawFd, events: libc::c_int, name: u64) -> io::Result<()> {
    let mut event = libc::epoll_event { events: events as u32, u64: name };
    // SAFETY: two live descriptors and a valid event.
    if unsafe { libc::epoll_ctl(epoll, operation, fd, &raw mut event) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

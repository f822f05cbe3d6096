//! The thread: wait, receive a batch, hand it to the core, flush, tell.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use offrecord_forwarder::api::{Outbox, PacketCore, SocketIndex, TCP};

use crate::clock;
use crate::gauges::Gauges;
use crate::mailbox::Mailbox;
use crate::memory::{MediaMemory, Wipe, lock_buffer, lockable};
use crate::receive::{RECEIVE, ReceiveBatch, Shape, join};
use crate::send::SendBatch;
use crate::tcp::Connections;
use crate::watch::{COMMANDS, LISTENER, Watch};

/// Outgoing bytes reserved, locked where possible: a sixteenth of what is asked for media and can be locked, but no
/// less and no more than this. The more fits, the more of what one receiver is sent goes to the kernel at once.
const LEAST_OUTBOX: usize = 1 << 20;
const MOST_OUTBOX: usize = 4 << 20;
/// Of these, what is left before a flush in the middle of a batch: one packet more to many subscribers still fits.
const SPARE: usize = LEAST_OUTBOX / 2;
/// Transmits reserved beside those bytes.
const TRANSMITS: usize = 8192;
/// Events reserved beside them.
const EVENTS: usize = 256;
/// Receive buffers for joined datagrams take at most a quarter of media memory: where there is less, none are joined.
const RECEIVE_SHARE: usize = 4;
/// Events taken at a time.
const READY: usize = 64;

/// Bound, non-blocking UDP sockets, with all their options set but that they join datagrams. Index 0 is IPv4, 1 is
/// IPv6.
pub type Sockets = [Option<OwnedFd>; 2];

/// Everything the thread owns, made before the lock and started after it.
pub struct PacketLoop<C> {
    core: C,
    sockets: Sockets,
    connections: Option<Connections>,
    watch: Watch,
    mailbox: Arc<Mailbox>,
    gauges: Arc<Gauges>,
    receive: ReceiveBatch,
    send: SendBatch,
    outbox: Outbox,
    /// Outgoing bytes.
    flush_at: usize,
    refused_by_sockets: u64,
    /// Bytes of the outbox that something was sent from since it was last wiped.
    soiled: usize,
    media_bytes: usize,
    media_locked: bool,
    wipe: Wipe,
}

impl<C: PacketCore> PacketLoop<C> {
    /// Maps and locks the memory for media (`media_bytes` asked in all), and builds the core on what is
    /// left of it beside the receive buffers. `listener` is a listening socket for ICE over TCP, of which
    /// connections inherit their options.
    pub fn new(
        sockets: Sockets,
        listener: Option<OwnedFd>,
        media_bytes: usize,
        core: impl FnOnce(&'static mut [u8]) -> C,
    ) -> io::Result<Self> {
        let outbox_bytes = outbox_bytes(media_bytes, lockable());
        let outbox = Outbox::with_room_for(outbox_bytes, TRANSMITS, EVENTS);
        let locked_already = lock_buffer(outbox.bytes.as_ptr(), outbox_bytes);
        let memory = MediaMemory::map(media_bytes, locked_already)?;
        let (media_bytes, media_locked) = (memory.bytes(), memory.locked() && locked_already > 0);
        let (slice, wipe) = memory.take();
        let shape = shape(&sockets, media_bytes);
        let (buffers, mut arena) = slice.split_at_mut(shape.bytes());
        let mailbox = Arc::new(Mailbox::new()?);
        let watch = Watch::new(&sockets, mailbox.command_fd())?;
        let connections = match listener {
            None => None,
            Some(listener) => {
                let (buffer, rest) = arena.split_at_mut(Connections::BYTES);
                arena = rest;
                Some(Connections::new(listener, watch.epoll(), LISTENER, buffer)?)
            }
        };
        Ok(Self {
            core: core(arena),
            sockets,
            connections,
            watch,
            mailbox,
            gauges: Arc::new(Gauges::default()),
            receive: ReceiveBatch::new(shape, buffers),
            send: SendBatch::new(TRANSMITS),
            outbox,
            flush_at: flush_at(outbox_bytes),
            refused_by_sockets: 0,
            soiled: 0,
            media_bytes,
            media_locked,
            wipe,
        })
    }

    /// Bytes mapped for media, receive buffers included, and whether all of them are locked.
    pub fn media(&self) -> (usize, bool) {
        (self.media_bytes, self.media_locked)
    }

    /// The way in and out while the thread runs.
    pub fn mailbox(&self) -> Arc<Mailbox> {
        Arc::clone(&self.mailbox)
    }

    /// Numbers to read while the thread runs.
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// Starts the thread. It is not named: naming a thread is a system call that the lock refuses.
    pub fn start(self) -> io::Result<JoinHandle<()>>
    where
        C: Send + 'static,
    {
        thread::Builder::new().spawn(move || self.run())
    }

    fn run(mut self) {
        let mut ready = [libc::epoll_event { events: 0, u64: 0 }; READY];
        while !self.mailbox.stopping() {
            let count = self.watch.wait(self.core.next_timeout(), &mut ready);
            for event in &ready[..count] {
                let libc::epoll_event { events, u64: name } = *event;
                match name {
                    COMMANDS => self.run_commands(),
                    0 | 1 => self.run_socket(name as usize),
                    _ => self.run_connection(name, events),
                }
            }
            let now = clock::now();
            if now >= self.core.next_timeout() {
                self.core.handle_timeout(now, &mut self.outbox);
                self.flush();
            }
            self.finish_round();
        }
        // What was asked before the end is carried out: goodbyes of DTLS above all.
        self.run_commands();
        self.finish_round();
        let Self { core, receive, connections, wipe, .. } = self;
        drop(core);
        drop(receive);
        drop(connections);
        // SAFETY: the core and the receive buffers held the only slices and are gone.
        unsafe { wipe.run() };
    }

    fn run_commands(&mut self) {
        self.mailbox.acknowledge_commands();
        while let Some(command) = self.mailbox.next_command() {
            self.core.handle_command(clock::now(), command, &mut self.outbox);
            self.flush_when_full();
        }
        self.flush();
    }

    fn run_socket(&mut self, index: usize) {
        let Some(socket) = self.sockets[index].as_ref().map(AsRawFd::as_raw_fd) else { return };
        let (mut messages, mut datagrams) = (0, 0);
        let mut is_full = true;
        while is_full && messages < RECEIVE && datagrams < RECEIVE {
            // An error of a UDP socket is a message about one datagram (ICMP); the next call clears it.
            messages += self.receive.receive(socket).unwrap_or(0);
            is_full = self.receive.is_full();
            let now = clock::now();
            while let Some((from, datagram)) = self.receive.datagram() {
                self.core.handle_datagram(now, index as SocketIndex, from, datagram, &mut self.outbox);
                self.flush_when_full();
                datagrams += 1;
            }
            self.receive.wipe();
        }
        if messages == 0 {
            return;
        }
        self.core.note_batch(self.watch.idle(), is_full);
        self.flush();
        let sent = clock::realtime();
        for arrival in self.receive.arrivals.drain(..) {
            self.gauges.residence(sent.saturating_sub(arrival));
        }
    }

    fn run_connection(&mut self, name: u64, events: u32) {
        let Some(connections) = &mut self.connections else { return };
        let now = clock::now();
        let Some(number) = connections.number_of(name) else { return connections.accept(now) };
        if events & libc::EPOLLOUT as u32 != 0 {
            connections.make_room(number);
        }
        if events & !(libc::EPOLLOUT as u32) == 0 {
            return;
        }
        let Some((peer, goes_on)) = connections.read(number) else { return };
        let mut next = 0;
        while let Some(connections) = &mut self.connections
            && let Some(datagram) = connections.datagram(next)
        {
            self.core.handle_datagram(now, TCP, peer, datagram, &mut self.outbox);
            self.flush_when_full();
            next += 1;
        }
        self.flush();
        let Some(connections) = &mut self.connections else { return };
        connections.taken(number, goes_on, || self.core.is_proven(TCP, peer));
        let sent = clock::realtime();
        for arrival in connections.wipe() {
            self.gauges.residence(sent.saturating_sub(arrival));
        }
    }

    fn flush_when_full(&mut self) {
        if self.outbox.bytes.len() >= self.flush_at || self.outbox.transmits.len() >= TRANSMITS / 2 {
            self.flush();
        }
    }

    /// Sends everything and forgets it; events stay until the end of the round.
    fn flush(&mut self) {
        if self.outbox.transmits.is_empty() {
            return;
        }
        for (index, socket) in self.sockets.iter().enumerate() {
            if let Some(socket) = socket {
                let refused = self.send.send(socket.as_raw_fd(), index as SocketIndex, &self.outbox);
                self.refused_by_sockets += refused;
            }
        }
        if let Some(connections) = &mut self.connections {
            self.refused_by_sockets += connections.send(&self.outbox);
        }
        self.soiled = self.soiled.max(self.outbox.bytes.len());
        self.outbox.bytes.clear();
        self.outbox.transmits.clear();
    }

    /// What was sent is encrypted and is overwritten by what is sent next; after the last track nothing is.
    fn wipe_outbox(&mut self) {
        let soiled = core::mem::take(&mut self.soiled);
        self.outbox.bytes.spare_capacity_mut()[..soiled].fill(core::mem::MaybeUninit::new(0));
        core::hint::black_box(&mut self.outbox.bytes);
    }

    fn finish_round(&mut self) {
        self.flush();
        if let Some(connections) = &mut self.connections {
            connections.review(clock::now(), |peer| self.core.is_proven(TCP, peer));
            self.gauges.publish_connections(connections.count());
            connections.over().for_each(|peer| self.core.handle_disconnect(TCP, peer));
        }
        // Numbers first: who reads an event finds it counted.
        let counters = self.core.counters();
        self.gauges.publish(&counters, self.refused_by_sockets);
        if counters.producers == 0 && self.soiled > 0 {
            self.wipe_outbox();
        }
        self.refused_by_sockets += self.mailbox.tell(&mut self.outbox.events);
        self.outbox.clear();
    }
}

/// Of media memory of so many bytes, of which so many can be locked.
fn outbox_bytes(media: usize, lockable: usize) -> usize {
    (media.min(lockable) / 16).clamp(LEAST_OUTBOX, MOST_OUTBOX)
}

fn flush_at(outbox: usize) -> usize {
    outbox - SPARE.max(outbox / 4)
}

/// Has the sockets join datagrams where they can and there is memory for it; one shape serves both.
fn shape(sockets: &Sockets, media_bytes: usize) -> Shape {
    if media_bytes / RECEIVE_SHARE < Shape::JOINED.bytes() {
        return Shape::SINGLE;
    }
    let joining = sockets.iter().flatten().filter(|socket| join(socket.as_raw_fd())).count();
    if joining > 0 { Shape::JOINED } else { Shape::SINGLE }
}

#[cfg(test)]
mod tests;

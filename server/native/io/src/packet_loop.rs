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
use crate::receive::{RECEIVE, ReceiveBatch};
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
/// Events taken at a time.
const READY: usize = 64;

/// Bound, non-blocking UDP sockets, with all their options set. Index 0 is IPv4, 1 is IPv6.
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
        let outbox_bytes = (media_bytes.min(lockable()) / 16).clamp(LEAST_OUTBOX, MOST_OUTBOX);
        let outbox = Outbox {
            bytes: Vec::with_capacity(outbox_bytes),
            transmits: Vec::with_capacity(TRANSMITS),
            events: Vec::with_capacity(256),
        };
        let locked_already = lock_buffer(outbox.bytes.as_ptr(), outbox_bytes);
        let memory = MediaMemory::map(media_bytes, locked_already)?;
        let (media_bytes, media_locked) = (memory.bytes(), memory.locked() && locked_already > 0);
        let (slice, wipe) = memory.take();
        let (buffers, mut arena) = slice.split_at_mut(ReceiveBatch::BYTES);
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
            receive: ReceiveBatch::new(buffers),
            send: SendBatch::new(TRANSMITS),
            outbox,
            flush_at: outbox_bytes - SPARE.max(outbox_bytes / 4),
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
        // An error of a UDP socket is a message about one datagram (ICMP); the next call clears it.
        let count = self.receive.receive(socket).unwrap_or(0);
        if count == 0 {
            return;
        }
        let now = clock::now();
        self.core.note_batch(self.watch.idle(), count == RECEIVE);
        for position in 0..count {
            if let Some((from, datagram)) = self.receive.datagram(position) {
                self.core.handle_datagram(now, index as SocketIndex, from, datagram, &mut self.outbox);
            }
            self.flush_when_full();
        }
        self.flush();
        self.receive.wipe(count);
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

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::SocketAddr;
    use std::net::UdpSocket;
    use std::time::{Duration, Instant};

    use offrecord_forwarder::api::{Command, Counters, Event, Micros, Transmit};

    /// Sends every datagram back, and tells of it; a timeout is told as consent expiring.
    struct Echo {
        counters: Counters,
        next: Micros,
    }

    impl PacketCore for Echo {
        fn handle_command(&mut self, now: Micros, command: Command, _out: &mut Outbox) {
            match command {
                Command::CloseTransport { id } => self.next = Micros(now.0 + u64::from(id)),
                Command::CloseProducer { .. } => self.counters.producers += 1,
                _ => {}
            }
        }

        fn handle_datagram(
            &mut self,
            _now: Micros,
            socket: SocketIndex,
            from: SocketAddr,
            datagram: &mut [u8],
            out: &mut Outbox,
        ) {
            self.counters.packets_received += 1;
            let start = out.bytes.len();
            out.bytes.extend_from_slice(datagram);
            out.transmits.push(Transmit { socket, to: from, start, len: datagram.len() });
            out.events.push(Event::Dtls { transport: 1, datagram: datagram.to_vec() });
        }

        fn handle_timeout(&mut self, _now: Micros, out: &mut Outbox) {
            self.next = Micros(u64::MAX);
            out.events.push(Event::ConsentExpired { transport: 9 });
        }

        fn note_batch(&mut self, idle: u64, is_behind: bool) {
            self.counters.shed += u64::from(is_behind);
            self.counters.lost_incoming = idle;
        }

        fn handle_disconnect(&mut self, _socket: SocketIndex, _from: SocketAddr) {}

        fn is_proven(&self, _socket: SocketIndex, _from: SocketAddr) -> bool {
            true
        }

        fn next_timeout(&self) -> Micros {
            self.next
        }

        fn counters(&self) -> Counters {
            self.counters
        }
    }

    struct Running {
        mailbox: Arc<Mailbox>,
        gauges: Arc<Gauges>,
        thread: Option<JoinHandle<()>>,
        address: SocketAddr,
    }

    impl Running {
        fn start(host: &str, index: usize) -> Option<Self> {
            let socket = UdpSocket::bind((host, 0)).ok()?;
            let address = socket.local_addr().ok()?;
            let on: libc::c_int = 1;
            // SAFETY: a live socket and a valid integer.
            unsafe {
                libc::setsockopt(
                    socket.as_raw_fd(),
                    libc::SOL_SOCKET,
                    libc::SO_TIMESTAMPNS,
                    (&raw const on).cast(),
                    size_of::<libc::c_int>() as libc::socklen_t,
                );
            }
            let mut sockets: Sockets = [None, None];
            sockets[index] = Some(socket.into());
            let core = |_: &'static mut [u8]| Echo { counters: Counters::default(), next: Micros(u64::MAX) };
            let packet_loop = PacketLoop::new(sockets, None, 1 << 20, core).ok()?;
            let (mailbox, gauges) = (packet_loop.mailbox(), packet_loop.gauges());
            let thread = Some(packet_loop.start().ok()?);
            Some(Self { mailbox, gauges, thread, address })
        }

        fn events(&self, wanted: usize) -> Vec<Event> {
            let mut events = Vec::new();
            let end = Instant::now() + Duration::from_secs(5);
            while events.len() < wanted && Instant::now() < end {
                let mut poll = libc::pollfd { fd: self.mailbox.event_fd(), events: libc::POLLIN, revents: 0 };
                // SAFETY: one valid pollfd.
                unsafe { libc::poll(&raw mut poll, 1, 1000) };
                events.extend(self.mailbox.take_events());
            }
            events
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            self.mailbox.stop();
            if let Some(thread) = self.thread.take() {
                thread.join().expect("the thread ends without a panic");
            }
        }
    }

    fn peer(host: &str) -> UdpSocket {
        let socket = UdpSocket::bind((host, 0)).expect("a port");
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out");
        socket
    }

    #[test]
    fn datagrams_come_back_by_either_family() {
        for (host, index) in [("127.0.0.1", 0), ("::1", 1)] {
            let Some(running) = Running::start(host, index) else {
                assert_eq!(host, "::1", "only IPv6 may be missing on a machine");
                continue;
            };
            let peer = peer(host);
            peer.send_to(b"hello", running.address).expect("loopback");
            let mut answer = [0; 16];
            let (length, from) = peer.recv_from(&mut answer).expect("an echo");
            assert_eq!((&answer[..length], from), (b"hello".as_slice(), running.address));
            assert_eq!(running.events(1), vec![Event::Dtls { transport: 1, datagram: b"hello".to_vec() }]);
        }
    }

    #[test]
    fn the_core_is_woken_when_it_asked_to_be() {
        let running = Running::start("127.0.0.1", 0).expect("IPv4 loopback");
        running.mailbox.push(Command::CloseTransport { id: 20_000 }).expect("room");
        assert_eq!(running.events(1), vec![Event::ConsentExpired { transport: 9 }]);
    }

    #[test]
    fn what_was_asked_before_the_end_is_carried_out() {
        let mut running = Running::start("127.0.0.1", 0).expect("IPv4 loopback");
        running.mailbox.push(Command::CloseProducer { id: 1 }).expect("room");
        running.mailbox.stop();
        running.thread.take().expect("running").join().expect("no panic");
        assert_eq!(running.gauges.read().counters.producers, 1);
    }

    #[test]
    fn after_the_last_track_nothing_is_left_of_what_was_sent() {
        let receiver = peer("127.0.0.1");
        let core = |_: &'static mut [u8]| Echo { counters: Counters::default(), next: Micros(u64::MAX) };
        let sockets: Sockets = [Some(peer("127.0.0.1").into()), None];
        let mut packet_loop = PacketLoop::new(sockets, None, 1 << 20, core).expect("memory and loopback");
        let left = |packet_loop: &mut PacketLoop<Echo>, producers| {
            packet_loop.core.counters.producers = producers;
            let to = receiver.local_addr().expect("bound");
            packet_loop.outbox.bytes.extend_from_slice(b"sealed");
            packet_loop.outbox.transmits.push(Transmit { socket: 0, to, start: 0, len: 6 });
            packet_loop.finish_round();
            receiver.recv_from(&mut [0; 16]).expect("what was sent");
            // SAFETY: these bytes of the capacity were written above.
            unsafe { core::slice::from_raw_parts(packet_loop.outbox.bytes.as_ptr(), 6).to_vec() }
        };
        assert_eq!(left(&mut packet_loop, 1), b"sealed");
        assert_eq!(left(&mut packet_loop, 0), [0; 6]);
    }

    #[test]
    fn the_core_is_told_when_more_came_than_one_batch_takes_and_how_long_there_was_nothing() {
        let socket = peer("127.0.0.1");
        let (sender, to) = (peer("127.0.0.1"), socket.local_addr().expect("bound"));
        (0..RECEIVE + 1).for_each(|_| assert_eq!(sender.send_to(b"hello", to).expect("loopback"), 5));
        socket.set_nonblocking(true).expect("a live socket");
        let core = |_: &'static mut [u8]| Echo { counters: Counters::default(), next: Micros(u64::MAX) };
        let mut packet_loop =
            PacketLoop::new([Some(socket.into()), None], None, 1 << 20, core).expect("memory");
        packet_loop.run_socket(0);
        assert_eq!(packet_loop.core.counters.shed, 1);
        packet_loop.run_socket(0);
        assert_eq!(packet_loop.core.counters.shed, 1, "that was the last");
        packet_loop.core.next = Micros(clock::now().0 + 20_000);
        packet_loop.watch.wait(packet_loop.core.next, &mut [libc::epoll_event { events: 0, u64: 0 }; READY]);
        sender.send_to(b"hello", to).expect("loopback");
        packet_loop.run_socket(0);
        assert!(packet_loop.core.counters.lost_incoming >= 15_000, "it waited for 20 ms");
    }

    #[test]
    fn residence_is_measured_from_the_kernels_timestamp() {
        let running = Running::start("127.0.0.1", 0).expect("IPv4 loopback");
        let peer = peer("127.0.0.1");
        peer.send_to(b"hello", running.address).expect("loopback");
        peer.recv_from(&mut [0; 16]).expect("an echo");
        assert_eq!(running.events(1).len(), 1);
        let reading = running.gauges.read();
        assert_eq!(reading.counters.packets_received, 1);
        assert!(reading.residence_p99_micros > 0);
    }
}

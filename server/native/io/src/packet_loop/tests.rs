use super::*;
use crate::socket_option::switch_on;
use core::net::SocketAddr;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use offrecord_forwarder::api::{Command, Counters, Event, Micros, Transmit};

mod ciphers;

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
        Self::start_with(host, index, 1 << 20)
    }

    fn start_with(host: &str, index: usize, media_bytes: usize) -> Option<Self> {
        let socket = UdpSocket::bind((host, 0)).ok()?;
        let address = socket.local_addr().ok()?;
        assert!(switch_on(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPNS));
        let mut sockets: Sockets = [None, None];
        sockets[index] = Some(socket.into());
        let core = |_: &'static mut [u8]| Echo { counters: Counters::default(), next: Micros(u64::MAX) };
        let packet_loop = PacketLoop::new(sockets, None, media_bytes, core).ok()?;
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
fn a_run_of_datagrams_comes_back_whether_there_is_memory_to_join_it_or_not() {
    for media_bytes in [1 << 20, 8 << 20] {
        let running = Running::start_with("127.0.0.1", 0, media_bytes).expect("IPv4 loopback");
        let peer = peer("127.0.0.1");
        let mut outbox = Outbox::default();
        for start in (0..20 * 500).step_by(500) {
            outbox.bytes.extend([start as u8; 500]);
            outbox.transmits.push(Transmit { socket: 0, to: running.address, start, len: 500 });
        }
        assert_eq!(SendBatch::new(20).send(peer.as_raw_fd(), 0, &outbox), 0);
        let mut answer = [0; 512];
        for sent in outbox.bytes.chunks(500) {
            let length = peer.recv(&mut answer).expect("an echo");
            assert!(answer[..length] == *sent, "{media_bytes}");
        }
    }
}

#[test]
fn what_comes_joined_counts_as_a_batch_by_its_datagrams() {
    let socket = peer("127.0.0.1");
    let (sender, to) = (peer("127.0.0.1"), socket.local_addr().expect("bound"));
    socket.set_nonblocking(true).expect("a live socket");
    let core = |_: &'static mut [u8]| Echo { counters: Counters::default(), next: Micros(u64::MAX) };
    let mut packet_loop = PacketLoop::new([Some(socket.into()), None], None, 8 << 20, core).expect("memory");
    let mut outbox = Outbox::default();
    for start in 0..20 * RECEIVE {
        outbox.bytes.push(7);
        outbox.transmits.push(Transmit { socket: 0, to, start, len: 1 });
    }
    assert_eq!(SendBatch::new(20 * RECEIVE).send(sender.as_raw_fd(), 0, &outbox), 0);
    packet_loop.run_socket(0);
    let Counters { packets_received, shed, .. } = packet_loop.core.counters;
    assert_eq!((packets_received, shed), (16 * RECEIVE as u64, 1), "there was more");
    packet_loop.run_socket(0);
    let Counters { packets_received, shed, .. } = packet_loop.core.counters;
    assert_eq!((packets_received, shed), (20 * RECEIVE as u64, 1), "that was the last");
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
    let mut packet_loop = PacketLoop::new([Some(socket.into()), None], None, 1 << 20, core).expect("memory");
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

#[test]
fn the_packets_of_a_picture_leave_together_for_five_hundred() {
    const PACKETS: usize = 4;
    const DATAGRAM: usize = 1250;
    let usual = 64 << 20;
    assert!(flush_at(outbox_bytes(usual, usize::MAX)) >= 500 * PACKETS * DATAGRAM);
    assert!(outbox_bytes(usual, 8 << 20) <= 8 << 20 >> 3, "media has the rest of what can be locked");
}

//! What is told of a transport and of a track at its end, once.

use crate::api::{Event, Outbox, ProducerId, TCP, TransportId};
use crate::candidates::CandidateKind;
use crate::downlink::Bandwidth;
use crate::forwarder::Forwarder;
use crate::path::Address;
use crate::producer::Producer;
use crate::transport::Transport;

/// Protocol and family of the path that was used last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum PathKind {
    /// The peer was never reached.
    #[default]
    None = 0,
    /// IPv4.
    UdpIpv4 = 1,
    /// IPv6.
    UdpIpv6 = 2,
    /// ICE over TCP, IPv4.
    TcpIpv4 = 3,
    /// ICE over TCP, IPv6.
    TcpIpv6 = 4,
}

impl PathKind {
    fn of((socket, to): Address) -> Self {
        match (socket == TCP, to.ip().to_canonical().is_ipv4()) {
            (false, true) => Self::UdpIpv4,
            (false, false) => Self::UdpIpv6,
            (true, true) => Self::TcpIpv4,
            (true, false) => Self::TcpIpv6,
        }
    }
}

/// Of a transport. Datagrams are counted with their payload; times are in microseconds, 0 where they were
/// not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TransportEnding {
    pub path: PathKind,
    /// Which of the peer's candidates that path leads to.
    pub candidate: CandidateKind,
    pub packets_received: u64,
    pub bytes_received: u64,
    pub packets_sent: u64,
    pub bytes_sent: u64,
    /// Media lost on the way: of what the peer was sent, as it said; of what it sent, as counted here.
    pub packets_lost: u64,
    /// Media sent again: to the peer, and by it.
    pub packets_resent: u64,
    pub round_trip_last: u64,
    pub round_trip_worst: u64,
}

/// Of a track that arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ProducerEnding {
    /// Encodings that were seen.
    pub layers: u8,
    pub packets: u64,
    pub bytes: u64,
    /// That never came, sent again or not.
    pub packets_lost: u64,
    /// That came only when they were sent again.
    pub packets_resent: u64,
    /// Mean, in microseconds.
    pub jitter: u64,
    pub key_frames_asked: u32,
    pub key_frames: u32,
}

impl Producer {
    /// Its numbers so far.
    pub(crate) fn ending(&self) -> ProducerEnding {
        let course = &self.course;
        let lost = course.lost(self.streams.iter().map(|stream| &stream.reception));
        ProducerEnding {
            layers: self.layers_seen(),
            packets: course.packets + course.repaired,
            bytes: course.bytes,
            packets_lost: lost.saturating_sub(course.repaired),
            packets_resent: course.repaired,
            jitter: course.mean_jitter(),
            key_frames_asked: self.streams.iter().map(|stream| stream.requests.asked()).sum(),
            key_frames: course.key_frames,
        }
    }
}

impl Transport {
    /// Its numbers so far; of its streams, those that have ended.
    fn ending(&self) -> TransportEnding {
        let (traffic, path) = (self.traffic, self.path.last_selected());
        TransportEnding {
            path: path.map_or(PathKind::None, PathKind::of),
            candidate: path.map_or(CandidateKind::Unknown, |(socket, address)| {
                if socket == TCP {
                    self.candidates.kind_of_connection(address.ip())
                } else {
                    self.candidates.kind_of(address)
                }
            }),
            packets_received: traffic.packets_received,
            bytes_received: traffic.bytes_received,
            packets_sent: traffic.packets_sent,
            bytes_sent: traffic.bytes_sent,
            packets_lost: traffic.packets_lost,
            packets_resent: traffic.packets_resent,
            round_trip_last: traffic.round_trip.last,
            round_trip_worst: traffic.round_trip.worst,
        }
    }
}

impl Forwarder {
    /// Closes a producer and tells its numbers; of one that is not there, that there are none.
    pub(crate) fn end_producer(&mut self, id: ProducerId, out: &mut Outbox) {
        let numbers = self.close_producer(id).unwrap_or_default();
        out.events.push(Event::ProducerEnded { producer: id, numbers });
    }

    /// The participant is gone: from here on it receives nothing and nothing of it is received. The
    /// transport stays for the goodbye of the layers above, and takes no new streams. Tells its numbers
    /// and those of its producers; of one that is not there, that there are none.
    pub(crate) fn end_streams(&mut self, id: TransportId, out: &mut Outbox) {
        let producers = self.close_consumers(id);
        for producer in producers {
            self.end_producer(producer, out);
        }
        let mut transport = self.transports.index(id).and_then(|index| self.transports.get_mut(index));
        if transport.as_mut().is_some_and(|transport| transport.downlink.forget()) {
            out.events.push(Event::TransportBandwidth { transport: id, bandwidth: Bandwidth::Unknown });
        }
        let numbers = transport.map(|transport| transport.ending()).unwrap_or_default();
        out.events.push(Event::TransportEnded { transport: id, numbers });
    }

    /// Closes what a transport is sent, and lets nothing begin on it; returns its producers.
    pub(crate) fn close_consumers(&mut self, id: TransportId) -> Vec<ProducerId> {
        let transport = self.transports.index(id).and_then(|index| self.transports.get_mut(index));
        let Some(transport) = transport else { return Vec::new() };
        transport.is_ending = true;
        let (consumers, producers) = (transport.consumers.clone(), transport.producers.clone());
        for at in consumers {
            if let Some(id) = self.consumers.get(at).map(|consumer| consumer.id) {
                self.close_consumer(id);
            }
        }
        producers.into_iter().filter_map(|at| Some(self.producers.get(at)?.id)).collect()
    }
}

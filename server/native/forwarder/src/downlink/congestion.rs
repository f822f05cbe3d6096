//! The congestion controller of WebRTC, as ported by `goog_cc`: everything of that crate is in this file.
//!
//! It takes what was sent and what has arrived, and says how much the path carries and when to measure it
//! anew. The crate asserts what it assumes, and a relay that panics ends, so what it assumes is made sure
//! here: time that does not go back, reports with at least one arrival, round trips that are not zero.

use super::history::Sent;
use crate::api::Micros;
use goog_cc::network_control::{NetworkControllerConfig, NetworkControllerInterface};
use goog_cc::transport::{
    NetworkAvailability, NetworkControlUpdate, PacedPacketInfo, PacketResult, ProbeClusterConfig,
    ProcessInterval, RoundTripTimeUpdate, SentPacket, StreamsConfig, TargetRateConstraints,
    TransportPacketsFeedback,
};
use goog_cc::units::{DataRate, DataSize, TimeDelta, Timestamp};
use goog_cc::{GoogCcConfig, GoogCcNetworkController};
use std::collections::VecDeque;

/// What a path is taken for before anything is known of it, in bits a second.
pub(super) const START: u64 = 300_000;
/// What is looked for before anybody knows how much there is to send.
const FIRST_WISH: u64 = 2_500_000;
/// Sound alone.
pub(super) const LEAST: u64 = 30_000;
/// Nobody is sent more.
pub(super) const MOST: u64 = 100_000_000;
const PROCESS_SPACING: u64 = 25_000;
/// Between two measurements while less is sent than the path is known to carry.
const PROBE_SPACING: TimeDelta = TimeDelta::from_seconds(3);
/// Measurements in a row that are known of: two at the start, and what follows from them.
const MAX_PROBES: usize = 8;
/// Numbers of our own measurements begin here; those of the controller count from 1.
const OWN_PROBES: u32 = 1 << 24;
/// Length of one, in milliseconds, and packets at least.
const OWN_LENGTH: u64 = 25;
const OWN_PACKETS: u32 = 8;
/// Losses that wait for a report with an arrival.
const MAX_PENDING: usize = 1024;

/// A measurement that is to be made: so many bytes, in so many packets at least, at a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// Not 0.
    pub id: u32,
    /// Bits a second.
    pub rate: u64,
    pub packets: u32,
    pub bytes: u32,
}

/// See the module.
pub(super) struct Congestion {
    controller: GoogCcNetworkController,
    /// Bits a second.
    target: u64,
    asked: VecDeque<Probe>,
    known: VecDeque<Probe>,
    pending: Vec<PacketResult>,
    /// When the newest of them that arrived was sent.
    newest: Option<Micros>,
    wish: u64,
    own_probes: u32,
    now: Micros,
    next_process: Micros,
}

// SAFETY: the one thing in it that is not known to be `Send` is a boxed trait object, of which goog_cc 0.1.4, the
// version that is required exactly, has two kinds; both are numbers and queues of numbers that they own.
unsafe impl Send for Congestion {}

impl core::fmt::Debug for Congestion {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_struct("Congestion").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Congestion {
    pub fn new(now: Micros) -> Self {
        let mut config = NetworkControllerConfig {
            constraints: TargetRateConstraints {
                at_time: timestamp(now),
                min_data_rate: Some(data_rate(LEAST)),
                max_data_rate: Some(data_rate(MOST)),
                starting_rate: Some(data_rate(START)),
            },
            stream_based_config: StreamsConfig {
                requests_alr_probing: Some(true),
                max_total_allocated_bitrate: Some(data_rate(FIRST_WISH)),
                ..StreamsConfig::default()
            },
            ..NetworkControllerConfig::default()
        };
        // What is under way is bounded by the pacer.
        config.field_trials.congestion_window.queue_size_ms = 0;
        config.field_trials.probing_configuration.alr_interval = PROBE_SPACING;
        // Nothing is measured that nobody would use.
        config.field_trials.probing_configuration.abort_further = true;
        config.field_trials.probing_configuration.skip_if_est_larger_than_fraction_of_max = 1.0;
        let mut congestion = Self {
            controller: GoogCcNetworkController::new(config, GoogCcConfig { feedback_only: false }),
            target: START,
            asked: VecDeque::new(),
            known: VecDeque::new(),
            pending: Vec::new(),
            newest: None,
            wish: FIRST_WISH,
            own_probes: 0,
            now,
            next_process: Micros(0),
        };
        // Before anything else: it takes its configuration only here.
        congestion.process(now);
        let available = NetworkAvailability { at_time: timestamp(now), network_available: true };
        let update = congestion.controller.on_network_availability(available);
        congestion.take(update);
        congestion
    }

    /// What the path carries, in bits a second.
    pub fn target(&self) -> u64 {
        self.target
    }

    /// A packet leaves under a transport-wide number.
    pub fn sent(&mut self, now: Micros, number: u64, bytes: usize, probe: u32) {
        let now = self.advance(now);
        let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        let packet = self.packet(number, now, bytes, probe);
        let update = self.controller.on_sent_packet(packet);
        self.take(update);
    }

    /// What is known of a packet: when it arrived, on a clock of the peer's own, in microseconds, or that it is lost.
    pub fn note(&mut self, number: u64, sent: Sent, arrival: Option<u64>) {
        if arrival.is_none() && self.pending.len() >= MAX_PENDING {
            return;
        }
        if arrival.is_some() {
            self.newest = self.newest.max(Some(sent.at));
        }
        let sent_packet = self.packet(number, sent.at, sent.bytes, sent.probe);
        let receive_time = arrival.map_or(Timestamp::plus_infinity(), |at| timestamp(Micros(at)));
        self.pending.push(PacketResult { sent_packet, receive_time, ..PacketResult::default() });
    }

    /// That was one report.
    pub fn report(&mut self, now: Micros) {
        let now = self.advance(now);
        let Some(newest) = self.newest.take() else { return };
        self.pending.sort_unstable_by_key(|result| result.sent_packet.sequence_number);
        let round_trip = now.0.saturating_sub(newest.0).max(1_000);
        let update = self.controller.on_round_trip_time_update(RoundTripTimeUpdate {
            receive_time: timestamp(now),
            round_trip_time: TimeDelta::from_micros(round_trip.cast_signed()),
            smoothed: false,
        });
        self.take(update);
        let update = self.controller.on_transport_packets_feedback(TransportPacketsFeedback {
            feedback_time: timestamp(now),
            packet_feedbacks: core::mem::take(&mut self.pending),
            ..TransportPacketsFeedback::default()
        });
        self.take(update);
    }

    /// Lets time pass. To be called several times a second.
    pub fn process(&mut self, now: Micros) {
        let now = self.advance(now);
        if now >= self.next_process {
            self.next_process = Micros(now.0 + PROCESS_SPACING);
            let tick = ProcessInterval { at_time: timestamp(now), pacer_queue: None };
            let update = self.controller.on_process_interval(tick);
            self.take(update);
        }
    }

    /// What would be sent if the path carried it, in bits a second: not much more is looked for. 0: not known.
    pub fn wish(&mut self, now: Micros, rate: u64) {
        // A little more than what is wished for has to be known before it is sent.
        let rate = (rate + rate / 4).clamp(LEAST, MOST);
        if rate == LEAST || rate.abs_diff(self.wish) < self.wish / 16 {
            return;
        }
        self.wish = rate;
        let now = self.advance(now);
        let update = self.controller.on_streams_config(StreamsConfig {
            at_time: timestamp(now),
            max_total_allocated_bitrate: Some(data_rate(rate)),
            ..StreamsConfig::default()
        });
        self.take(update);
    }

    /// Asks for a measurement whether the path carries so many bits a second.
    pub fn probe(&mut self, rate: u64) {
        let rate = rate.min(MOST);
        let id = OWN_PROBES + self.own_probes;
        self.own_probes = (self.own_probes + 1) % OWN_PROBES;
        let bytes = u32::try_from(rate * OWN_LENGTH / 8_000).unwrap_or(u32::MAX);
        self.ask(Probe { id, rate, packets: OWN_PACKETS, bytes });
    }

    fn ask(&mut self, probe: Probe) {
        for probes in [&mut self.asked, &mut self.known] {
            if probes.len() == MAX_PROBES {
                probes.pop_front();
            }
            probes.push_back(probe);
        }
    }

    /// The measurement that comes next.
    pub fn next_probe(&mut self) -> Option<Probe> {
        self.asked.pop_front()
    }

    fn packet(&self, number: u64, at: Micros, bytes: u16, probe: u32) -> SentPacket {
        let known = self.known.iter().find(|known| known.id == probe);
        let pacing_info = known.map_or_else(PacedPacketInfo::default, |probe| {
            let id = i32::try_from(probe.id).unwrap_or(PacedPacketInfo::NOT_APROBE);
            let mut info = PacedPacketInfo::new(id, probe.packets.into(), probe.bytes.into());
            info.send_bitrate = data_rate(probe.rate);
            info
        });
        SentPacket {
            send_time: timestamp(at),
            size: DataSize::from_bytes(bytes.into()),
            pacing_info,
            sequence_number: number.cast_signed(),
            ..SentPacket::default()
        }
    }

    fn advance(&mut self, now: Micros) -> Micros {
        self.now = self.now.max(now);
        self.now
    }

    fn take(&mut self, update: NetworkControlUpdate) {
        if let Some(told) = update.target_rate {
            self.target = u64::try_from(told.target_rate.bps()).unwrap_or(LEAST).clamp(LEAST, MOST);
        }
        for cluster in update.probe_cluster_configs {
            if let Some(probe) = probe(&cluster, self.wish) {
                self.ask(probe);
            }
        }
    }
}

fn probe(cluster: &ProbeClusterConfig, wish: u64) -> Option<Probe> {
    let rate = u64::try_from(cluster.target_data_rate.bps()).ok()?.min(wish);
    let milliseconds = u64::try_from(cluster.target_duration.ms()).ok()?.min(1_000);
    Some(Probe {
        id: u32::try_from(cluster.id).ok().filter(|&id| id != 0)?,
        rate,
        packets: u32::try_from(cluster.target_probe_count).ok()?,
        bytes: u32::try_from(rate * milliseconds / 8_000).ok()?,
    })
}

fn timestamp(at: Micros) -> Timestamp {
    // Far from what stands for infinity.
    Timestamp::from_micros(at.0.min(1 << 60).cast_signed())
}

fn data_rate(bits: u64) -> DataRate {
    DataRate::from_bits_per_sec(bits.min(MOST * 10).cast_signed())
}

//! What has passed through one transport, in plain counts.

/// Longer than any path: a peer that says so is not believed.
const LONGEST_ROUND_TRIP: u64 = 10_000_000;

/// Datagrams are counted with their payload, in bytes, and only those that were authentic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub packets_received: u64,
    pub bytes_received: u64,
    pub packets_sent: u64,
    pub bytes_sent: u64,
    /// Media that was lost on the way: of what the peer is sent, as it says; of what it sends, as counted
    /// here. Sent again or not.
    pub packets_lost: u64,
    /// Media that was sent again, either way.
    pub packets_resent: u64,
    pub round_trip: RoundTrip,
}

impl Traffic {
    /// A datagram arrived.
    pub fn receive(&mut self, length: usize) {
        self.packets_received += 1;
        self.bytes_received += length as u64;
    }

    /// With what was counted elsewhere; round trips are the transport's own.
    pub fn add(&mut self, other: &Sent) {
        self.packets_sent += other.packets;
        self.bytes_sent += other.bytes;
        self.packets_lost += other.lost;
        self.packets_resent += other.resent;
    }

    /// A datagram leaves.
    pub fn send(&mut self, length: usize) {
        self.packets_sent += 1;
        self.bytes_sent += length as u64;
    }
}

/// What one consumer was sent, sent again and lost, as its subscriber says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub packets: u64,
    pub bytes: u64,
    pub resent: u64,
    /// Datagrams that only measured the path.
    pub padding: u64,
    pub lost: u64,
}

impl Sent {
    /// A datagram leaves.
    pub fn send(&mut self, length: usize) {
        self.packets += 1;
        self.bytes += length as u64;
    }

    /// One leaves that repeats another.
    pub fn resend(&mut self, length: usize) {
        self.send(length);
        self.resent += 1;
    }

    /// One leaves that nobody asked for.
    pub fn pad(&mut self, length: usize) {
        self.send(length);
        self.padding += 1;
    }

    /// Datagrams that repeat none.
    pub fn originals(&self) -> u64 {
        self.packets - self.resent - self.padding
    }
}

/// Microseconds from us to the peer and back; 0 while it was not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoundTrip {
    pub last: u64,
    pub worst: u64,
}

impl RoundTrip {
    /// A measurement in units of 1/65536 s, as reports have it (RFC 3550 section 6.4.1).
    pub fn note(&mut self, units: u32) {
        let micros = (u64::from(units) * 1_000_000) >> 16;
        if micros <= LONGEST_ROUND_TRIP {
            self.last = micros.max(1);
            self.worst = self.worst.max(self.last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_round_trip_stays_and_what_cannot_be_is_not_believed() {
        let mut round_trip = RoundTrip::default();
        for units in [6_554, 13_108, 0, u32::MAX, 65_536 * 11] {
            round_trip.note(units);
        }
        assert_eq!(round_trip, RoundTrip { last: 1, worst: 200_012 });
    }
}

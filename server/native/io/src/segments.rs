//! Which datagrams go to the kernel as one: runs of equal length to the same address, which it cuts apart again
//! (UDP generic segmentation offload). Pure.
//!
//! A run is what one batch yielded; nothing waits for more. The order of what one address is sent stays.

use core::net::{IpAddr, SocketAddr};

use offrecord_forwarder::api::{Outbox, SocketIndex, Transmit};

/// Datagrams of a run: the least that kernels with segmentation allow.
pub const MOST: usize = 64;
/// Bytes of a run; the kernel allows a little more.
const MOST_BYTES: usize = 60_000;
/// Addresses whose last run is remembered; two that share a place only begin new runs.
const PLACES: usize = 8192;
const NONE: u32 = u32::MAX;

/// Datagrams of one length to one address, but for the last, which may be shorter.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub to: SocketAddr,
    /// Length of each but the last, in bytes.
    pub segment: usize,
    /// How many.
    pub count: usize,
    bytes: usize,
    /// Positions among the transmits.
    first: u32,
    last: u32,
    /// The last is shorter: nothing can follow it.
    ended: bool,
}

/// Where the last run to an address is looked for.
#[derive(Clone, Copy, Default)]
struct Place {
    /// That it was written in: what an earlier one wrote means nothing.
    batch: u32,
    run: u32,
}

/// Made once and used again for each batch.
pub struct Runs {
    runs: Vec<Run>,
    /// The transmit that follows in the same run.
    next: Vec<u32>,
    places: Box<[Place]>,
    batch: u32,
}

impl Runs {
    /// With room for so many datagrams.
    pub fn with_room_for(transmits: usize) -> Self {
        Self {
            runs: Vec::with_capacity(transmits),
            next: Vec::with_capacity(transmits),
            places: vec![Place::default(); PLACES].into_boxed_slice(),
            batch: 0,
        }
    }

    /// Finds the runs of what goes by one socket; `most` datagrams each.
    pub fn find(&mut self, transmits: &[Transmit], index: SocketIndex, most: usize) {
        self.runs.clear();
        self.next.clear();
        self.next.resize(transmits.len(), NONE);
        self.batch = self.batch.wrapping_add(1);
        for (position, transmit) in (0_u32..).zip(transmits) {
            if transmit.socket == index {
                self.add(position, transmit, most);
            }
        }
    }

    fn add(&mut self, position: u32, transmit: &Transmit, most: usize) {
        let place = &mut self.places[place_of(transmit.to)];
        if place.batch == self.batch
            && let Some(run) = self.runs.get_mut(place.run as usize)
            && run.takes(transmit, most)
        {
            self.next[run.last as usize] = position;
            run.last = position;
            run.count += 1;
            run.bytes += transmit.len;
            run.ended = transmit.len < run.segment;
            return;
        }
        *place = Place { batch: self.batch, run: self.runs.len() as u32 };
        self.runs.push(Run {
            to: transmit.to,
            segment: transmit.len,
            count: 1,
            bytes: transmit.len,
            first: position,
            last: position,
            ended: false,
        });
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// One of them.
    pub fn run(&self, number: usize) -> &Run {
        &self.runs[number]
    }

    /// Its datagrams, in order.
    pub fn datagrams<'batch>(
        &'batch self,
        number: usize,
        outbox: &'batch Outbox,
    ) -> impl Iterator<Item = &'batch [u8]> {
        let mut at = self.runs[number].first;
        core::iter::from_fn(move || {
            let transmit = outbox.transmits.get(at as usize)?;
            at = self.next[at as usize];
            Some(outbox.datagram(transmit))
        })
    }
}

impl Run {
    fn takes(&self, transmit: &Transmit, most: usize) -> bool {
        self.to == transmit.to
            && !self.ended
            && transmit.len > 0
            && transmit.len <= self.segment
            && self.count < most
            && self.bytes + transmit.len <= MOST_BYTES
    }
}

/// Whoever chooses addresses so that they meet here only has more runs.
fn place_of(address: SocketAddr) -> usize {
    let host = match address.ip() {
        IpAddr::V4(host) => u64::from(host.to_bits()),
        IpAddr::V6(host) => (host.to_bits() >> 64) as u64 ^ host.to_bits() as u64,
    };
    let mixed = (host << 16 ^ u64::from(address.port())).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(datagrams: &[(u16, usize)]) -> Outbox {
        let mut outbox = Outbox::default();
        for (number, &(port, len)) in datagrams.iter().enumerate() {
            let start = outbox.bytes.len();
            outbox.bytes.resize(start + len, number as u8);
            let to = SocketAddr::from(([127, 0, 0, 1], port));
            outbox.transmits.push(Transmit { socket: 0, to, start, len });
        }
        outbox
    }

    /// Port, and the numbers of the datagrams, of each run.
    fn found(datagrams: &[(u16, usize)], most: usize) -> Vec<(u16, Vec<u8>)> {
        let outbox = outbox(datagrams);
        let mut runs = Runs::with_room_for(datagrams.len());
        runs.find(&outbox.transmits, 0, most);
        let numbers = |run| runs.datagrams(run, &outbox).map(|bytes| bytes.first().copied().unwrap_or(255));
        (0..runs.len()).map(|run| (runs.run(run).to.port(), numbers(run).collect())).collect()
    }

    #[test]
    fn what_goes_to_each_of_several_is_one_run_each() {
        let sent = [(1, 9), (2, 9), (1, 9), (2, 9), (1, 9)];
        assert_eq!(found(&sent, MOST), [(1, vec![0, 2, 4]), (2, vec![1, 3])]);
    }

    #[test]
    fn a_shorter_one_ends_a_run_and_a_longer_one_begins_another() {
        assert_eq!(found(&[(1, 9), (1, 8), (1, 8)], MOST), [(1, vec![0, 1]), (1, vec![2])]);
        assert_eq!(found(&[(1, 8), (1, 9), (1, 9)], MOST), [(1, vec![0]), (1, vec![1, 2])]);
    }

    #[test]
    fn a_run_has_an_end() {
        assert_eq!(found(&[(1, 9), (1, 9), (1, 9)], 2), [(1, vec![0, 1]), (1, vec![2])]);
        let large = [(1, MOST_BYTES / 2), (1, MOST_BYTES / 2), (1, 1)];
        assert_eq!(found(&large, MOST), [(1, vec![0, 1]), (1, vec![2])]);
    }

    #[test]
    fn addresses_that_share_a_place_keep_their_order() {
        let other = (2..u16::MAX)
            .find(|port| place_of(([127, 0, 0, 1], *port).into()) == place_of(([127, 0, 0, 1], 1).into()));
        let other = other.expect("there are more ports than places");
        let runs = found(&[(1, 9), (other, 9), (1, 9), (1, 9)], MOST);
        assert_eq!(runs, [(1, vec![0]), (other, vec![1]), (1, vec![2, 3])]);
    }

    #[test]
    fn one_socket_is_looked_at() {
        let mut outbox = outbox(&[(1, 9), (1, 9)]);
        outbox.transmits[1].socket = 1;
        let mut runs = Runs::with_room_for(2);
        runs.find(&outbox.transmits, 1, MOST);
        assert_eq!((runs.len(), runs.run(0).count, runs.run(0).segment), (1, 1, 9));
    }
}

//! Who may stay connected: pure rules over times and networks, without a socket.
//!
//! Anybody can connect. A connection waits until a check of ICE with the right password has come over it,
//! and gives its seat up where that takes too long or somebody newer needs it. Whoever is proven stays for as
//! long as the packet core takes it to be: with consent, and no longer.

use core::net::IpAddr;

use offrecord_forwarder::api::Micros;

/// Connections at a time: two of each participant, of a large room behind a firewall.
pub const MOST: usize = 960;
/// Of these, from one network: an office behind one address.
const MOST_OF_A_NETWORK: usize = 256;
/// Of these, that wait.
const MOST_WAITING: usize = 256;
/// The same, from one network.
const MOST_WAITING_OF_A_NETWORK: usize = 16;
/// So long may one wait.
pub const PATIENCE: Micros = Micros(5_000_000);

/// What one party is taken to have: an IPv4 address, or an IPv6 prefix of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owner(u64, bool);

impl Owner {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(u32::from(v4).into(), true),
            IpAddr::V6(v6) => Self((u128::from(v6) >> 64) as u64, false),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    owner: Owner,
    since: Micros,
    is_proven: bool,
}

/// What becomes of somebody who has connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Has this seat.
    Seated(usize),
    /// Has this seat, and whoever waited there longest has to go.
    Replaces(usize),
    /// There is no room.
    Refused,
}

/// The seats, by number.
pub struct Seats {
    seats: Vec<Option<Seat>>,
    free: Vec<usize>,
}

impl Seats {
    /// All free. Allocates all that it will ever need.
    pub fn new() -> Self {
        Self { seats: vec![None; MOST], free: (0..MOST).rev().collect() }
    }

    /// Somebody has connected.
    pub fn admit(&mut self, now: Micros, address: IpAddr) -> Admission {
        let owner = Owner::of(address);
        let (mut waiting, mut own, mut own_waiting) = (0, 0, 0);
        for seat in self.seats.iter().flatten() {
            waiting += usize::from(!seat.is_proven);
            own += usize::from(seat.owner == owner);
            own_waiting += usize::from(seat.owner == owner && !seat.is_proven);
        }
        let gives_way = if own_waiting >= MOST_WAITING_OF_A_NETWORK || own >= MOST_OF_A_NETWORK {
            self.longest_waiting(|seat| seat.owner == owner)
        } else if waiting >= MOST_WAITING || self.free.is_empty() {
            self.longest_waiting(|_| true)
        } else {
            let Some(free) = self.free.pop() else { return Admission::Refused };
            self.seats[free] = Some(Seat { owner, since: now, is_proven: false });
            return Admission::Seated(free);
        };
        let Some(number) = gives_way else { return Admission::Refused };
        self.seats[number] = Some(Seat { owner, since: now, is_proven: false });
        Admission::Replaces(number)
    }

    /// Whether a seat is taken by somebody who has not proven anything yet.
    pub fn waits(&self, number: usize) -> bool {
        self.seats[number].is_some_and(|seat| !seat.is_proven)
    }

    /// A check with the right password has come.
    pub fn prove(&mut self, number: usize) {
        if let Some(seat) = &mut self.seats[number] {
            seat.is_proven = true;
        }
    }

    /// The connection is over.
    pub fn leave(&mut self, number: usize) {
        if self.seats[number].take().is_some() {
            self.free.push(number);
        }
    }

    /// Whether a seat is to be given up now, by what the core says of the connection.
    pub fn is_over(&mut self, now: Micros, number: usize, is_proven: bool) -> bool {
        let Some(seat) = &mut self.seats[number] else { return false };
        let was_proven = seat.is_proven;
        seat.is_proven |= is_proven;
        !is_proven && (was_proven || now.0 >= seat.since.0 + PATIENCE.0)
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        MOST - self.free.len()
    }

    fn longest_waiting(&self, counts: impl Fn(&Seat) -> bool) -> Option<usize> {
        let seats = self.seats.iter().enumerate().filter_map(|(number, seat)| Some((number, (*seat)?)));
        let waiting = seats.filter(|(_, seat)| !seat.is_proven && counts(seat));
        waiting.min_by_key(|(_, seat)| seat.since).map(|(number, _)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = Micros(7_000_000);

    fn address(number: usize) -> IpAddr {
        let [.., a, b] = number.to_be_bytes();
        [10, 0, a, b].into()
    }

    fn seated(seats: &mut Seats, at: u64, from: IpAddr) -> usize {
        match seats.admit(Micros(at), from) {
            Admission::Seated(number) => number,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn one_address_that_proves_nothing_has_few_and_the_longest_waiting_goes() {
        let mut seats = Seats::new();
        let first = seated(&mut seats, 1, address(1));
        for at in 2..=MOST_WAITING_OF_A_NETWORK as u64 {
            seated(&mut seats, at, address(1));
        }
        let other = seated(&mut seats, 0, address(2));
        assert_eq!(seats.admit(NOW, address(1)), Admission::Replaces(first));
        assert_eq!(seats.taken(), MOST_WAITING_OF_A_NETWORK + 1);
        assert!(seats.waits(other));
    }

    #[test]
    fn whoever_is_proven_never_gives_way() {
        let mut seats = Seats::new();
        for _ in 0..MOST_OF_A_NETWORK {
            let number = seated(&mut seats, 1, address(1));
            seats.prove(number);
        }
        assert_eq!(seats.admit(NOW, address(1)), Admission::Refused);
        for number in 2.. {
            match seats.admit(NOW, address(number)) {
                Admission::Seated(seat) => seats.prove(seat),
                other => {
                    assert_eq!((other, seats.taken()), (Admission::Refused, MOST));
                    break;
                }
            }
        }
    }

    #[test]
    fn those_who_wait_leave_room_for_those_who_are_proven() {
        let mut seats = Seats::new();
        let first = seated(&mut seats, 0, address(0));
        for number in 1..MOST_WAITING {
            seated(&mut seats, number as u64, address(number));
        }
        assert_eq!(seats.admit(NOW, address(999)), Admission::Replaces(first));
        assert_eq!(seats.taken(), MOST_WAITING);
    }

    #[test]
    fn an_ipv6_prefix_is_one_network_and_ipv4_within_ipv6_is_ipv4() {
        let mut seats = Seats::new();
        for host in 0..MOST_WAITING_OF_A_NETWORK {
            seated(&mut seats, 1, format!("2001:db8::{host:x}").parse().expect("an address"));
            seated(&mut seats, 1, "10.0.0.7".parse().expect("an address"));
        }
        for same in ["2001:db8::ffff", "::ffff:10.0.0.7"] {
            let same = same.parse().expect("an address");
            assert!(matches!(seats.admit(NOW, same), Admission::Replaces(_)), "{same}");
        }
        seated(&mut seats, 1, "2001:db8:0:1::1".parse().expect("an address"));
    }

    #[test]
    fn who_proves_nothing_goes_after_its_time_and_who_is_forgotten_at_once() {
        let mut seats = Seats::new();
        let number = seated(&mut seats, NOW.0, address(1));
        assert!(!seats.is_over(Micros(NOW.0 + PATIENCE.0 - 1), number, false));
        assert!(seats.is_over(Micros(NOW.0 + PATIENCE.0), number, false));
        assert!(!seats.is_over(Micros(NOW.0 + PATIENCE.0), number, true));
        assert!(!seats.waits(number));
        assert!(!seats.is_over(Micros(NOW.0 + 9 * PATIENCE.0), number, true));
        assert!(seats.is_over(Micros(NOW.0 + 9 * PATIENCE.0), number, false));
    }

    #[test]
    fn a_seat_that_was_left_is_free_again() {
        let mut seats = Seats::new();
        for round in 0..3 * MOST {
            let number = seated(&mut seats, round as u64, address(round));
            seats.leave(number);
            seats.leave(number);
        }
        assert_eq!(seats.taken(), 0);
    }
}

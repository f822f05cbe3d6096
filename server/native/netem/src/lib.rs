//! A network in virtual time: links lose, delay, repeat and reorder packets, and bottlenecks let them through
//! at a rate, all by a seed.
//!
//! Nothing here reads a clock or a socket. Packets go in with the time, and come out when it is their time:
//!
//! ```
//! use core::time::Duration;
//! use offrecord_netem::{Limit, Loss, Network, Profile};
//!
//! let mut network = Network::new(7);
//! let bottleneck = network.add_bottleneck(Limit::new(1_000_000, Duration::from_millis(200)));
//! let delay = Duration::from_millis(20);
//! let link = network.add_link(bottleneck, Profile { delay, ..Profile::default() });
//!
//! network.send(Duration::ZERO, link, 1250, "a packet");
//! assert_eq!(network.next_timeout(), Some(Duration::from_millis(10)));
//! network.advance(Duration::from_millis(30));
//! let arrival = network.poll().expect("10 ms for 10,000 bits, and 20 ms on the way");
//! assert_eq!((arrival.at, arrival.content), (Duration::from_millis(30), "a packet"));
//! ```
//!
//! A packet meets, in this order: the blackout, the law of losses, duplication, the queue of the bottleneck
//! (which several links may share), delay with jitter, and reordering. Each link draws from generators of its
//! own, one for each purpose: what befalls the nth packet of a link depends neither on other links nor, but for
//! full queues, on when it comes.
//!
//! `str0m-netem` on crates.io is near to this and was weighed first. There, the buffer of a bottleneck counts what is
//! merely on the way, packets keep the rate they entered with when the rate changes, order changes only at fixed
//! gaps, and nothing tells why a packet was dropped: the experiments here rest on just these.

mod bottleneck;
mod counts;
mod histogram;
mod loss;
mod network;
mod profile;
mod random;

pub use counts::{Amount, Cause, Counts};
pub use histogram::Histogram;
pub use loss::Loss;
pub use network::{Arrival, BottleneckId, Change, LinkId, Network};
pub use profile::{Limit, Profile};
pub use random::Random;

/// Bytes of the headers of IPv4 and UDP, which take room on links too.
pub const HEADERS: usize = 28;

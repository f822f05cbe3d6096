//! The packet thread: the only crate that touches sockets and time.
//!
//! One thread waits on the UDP sockets and on an eventfd of commands, hands datagrams to a
//! [`PacketCore`](offrecord_forwarder::api::PacketCore) in batches, and flushes what comes out with one
//! system call per socket and batch. It never blocks on sending, opens nothing and, once started,
//! allocates nothing per packet.

mod clock;
mod cut;
mod gauges;
mod mailbox;
mod memory;
mod packet_loop;
mod receive;
mod segments;
mod send;
mod socket_address;
mod socket_option;
mod tcp;
mod watch;

pub use gauges::{Gauges, Reading};
pub use mailbox::{Mailbox, MailboxFull};
pub use packet_loop::{PacketLoop, Sockets};

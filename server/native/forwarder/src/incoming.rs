//! The SSRCs that a peer sends on: what each carries, and how far it has come.
//!
//! As long as a key lives, no packet of it is taken twice. Of an SSRC that carries nothing, every packet is
//! dropped, so its newest index is all that has to be remembered: when it carries something again, only
//! what is newer is taken. That is a tenth of a window, and tracks may come and go through a long call.

use crate::hash::{Map, Seeded};
use crate::rtp::Header;
use crate::srtp::{Opener, Window};

/// SSRCs that a peer may ever send on under one key: six for a camera of three layers and their
/// retransmissions, each time it is published. So many fill their table, 140 kB, to the brim.
pub(crate) const MAX_KNOWN: usize = 7_168;

/// What an SSRC carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Index of the producer.
    pub producer: usize,
    pub encoding: u8,
    /// Retransmissions of the encoding, in a stream of their own (RFC 4588).
    pub is_repair: bool,
}

/// An authentic packet.
#[derive(Debug)]
pub(crate) struct Opened {
    pub length: usize,
    /// Roll-over counter and sequence number.
    pub index: u64,
    pub carrier: Carrier,
}

/// The SSRC of a packet: one that carries something, or one that may turn out to, with its window so far.
#[derive(Debug)]
pub(crate) enum Carrier {
    Known(Route),
    New(Window),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Incoming {
    carrying: Map<u32, (Route, Window)>,
    /// Newest index of each that carries nothing.
    idle: Map<u32, u64>,
}

impl Incoming {
    pub fn new(hasher: Seeded) -> Self {
        Self { carrying: Map::with_hasher(hasher), idle: Map::with_hasher(hasher) }
    }

    /// Opens an RTP packet in place. `None` if it is refused. A new SSRC is remembered only by what comes
    /// next, [`Incoming::carry`] or [`Incoming::set_aside`].
    pub fn open(&mut self, opener: &Opener, packet: &mut [u8], header: &Header) -> Option<Opened> {
        let (ssrc, sequence) = (header.ssrc, header.sequence);
        if let Some((route, window)) = self.carrying.get_mut(&ssrc) {
            let (length, index) = opener.open_rtp(packet, header.length, ssrc, sequence, window)?;
            return Some(Opened { length, index, carrier: Carrier::Known(*route) });
        }
        let mut window = self.vacant(ssrc)?;
        let (length, index) = opener.open_rtp(packet, header.length, ssrc, sequence, &mut window)?;
        Some(Opened { length, index, carrier: Carrier::New(window) })
    }

    /// Ties an SSRC with the window it has now to a producer and an encoding.
    pub fn carry(&mut self, ssrc: u32, route: Route, window: Window) {
        self.idle.remove(&ssrc);
        self.carrying.insert(ssrc, (route, window));
    }

    /// The same for an SSRC before its first packet, unless it is tied already or one too many.
    pub fn expect(&mut self, ssrc: u32, route: Route) {
        if !self.carrying.contains_key(&ssrc)
            && let Some(window) = self.vacant(ssrc)
        {
            self.carry(ssrc, route, window);
        }
    }

    /// Remembers how far an SSRC has come that carries nothing.
    pub fn set_aside(&mut self, ssrc: u32, window: &Window) {
        if let Some(newest) = window.newest() {
            self.idle.insert(ssrc, newest);
        }
    }

    /// Unties an SSRC, if its route is such.
    pub fn release(&mut self, ssrc: u32, is_such: impl FnOnce(Route) -> bool) {
        if self.carrying.get(&ssrc).is_some_and(|&(route, _)| is_such(route))
            && let Some((_, window)) = self.carrying.remove(&ssrc)
        {
            self.set_aside(ssrc, &window);
        }
    }

    /// Unties the SSRCs of a producer that is gone.
    pub fn release_producer(&mut self, producer: usize) {
        let idle = &mut self.idle;
        self.carrying.retain(|&ssrc, (route, window)| {
            if route.producer == producer {
                idle.extend(window.newest().map(|newest| (ssrc, newest)));
            }
            route.producer != producer
        });
    }

    /// What an SSRC carries.
    pub fn route(&self, ssrc: u32) -> Option<Route> {
        self.carrying.get(&ssrc).map(|&(route, _)| route)
    }

    /// The window of an SSRC that carries something.
    pub fn window_mut(&mut self, ssrc: u32) -> Option<&mut Window> {
        self.carrying.get_mut(&ssrc).map(|(_, window)| window)
    }

    /// The window of an SSRC that carries nothing. `None` if it is one too many.
    fn vacant(&self, ssrc: u32) -> Option<Window> {
        match self.idle.get(&ssrc) {
            Some(&newest) => Some(Window::resume(newest)),
            None => (self.carrying.len() + self.idle.len() < MAX_KNOWN).then(Window::default),
        }
    }
}

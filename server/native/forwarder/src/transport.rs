//! One peer: its credentials, its path, its keys, and the streams that pass through it.

use crate::api::{MasterKey, SrtpProfile, Transmit, TransportId};
use crate::api::{Micros, Outbox};
use crate::bucket::Bucket;
use crate::candidates::Candidates;
use crate::credentials::Credentials;
use crate::downlink::Downlink;
use crate::hash::Seeded;
use crate::incoming::{Incoming, Opened};
use crate::outgoing::Outgoing;
use crate::path::{Address, Path};
use crate::quality::Losses;
use crate::rtp::Header;
use crate::srtp::{Opener, Sealer};
use crate::traffic::Traffic;
use crate::transport_cc::Arrivals;

/// Bytes a second, and at once, of media and reports that a peer may send: 50 Mbit/s, twice a screen of many pixels
/// in several layers. What is more is dropped unopened, as if the path had lost it: who adapts to its path sends less.
pub(crate) const RECEIVED: u64 = 6_250_000;
pub(crate) const RECEIVED_AT_ONCE: u64 = RECEIVED / 2;
/// A datagram counts for as many bytes at least, since each of them is work.
const LEAST_RECEIVED: u64 = 500;
/// Packets a second, and at once, that a subscriber may say it has lost: some hundred are lost of many videos on a
/// path that loses a fifth, and asked for several times. Each is looked for, sent again or not.
const NACKED: u64 = 5_000;
const NACKED_AT_ONCE: u64 = 2_048;

/// What a datagram of so many bytes counts for.
pub(crate) fn weight(length: usize) -> u64 {
    LEAST_RECEIVED.max(length as u64)
}

/// Where media to a peer goes, what seals it, and what is known of the way.
pub(crate) struct Outlet<'a> {
    pub sealer: &'a Sealer,
    pub address: Address,
    pub downlink: &'a mut Downlink,
}

/// An ICE-lite, DTLS-SRTP transport without its DTLS.
pub(crate) struct Transport {
    pub id: TransportId,
    pub credentials: Credentials,
    pub path: Path,
    /// Where the peer says it may be reached.
    pub candidates: Candidates,
    /// Of what it is sent, what its consumers have not counted themselves.
    pub traffic: Traffic,
    pub opener: Option<Opener>,
    pub sealer: Option<Sealer>,
    pub incoming: Incoming,
    pub outgoing: Outgoing,
    pub downlink: Downlink,
    pub producers: Vec<usize>,
    pub consumers: Vec<usize>,
    pub arrivals: Arrivals,
    /// Media source that transport-wide feedback names: any the peer sends on.
    pub last_media: u32,
    /// Our own source in feedback.
    pub feedback_ssrc: u32,
    pub next_feedback: Micros,
    pub next_report: Micros,
    /// When its path is next shared anew among its consumers.
    pub next_share: Micros,
    /// When speech was last heard on a track of the peer.
    pub last_voice: Micros,
    /// Of what it sends and of what it is sent.
    pub losses: Losses,
    /// Since when how many DTLS datagrams were handed up.
    pub dtls_window: (Micros, u32),
    /// What it may send.
    pub intake: Bucket,
    /// What it may ask for again.
    pub nacked: Bucket,
    /// It is on the list of those that may have something to send later.
    pub is_attended: bool,
    /// Its participant is gone: no stream begins any more.
    pub is_ending: bool,
    hasher: Seeded,
}

impl Transport {
    pub fn new(
        id: TransportId,
        local_ufrag: Vec<u8>,
        password: &[u8],
        feedback_ssrc: u32,
        hasher: Seeded,
    ) -> Self {
        Self {
            id,
            credentials: Credentials::new(local_ufrag, password),
            path: Path::default(),
            candidates: Candidates::default(),
            traffic: Traffic::default(),
            opener: None,
            sealer: None,
            incoming: Incoming::new(hasher),
            outgoing: Outgoing::new(hasher),
            downlink: Downlink::default(),
            producers: Vec::new(),
            consumers: Vec::new(),
            arrivals: Arrivals::default(),
            last_media: 0,
            feedback_ssrc,
            next_feedback: Micros(0),
            next_report: Micros(0),
            next_share: Micros(0),
            last_voice: Micros(0),
            losses: Losses::default(),
            dtls_window: (Micros(0), 0),
            intake: Bucket::new(RECEIVED, RECEIVED_AT_ONCE),
            nacked: Bucket::new(NACKED, NACKED_AT_ONCE),
            is_attended: false,
            is_ending: false,
            hasher,
        }
    }

    /// Sets the keys. False if they are set already, since the same keys again would repeat nonces,
    /// or if their lengths are wrong.
    pub fn set_keys(&mut self, profile: SrtpProfile, receive: &MasterKey, send: &MasterKey) -> bool {
        if self.opener.is_some() {
            return false;
        }
        match (Opener::new(profile, receive, self.hasher), Sealer::new(profile, send)) {
            (Some(opener), Some(sealer)) => {
                self.opener = Some(opener);
                self.sealer = Some(sealer);
                true
            }
            _ => false,
        }
    }

    /// True once there are keys and an address: media can be sent.
    pub fn is_open(&self) -> bool {
        self.sealer.is_some() && self.path.selected().is_some()
    }

    /// The way out, once there are keys and an address.
    pub fn outlet(&mut self) -> Option<Outlet<'_>> {
        let (sealer, address) = (self.sealer.as_ref()?, self.path.selected()?);
        Some(Outlet { sealer, address, downlink: &mut self.downlink })
    }

    /// Opens an RTP packet in place. `None` if it is refused.
    pub fn open_rtp(&mut self, packet: &mut [u8], header: &Header) -> Option<Opened> {
        let opened = self.incoming.open(self.opener.as_ref()?, packet, header)?;
        self.receive(packet.len());
        Some(opened)
    }

    /// Opens a compound in place and tells its length. `None` if it is refused.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let length = self.opener.as_mut()?.open_rtcp(packet)?;
        self.receive(packet.len());
        Some(length)
    }

    /// An authentic datagram arrived: what strangers send in a peer's name takes nothing from it.
    fn receive(&mut self, length: usize) {
        self.traffic.receive(length);
        self.intake.take(weight(length));
    }

    /// Sends what `write` appends as one sealed RTCP compound; nothing without keys and path.
    pub fn send_rtcp(&mut self, out: &mut Outbox, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let (Some(sealer), Some((socket, to))) = (self.sealer.as_mut(), self.path.selected()) else {
            return false;
        };
        let start = out.bytes.len();
        write(&mut out.bytes);
        if out.bytes.len() == start || sealer.seal_rtcp(&mut out.bytes, start).is_none() {
            out.bytes.truncate(start);
            return false;
        }
        let len = out.bytes.len() - start;
        self.traffic.send(len);
        out.transmits.push(Transmit { socket, to, start, len });
        true
    }
}

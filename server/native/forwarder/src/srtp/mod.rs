//! SRTP and SRTCP of one direction (RFC 3711, RFC 7714): keys set up once, every packet in place.

mod cipher;
mod derive;
mod replay;

pub(crate) use cipher::Cipher;
pub(crate) use replay::Window;

use crate::api::{MasterKey, SrtpProfile};

/// SRTCP indices have 31 bits; a key is used up behind the last (RFC 3711 section 9.2).
const RTCP_INDEX_LIMIT: u32 = 1 << 31;
/// SSRCs whose SRTCP indices are remembered per peer.
const MAX_RTCP_SENDERS: usize = 64;

/// Opens what a peer sends. RTP windows are kept by the caller, beside the route of each SSRC.
pub(crate) struct Opener {
    rtp: Cipher,
    rtcp: Cipher,
    rtcp_windows: Vec<(u32, Window)>,
}

impl Opener {
    /// `None` if the key has not the lengths of the profile.
    pub fn new(profile: SrtpProfile, master: &MasterKey) -> Option<Self> {
        let (rtp, rtcp) = derive::session(profile, master)?;
        Some(Self { rtp, rtcp, rtcp_windows: Vec::new() })
    }

    /// Opens an RTP packet in place: its length and its 48-bit index.
    pub fn open_rtp(
        &self,
        packet: &mut [u8],
        header: usize,
        ssrc: u32,
        sequence: u16,
        window: &mut Window,
    ) -> Option<(usize, u64)> {
        let index = window.estimate(sequence)?;
        if window.is_replay(index) {
            return None;
        }
        let length = self.rtp.open_rtp(packet, header, ssrc, index)?;
        window.accept(index);
        Some((length, index))
    }

    /// Opens a compound RTCP packet in place and tells its length.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let index = u64::from(self.rtcp.rtcp_index(packet)?);
        let ssrc = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
        let known = self.rtcp_windows.iter().position(|&(sender, _)| sender == ssrc);
        if known.is_some_and(|at| self.rtcp_windows[at].1.is_replay(index)) {
            return None;
        }
        if known.is_none() && self.rtcp_windows.len() == MAX_RTCP_SENDERS {
            return None;
        }
        let length = self.rtcp.open_rtcp(packet)?;
        let at = known.unwrap_or_else(|| {
            self.rtcp_windows.push((ssrc, Window::default()));
            self.rtcp_windows.len() - 1
        });
        self.rtcp_windows[at].1.accept(index);
        Some(length)
    }
}

/// Seals what a peer receives.
pub(crate) struct Sealer {
    rtp: Cipher,
    rtcp: Cipher,
    next_rtcp_index: u32,
}

impl Sealer {
    /// `None` if the key has not the lengths of the profile.
    pub fn new(profile: SrtpProfile, master: &MasterKey) -> Option<Self> {
        let (rtp, rtcp) = derive::session(profile, master)?;
        Some(Self { rtp, rtcp, next_rtcp_index: 0 })
    }

    /// Bytes of room that [`Sealer::seal_rtp`] wants behind the packet.
    pub fn rtp_overhead(&self) -> usize {
        self.rtp.rtp_overhead()
    }

    /// Seals the RTP packet in place, room for the tag included. The same SSRC and index may be
    /// sealed again only with the same plaintext: the nonce is made of nothing else.
    pub fn seal_rtp(&self, packet: &mut [u8], header: usize, ssrc: u32, index: u64) -> Option<()> {
        self.rtp.seal_rtp(packet, header, ssrc, index)
    }

    /// Seals the compound RTCP packet that begins at `start`, growing `bytes` by what is needed.
    pub fn seal_rtcp(&mut self, bytes: &mut Vec<u8>, start: usize) -> Option<()> {
        if self.next_rtcp_index == RTCP_INDEX_LIMIT {
            return None;
        }
        let index = self.next_rtcp_index;
        self.next_rtcp_index += 1;
        bytes.resize(bytes.len() + self.rtcp.rtcp_overhead(), 0);
        self.rtcp.seal_rtcp(&mut bytes[start..], index)
    }
}

//! SRTP and SRTCP of one direction (RFC 3711, RFC 7714): keys set up once, every packet in place.

mod cipher;
mod derive;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(not(target_arch = "x86_64"))]
mod no_lanes;
mod replay;
mod signing;

pub(crate) use cipher::Cipher;
pub(crate) use replay::Window;
pub(crate) use signing::{Unsigned, sign};

use zeroize::Zeroizing;

use crate::api::{MasterKey, Outbox, SrtpProfile};
use crate::hash::{Map, Seeded};

/// SRTCP indices have 31 bits; a key is used up behind the last (RFC 3711 section 9.2).
const RTCP_INDEX_LIMIT: u32 = 1 << 31;
/// SSRCs whose SRTCP indices are remembered per peer. Browsers report on each layer of simulcast under the
/// layer's own: three for a camera, each time it is published. So many fill their table, 130 kB, to the brim.
const MAX_RTCP_SENDERS: usize = 3_584;
/// Reports come in order, as good as always: RFC 3711 section 3.3.2 asks for a window of 64.
type ReportWindow = Window<1>;

/// Opens what a peer sends. RTP windows are kept by the caller, beside the route of each SSRC.
pub(crate) struct Opener {
    rtp: Cipher,
    rtcp: Cipher,
    rtcp_windows: Map<u32, ReportWindow>,
}

impl Opener {
    /// `None` if the key has not the lengths of the profile.
    pub fn new(profile: SrtpProfile, master: &MasterKey, hasher: Seeded) -> Option<Self> {
        let (rtp, rtcp) = derive::session(profile, master)?;
        Some(Self { rtp, rtcp, rtcp_windows: Map::with_hasher(hasher) })
    }

    /// Opens an RTP packet in place: its length and its 48-bit index. RFC 3711 section 3.3.1 lets a receiver begin
    /// with the roll-over counter 0; of a first packet that is not authentic with it, 1 is tried.
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
        // Refused packets are undefined, so what is opened twice is copied first: sealed, of each SSRC until one opens,
        // and wiped.
        let again =
            window.estimate_behind_wrap(sequence).map(|index| (index, Zeroizing::new(packet.to_vec())));
        let (index, length) = match (self.rtp.open_rtp(packet, header, ssrc, index), again) {
            (Some(length), _) => (index, length),
            (None, Some((index, sealed))) => {
                packet.copy_from_slice(&sealed);
                (index, self.rtp.open_rtp(packet, header, ssrc, index)?)
            }
            (None, None) => return None,
        };
        window.accept(index);
        Some((length, index))
    }

    /// Opens a compound RTCP packet in place and tells its length.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let index = u64::from(self.rtcp.rtcp_index(packet)?);
        let ssrc = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
        if let Some(window) = self.rtcp_windows.get_mut(&ssrc) {
            if window.is_replay(index) {
                return None;
            }
            let length = self.rtcp.open_rtcp(packet)?;
            window.accept(index);
            return Some(length);
        }
        if self.rtcp_windows.len() == MAX_RTCP_SENDERS {
            return None;
        }
        let length = self.rtcp.open_rtcp(packet)?;
        let mut window = ReportWindow::default();
        window.accept(index);
        self.rtcp_windows.insert(ssrc, window);
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
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn seal_rtp(&self, packet: &mut [u8], header: usize, ssrc: u32, index: u64) -> Option<()> {
        self.rtp.seal_rtp(packet, header, ssrc, index)
    }

    /// The same of the packet that ends the outbox; [`Outbox::sign`] completes it.
    pub fn seal_last(
        &self,
        out: &mut Outbox,
        (start, header): (usize, usize),
        ssrc: u32,
        index: u64,
    ) -> Option<()> {
        let unsigned = self.rtp.seal_rtp_but_tag(&mut out.bytes, (start, header), ssrc, index)?;
        out.unsigned.extend(unsigned);
        Some(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;
    use SrtpProfile::{AeadAes128Gcm, AeadAes256Gcm, AesCm128HmacSha1_80};

    /// Made by libsrtp 2: master keys 00 01 02…, master salts 20 21 22…, SRTCP index 1.
    const RTP: &str = "80600001000003e8deadbeef68656c6c6f2c2074686973206973206d65646961";
    const RTCP: &str = "80c80006deadbeef0102030405060708000003e80000000100000002";
    const SEALED: [(SrtpProfile, &str, &str); 3] = [
        (
            AesCm128HmacSha1_80,
            "80600001000003e8deadbeefd585d12f100d7d8d59ef3fc1b58997fc8fe984fe8aaa392862c66f15482c",
            "80c80006deadbeef020fc501cd33323acfe76e41eab3492d3ebc09d280000001034b1cdbe48e7d11ca2f",
        ),
        (
            AeadAes128Gcm,
            "80600001000003e8deadbeefff87f2dd4c8bae9b24812793111ba03eb9c018b6eaba7c887526ae7beff394a60c5ee286",
            "80c80006deadbeef55750fda6294bd0aa70a3f0bf784a1ea23b4b98ec992fdee5037c882c5d36936fe4eceb880000001",
        ),
        (
            AeadAes256Gcm,
            "80600001000003e8deadbeef35d2cca5625b9cb8a81b8580d6867227b9ce0a944763e9ebab1c5ae6825a300caddb4de2",
            "80c80006deadbeef53b39d824053fcafcd18be064b36a0c7b448ef470a936b49080288ae2f6b76fd2a62a41080000001",
        ),
    ];
    /// The same RTP packet under AES-CM with a roll-over counter of 1.
    const ROLLED_OVER: &str =
        "80600001000003e8deadbeef20aac12d2a3e4740b3a9b6d7a6a1edf1dc8b0d98a76690e4265101171be2";

    fn master(profile: SrtpProfile) -> MasterKey {
        let key = if profile == AeadAes256Gcm { 32 } else { 16 };
        let salt = if profile == AesCm128HmacSha1_80 { 14 } else { 12 };
        MasterKey {
            key: Zeroizing::new((0..key).collect()),
            salt: Zeroizing::new((0x20..0x20 + salt).collect()),
        }
    }

    fn seal_rtp(sealer: &Sealer, index: u64) -> Vec<u8> {
        let mut packet = hex(RTP);
        packet.resize(packet.len() + sealer.rtp_overhead(), 0);
        sealer.seal_rtp(&mut packet, 12, 0xdead_beef, index).unwrap();
        packet
    }

    #[test]
    fn seals_as_libsrtp_does() {
        for (profile, rtp, rtcp) in SEALED {
            let mut sealer = Sealer::new(profile, &master(profile)).unwrap();
            assert_eq!(seal_rtp(&sealer, 1), hex(rtp), "{profile:?}");
            sealer.next_rtcp_index = 1;
            let mut out = [vec![0xee], hex(RTCP)].concat();
            sealer.seal_rtcp(&mut out, 1).unwrap();
            assert_eq!(out[1..], hex(rtcp), "{profile:?}");
        }
        let sealer = Sealer::new(AesCm128HmacSha1_80, &master(AesCm128HmacSha1_80)).unwrap();
        assert_eq!(seal_rtp(&sealer, 0x1_0001), hex(ROLLED_OVER));
    }

    #[test]
    fn opens_what_libsrtp_sealed_once() {
        for (profile, rtp, rtcp) in SEALED {
            let mut opener = Opener::new(profile, &master(profile), Seeded(1)).unwrap();
            let mut window = Window::default();
            let mut packet = hex(rtp);
            let (length, index) = opener.open_rtp(&mut packet, 12, 0xdead_beef, 1, &mut window).unwrap();
            assert_eq!((&packet[..length], index), (&hex(RTP)[..], 1));
            assert_eq!(opener.open_rtp(&mut hex(rtp), 12, 0xdead_beef, 1, &mut window), None);
            let mut compound = hex(rtcp);
            let length = opener.open_rtcp(&mut compound).unwrap();
            assert_eq!(compound[..length], hex(RTCP));
            assert_eq!(opener.open_rtcp(&mut hex(rtcp)), None);
        }
    }

    #[test]
    fn the_last_rtcp_index_ends_the_key() {
        let mut sealer = Sealer::new(AeadAes128Gcm, &master(AeadAes128Gcm)).unwrap();
        sealer.next_rtcp_index = RTCP_INDEX_LIMIT - 1;
        assert!(sealer.seal_rtcp(&mut hex(RTCP), 0).is_some());
        assert!(sealer.seal_rtcp(&mut hex(RTCP), 0).is_none());
    }

    #[test]
    fn senders_of_reports_are_bounded() {
        let mut sealer = Sealer::new(AeadAes128Gcm, &master(AeadAes128Gcm)).unwrap();
        let mut opener = Opener::new(AeadAes128Gcm, &master(AeadAes128Gcm), Seeded(1)).unwrap();
        let opened = (0..5_000_u16).filter(|number| {
            let mut compound = hex(RTCP);
            compound[6..8].copy_from_slice(&number.to_be_bytes());
            sealer.seal_rtcp(&mut compound, 0).unwrap();
            opener.open_rtcp(&mut compound).is_some()
        });
        assert_eq!(opened.count(), MAX_RTCP_SENDERS);
    }
}

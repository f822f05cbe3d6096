//! The transforms: AES-CM with HMAC-SHA1-80 (RFC 3711), AES-GCM (RFC 7714). Everything in place.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::iv::FixedLength;
use std::sync::Arc;
use zeroize::Zeroizing;

use super::signing::{Authentication, TAG as HMAC_TAG, Unsigned};

/// Fixed RTCP header and sender SSRC: what SRTCP leaves in the clear.
pub(crate) const RTCP_CLEAR: usize = 8;
/// The E flag and the 31-bit SRTCP index.
const TRAILER: usize = 4;
const ENCRYPTED: u32 = 1 << 31;
const GCM_TAG: usize = 16;

/// Session keys of RTP or of RTCP, in one direction. The library wipes its key schedules on drop.
pub(crate) enum Cipher {
    Galois { key: LessSafeKey, salt: Zeroizing<[u8; 12]> },
    CounterMode { key: Box<EncryptingKey>, authentication: Arc<Authentication>, salt: Zeroizing<[u8; 14]> },
}

impl Cipher {
    /// AES-GCM by the length of `key`; the salt has 12 bytes.
    pub fn galois(key: &[u8], salt: &[u8]) -> Option<Self> {
        let algorithm = if key.len() == 32 { &AES_256_GCM } else { &AES_128_GCM };
        let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
        Some(Self::Galois { key, salt: Zeroizing::new(salt.try_into().ok()?) })
    }

    /// AES-128-CM with HMAC-SHA1; the salt has 14 bytes.
    pub fn counter_mode(key: &[u8], authentication: &[u8], salt: &[u8]) -> Option<Self> {
        let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, key).ok()?).ok()?;
        let authentication = Arc::new(Authentication::new(authentication));
        let salt = Zeroizing::new(salt.try_into().ok()?);
        Some(Self::CounterMode { key: Box::new(key), authentication, salt })
    }

    /// Bytes that sealing adds to an RTP packet.
    pub fn rtp_overhead(&self) -> usize {
        match self {
            Self::Galois { .. } => GCM_TAG,
            Self::CounterMode { .. } => HMAC_TAG,
        }
    }

    /// Bytes that sealing adds to an RTCP packet.
    pub fn rtcp_overhead(&self) -> usize {
        self.rtp_overhead() + TRAILER
    }

    /// Seals an RTP packet in place; its last [`Cipher::rtp_overhead`] bytes are room for the tag.
    ///
    /// `header` is the length of the clear header with extensions, `index` has 48 bits.
    pub fn seal_rtp(&self, packet: &mut [u8], header: usize, ssrc: u32, index: u64) -> Option<()> {
        let (body, tag) = packet.split_at_mut(packet.len().checked_sub(self.rtp_overhead())?);
        match self {
            Self::Galois { key, salt } => {
                let (clear, text) = body.split_at_mut_checked(header)?;
                let nonce = rtp_nonce(salt, ssrc, index);
                let sealed = key.seal_in_place_separate_tag(nonce, Aad::from(&*clear), text).ok()?;
                tag.copy_from_slice(sealed.as_ref());
            }
            Self::CounterMode { key, authentication, salt } => {
                apply_keystream(key, salt, ssrc, index, body.get_mut(header..)?)?;
                let sum = authentication.rtp_sum(body, rollover(index));
                tag.copy_from_slice(&sum.as_ref()[..HMAC_TAG]);
            }
        }
        Some(())
    }

    /// As [`Cipher::seal_rtp`] with the packet that begins at `start`, but for a tag that is made faster with others'.
    pub fn seal_rtp_but_tag(
        &self,
        bytes: &mut [u8],
        (start, header): (usize, usize),
        ssrc: u32,
        index: u64,
    ) -> Option<Option<Unsigned>> {
        if let Self::CounterMode { key, authentication, salt } = self {
            let end = bytes.len().checked_sub(HMAC_TAG)?;
            if let Some(unsigned) = authentication.later(start, end, rollover(index)) {
                apply_keystream(key, salt, ssrc, index, bytes.get_mut(start + header..end)?)?;
                return Some(Some(unsigned));
            }
        }
        self.seal_rtp(bytes.get_mut(start..)?, header, ssrc, index).map(|()| None)
    }

    /// Opens an RTP packet in place and tells its length without the tag; `None` if it is not
    /// authentic. The bytes of a refused packet are undefined.
    pub fn open_rtp(&self, packet: &mut [u8], header: usize, ssrc: u32, index: u64) -> Option<usize> {
        let length = packet.len().checked_sub(self.rtp_overhead()).filter(|&length| length >= header)?;
        match self {
            Self::Galois { key, salt } => {
                let (clear, sealed) = packet.split_at_mut(header);
                key.open_in_place(rtp_nonce(salt, ssrc, index), Aad::from(&*clear), sealed).ok()?;
            }
            Self::CounterMode { key, authentication, salt } => {
                let (body, tag) = packet.split_at_mut(length);
                let sum = authentication.rtp_sum(body, rollover(index));
                verify_slices_are_equal(&sum.as_ref()[..HMAC_TAG], tag).ok()?;
                apply_keystream(key, salt, ssrc, index, &mut body[header..])?;
            }
        }
        Some(length)
    }

    /// Seals a compound RTCP packet in place; its last [`Cipher::rtcp_overhead`] bytes are room for
    /// tag and trailer. `index` has 31 bits and must never repeat.
    pub fn seal_rtcp(&self, packet: &mut [u8], index: u32) -> Option<()> {
        let length = packet.len().checked_sub(self.rtcp_overhead()).filter(|&length| length >= RTCP_CLEAR)?;
        let trailer = (ENCRYPTED | index).to_be_bytes();
        let ssrc = word(packet, 4);
        match self {
            Self::Galois { key, salt } => {
                let (clear, rest) = packet.split_at_mut(RTCP_CLEAR);
                let (text, end) = rest.split_at_mut(length - RTCP_CLEAR);
                let aad = rtcp_associated_data(clear, trailer);
                let tag = key.seal_in_place_separate_tag(rtcp_nonce(salt, ssrc, index), Aad::from(aad), text);
                end[..GCM_TAG].copy_from_slice(tag.ok()?.as_ref());
                end[GCM_TAG..].copy_from_slice(&trailer);
            }
            Self::CounterMode { key, authentication, salt } => {
                apply_keystream(key, salt, ssrc, index.into(), &mut packet[RTCP_CLEAR..length])?;
                packet[length..length + TRAILER].copy_from_slice(&trailer);
                let (body, tag) = packet.split_at_mut(length + TRAILER);
                tag.copy_from_slice(&authentication.sum(body).as_ref()[..HMAC_TAG]);
            }
        }
        Some(())
    }

    /// The index a sealed RTCP packet claims; `None` if the packet is too short or not encrypted.
    pub fn rtcp_index(&self, packet: &[u8]) -> Option<u32> {
        if packet.len() < RTCP_CLEAR + self.rtcp_overhead() {
            return None;
        }
        let trailer = word(packet, self.rtcp_trailer(packet.len()));
        (trailer & ENCRYPTED != 0).then_some(trailer & !ENCRYPTED)
    }

    /// Opens a compound RTCP packet in place and tells its length; `None` if it is not authentic.
    pub fn open_rtcp(&self, packet: &mut [u8]) -> Option<usize> {
        let index = self.rtcp_index(packet)?;
        let length = packet.len() - self.rtcp_overhead();
        let ssrc = word(packet, 4);
        match self {
            Self::Galois { key, salt } => {
                let (clear, rest) = packet.split_at_mut(RTCP_CLEAR);
                let (sealed, _) = rest.split_at_mut(rest.len() - TRAILER);
                let aad = rtcp_associated_data(clear, (ENCRYPTED | index).to_be_bytes());
                key.open_in_place(rtcp_nonce(salt, ssrc, index), Aad::from(aad), sealed).ok()?;
            }
            Self::CounterMode { key, authentication, salt } => {
                let (body, tag) = packet.split_at_mut(length + TRAILER);
                let sum = authentication.sum(body);
                verify_slices_are_equal(&sum.as_ref()[..HMAC_TAG], tag).ok()?;
                apply_keystream(key, salt, ssrc, index.into(), &mut body[RTCP_CLEAR..length])?;
            }
        }
        Some(length)
    }

    /// Where the E flag and the index are: behind the tag in AES-GCM, before it in AES-CM.
    fn rtcp_trailer(&self, length: usize) -> usize {
        match self {
            Self::Galois { .. } => length - TRAILER,
            Self::CounterMode { .. } => length - HMAC_TAG - TRAILER,
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// RFC 7714 section 8.1: two zero bytes, SSRC, roll-over counter, sequence number; XORed with the salt.
fn rtp_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> Nonce {
    nonce(salt, ssrc, index)
}

/// RFC 7714 section 9.1: two zero bytes, SSRC, two zero bytes, index; XORed with the salt.
fn rtcp_nonce(salt: &[u8; 12], ssrc: u32, index: u32) -> Nonce {
    nonce(salt, ssrc, index.into())
}

fn nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> Nonce {
    let mut bytes = *salt;
    xor(&mut bytes[2..6], &ssrc.to_be_bytes());
    xor(&mut bytes[6..], &index.to_be_bytes()[2..]);
    Nonce::assume_unique_for_key(bytes)
}

/// RFC 7714 section 9.2: the clear header, then the E flag and the index.
fn rtcp_associated_data(clear: &[u8], trailer: [u8; 4]) -> [u8; RTCP_CLEAR + TRAILER] {
    let mut bytes = [0; RTCP_CLEAR + TRAILER];
    bytes[..RTCP_CLEAR].copy_from_slice(clear);
    bytes[RTCP_CLEAR..].copy_from_slice(&trailer);
    bytes
}

/// RFC 3711 section 4.1.1: the counter starts at salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16.
fn apply_keystream(
    key: &EncryptingKey,
    salt: &[u8; 14],
    ssrc: u32,
    index: u64,
    text: &mut [u8],
) -> Option<()> {
    if text.is_empty() {
        return Some(());
    }
    let mut counter = [0; 16];
    counter[..14].copy_from_slice(salt);
    xor(&mut counter[4..8], &ssrc.to_be_bytes());
    xor(&mut counter[8..14], &index.to_be_bytes()[2..]);
    key.less_safe_encrypt(text, EncryptionContext::Iv128(FixedLength::from(counter))).ok()?;
    Some(())
}

fn rollover(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

fn xor(bytes: &mut [u8], with: &[u8]) {
    for (byte, other) in bytes.iter_mut().zip(with) {
        *byte ^= other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    const RTP: &str = "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976697361\
                       20696e207061727465732074726573";
    const RTP_128: &str = "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f\
                           42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce";
    const RTP_256: &str = "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3\
                           b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13";
    const RTCP: &str = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61\
                        deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
    const RTCP_128: &str = "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32d\
                            c676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf872\
                            45d9eade800005d4";

    fn galois(length: u8) -> Cipher {
        let key: Vec<u8> = (0..length).collect();
        Cipher::galois(&key, &hex("517569642070726f2071756f")).unwrap()
    }

    fn seal(cipher: &Cipher, plain: &[u8], index: u64) -> Vec<u8> {
        let mut packet = plain.to_vec();
        packet.resize(plain.len() + cipher.rtp_overhead(), 0);
        cipher.seal_rtp(&mut packet, 12, word(plain, 8), index).unwrap();
        packet
    }

    #[test]
    fn rfc_7714_section_16_1() {
        for (length, expected) in [(16, RTP_128), (32, RTP_256)] {
            let cipher = galois(length);
            let mut packet = seal(&cipher, &hex(RTP), 0xf17b);
            assert_eq!(packet, hex(expected));
            let length = cipher.open_rtp(&mut packet, 12, 0x5501_a0b2, 0xf17b).unwrap();
            assert_eq!(packet[..length], hex(RTP));
        }
    }

    #[test]
    fn rfc_7714_section_17_1() {
        let cipher = galois(16);
        let plain = hex(RTCP);
        let mut packet = plain.clone();
        packet.resize(plain.len() + cipher.rtcp_overhead(), 0);
        cipher.seal_rtcp(&mut packet, 0x5d4).unwrap();
        assert_eq!(packet, hex(RTCP_128));
        assert_eq!(cipher.rtcp_index(&packet), Some(0x5d4));
        let length = cipher.open_rtcp(&mut packet).unwrap();
        assert_eq!(packet[..length], plain);
    }

    #[test]
    fn rfc_3711_appendix_b2() {
        let key = hex("2b7e151628aed2a6abf7158809cf4f3c");
        let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, &key).unwrap()).unwrap();
        let salt: [u8; 14] = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd").try_into().unwrap();
        let mut stream = [0; 48];
        apply_keystream(&key, &salt, 0, 0, &mut stream).unwrap();
        let expected = "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab\
                        41e95b3bb0a2e8dd477901e4fca894c0";
        assert_eq!(stream, *hex(expected));
    }

    fn every_cipher() -> [Cipher; 3] {
        let counter_mode = Cipher::counter_mode(&[7; 16], &[8; 20], &[9; 14]).unwrap();
        [galois(16), galois(32), counter_mode]
    }

    #[test]
    fn a_changed_bit_anywhere_is_refused() {
        for cipher in every_cipher() {
            let sealed = seal(&cipher, &hex(RTP), 0x1_f17b);
            for byte in 0..sealed.len() {
                let mut packet = sealed.clone();
                packet[byte] ^= 0x10;
                assert_eq!(cipher.open_rtp(&mut packet, 12, 0x5501_a0b2, 0x1_f17b), None);
            }
            assert_eq!(cipher.open_rtp(&mut sealed.clone(), 12, 0x5501_a0b2, 0xf17b), None);
            assert_eq!(cipher.open_rtp(&mut sealed.clone(), 12, 0x5501_a0b2, 0x1_f17b), Some(50));
        }
    }

    #[test]
    fn rtcp_round_trips_and_refuses_changes() {
        for cipher in every_cipher() {
            let plain = hex(RTCP);
            let mut sealed = plain.clone();
            sealed.resize(plain.len() + cipher.rtcp_overhead(), 0);
            cipher.seal_rtcp(&mut sealed, 5).unwrap();
            for byte in 0..sealed.len() {
                let mut packet = sealed.clone();
                packet[byte] ^= 0x10;
                assert_eq!(cipher.open_rtcp(&mut packet), None);
            }
            let length = cipher.open_rtcp(&mut sealed).unwrap();
            assert_eq!(sealed[..length], plain);
        }
    }

    #[test]
    fn short_packets_are_refused() {
        for cipher in every_cipher() {
            for length in 0..30 {
                let mut packet = vec![0x80; length];
                assert_eq!(cipher.open_rtp(&mut packet, 12, 1, 1), None);
                assert_eq!(cipher.open_rtcp(&mut packet), None);
            }
        }
    }
}

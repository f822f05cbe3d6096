//! SRTP as a peer does it (RFC 3711, RFC 7714), and its STUN requests; written apart from the core.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use offrecord_forwarder::api::{MasterKey, SrtpProfile};
use zeroize::Zeroizing;

/// One direction of SRTP and SRTCP.
pub struct Direction {
    rtp: (LessSafeKey, [u8; 12]),
    rtcp: (LessSafeKey, [u8; 12]),
    /// Of RTP and of RTCP, where the profile is not AEAD.
    counter_mode: Option<[CounterMode; 2]>,
}

/// AES_CM_128_HMAC_SHA1_80.
struct CounterMode {
    key: EncryptingKey,
    authentication: hmac::Key,
    salt: [u8; 14],
}

/// A master key made of one byte.
pub fn master(profile: SrtpProfile, fill: u8) -> MasterKey {
    let key = if profile == SrtpProfile::AeadAes256Gcm { 32 } else { 16 };
    let salt = if profile == SrtpProfile::AesCm128HmacSha1_80 { 14 } else { 12 };
    MasterKey { key: Zeroizing::new(vec![fill; key]), salt: Zeroizing::new(vec![fill ^ 0xff; salt]) }
}

fn keystream(key: &EncryptingKey, counter: [u8; 16], mut bytes: Vec<u8>) -> Vec<u8> {
    key.less_safe_encrypt(&mut bytes, EncryptionContext::Iv128(FixedLength::from(counter))).unwrap();
    bytes
}

fn counter_key(key: &[u8]) -> EncryptingKey {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).unwrap()).unwrap()
}

impl CounterMode {
    /// RFC 3711 section 4.1.1.
    fn crypt(&self, text: Vec<u8>, ssrc: u32, index: u64) -> Vec<u8> {
        let salt: Vec<u8> = [&self.salt[..], &[0, 0]].concat();
        let start = u128::from_be_bytes(salt.try_into().unwrap()) ^ u128::from(ssrc) << 64;
        keystream(&self.key, (start ^ u128::from(index) << 16).to_be_bytes(), text)
    }

    /// RFC 3711 section 4.2; `end` follows what is sent, the roll-over counter of RTP.
    fn tag(&self, packet: &[u8], end: &[u8]) -> Vec<u8> {
        hmac::sign(&self.authentication, &[packet, end].concat()).as_ref()[..10].to_vec()
    }
}

impl Direction {
    pub fn new(profile: SrtpProfile, fill: u8) -> Self {
        let master = master(profile, fill);
        let derive = |label: u8, length: usize| {
            let mut counter = [0; 16];
            counter[..master.salt.len()].copy_from_slice(&master.salt);
            counter[7] ^= label;
            keystream(&counter_key(&master.key), counter, vec![0; length])
        };
        let aead = if profile == SrtpProfile::AeadAes256Gcm { &AES_256_GCM } else { &AES_128_GCM };
        let half = |first: u8| {
            let key = LessSafeKey::new(UnboundKey::new(aead, &derive(first, aead.key_len())).unwrap());
            (key, derive(first + 2, 12).try_into().unwrap())
        };
        let counter_half = |first: u8| CounterMode {
            key: counter_key(&derive(first, 16)),
            authentication: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &derive(first + 1, 20)),
            salt: derive(first + 2, 14).try_into().unwrap(),
        };
        let is_counter_mode = profile == SrtpProfile::AesCm128HmacSha1_80;
        let counter_mode = is_counter_mode.then(|| [counter_half(0), counter_half(3)]);
        Self { rtp: half(0), rtcp: half(3), counter_mode }
    }

    fn nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> Nonce {
        let mut bytes = [0; 12];
        bytes[2..6].copy_from_slice(&ssrc.to_be_bytes());
        bytes[6..].copy_from_slice(&index.to_be_bytes()[2..]);
        Nonce::assume_unique_for_key(core::array::from_fn(|at| bytes[at] ^ salt[at]))
    }

    pub fn seal_rtp(&self, mut packet: Vec<u8>, header: usize, ssrc: u32, index: u64) -> Vec<u8> {
        if let Some([own, _]) = &self.counter_mode {
            let text = packet.split_off(header);
            packet.extend(own.crypt(text, ssrc, index));
            let tag = own.tag(&packet, &((index >> 16) as u32).to_be_bytes());
            return [packet, tag].concat();
        }
        let mut text = packet.split_off(header);
        let nonce = Self::nonce(&self.rtp.1, ssrc, index);
        self.rtp.0.seal_in_place_append_tag(nonce, Aad::from(&packet), &mut text).unwrap();
        packet.extend(text);
        packet
    }

    pub fn open_rtp(&self, mut packet: Vec<u8>, header: usize, ssrc: u32, index: u64) -> Option<Vec<u8>> {
        if let Some([own, _]) = &self.counter_mode {
            let tag = packet.split_off(packet.len() - 10);
            let is_authentic = own.tag(&packet, &((index >> 16) as u32).to_be_bytes()) == tag;
            let text = packet.split_off(header);
            packet.extend(own.crypt(text, ssrc, index));
            return is_authentic.then_some(packet);
        }
        let mut text = packet.split_off(header);
        let nonce = Self::nonce(&self.rtp.1, ssrc, index);
        packet.extend_from_slice(self.rtp.0.open_in_place(nonce, Aad::from(&packet), &mut text).ok()?);
        Some(packet)
    }

    pub fn seal_rtcp(&self, mut packet: Vec<u8>, index: u32) -> Vec<u8> {
        let ssrc = u32::from_be_bytes(packet[4..8].try_into().unwrap());
        let mut text = packet.split_off(8);
        let trailer = (index | 1 << 31).to_be_bytes();
        if let Some([_, own]) = &self.counter_mode {
            let sealed = [packet, own.crypt(text, ssrc, index.into()), trailer.to_vec()].concat();
            let tag = own.tag(&sealed, &[]);
            return [sealed, tag].concat();
        }
        let aad = [&packet[..], &trailer].concat();
        let nonce = Self::nonce(&self.rtcp.1, ssrc, index.into());
        self.rtcp.0.seal_in_place_append_tag(nonce, Aad::from(aad), &mut text).unwrap();
        [packet, text, trailer.to_vec()].concat()
    }

    pub fn open_rtcp(&self, mut packet: Vec<u8>) -> Option<(u32, Vec<u8>)> {
        let ssrc = u32::from_be_bytes(packet[4..8].try_into().unwrap());
        let tag = self.counter_mode.as_ref().map(|[_, own]| {
            let tag = packet.split_off(packet.len() - 10);
            own.tag(&packet, &[]) == tag
        });
        let trailer = packet.split_off(packet.len() - 4);
        let index = u32::from_be_bytes(trailer[..].try_into().unwrap()) & !(1 << 31);
        let mut text = packet.split_off(8);
        if let Some([_, own]) = &self.counter_mode {
            let plain = own.crypt(text, ssrc, index.into());
            return tag?.then(|| (index, [packet, plain].concat()));
        }
        let aad = [&packet[..], &trailer].concat();
        let nonce = Self::nonce(&self.rtcp.1, ssrc, index.into());
        let plain = self.rtcp.0.open_in_place(nonce, Aad::from(aad), &mut text).ok()?;
        Some((index, [&packet[..], plain].concat()))
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = !0_u32;
    for &byte in bytes {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

/// A binding request as a controlling agent sends it. `attributes` come before the integrity.
pub fn binding_request(
    username: &str,
    password: &[u8],
    transaction: [u8; 12],
    attributes: &[(u16, &[u8])],
) -> Vec<u8> {
    let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    message.extend(transaction);
    let put = |message: &mut Vec<u8>, kind: u16, value: &[u8]| {
        message.extend(kind.to_be_bytes());
        message.extend((value.len() as u16).to_be_bytes());
        message.extend(value);
        message.resize(message.len().next_multiple_of(4), 0);
    };
    put(&mut message, 0x0006, username.as_bytes());
    for &(kind, value) in attributes {
        put(&mut message, kind, value);
    }
    let reach = |message: &mut Vec<u8>, more: usize| {
        let length = (message.len() - 20 + more) as u16;
        message[2..4].copy_from_slice(&length.to_be_bytes());
    };
    reach(&mut message, 24);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password);
    let sum = hmac::sign(&key, &message);
    put(&mut message, 0x0008, sum.as_ref());
    reach(&mut message, 8);
    let sum = crc32(&message) ^ 0x5354_554e;
    put(&mut message, 0x8028, &sum.to_be_bytes());
    message
}

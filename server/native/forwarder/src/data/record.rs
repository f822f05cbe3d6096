//! Records of DTLS 1.2 (RFC 6347) with AES_128_GCM (RFC 5288): the cipher that every peer of WebRTC has (RFC 8827
//! section 6.5).

use crate::srtp::Window;
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// ContentType (RFC 5246 section 6.2.1).
pub(super) const ALERT: u8 = 21;
/// See [`ALERT`].
pub(super) const APPLICATION_DATA: u8 = 23;
/// Level "warning", description 0 (RFC 5246 section 7.2).
pub(super) const CLOSE_NOTIFY: [u8; 2] = [1, 0];

const DTLS_1_2: [u8; 2] = [0xfe, 0xfd];
const HEADER: usize = 13;
const EXPLICIT: usize = 8;
const TAG: usize = 16;
const KEY: usize = 16;
const IMPLICIT: usize = 4;

/// The first that is protected; there is no second without a second handshake.
const EPOCH: u64 = 1;
/// Records of ours are numbered from here: those before are for the handshake, which may be repeated meanwhile and has
/// the same key. Peers take numbers that are left out for lost.
const FIRST: u64 = 1 << 32;
/// Of 48 bits.
const NUMBERS: u64 = 1 << 48;

/// What a handshake has agreed on (RFC 5246 section 6.3).
pub struct Secrets<'a> {
    /// Whether we were the server of it.
    pub is_server: bool,
    /// 48 bytes.
    pub master: &'a [u8],
    /// 32 bytes.
    pub client_random: &'a [u8],
    /// 32 bytes.
    pub server_random: &'a [u8],
}

/// The keys of one direction. The library wipes its key schedule on drop.
struct Protection {
    key: LessSafeKey,
    salt: Zeroizing<[u8; IMPLICIT]>,
}

impl Protection {
    fn new(key: &[u8], salt: &[u8]) -> Option<Self> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).ok()?);
        Some(Self { key, salt: Zeroizing::new(salt.try_into().ok()?) })
    }

    fn nonce(&self, explicit: &[u8]) -> Nonce {
        let mut nonce = [0; IMPLICIT + EXPLICIT];
        nonce[..IMPLICIT].copy_from_slice(&*self.salt);
        nonce[IMPLICIT..].copy_from_slice(explicit);
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Both directions, with what was received and what is sent next.
pub(super) struct Records {
    ours: Protection,
    theirs: Protection,
    pub(super) next: u64,
    seen: Window<1>,
}

impl Records {
    /// `None` where the lengths are not those of [`Secrets`].
    #[must_use]
    pub fn new(secrets: &Secrets<'_>) -> Option<Self> {
        let Secrets { is_server, master, client_random, server_random } = *secrets;
        if master.len() != 48 || client_random.len() != 32 || server_random.len() != 32 {
            return None;
        }
        let block = key_block(master, client_random, server_random);
        let (keys, salts) = block.split_at(2 * KEY);
        let client = Protection::new(&keys[..KEY], &salts[..IMPLICIT])?;
        let server = Protection::new(&keys[KEY..], &salts[IMPLICIT..2 * IMPLICIT])?;
        let (ours, theirs) = if is_server { (server, client) } else { (client, server) };
        Some(Self { ours, theirs, next: FIRST, seen: Window::default() })
    }

    /// One record with what `write` appends, `length` bytes. `None` when there are no more numbers.
    pub fn seal(&mut self, kind: u8, length: usize, write: impl FnOnce(&mut Vec<u8>)) -> Option<Vec<u8>> {
        if self.next >= NUMBERS {
            return None;
        }
        let number = (EPOCH << 48 | self.next).to_be_bytes();
        let mut record = Vec::with_capacity(HEADER + EXPLICIT + length + TAG);
        record.push(kind);
        record.extend_from_slice(&DTLS_1_2);
        record.extend_from_slice(&number);
        record.extend_from_slice(&u16::try_from(EXPLICIT + length + TAG).ok()?.to_be_bytes());
        record.extend_from_slice(&number);
        write(&mut record);
        let text = record.get_mut(HEADER + EXPLICIT..).filter(|text| text.len() == length)?;
        let associated = associated_data(number, kind, length)?;
        let tag = self
            .ours
            .key
            .seal_in_place_separate_tag(self.ours.nonce(&number), Aad::from(associated), text)
            .ok()?;
        record.extend_from_slice(tag.as_ref());
        self.next += 1;
        Some(record)
    }

    /// The kind and the text of a whole record that [`split`] has cut off. `None` where it is not authentic, came
    /// before, or is not ours to open. Its bytes are undefined afterwards.
    pub fn unseal<'a>(&mut self, record: &'a mut [u8]) -> Option<(u8, &'a [u8])> {
        let (header, body) = record.split_at_mut_checked(HEADER)?;
        let (kind, version) = (header[0], [header[1], header[2]]);
        let number: [u8; 8] = header[3..11].try_into().ok()?;
        let index = u64::from_be_bytes(number);
        let length = body.len().checked_sub(EXPLICIT + TAG)?;
        if !matches!(kind, ALERT | APPLICATION_DATA) || version != DTLS_1_2 || index >> 48 != EPOCH {
            return None;
        }
        if self.seen.is_replay(index) {
            return None;
        }
        let (explicit, sealed) = body.split_at_mut(EXPLICIT);
        let associated = associated_data(number, kind, length)?;
        let nonce = self.theirs.nonce(explicit);
        let text = self.theirs.key.open_in_place(nonce, Aad::from(associated), sealed).ok()?;
        self.seen.accept(index);
        Some((kind, text))
    }
}

/// Whether there is nothing after an alert: it says goodbye, or that something is beyond repair.
pub(super) fn is_last(alert: &[u8]) -> bool {
    matches!(alert, [_, 0] | [2, _])
}

/// Cuts the first record off; `None` where there is no whole one.
pub(super) fn split(datagram: &mut [u8]) -> Option<(&mut [u8], &mut [u8])> {
    let header = datagram.get(..HEADER)?;
    let length = usize::from(u16::from_be_bytes([header[11], header[12]]));
    datagram.split_at_mut_checked(HEADER + length)
}

/// RFC 5246 section 6.2.3.3.
fn associated_data(number: [u8; 8], kind: u8, length: usize) -> Option<[u8; HEADER]> {
    let mut data = [0; HEADER];
    data[..8].copy_from_slice(&number);
    data[8] = kind;
    data[9..11].copy_from_slice(&DTLS_1_2);
    data[11..].copy_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
    Some(data)
}

/// The keys of the client and of the server, then their salts (RFC 5246 sections 5 and 6.3), with SHA-256.
fn key_block(master: &[u8], client_random: &[u8], server_random: &[u8]) -> Zeroizing<[u8; 64]> {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, master);
    let seed = [b"key expansion", server_random, client_random].concat();
    let mut block = Zeroizing::new([0; 64]);
    let mut chain = hmac::sign(&secret, &seed);
    for part in block.chunks_exact_mut(32) {
        let mut context = hmac::Context::with_key(&secret);
        context.update(chain.as_ref());
        context.update(&seed);
        part.copy_from_slice(context.sign().as_ref());
        chain = hmac::sign(&secret, chain.as_ref());
    }
    block
}

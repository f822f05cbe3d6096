//! STUN binding requests as an ICE-lite agent answers them (RFC 8489, RFC 8445).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use core::net::{IpAddr, SocketAddr};

pub(crate) const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const COOKIE: u32 = 0x2112_a442;
const HEADER: usize = 20;

const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;

const INTEGRITY_SIZE: usize = 20;
const FINGERPRINT_XOR: u32 = 0x5354_554e;
/// Longer than any binding request there is, and within every path MTU.
const MAX_REQUEST: usize = 1280;
const MAX_ATTRIBUTES: usize = 32;
/// RFC 8489 section 14.3.
const MAX_USERNAME: usize = 513;

/// Identifies a request and its answer.
pub(crate) type TransactionId = [u8; 12];

/// A binding request whose form is right; whether it is authentic says [`Request::is_authentic`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    message: &'a [u8],
    /// Chosen by the peer.
    pub transaction: TransactionId,
    /// Our fragment: what comes before the colon in USERNAME.
    pub local_ufrag: &'a [u8],
    /// The peer, which has the controlling role, nominates the address this came from.
    pub nominates: bool,
    /// The peer believes to have the role that only we can have.
    pub claims_controlled: bool,
    integrity_at: usize,
}

impl<'a> Request<'a> {
    /// Reads a binding request; `None` for anything else, and for what is malformed.
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        if message.len() < HEADER || message.len() > MAX_REQUEST {
            return None;
        }
        let body = usize::from(half(message, 2));
        if half(message, 0) != BINDING_REQUEST
            || message[4..8] != COOKIE.to_be_bytes()
            || body % 4 != 0
            || HEADER + body != message.len()
        {
            return None;
        }
        let mut request = Request {
            message,
            transaction: message[8..HEADER].try_into().ok()?,
            local_ufrag: &[],
            nominates: false,
            claims_controlled: false,
            integrity_at: 0,
        };
        let mut has_fingerprint = false;
        let mut at = HEADER;
        for _ in 0..MAX_ATTRIBUTES {
            if at == message.len() {
                break;
            }
            let (kind, length) = (half(message, at), usize::from(half(message, at + 2)));
            let value = message.get(at + 4..at + 4 + length)?;
            match kind {
                FINGERPRINT => {
                    let sum = crc32(&message[..at]) ^ FINGERPRINT_XOR;
                    let last = at + 8 == message.len();
                    if !last || value != sum.to_be_bytes() {
                        return None;
                    }
                    has_fingerprint = true;
                }
                // What follows the integrity attribute is not covered by it.
                _ if request.integrity_at != 0 => {}
                USERNAME if length <= MAX_USERNAME => {
                    let colon = value.iter().position(|&byte| byte == b':')?;
                    request.local_ufrag = &value[..colon];
                }
                MESSAGE_INTEGRITY if length == INTEGRITY_SIZE => request.integrity_at = at,
                USE_CANDIDATE => request.nominates = true,
                ICE_CONTROLLED => request.claims_controlled = true,
                _ => {}
            }
            at += 4 + length.next_multiple_of(4);
        }
        let complete = at == message.len() && has_fingerprint && request.integrity_at != 0;
        (complete && !request.local_ufrag.is_empty()).then_some(request)
    }

    /// Checks MESSAGE-INTEGRITY with our password, in constant time.
    pub fn is_authentic(&self, password: &hmac::Key) -> bool {
        let covered = self.integrity_at + 4 + INTEGRITY_SIZE - HEADER;
        let mut header: [u8; 4] = [self.message[0], self.message[1], 0, 0];
        header[2..].copy_from_slice(&(covered as u16).to_be_bytes());
        let mut context = hmac::Context::with_key(password);
        context.update(&header);
        context.update(&self.message[4..self.integrity_at]);
        let value = &self.message[self.integrity_at + 4..][..INTEGRITY_SIZE];
        verify_slices_are_equal(context.sign().as_ref(), value).is_ok()
    }
}

/// Writes the success response: the address the request came from, integrity, fingerprint.
pub(crate) fn write_success(out: &mut Vec<u8>, id: TransactionId, from: SocketAddr, password: &hmac::Key) {
    let start = begin(out, BINDING_SUCCESS, id);
    let port = from.port() ^ (COOKIE >> 16) as u16;
    let cookie = COOKIE.to_be_bytes();
    match from.ip() {
        IpAddr::V4(address) => {
            attribute(out, XOR_MAPPED_ADDRESS, 8);
            out.extend([0, 1]);
            out.extend(port.to_be_bytes());
            out.extend(address.octets().iter().zip(cookie).map(|(byte, mask)| byte ^ mask));
        }
        IpAddr::V6(address) => {
            attribute(out, XOR_MAPPED_ADDRESS, 20);
            out.extend([0, 2]);
            out.extend(port.to_be_bytes());
            let mask = cookie.into_iter().chain(id);
            out.extend(address.octets().iter().zip(mask).map(|(byte, mask)| byte ^ mask));
        }
    }
    finish(out, start, password);
}

/// Writes "487 Role Conflict" (RFC 8445 section 7.3.1.1): we are lite, so the peer has to control.
pub(crate) fn write_role_conflict(out: &mut Vec<u8>, id: TransactionId, password: &hmac::Key) {
    const REASON: &[u8; 13] = b"Role Conflict";
    let start = begin(out, BINDING_ERROR, id);
    attribute(out, ERROR_CODE, 4 + REASON.len() as u16);
    out.extend([0, 0, 4, 87]);
    out.extend(REASON);
    out.extend([0; 3]);
    finish(out, start, password);
}

pub(crate) fn begin(out: &mut Vec<u8>, kind: u16, id: TransactionId) -> usize {
    let start = out.len();
    out.extend(kind.to_be_bytes());
    out.extend([0, 0]);
    out.extend(COOKIE.to_be_bytes());
    out.extend(id);
    start
}

fn attribute(out: &mut Vec<u8>, kind: u16, length: u16) {
    out.extend(kind.to_be_bytes());
    out.extend(length.to_be_bytes());
}

/// Each of the last two attributes is computed with a length field that reaches to its own end.
pub(crate) fn finish(out: &mut Vec<u8>, start: usize, password: &hmac::Key) {
    set_length(out, start, 4 + INTEGRITY_SIZE);
    let sum = hmac::sign(password, &out[start..]);
    attribute(out, MESSAGE_INTEGRITY, INTEGRITY_SIZE as u16);
    out.extend(sum.as_ref());
    set_length(out, start, 8);
    let sum = crc32(&out[start..]) ^ FINGERPRINT_XOR;
    attribute(out, FINGERPRINT, 4);
    out.extend(sum.to_be_bytes());
}

fn set_length(out: &mut [u8], start: usize, to_come: usize) {
    let length = (out.len() - start - HEADER + to_come) as u16;
    out[start + 2..start + 4].copy_from_slice(&length.to_be_bytes());
}

fn half(bytes: &[u8], at: usize) -> u16 {
    match bytes.get(at..at + 2) {
        Some(pair) => u16::from_be_bytes([pair[0], pair[1]]),
        None => 0,
    }
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, &byte| (sum >> 8) ^ CRC_TABLE[((sum ^ u32::from(byte)) & 0xff) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    /// RFC 5769 section 2.1: the sample request; the password is below.
    const SAMPLE: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c\
                          69656e74002400046e0001ff80290008932ff9b151263b36000600096576746a3a683676\
                          59202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";

    fn password() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"VOkJxbRl1RmTxUk/WvJxBt")
    }

    #[test]
    fn rfc_5769_sample_request() {
        let message = hex(SAMPLE);
        let request = Request::parse(&message).unwrap();
        assert_eq!(request.local_ufrag, b"evtj");
        assert!(request.claims_controlled);
        assert!(!request.nominates);
        assert!(request.is_authentic(&password()));
        let other = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"another");
        assert!(!request.is_authentic(&other));
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let message = hex(SAMPLE);
        for byte in 0..message.len() {
            let mut changed = message.clone();
            changed[byte] ^= 4;
            let authentic = Request::parse(&changed).is_some_and(|request| request.is_authentic(&password()));
            assert!(!authentic, "byte {byte}");
        }
    }

    #[test]
    fn truncation_is_refused() {
        let message = hex(SAMPLE);
        for length in 0..message.len() {
            assert!(Request::parse(&message[..length]).is_none());
        }
    }

    /// RFC 5769 section 2.2 has the mapped address 192.0.2.1:32853; section 2.3 the IPv6 one.
    #[test]
    fn rfc_5769_mapped_addresses() {
        let id: TransactionId = hex("b7e7a701bc34d686fa87dfae").try_into().unwrap();
        let mut out = Vec::new();
        write_success(&mut out, id, "192.0.2.1:32853".parse().unwrap(), &password());
        assert_eq!(out[20..32], hex("002000080001a147e112a643"));
        out.clear();
        let address = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
        write_success(&mut out, id, address, &password());
        assert_eq!(out[20..44], hex("002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"));
    }

    #[test]
    fn answers_carry_integrity_and_fingerprint() {
        let mut out = vec![0xaa; 3];
        write_role_conflict(&mut out, [7; 12], &password());
        let answer = &out[3..];
        assert_eq!(answer.len(), HEADER + usize::from(half(answer, 2)));
        let at = answer.len() - 8;
        assert_eq!(answer[at + 4..], (crc32(&answer[..at]) ^ FINGERPRINT_XOR).to_be_bytes());
        let mut covered = answer[..at - 24].to_vec();
        let length = (at - HEADER) as u16;
        covered[2..4].copy_from_slice(&length.to_be_bytes());
        assert_eq!(hmac::sign(&password(), &covered).as_ref(), &answer[at - 20..at]);
    }

    #[test]
    fn crc_of_the_check_string() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}

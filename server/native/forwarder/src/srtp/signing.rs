//! Tags of AES-CM that are made together: of all that one packet becomes for its receivers.

#[cfg(target_arch = "x86_64")]
use super::lanes;
#[cfg(not(target_arch = "x86_64"))]
use super::no_lanes as lanes;
use aws_lc_rs::hmac;
use std::sync::Arc;

/// Messages that are signed at a time.
pub(super) const LANES: usize = 8;
/// Bytes of a tag: HMAC-SHA1, cut to 80 bits.
pub(super) const TAG: usize = 10;

/// What is signed with others: a text, and four bytes behind it.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub key: &'a lanes::Key,
    pub text: &'a [u8],
    pub end: [u8; 4],
}

/// The key of a direction's tags.
pub(crate) struct Authentication {
    single: hmac::Key,
    /// None where the processor cannot sign many at once.
    many: Option<lanes::Key>,
}

/// A sealed packet that lacks its tag: from `start` to `end` in the bytes that are sent, and the roll-over counter.
pub(crate) struct Unsigned {
    authentication: Arc<Authentication>,
    start: usize,
    end: usize,
    rollover: [u8; 4],
}

impl Authentication {
    pub fn new(key: &[u8]) -> Self {
        let single = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
        Self { single, many: lanes::Key::new(key) }
    }

    /// Over the whole.
    pub fn sum(&self, body: &[u8]) -> hmac::Tag {
        hmac::sign(&self.single, body)
    }

    /// RFC 3711 section 4.2: over the packet, then the roll-over counter.
    pub fn rtp_sum(&self, body: &[u8], rollover: [u8; 4]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.single);
        context.update(body);
        context.update(&rollover);
        context.sign()
    }

    /// A packet to be signed with others; `None` where that is not possible.
    pub fn later(self: &Arc<Self>, start: usize, end: usize, rollover: [u8; 4]) -> Option<Unsigned> {
        self.many.as_ref()?;
        Some(Unsigned { authentication: Arc::clone(self), start, end, rollover })
    }
}

impl Unsigned {
    fn len(&self) -> usize {
        self.end - self.start
    }

    fn message<'a>(&'a self, bytes: &'a [u8]) -> Option<Message<'a>> {
        let key = self.authentication.many.as_ref()?;
        Some(Message { key, text: &bytes[self.start..self.end], end: self.rollover })
    }

    fn sign(&self, bytes: &mut [u8]) {
        let sum = self.authentication.rtp_sum(&bytes[self.start..self.end], self.rollover);
        bytes[self.end..self.end + TAG].copy_from_slice(&sum.as_ref()[..TAG]);
    }
}

/// Puts the tags behind all packets that lack them. Those of about one length together: each costs what the longest does.
pub(crate) fn sign(unsigned: &mut Vec<Unsigned>, bytes: &mut [u8]) {
    if unsigned.len() > LANES {
        unsigned.sort_unstable_by_key(Unsigned::len);
    }
    let fewest = lanes::fewest();
    for group in unsigned.chunks(LANES) {
        let Some(first) = group[0].message(bytes).filter(|_| group.len() >= fewest) else {
            group.iter().for_each(|packet| packet.sign(bytes));
            continue;
        };
        let messages: [Message<'_>; LANES] = core::array::from_fn(|lane| {
            group.get(lane).and_then(|packet| packet.message(bytes)).unwrap_or(first)
        });
        let sums = lanes::sign(&messages);
        for (packet, sum) in group.iter().zip(sums) {
            bytes[packet.end..packet.end + TAG].copy_from_slice(&sum[..TAG]);
        }
    }
    unsigned.clear();
}

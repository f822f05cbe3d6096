//! The parsers, opened to fuzzing: each takes any bytes and asserts what must hold of the outcome.

use crate::api::Micros;
use crate::api::{CodecKind, MasterKey, SrtpProfile};
use crate::codec::Red;
use crate::data::{Channel, Given, MOST_UNDER_WAY, Received, Secrets, Session, Terms, write_plain_sack};
use crate::downlink::{Downlink, Report};
use crate::rtp::{ExtensionWriter, Header, Outline};
use crate::srtp::Sealer;
use crate::{codec, framing, rtcp, stun};
use aws_lc_rs::hmac;
use std::sync::{Arc, LazyLock};

/// Password of every transport that is fuzzed.
pub const PASSWORD: &[u8] = b"the password of a fuzzed transport";
/// What USERNAME begins with where a request is to find a transport: this, its number, a colon.
pub const UFRAG: &str = "fuzz";

static KEY: LazyLock<hmac::Key> =
    LazyLock::new(|| hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, PASSWORD));

/// A binding request with these attributes, authentic as far as they let it be.
#[must_use]
pub fn binding_request(transaction: [u8; 12], attributes: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(64 + attributes.len());
    stun::begin(&mut message, stun::BINDING_REQUEST, transaction);
    message.extend_from_slice(attributes);
    message.resize(message.len().next_multiple_of(4), 0);
    stun::finish(&mut message, 0, &KEY);
    message
}

/// An odd first byte asks for the rest to be read as attributes of an authentic request, since no
/// mutation would find a message integrity.
pub fn stun(data: &[u8]) {
    let Some((&form, rest)) = data.split_first() else { return };
    if form & 1 == 0 {
        check_request(rest);
    } else {
        check_request(&binding_request([form; 12], rest));
    }
}

fn check_request(message: &[u8]) {
    let Some(request) = stun::Request::parse(message) else { return };
    assert!(!request.local_ufrag.is_empty() && !request.local_ufrag.contains(&b':'));
    let authentic = request.is_authentic(&KEY);
    if authentic {
        let mut answer = Vec::new();
        if request.claims_controlled {
            stun::write_role_conflict(&mut answer, request.transaction, &KEY);
        } else {
            stun::write_success(&mut answer, request.transaction, ([192, 0, 2, 1], 9).into(), &KEY);
        }
        assert!(answer.len() <= message.len() + 16, "answers do not amplify");
        assert!(stun::Request::parse(&answer).is_none(), "an answer is no request");
    }
}

/// A header is read, and written again with the extensions that were understood.
pub fn rtp(data: &[u8]) {
    let Some(header) = Header::parse(data) else { return };
    assert!(header.length <= data.len());
    if let Some(length) = header.payload_length(data) {
        assert!(header.length + length <= data.len());
    }
    let elements = header.elements(data);
    let mut writer = ExtensionWriter::default();
    for element in elements.iter() {
        assert!(elements.find(data, element.id).is_some());
        writer.push(element.id, element.value(data));
    }
    let outline = Outline {
        marker: header.marker,
        has_padding: header.has_padding,
        payload_type: header.payload_type,
        sequence: header.sequence,
        timestamp: header.timestamp,
        ssrc: header.ssrc,
    };
    let mut out = Vec::new();
    let written = writer.write(&outline, &mut out);
    assert_eq!(written, out.len());
    let again = Header::parse(&out);
    assert!(again.is_some_and(|again| {
        let same = again.length == out.len()
            && (again.marker, again.has_padding, again.payload_type)
                == (header.marker, header.has_padding, header.payload_type)
            && (again.sequence, again.timestamp, again.ssrc)
                == (header.sequence, header.timestamp, header.ssrc);
        let read = again.elements(&out);
        let values = read.iter().map(|element| (element.id, element.value(&out)));
        same && values.eq(elements.iter().map(|element| (element.id, element.value(data))))
    }));
}

/// A stream, in pieces of the length that its first byte says and in one, is taken apart to the same
/// datagrams; what is held in between is bounded, and what is framed again is the same stream.
pub fn framing(data: &[u8]) {
    let Some((&piece, stream)) = data.split_first() else { return };
    let whole = taken_apart(stream, stream.len().max(1));
    assert_eq!(taken_apart(stream, usize::from(piece).max(1)), whole);
    let (datagrams, is_framed, held) = whole;
    let again: Vec<u8> = datagrams
        .iter()
        .flat_map(|datagram| [&framing::prefix(datagram.len())[..], datagram].concat())
        .collect();
    assert!(again.len() + held <= stream.len());
    assert_eq!(taken_apart(&again, again.len().max(1)), (datagrams, true, 0));
    assert!(is_framed || held == 0);
}

fn taken_apart(stream: &[u8], piece: usize) -> (Vec<Vec<u8>>, bool, usize) {
    let room = framing::PREFIX + framing::LONGEST;
    let (mut deframer, mut datagrams) = (framing::Deframer::default(), Vec::new());
    for piece in stream.chunks(piece) {
        let mut buffer = vec![0; room + piece.len()];
        let held = deframer.restore(&mut buffer);
        buffer[held..held + piece.len()].copy_from_slice(piece);
        let mut places = Vec::new();
        let outcome = deframer.take_apart(&buffer[..held + piece.len()], &mut places);
        datagrams.extend(places.into_iter().map(|place| buffer[place].to_vec()));
        assert!(deframer.held() < room);
        if outcome.is_err() {
            return (datagrams, false, 0);
        }
    }
    (datagrams, true, deframer.held())
}

/// A compound is read; what it says was lost is written as a NACK and read again.
pub fn rtcp(data: &[u8]) {
    let mut packets = 0;
    for packet in rtcp::read(data) {
        packets += 1;
        match packet {
            rtcp::Packet::Goodbye(words) | rtcp::Packet::FullIntra(words) => {
                assert!(words.iter().count() <= 31);
            }
            rtcp::Packet::Nack { media, entries } => check_nack(media, entries),
            rtcp::Packet::ReceiverReport(blocks) => assert!(blocks.losses().count() <= 31),
            rtcp::Packet::ExtendedReport(blocks) => assert!(rtcp::echoes(blocks).count() <= 31),
            _ => {}
        }
    }
    assert!(packets <= 32);
}

fn check_nack(media: u32, entries: rtcp::Words<'_>) {
    let mut lost: Vec<u16> = entries.iter().flat_map(rtcp::lost).collect();
    assert!(lost.len() <= 64 * 17);
    lost.sort_unstable();
    lost.dedup();
    let mut out = Vec::new();
    rtcp::write_nack(&mut out, 1, media, &lost);
    let mut again = Vec::new();
    for packet in rtcp::read(&out) {
        if let rtcp::Packet::Nack { media: read, entries } = packet {
            assert_eq!(read, media);
            again.extend(entries.iter().flat_map(rtcp::lost));
        }
    }
    // A reader takes so many entries and leaves the rest.
    assert!(lost.starts_with(&again) && (again.len() == lost.len() || again.len() >= 64));
}

/// What a path carries, as a peer tells it that may tell anything: packets leave, time passes, and the rest of
/// the bytes are reports. An estimate stays one that can be sent at, and time does not go back.
pub fn downlink(data: &[u8]) {
    let (mut downlink, mut now, mut rest) = (Downlink::default(), 1_000_000_u64, data);
    while let [what, amount, more @ ..] = rest {
        let amount = u64::from(*amount);
        rest = more;
        match what & 7 {
            0..=2 => (0..=amount % 64).for_each(|each| {
                downlink.sent(Micros(now), 1 + usize::from(*what) * 5, amount != 7);
                now += each * amount;
            }),
            3 => now += (amount * 1_000) << (what >> 4),
            4 => downlink.believe(Micros(now), amount << (what >> 3)),
            5 => {
                downlink.budget(Micros(now), amount * 40_000, amount * 9_000);
                downlink.tick(Micros(now));
            }
            _ => {
                let (body, behind) = more.split_at(more.len().min(amount as usize));
                rest = behind;
                if let Some(report) = Report::parse(body) {
                    assert!(report.arrivals().count() <= 2048);
                    downlink.hear(Micros(now), report);
                }
            }
        }
        if let Some(at) = downlink.next_release() {
            assert!(at.0 <= now + 2_000);
        }
        if downlink.owed_padding(Micros(now)).is_some() {
            downlink.sent(Micros(now), 255, true);
        }
        let estimate = downlink.estimate(Micros(now));
        assert!(estimate.is_none_or(|bits| (30_000..=100_000_000).contains(&bits)));
    }
}

const CODECS: [CodecKind; 8] = [
    CodecKind::Vp8,
    CodecKind::Vp9,
    CodecKind::H264,
    CodecKind::H265,
    CodecKind::Av1,
    CodecKind::Opus,
    CodecKind::Red,
    CodecKind::Rtx,
];

/// The first byte chooses codec and length of the dependency descriptor (0 to 31), which comes before
/// the payload.
pub fn codec(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let (dependency, payload) = rest.split_at(usize::from(choice >> 3).min(rest.len()));
    let dependency = (choice >> 3 != 0).then_some(dependency);
    let codec = CODECS[usize::from(choice & 7)];
    if codec == CodecKind::Red {
        check_red(payload);
    }
    let structure = dependency.and_then(codec::Structure::attached);
    let described = codec::describe(codec, payload, dependency, structure.as_ref());
    if let Some(id) = described.picture_id {
        assert!(id.at + usize::from(id.is_wide) < payload.len(), "what is rewritten is in the payload");
        assert!(id.value <= if id.is_wide { 0x7fff } else { 0x7f });
    }
    // The payload may as well be the descriptor of a frame that comes later.
    let later = structure.and_then(|structure| structure.frame(payload));
    for frame in [Some(described.frame), later].into_iter().flatten() {
        assert!(frame.spatial.max(frame.temporal) < codec::MAX_LAYERS as u8);
    }
    if let Some(index) = described.base_layer {
        assert_eq!(payload.get(index.at), Some(&index.value));
    }
}

/// What is taken for RED has new sound behind as many headers as it says, and under another payload
/// type it is the same.
fn check_red(payload: &[u8]) {
    let Some(red) = Red::parse(payload) else { return };
    assert!(red.repeated < 16 && red.primary > red.repeated * 4 && red.primary < payload.len());
    let mut renamed = payload.to_vec();
    red.rename(&mut renamed, red.payload_type ^ 1);
    let again = Red { payload_type: red.payload_type ^ 1, ..red };
    assert_eq!(Red::parse(&renamed), Some(again));
    again.rename(&mut renamed, red.payload_type);
    assert_eq!(renamed, payload);
}

/// A peer's end of SRTP, to seal what a fuzzed forwarder opens.
pub struct Seal(Sealer);

impl Seal {
    /// `None` if the key has not the lengths of the profile.
    #[must_use]
    pub fn new(profile: SrtpProfile, master: &MasterKey) -> Option<Self> {
        Sealer::new(profile, master).map(Self)
    }

    /// Seals an RTP packet at a roll-over counter; one that has no header stays as it is.
    pub fn rtp(&self, packet: &mut Vec<u8>, rollover: u32) {
        let Some(header) = Header::parse(packet) else { return };
        packet.resize(packet.len() + self.0.rtp_overhead(), 0);
        let index = u64::from(rollover) << 16 | u64::from(header.sequence);
        let sealed = self.0.seal_rtp(packet, header.length, header.ssrc, index);
        assert!(sealed.is_some());
    }

    /// Seals a compound; one that is shorter than a header stays as it is.
    pub fn rtcp(&mut self, compound: &mut Vec<u8>) {
        if compound.len() >= 8 {
            let sealed = self.0.seal_rtcp(compound, 0);
            assert!(sealed.is_some());
        }
    }
}

const LANE: Terms = Terms {
    own_tag: 1,
    peer_tag: 2,
    next_tsn: u32::MAX - 2,
    window: 2_000,
    patience: Micros(1_000_000),
    channels: [
        Some(Channel { stream: 0, sequence: 0, ordered: false }),
        Some(Channel { stream: 1, sequence: u16::MAX, ordered: true }),
    ],
};

/// Messages are sent, and a peer that has the keys says anything, acknowledgements above all. What is under way is
/// bounded, numbered without a gap, and never acknowledged by anything but an acknowledgement.
pub fn lane(data: &[u8]) {
    let secret =
        |is_server| Secrets { is_server, master: &[7; 48], client_random: &[1; 32], server_random: &[2; 32] };
    let (Some(mut session), Some(mut peer)) = (Session::new(&secret(true)), Session::new(&secret(false)))
    else {
        return;
    };
    session.take_over(LANE);
    let (mut now, mut rest) = (Micros(1_000_000), data);
    while let [what, amount, more @ ..] = rest {
        rest = more;
        now.0 += u64::from(*amount);
        match what & 7 {
            0 | 1 => {
                let message = Arc::<[u8]>::from(vec![*what; usize::from(*amount) << (what >> 5)]);
                if let Some(mut datagram) = session.send(what & 1 == 1, &message, now) {
                    assert!(datagram.len() < 1_280);
                    assert!(peer.receive(&mut datagram, now, |_| ()));
                }
            }
            2 => {
                let (body, behind) = more.split_at(more.len().min(usize::from(*amount)));
                rest = behind;
                let was_waiting = session.is_waiting();
                assert!(!session.receive(&mut body.to_vec(), now, |_| ()));
                assert_eq!(session.is_waiting(), was_waiting);
            }
            3 => {
                let (body, behind) = more.split_at(more.len().min(usize::from(*amount)));
                rest = behind;
                hear(&mut session, &mut peer, body, now);
            }
            4..=6 => {
                let cumulative = LANE.next_tsn.wrapping_add((*amount).into()).wrapping_sub(2);
                hear(&mut session, &mut peer, &write_plain_sack(LANE.own_tag, cumulative), now);
            }
            _ => {
                if let Some(given) = session.give_back() {
                    check_given(&given);
                    let (next_tsn, channels) = (given.next_tsn, given.channels);
                    session.take_over(Terms { next_tsn, channels, ..LANE });
                }
            }
        }
        let _ = session.is_overdue(now);
    }
    if let Some(given) = session.give_back() {
        check_given(&given);
    }
}

/// What is not taken is left as it was sent, and whole.
fn hear(session: &mut Session, peer: &mut Session, packet: &[u8], now: Micros) {
    let Some(mut datagram) = peer.seal(packet) else { return };
    let mut left = 0;
    let is_from_peer = session.receive(&mut datagram, now, |received| {
        assert_eq!(received, Received::Packet(packet));
        left += 1;
    });
    assert!(is_from_peer && left <= 1);
}

fn check_given(given: &Given) {
    assert!(given.sent.len() <= MOST_UNDER_WAY);
    let first = given.next_tsn.wrapping_sub(given.sent.len() as u32);
    for (offset, sent) in (0..).zip(&given.sent) {
        assert_eq!(sent.tsn, first.wrapping_add(offset));
        assert!(!sent.message.is_empty());
    }
}

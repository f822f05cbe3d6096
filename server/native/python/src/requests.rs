//! Control messages with parts or many fields, read from the objects that `server/control/messages/` defines.

use core::net::IpAddr;

use offrecord_forwarder::api::{self, CodecKind, ConsumerOptions, ExtensionKind, MediaKind, ProducerOptions};
use offrecord_forwarder::{Candidate, CandidateKind};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

#[derive(FromPyObject)]
struct PayloadCodec {
    payload_type: u8,
    codec: u8,
    clock_rate: u32,
    apt: u8,
}

#[derive(FromPyObject)]
struct HeaderExtension {
    extension: u8,
    id: u8,
}

#[derive(FromPyObject)]
struct Encoding {
    rid: String,
    ssrc: u32,
    rtx_ssrc: u32,
}

#[derive(FromPyObject)]
struct PayloadMapping {
    incoming: u8,
    outgoing: u8,
}

#[derive(FromPyObject)]
struct PlayoutDelay {
    min: u16,
    max: u16,
}

/// `RemoteCandidate`; no address where the peer hides it.
#[derive(FromPyObject)]
pub struct RemoteCandidate {
    address: Vec<u8>,
    port: u16,
    kind: u8,
}

/// `CreateProducer`.
#[derive(FromPyObject)]
pub struct CreateProducer {
    producer: u32,
    transport: u32,
    kind: u8,
    mid: String,
    codecs: Vec<PayloadCodec>,
    extensions: Vec<HeaderExtension>,
    encodings: Vec<Encoding>,
    room: u32,
    most_voices: u8,
}

/// `CreateConsumer`.
#[derive(FromPyObject)]
pub struct CreateConsumer {
    consumer: u32,
    producer: u32,
    transport: u32,
    ssrc: u32,
    payload_types: Vec<PayloadMapping>,
    extensions: Vec<HeaderExtension>,
    paused: bool,
    rtx_ssrc: u32,
    rtx_payload_types: Vec<PayloadMapping>,
    priority: u8,
    may_pause: bool,
    playout_delay: Option<PlayoutDelay>,
}

impl TryFrom<&RemoteCandidate> for Candidate {
    type Error = PyErr;

    fn try_from(candidate: &RemoteCandidate) -> PyResult<Self> {
        let address = match candidate.address.len() {
            0 => None,
            4 => <[u8; 4]>::try_from(&candidate.address[..]).ok().map(IpAddr::from),
            16 => <[u8; 16]>::try_from(&candidate.address[..]).ok().map(IpAddr::from),
            _ => return Err(PyValueError::new_err("not an address")),
        };
        Ok(Self { address, port: candidate.port, kind: candidate_kind(candidate.kind)? })
    }
}

impl TryFrom<CreateProducer> for ProducerOptions {
    type Error = PyErr;

    fn try_from(request: CreateProducer) -> PyResult<Self> {
        let codec = |each: &PayloadCodec| {
            let PayloadCodec { payload_type, clock_rate, apt, .. } = *each;
            Ok(api::PayloadCodec { payload_type, codec: codec_kind(each.codec)?, clock_rate, apt })
        };
        let encoding =
            |each: Encoding| api::Encoding { rid: each.rid, ssrc: each.ssrc, rtx_ssrc: each.rtx_ssrc };
        Ok(Self {
            id: request.producer,
            transport: request.transport,
            kind: if request.kind == 0 { MediaKind::Audio } else { MediaKind::Video },
            mid: request.mid,
            codecs: request.codecs.iter().map(codec).collect::<PyResult<_>>()?,
            extensions: extension_kinds(&request.extensions)?,
            encodings: request.encodings.into_iter().map(encoding).collect(),
            room: request.room,
            most_voices: request.most_voices.into(),
        })
    }
}

impl TryFrom<CreateConsumer> for ConsumerOptions {
    type Error = PyErr;

    fn try_from(request: CreateConsumer) -> PyResult<Self> {
        Ok(Self {
            id: request.consumer,
            producer: request.producer,
            transport: request.transport,
            ssrc: request.ssrc,
            payload_types: mappings(&request.payload_types),
            extensions: extension_kinds(&request.extensions)?,
            paused: request.paused,
            rtx_ssrc: request.rtx_ssrc,
            rtx_payload_types: mappings(&request.rtx_payload_types),
            priority: request.priority,
            may_pause: request.may_pause,
            playout_delay: request.playout_delay.map(|delay| playout_delay(&delay)).transpose()?,
        })
    }
}

fn mappings(payload_types: &[PayloadMapping]) -> Vec<(u8, u8)> {
    payload_types.iter().map(|each| (each.incoming, each.outgoing)).collect()
}

fn playout_delay(delay: &PlayoutDelay) -> PyResult<offrecord_forwarder::PlayoutDelay> {
    offrecord_forwarder::PlayoutDelay::new(delay.min, delay.max)
        .ok_or_else(|| PyValueError::new_err("not a playout delay"))
}

fn extension_kinds(extensions: &[HeaderExtension]) -> PyResult<Vec<(ExtensionKind, u8)>> {
    extensions.iter().map(|each| Ok((extension_kind(each.extension)?, each.id))).collect()
}

fn candidate_kind(value: u8) -> PyResult<CandidateKind> {
    use CandidateKind::{Host, PeerReflexive, Relayed, ServerReflexive, Unknown};
    [Unknown, Host, ServerReflexive, PeerReflexive, Relayed]
        .get(usize::from(value))
        .copied()
        .ok_or_else(|| PyValueError::new_err("not a kind of candidate"))
}

fn codec_kind(value: u8) -> PyResult<CodecKind> {
    use CodecKind::{Av1, H264, H265, Opus, Red, Rtx, Vp8, Vp9};
    [Opus, Red, Vp8, H264, Vp9, Av1, H265, Rtx]
        .get(usize::from(value))
        .copied()
        .ok_or_else(|| PyValueError::new_err("not a codec kind"))
}

fn extension_kind(value: u8) -> PyResult<ExtensionKind> {
    use ExtensionKind::{
        AbsCaptureTime, AbsSendTime, AudioLevel, ColorSpace, DependencyDescriptor, Mid, PlayoutDelay,
        RepairedRid, Rid, TransportCc, VideoContentType, VideoOrientation, VideoTiming,
    };
    [
        Mid,
        Rid,
        RepairedRid,
        AudioLevel,
        TransportCc,
        AbsSendTime,
        DependencyDescriptor,
        AbsCaptureTime,
        VideoOrientation,
        PlayoutDelay,
        ColorSpace,
        VideoContentType,
        VideoTiming,
    ]
    .get(usize::from(value).wrapping_sub(1))
    .copied()
    .ok_or_else(|| PyValueError::new_err("not a header extension kind"))
}

"""Answers a publisher's offer (RFC 8829 section 5.3) and says what the peer will send.

The answer keeps every m-line in its place. It takes what the relay forwards, drops the rest, and echoes the
offer's own numbers (payload types, header extension identifiers), so that nothing needs to be remembered
from one offer to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from server.control import messages as control
from server.sdp import write
from server.sdp.codecs import (
    EXTENSION_KINDS,
    MAX_CODECS,
    is_forwarded,
    mime_type,
    red_payload_types,
    repaired_payload_type,
    to_control,
)
from server.sdp.model import (
    Codec,
    Description,
    Direction,
    Extension,
    Fingerprint,
    LocalTransport,
    SdpError,
    Section,
    Setup,
)
from server.sdp.shared import SentSection

MEDIA_PROTOCOLS = {"UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVP"}
DATA_FORMATS = {"UDP/DTLS/SCTP webrtc-datachannel", "TCP/DTLS/SCTP webrtc-datachannel"}
LAYER_ORDER = {"q": 0, "h": 1, "f": 2}  # LiveKit's rids, lowest layer first
STEREO_BITRATE = 510_000  # bits per second: the highest that Opus has, as LiveKit's server asks for music
FEEDBACK = {
    "audio": ("transport-cc", "nack"),
    "video": ("transport-cc", "ccm fir", "nack", "nack pli"),
}
_MIRRORED = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """What signaling knows of a track that goes with an offered section.

    `preferred_codec` is a bare lower-case name (`vp8`), "" keeps the offer's order; `red` puts RED first.
    `takes_order`: the peer sends the first codec of the answer; where it does not, the preferred codec is
    the only one of the answer, if it was offered.
    """

    stereo: bool = False
    dtx: bool = True
    red: bool = False
    preferred_codec: str = ""
    takes_order: bool = True


@dataclass(frozen=True, slots=True)
class SentTrack:
    """What the peer will send in a section of its offer.

    `kind` is `audio` or `video`; `msid_track` the track word of its msid, "" if none; `encodings` come lowest
    layer first; `mime` is by payload type (`video/VP8`), retransmissions left out.
    """

    mid: str
    kind: str
    msid_track: str
    codecs: tuple[control.PayloadCodec, ...]
    extensions: tuple[control.HeaderExtension, ...]
    encodings: tuple[control.Encoding, ...]
    mime: dict[int, str]


@dataclass(frozen=True, slots=True)
class PublisherAnswer:
    """`setup` is this server's side in the answer: passive unless the peer insists on being that."""

    text: str
    tracks: tuple[SentTrack, ...]
    has_data: bool
    fingerprints: tuple[Fingerprint, ...]
    setup: Setup


def answer_publisher(
    offer: Description,
    local: LocalTransport,
    options: Callable[[Section], TrackOptions],
    enabled: Collection[str],
    sent: Mapping[str, SentSection] = MappingProxyType({}),
) -> PublisherAnswer:
    """Answers an offer in which the peer sends and this server receives, and sends in the sections of `sent`.

    `options` is asked once for each section in which the peer sends; `enabled` holds lower-case codec names.
    Raises SdpError when no section can be served, or the peer's DTLS parameters cannot be used.
    """
    wanted = {section.mid: options(section) for section in offer.sections if _sends(section)}
    accepted = _accepted_codecs(offer, wanted, enabled, sent)
    served = [section for section in _bundled(offer) if section.mid in accepted or _is_data(section)]
    fingerprints, setup = _dtls(served)
    tagged = served[0].mid if served else ""
    mids = [section.mid for section in served]
    lines = write.session(1, 1, mids if offer.bundle else (), offer.extmap_allow_mixed)
    tracks = []
    for section in offer.sections:
        first = section.mid == tagged
        if section.mid not in mids or section.rejected:
            lines += write.rejected(section.kind, section.raw_format, section.mid)
        elif _is_data(section):
            lines += write.data(section.mid, section.raw_format, local, setup, tagged=first)
        else:
            codecs = accepted[section.mid]
            lines += _media(section, codecs, local, setup, sent.get(section.mid), tagged=first)
            if section.mid in wanted:
                tracks.append(_sent_track(section, codecs))
    has_data = any(_is_data(section) for section in served)
    return PublisherAnswer(write.text(lines), tuple(tracks), has_data, fingerprints, setup)


def _sends(section: Section) -> bool:
    sending = section.direction in (Direction.SENDRECV, Direction.SENDONLY)
    return _is_media(section) and sending


def _is_media(section: Section) -> bool:
    return (
        section.kind in ("audio", "video")
        and not section.rejected
        and section.raw_format.split(" ")[0] in MEDIA_PROTOCOLS
    )


def _is_data(section: Section) -> bool:
    """Data channels over anything newer than the long gone `a=sctpmap`."""
    return (
        section.kind == "application"
        and not section.rejected
        and section.raw_format in DATA_FORMATS
        and section.sctp_port > 0
    )


def _bundled(offer: Description) -> list[Section]:
    """The sections that can share the one transport; without a group that is the first alone."""
    usable = [section for section in offer.sections if not section.rejected]
    if not offer.bundle:
        return usable[:1]
    return [section for section in usable if section.mid in offer.bundle]


def _dtls(served: list[Section]) -> tuple[tuple[Fingerprint, ...], Setup]:
    """The peer's fingerprints and our role (RFC 8842 section 5.3: prefer that the offerer starts)."""
    if not served:
        raise SdpError("the offer has no section that can be served")
    first = served[0]
    if not first.fingerprints:
        raise SdpError("the offer has no usable certificate fingerprint")
    return first.fingerprints, Setup.ACTIVE if first.setup is Setup.PASSIVE else Setup.PASSIVE


# --- codecs ---------------------------------------------------------------------------------------


def _accepted_codecs(
    offer: Description,
    wanted: dict[str, TrackOptions],
    enabled: Collection[str],
    sent: Mapping[str, SentSection],
) -> dict[str, tuple[Codec, ...]]:
    """Codecs by mid, in order of preference; sections without any are left out.

    A payload type means the same in the whole bundle (RFC 8843 section 9.1.1), its fmtp included, so the
    options of Opus are those that suit all sections together: stereo if any wants it, DTX if none objects.
    """
    audio = [wanted[s.mid] for s in offer.sections if s.kind == "audio" and s.mid in wanted]
    opus = _opus_fmtp(any(track.stereo for track in audio), all(track.dtx for track in audio))
    accepted = {}
    for section in _bundled(offer):
        if _is_media(section):
            unasked = TrackOptions(red=section.mid in sent)
            codecs = _codecs(section, wanted.get(section.mid, unasked), enabled, opus)
            if codecs:
                accepted[section.mid] = (*codecs, *_repairs(section, codecs))[:MAX_CODECS]
    return accepted


def _codecs(
    section: Section, options: TrackOptions, enabled: Collection[str], opus_fmtp: str
) -> tuple[Codec, ...]:
    usable = [c for c in section.codecs if c.name in enabled and is_forwarded(section.kind, c)]
    opus = {codec.payload_type for codec in usable if codec.name == "opus"}
    taken = []
    for codec in usable:
        feedback = tuple(line for line in FEEDBACK[section.kind] if line in codec.feedback)
        fmtp = opus_fmtp if codec.name == "opus" else codec.fmtp
        if codec.name != "red" or (options.red and opus.issuperset(red_payload_types(codec) or (-1,))):
            taken.append(replace(codec, feedback=feedback, fmtp=fmtp))
    preferred = options.preferred_codec.lower()
    chosen = [codec for codec in taken if codec.name == preferred]
    if chosen and not options.takes_order:
        return tuple(chosen[:MAX_CODECS])
    # Sorting is stable: what is equally preferred stays in the order of the offer.
    taken.sort(key=lambda codec: (codec.name != "red", codec.name != preferred))
    return tuple(taken[:MAX_CODECS])


def _repairs(section: Section, codecs: tuple[Codec, ...]) -> list[Codec]:
    """The offer's retransmission codecs (RFC 4588) for video codecs that are taken, one for each."""
    repairs: dict[int, Codec] = {}
    taken = {codec.payload_type for codec in codecs} if section.kind == "video" else set()
    for codec in section.codecs:
        repaired = repaired_payload_type(codec)
        if repaired is not None and repaired in taken and codec.payload_type not in taken:
            repairs.setdefault(repaired, replace(codec, feedback=()))
    return list(repairs.values())


def _opus_fmtp(stereo: bool, dtx: bool) -> str:
    """What this server asks of an Opus sender (RFC 7587 section 6.1)."""
    words = ["minptime=10", "useinbandfec=1"]
    if dtx:
        words.append("usedtx=1")
    if stereo:
        words += ["stereo=1", f"maxaveragebitrate={STEREO_BITRATE}"]
    return ";".join(words)


# --- sections -------------------------------------------------------------------------------------


def _media(
    section: Section,
    codecs: tuple[Codec, ...],
    local: LocalTransport,
    setup: Setup,
    sent: SentSection | None,
    *,
    tagged: bool,
) -> list[str]:
    """The answered section. Placeholders are answered inactive, with the same extensions as senders:
    libwebrtc refuses its own next simulcast offer when any video section lacks the rid extension."""
    if sent is not None and not _sends(section):
        return _sending(section, codecs, local, setup, sent, tagged=tagged)
    return write.media(
        section.kind,
        section.mid,
        protocol=section.raw_format.split(" ")[0],
        direction=_direction(section, sent),
        codecs=codecs,
        extensions=_mirrored(_extensions(section)),
        local=local,
        setup=setup,
        tagged=tagged,
        receive_rids=section.send_rids if _sends(section) and len(section.send_rids) > 1 else (),
        stream=None if sent is None else sent.stream,
    )


def _mirrored(extensions: Iterable[Extension]) -> list[Extension]:
    """As the other side has them (RFC 8285 section 5)."""
    return [Extension(one.id, one.uri, _MIRRORED.get(one.direction, one.direction)) for one in extensions]


def _direction(section: Section, sent: SentSection | None) -> Direction:
    if _sends(section):
        return Direction.RECVONLY if sent is None else Direction.SENDRECV
    return Direction.INACTIVE


def _sending(
    section: Section,
    codecs: tuple[Codec, ...],
    local: LocalTransport,
    setup: Setup,
    sent: SentSection,
    *,
    tagged: bool,
) -> list[str]:
    """A section in which only this server sends. The parameters of a codec are those of the whole bundle."""
    offered = {codec.payload_type: codec for codec in section.codecs}
    agreed = offered | {codec.payload_type: codec for codec in codecs}
    return write.media(
        section.kind,
        section.mid,
        protocol=section.raw_format.split(" ")[0],
        direction=Direction.SENDONLY,
        codecs=[
            replace(agreed[number], feedback=sent.feedback(section.kind, offered[number]))
            for number in sent.payload_types
        ],
        extensions=_mirrored(sent.extensions),
        local=local,
        setup=setup,
        tagged=tagged,
        stream=sent.stream,
    )


def _extensions(section: Section) -> list[Extension]:
    return [extension for extension in section.extensions if extension.uri in EXTENSION_KINDS]


def _sent_track(section: Section, codecs: tuple[Codec, ...]) -> SentTrack:
    received = (Direction.SENDRECV, Direction.SENDONLY)
    extensions = {
        EXTENSION_KINDS[extension.uri]: extension.id
        for extension in _extensions(section)
        if extension.direction in received
    }
    return SentTrack(
        mid=section.mid,
        kind=section.kind,
        msid_track=section.msid[1] if section.msid else "",
        codecs=tuple(to_control(section.kind, codec) for codec in codecs),
        extensions=tuple(control.HeaderExtension(kind, number) for kind, number in extensions.items()),
        encodings=_encodings(section),
        mime={
            codec.payload_type: mime_type(section.kind, codec)
            for codec in codecs
            if is_forwarded(section.kind, codec)
        },
    )


def _encodings(section: Section) -> tuple[control.Encoding, ...]:
    """Layers by rid, in LiveKit's order where all are LiveKit's, else as written; without rids by SSRC."""
    rids = section.send_rids
    if section.kind == "video" and len(rids) > 1:
        if all(rid in LAYER_ORDER for rid in rids):
            rids = tuple(sorted(rids, key=LAYER_ORDER.__getitem__))
        return tuple(control.Encoding(rid, 0, 0) for rid in rids)
    layers = section.ssrcs[:4] if section.kind == "video" else section.ssrcs[:1]
    repairs = dict(section.rtx_ssrcs)
    return tuple(control.Encoding("", ssrc, repairs.get(ssrc, 0)) for ssrc in layers or (0,))

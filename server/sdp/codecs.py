"""The codecs and header extensions that are forwarded, and what the relay calls them."""

from __future__ import annotations

import re

from server.control import messages as control
from server.sdp.model import Codec

AUDIO_CODECS = {"opus": control.CodecKind.OPUS, "red": control.CodecKind.RED}
VIDEO_CODECS = {
    "vp8": control.CodecKind.VP8,
    "h264": control.CodecKind.H264,
    "vp9": control.CodecKind.VP9,
    "av1": control.CodecKind.AV1,
    "h265": control.CodecKind.H265,
}
CODECS = {"audio": AUDIO_CODECS, "video": VIDEO_CODECS}
CLOCK_RATES = {"audio": 48_000, "video": 90_000}
ENCODING_NAMES = {  # as registered with IANA, and as LiveKit's mime types have them
    "opus": "opus",
    "red": "red",
    "vp8": "VP8",
    "h264": "H264",
    "vp9": "VP9",
    "av1": "AV1",
    "h265": "H265",
    "rtx": "rtx",
}
MAX_CODECS = 32  # what a producer or consumer of the relay takes
RESERVED_PAYLOAD_TYPES = range(64, 96)  # RTCP packet types look like these under rtcp-mux (RFC 5761)

_HEADER_EXTENSIONS = "urn:ietf:params:rtp-hdrext:"
_EXPERIMENTS = "http://www.webrtc.org/experiments/rtp-hdrext/"
EXTENSION_URIS = {
    control.ExtensionKind.MID: _HEADER_EXTENSIONS + "sdes:mid",
    control.ExtensionKind.RID: _HEADER_EXTENSIONS + "sdes:rtp-stream-id",
    control.ExtensionKind.REPAIRED_RID: _HEADER_EXTENSIONS + "sdes:repaired-rtp-stream-id",
    control.ExtensionKind.AUDIO_LEVEL: _HEADER_EXTENSIONS + "ssrc-audio-level",
    control.ExtensionKind.TRANSPORT_CC: (
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
    ),
    control.ExtensionKind.ABS_SEND_TIME: _EXPERIMENTS + "abs-send-time",
    control.ExtensionKind.DEPENDENCY_DESCRIPTOR: (
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
    ),
    control.ExtensionKind.ABS_CAPTURE_TIME: _EXPERIMENTS + "abs-capture-time",
    control.ExtensionKind.VIDEO_ORIENTATION: "urn:3gpp:video-orientation",
    control.ExtensionKind.PLAYOUT_DELAY: _EXPERIMENTS + "playout-delay",
    control.ExtensionKind.COLOR_SPACE: _EXPERIMENTS + "color-space",
    control.ExtensionKind.VIDEO_CONTENT_TYPE: _EXPERIMENTS + "video-content-type",
    control.ExtensionKind.VIDEO_TIMING: _EXPERIMENTS + "video-timing",
}
EXTENSION_KINDS = {uri: kind for kind, uri in EXTENSION_URIS.items()}
_APT = re.compile(r"apt=([0-9]{1,3})(?:$|[ ;])")


def is_forwarded(kind: str, codec: Codec) -> bool:
    """Whether the relay can forward this codec in a section of this kind (`audio` or `video`)."""
    return (
        codec.name in CODECS[kind]
        and codec.clock_rate == CLOCK_RATES[kind]
        and codec.payload_type not in RESERVED_PAYLOAD_TYPES
    )


def red_payload_types(codec: Codec) -> tuple[int, ...]:
    """The payload types inside RED, from its fmtp `111/111` (RFC 2198 section 5); empty if unreadable."""
    words = codec.fmtp.split("/")
    if not all(word.isascii() and word.isdecimal() and len(word) <= 3 for word in words):
        return ()
    return tuple(int(word) for word in words)


def repaired_payload_type(codec: Codec) -> int | None:
    """What a video retransmission codec repeats, from its fmtp `apt=96` (RFC 4588 section 8.1).

    None for every other codec, and where it cannot be read.
    """
    is_repair = codec.name == "rtx" and codec.clock_rate == CLOCK_RATES["video"]
    found = _APT.match(codec.fmtp) if is_repair else None
    if found is None or codec.payload_type in RESERVED_PAYLOAD_TYPES:
        return None
    return int(found[1])


def mime_type(kind: str, codec: Codec) -> str:
    """`video/VP8`, `audio/opus`: as LiveKit's TrackInfo has it."""
    return f"{kind}/{ENCODING_NAMES[codec.name]}"


def to_control(kind: str, codec: Codec) -> control.PayloadCodec:
    repaired = repaired_payload_type(codec)
    if repaired is not None:
        return control.PayloadCodec(codec.payload_type, control.CodecKind.RTX, codec.clock_rate, repaired)
    return control.PayloadCodec(codec.payload_type, CODECS[kind][codec.name], codec.clock_rate)

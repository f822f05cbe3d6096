"""Writes session descriptions, line by line. Values come checked from `parse` or from this server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server.sdp.codecs import ENCODING_NAMES
from server.sdp.model import Candidate, Codec, Direction, Extension, LocalTransport, Setup

SCTP_PORT = 5000  # RFC 8841: any value, since UDP ports are not used; every peer writes this one
MAX_MESSAGE_SIZE = 65_536  # what the relay's SCTP takes; SDKs keep their packets below 64,000 bytes
HOST_PREFERENCE = 126  # of a host candidate (RFC 8445 section 5.1.2.2)
TCP_PREFERENCE = 90  # of the same over TCP, as libwebrtc has it: below every UDP candidate but a relayed one
PASSIVE_PREFERENCE = 4  # of one that waits to be connected to (RFC 6544 section 4.2)
DATA_FORMAT = "UDP/DTLS/SCTP webrtc-datachannel"
MEDIA_PROTOCOL = "UDP/TLS/RTP/SAVPF"


@dataclass(frozen=True, slots=True)
class Stream:
    """What is sent in a section of an offer: `a=msid` words, the SSRC that carries it, and the SSRC of its
    retransmissions (0: none)."""

    stream_id: str
    track_id: str
    ssrc: int
    cname: str
    rtx_ssrc: int = 0


def session(session_id: int, version: int, bundle: Sequence[str], allow_mixed: bool) -> list[str]:
    """The lines before the first section; this server is ICE-lite (RFC 8445 section 2.5)."""
    lines = ["v=0", f"o=- {session_id} {version} IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite"]
    if bundle:
        lines.append("a=group:BUNDLE " + " ".join(bundle))
    if allow_mixed:
        lines.append("a=extmap-allow-mixed")
    lines.append("a=msid-semantic: WMS *")
    return lines


def rejected(kind: str, raw_format: str, mid: str) -> list[str]:
    """A section refused in place: port 0, same protocol and formats (RFC 3264 section 6)."""
    lines = [f"m={kind} 0 {raw_format}", "c=IN IP4 0.0.0.0", "a=inactive"]
    if mid:
        lines.append(f"a=mid:{mid}")
    return lines


def data(mid: str, raw_format: str, local: LocalTransport, setup: Setup, *, tagged: bool) -> list[str]:
    """The section of the data channels (RFC 8841)."""
    lines = [f"m=application 9 {raw_format}", "c=IN IP4 0.0.0.0"]
    lines += _transport(mid, local, setup, tagged=tagged)
    lines += [f"a=sctp-port:{SCTP_PORT}", f"a=max-message-size:{MAX_MESSAGE_SIZE}"]
    return lines


def media(
    kind: str,
    mid: str,
    *,
    protocol: str,
    direction: Direction,
    codecs: Sequence[Codec],
    extensions: Iterable[Extension],
    local: LocalTransport,
    setup: Setup,
    tagged: bool,
    receive_rids: Sequence[str] = (),
    stream: Stream | None = None,
) -> list[str]:
    """An audio or video section. `tagged` is the section that carries the bundle's candidates."""
    formats = " ".join(str(codec.payload_type) for codec in codecs)
    lines = [f"m={kind} 9 {protocol} {formats}", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0"]
    lines += _transport(mid, local, setup, tagged=tagged)
    lines += [_extension(extension) for extension in extensions]
    lines.append(f"a={direction}")
    if stream is not None:
        lines.append(f"a=msid:{stream.stream_id} {stream.track_id}")
    lines += ["a=rtcp-mux", "a=rtcp-rsize"]
    for codec in codecs:
        lines += _codec(codec)
    if receive_rids:
        lines += [f"a=rid:{rid} recv" for rid in receive_rids]
        lines.append("a=simulcast:recv " + ";".join(receive_rids))
    if stream is not None:
        if stream.rtx_ssrc:
            lines.append(f"a=ssrc-group:FID {stream.ssrc} {stream.rtx_ssrc}")
        for ssrc in filter(None, (stream.ssrc, stream.rtx_ssrc)):
            lines.append(f"a=ssrc:{ssrc} cname:{stream.cname}")
            lines.append(f"a=ssrc:{ssrc} msid:{stream.stream_id} {stream.track_id}")
    return lines


def text(lines: Iterable[str]) -> str:
    """The description, each line ended as RFC 8866 wants."""
    return "".join(line + "\r\n" for line in lines)


def _candidate(index: int, candidate: Candidate) -> str:
    address = f"{candidate.host} {candidate.port} typ host"
    if candidate.tcp:
        priority = TCP_PREFERENCE << 24 | (PASSIVE_PREFERENCE << 13 | 8191 - index) << 8 | 255
        return f"a=candidate:{index + 1} 1 tcp {priority} {address} tcptype passive"
    priority = HOST_PREFERENCE << 24 | (65_535 - index) << 8 | 255
    return f"a=candidate:{index + 1} 1 udp {priority} {address}"


def _transport(mid: str, local: LocalTransport, setup: Setup, *, tagged: bool) -> list[str]:
    """ICE and DTLS parameters; candidates once per bundle, complete, nothing to trickle."""
    lines = []
    if tagged:
        lines += [_candidate(index, candidate) for index, candidate in enumerate(local.candidates)]
        lines.append("a=end-of-candidates")
    fingerprint = local.fingerprint.hex(":").upper()
    return [
        *lines,
        f"a=ice-ufrag:{local.ice_ufrag}",
        f"a=ice-pwd:{local.ice_pwd}",
        f"a=fingerprint:sha-256 {fingerprint}",
        f"a=setup:{setup}",
        f"a=mid:{mid}",
    ]


def _extension(extension: Extension) -> str:
    one_way = "" if extension.direction is Direction.SENDRECV else f"/{extension.direction}"
    return f"a=extmap:{extension.id}{one_way} {extension.uri}"


def _codec(codec: Codec) -> list[str]:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    name = ENCODING_NAMES[codec.name]
    lines = [f"a=rtpmap:{codec.payload_type} {name}/{codec.clock_rate}{channels}"]
    if codec.fmtp:
        lines.append(f"a=fmtp:{codec.payload_type} {codec.fmtp}")
    lines += [f"a=rtcp-fb:{codec.payload_type} {feedback}" for feedback in codec.feedback]
    return lines

"""A whole aiortc as an independent peer of the relay, with descriptions written by hand."""

from __future__ import annotations

import asyncio
import fractions
import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

import aioice.ice
import av
import pytest
from aiortc import (
    MediaStreamTrack,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.sdp import MediaDescription, SessionDescription

from server.control.messages import (
    CodecKind,
    ConnectTransport,
    CreateTransport,
    DtlsRole,
    Encoding,
    ExtensionKind,
    Fingerprint,
    FingerprintAlgorithm,
    HeaderExtension,
    MediaKind,
    PayloadCodec,
)
from tests.relay.conftest import Relay

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
LOCAL_UFRAG = "relayside"
LOCAL_PWD = "a-password-of-the-relay-for-tests"
_KINDS = {"opus": CodecKind.OPUS, "VP8": CodecKind.VP8}
AUDIO_PT, VIDEO_PT, MID_ID = 111, 100, 9
"""What subscribers are offered: other numbers than aiortc's own, so that mapping shows."""


class Tone(MediaStreamTrack):
    """440 Hz, 48 kHz mono, 20 ms a frame."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._frames = 0
        self._start = 0.0

    async def recv(self) -> av.AudioFrame:
        now = asyncio.get_running_loop().time()
        self._start = self._start or now
        await asyncio.sleep(max(0.0, self._start + self._frames * 0.02 - now))
        first = self._frames * 960
        samples = array(
            "h", (int(8000 * math.sin(math.tau * 440 * n / 48_000)) for n in range(first, first + 960))
        )
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate = 48_000
        frame.pts = first
        frame.time_base = fractions.Fraction(1, 48_000)
        self._frames += 1
        return frame


@dataclass
class Section:
    """What the relay must know of one sent section."""

    kind: MediaKind
    mid: str
    codecs: list[PayloadCodec]
    extensions: list[HeaderExtension]
    encodings: list[Encoding]


@dataclass
class Offered:
    """A stream that a subscriber is offered."""

    mid: str
    kind: str
    ssrc: int


@dataclass
class Peer:
    """One peer connection on one transport of a relay."""

    relay: Relay
    transport: int
    connection: RTCPeerConnection = field(default_factory=RTCPeerConnection)
    channels: dict[str, RTCDataChannel] = field(default_factory=dict)
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.connection.on("datachannel", self.keep)

    def keep(self, channel: RTCDataChannel) -> None:
        self.channels[channel.label] = channel

        def message(data: bytes) -> None:
            self.messages.append((channel.label, data))
            self.changed.set()

        channel.on("message", message)
        channel.on("open", self.changed.set)
        self.changed.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not reached():
                self.changed.clear()
                await self.changed.wait()

    async def publish(self) -> list[Section]:
        """Offers what was added to the connection, and takes the relay's answer."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = SessionDescription.parse(self.connection.localDescription.sdp)
        self.create(opens_data_channels=False, description=offer)
        sections = [_answered(media) for media in offer.media]
        answer = _session([media.rtp.muxId for media in offer.media]) + "".join(
            text.format(transport=self._transport_lines("passive")) for text, _ in sections
        )
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        return [section for _, section in sections if section is not None]

    async def subscribe(self, streams: list[Offered]) -> None:
        """Takes the relay's offer of streams and of data channels."""
        texts = [_offered(stream) for stream in streams] + [_data_section("data")]
        offer = _session([*(stream.mid for stream in streams), "data"]) + "".join(
            text.format(transport=self._transport_lines("actpass")) for text in texts
        )
        self.relay.send(CreateTransport(self.transport, LOCAL_UFRAG + str(self.transport), LOCAL_PWD, True))
        await self.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        answer = SessionDescription.parse(self.connection.localDescription.sdp)
        self.connect(answer)

    def create(self, *, opens_data_channels: bool, description: SessionDescription) -> None:
        ufrag = LOCAL_UFRAG + str(self.transport)
        self.relay.send(CreateTransport(self.transport, ufrag, LOCAL_PWD, opens_data_channels))
        self.connect(description)

    def connect(self, description: SessionDescription) -> None:
        parameters = description.media[0].dtls
        assert parameters is not None, "every section has a fingerprint"
        fingerprints = [
            Fingerprint(FingerprintAlgorithm.SHA_256, bytes.fromhex(each.value.replace(":", "")))
            for each in parameters.fingerprints
            if each.algorithm == "sha-256"
        ]
        has_data = any(media.kind == "application" for media in description.media)
        self.relay.send(ConnectTransport(self.transport, DtlsRole.SERVER, fingerprints, has_data))

    def _transport_lines(self, setup: str) -> str:
        lines = [
            f"a=ice-ufrag:{LOCAL_UFRAG}{self.transport}",
            f"a=ice-pwd:{LOCAL_PWD}",
            f"a=fingerprint:sha-256 {self.relay.process.fingerprint.hex(':').upper()}",
            f"a=setup:{setup}",
            f"a=candidate:1 1 udp 2130706431 127.0.0.1 {self.relay.process.ipv4_port} typ host",
            "a=end-of-candidates",
        ]
        return "".join(line + "\r\n" for line in lines)

    async def until_open(self) -> None:
        """Handshakes are done on this side too."""
        await self.until(lambda: all(each.readyState == "open" for each in self.channels.values()))

    async def close(self) -> None:
        await self.connection.close()


def on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """aioice leaves loopback out on its own."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])


def _session(mids: list[str]) -> str:
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n"
        f"a=group:BUNDLE {' '.join(mids)}\r\na=msid-semantic:WMS *\r\n"
    )


def _answered(media: MediaDescription) -> tuple[str, Section | None]:
    """The answer to one section of an offer, and what the relay must know of it."""
    mid = media.rtp.muxId
    if media.kind == "application":
        return _data_section(mid), None
    wanted = "opus" if media.kind == "audio" else "VP8"
    codec = next(each for each in media.rtp.codecs if each.name == wanted)
    assert codec.payloadType is not None, "aiortc numbers what it offers"
    extension = next(each for each in media.rtp.headerExtensions if each.uri == MID_URI)
    text = (
        f"m={media.kind} 9 UDP/TLS/RTP/SAVPF {codec.payloadType}\r\nc=IN IP4 0.0.0.0\r\n"
        f"a=mid:{mid}\r\na=recvonly\r\na=rtcp-mux\r\na=extmap:{extension.id} {MID_URI}\r\n"
        + _codec_lines(media.kind, codec.payloadType)
        + "{transport}"
    )
    section = Section(
        MediaKind.AUDIO if wanted == "opus" else MediaKind.VIDEO,
        mid,
        [
            PayloadCodec(
                codec.payloadType, CodecKind.OPUS if wanted == "opus" else CodecKind.VP8, codec.clockRate
            )
        ],
        [HeaderExtension(ExtensionKind.MID, extension.id)],
        [Encoding("", media.ssrc[0].ssrc, 0)],
    )
    return text, section


def _offered(stream: Offered) -> str:
    payload_type = AUDIO_PT if stream.kind == "audio" else VIDEO_PT
    return (
        f"m={stream.kind} 9 UDP/TLS/RTP/SAVPF {payload_type}\r\nc=IN IP4 0.0.0.0\r\n"
        f"a=mid:{stream.mid}\r\na=sendonly\r\na=rtcp-mux\r\na=extmap:{MID_ID} {MID_URI}\r\n"
        f"a=msid:stream {stream.mid}\r\na=ssrc:{stream.ssrc} cname:relay\r\n"
        + _codec_lines(stream.kind, payload_type)
        + "{transport}"
    )


def _codec_lines(kind: str, payload_type: int) -> str:
    if kind == "audio":
        return f"a=rtpmap:{payload_type} opus/48000/2\r\n"
    return (
        f"a=rtpmap:{payload_type} VP8/90000\r\na=rtcp-fb:{payload_type} nack\r\n"
        f"a=rtcp-fb:{payload_type} nack pli\r\n"
    )


def _data_section(mid: str) -> str:
    return (
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
        f"a=mid:{mid}\r\na=sctp-port:5000\r\na=max-message-size:65536\r\n" + "{transport}"
    )

"""A participant in Python: a WebSocket, ICE, DTLS, and packets made by hand. Cheap enough for thousands."""

from __future__ import annotations

import asyncio
import re
import struct
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import WSMsgType
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcdtlstransport import RTCCertificate
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from livekit.protocol import models
from livekit.protocol.rtc import (
    AddTrackRequest,
    LeaveRequest,
    SessionDescription,
    SignalRequest,
    SignalResponse,
)

from bench.peer import Peer, SessionKeys
from tests.unit.stage import Sending, answer_text, offer_text

SECONDS = 10.0
SECTIONS = (Sending("audio", "0", "microphone"), Sending("video", "1", "camera"))
SSRC = {"microphone": 1234, "camera": 5678}
KEY_FRAME = b"\x10\x10\0\0\x9d\x01\x2a\x40\x01\xf0\0"  # descriptor and frame header of VP8
SMALL_MEDIA = {"microphone": b"\xfc" + bytes(40), "camera": KEY_FRAME + bytes(400)}
CHANNEL = "_reliable"
CHECK_SECONDS = 1.0  # consent is checked as often


async def enter(
    http: aiohttp.ClientSession, url: str, token: str, certificate: RTCCertificate, **more: Any
) -> Guest:
    """Joins the room of the token at the server of `url` (http://…), and is connected to receive."""
    query = {"access_token": token, "protocol": "17", "sdk": "js", "auto_subscribe": "1"}
    guest = Guest(await http.ws_connect(f"{url}/rtc", params=query), certificate, **more)
    await guest.until(lambda: guest.receiving is not None)
    return guest


@dataclass
class Guest:
    """A participant: answers what it is offered, and publishes when told to."""

    socket: aiohttp.ClientWebSocketResponse
    certificate: RTCCertificate
    payloads: Mapping[str, bytes] = field(default_factory=lambda: SMALL_MEDIA)  # by track
    sealed: deque[bytes] = field(default_factory=lambda: deque(maxlen=50))  # packets it sent last
    has_data: bool = False  # whether it sends and takes data messages
    heard: list[bytes] = field(default_factory=list)  # data packets, as they came
    receiving: Peer | None = None
    sending: Peer | None = None
    answered: str = ""  # the server's answer to this guest's offer
    tracks: dict[str, int] = field(default_factory=dict)  # published by others, by identity
    offered: set[str] = field(default_factory=set)  # participants whose media was offered
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._keep_consent())]

    async def until(self, reached: Any) -> None:
        async with asyncio.timeout(SECONDS):
            while not reached():
                self._changed.clear()
                await self._changed.wait()

    async def publish(self, watcher: Guest, identity: str) -> None:
        """Microphone and camera, until the watcher, who receives nothing else, receives both."""
        assert watcher.receiving is not None, "enters first"
        heard = watcher.receiving.sources
        heard.clear()
        for cid, kind in (("microphone", models.TrackType.AUDIO), ("camera", models.TrackType.VIDEO)):
            await self._send(add_track=AddTrackRequest(cid=cid, name=cid, type=kind))
        peer = Peer(self.certificate)
        text = offer_text(*SECTIONS, data=self.has_data)
        first, second = text.split("a=ssrc:1234", 1)
        text = (
            first + f"a=ssrc:{SSRC['microphone']}" + second.replace("a=ssrc:1234", f"a=ssrc:{SSRC['camera']}")
        )
        await self._send(offer=SessionDescription(type="offer", sdp=_as_of(text, peer), id=1))
        await self.until(lambda: self.answered)
        keys = await self._connect(peer, self.answered)
        self.sending = peer
        if self.has_data:
            self._channel = RTCDataChannel(await peer.associate(), RTCDataChannelParameters(label=CHANNEL))
        sequence = 0
        async with asyncio.timeout(SECONDS):
            while identity not in watcher.offered or len(heard) < len(SECTIONS):
                sequence += 1
                for cid in SSRC:
                    self.sealed.append(_media(keys, text, cid, self.payloads[cid], sequence))
                    peer.socket.send(self.sealed[-1])
                await asyncio.sleep(0.02)

    async def say(self, payload: bytes) -> None:
        """A reliable data packet to everybody else, once the channel is open."""
        assert self._channel is not None, "publishes with data first"
        async with asyncio.timeout(SECONDS):
            while self._channel.readyState != "open":
                await asyncio.sleep(0.02)
        packet = models.DataPacket(user=models.UserPacket(payload=payload))
        self._channel.send(packet.SerializeToString())

    def fall_silent(self) -> None:
        """Its datagrams come no more, while its WebSocket stays."""
        self._tasks[1].cancel()

    async def leave(self) -> None:
        """Says goodbye, and waits for the server to close."""
        await self._send(leave=LeaveRequest())
        await self.end()

    async def end(self) -> None:
        """The server closes; nothing stays on this side."""
        async with asyncio.timeout(SECONDS):
            await self._tasks[0]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.socket.close()
        for peer in (self.receiving, self.sending):
            if peer is not None:
                await peer.close()

    async def _send(self, **message: Any) -> None:
        await self.socket.send_bytes(SignalRequest(**message).SerializeToString())

    async def _connect(self, peer: Peer, description: str) -> SessionKeys:
        (port,) = set(re.findall(r"a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)", description)[:1])
        ufrag, password = _value(description, "ice-ufrag"), _value(description, "ice-pwd")
        fingerprint = bytes.fromhex(_value(description, "fingerprint:sha-256", " ").replace(":", ""))
        return await peer.connect(int(port), ufrag, password, fingerprint)

    async def _read(self) -> None:
        async for message in self.socket:
            assert message.type is WSMsgType.BINARY, message
            response = SignalResponse.FromString(message.data)
            match response.WhichOneof("message"):
                case "offer":
                    await self._answer(response.offer)
                case "answer":
                    self.answered = response.answer.sdp
                case "update":
                    for one in response.update.participants:
                        self.tracks[one.identity] = len(one.tracks)
                        self._names[one.sid] = one.identity
                        if one.state == models.ParticipantInfo.State.DISCONNECTED:
                            self.tracks.pop(one.identity, None)
                            self._names.pop(one.sid, None)
                            self.offered.discard(one.identity)
            self._changed.set()

    async def _answer(self, offer: SessionDescription) -> None:
        peer = self.receiving or Peer(self.certificate)
        sdp = _as_of(answer_text(offer.sdp), peer)
        await self._send(answer=SessionDescription(type="answer", sdp=sdp, id=offer.id))
        if self.receiving is None:
            await self._connect(peer, offer.sdp)
            if self.has_data:
                (await peer.associate()).on("datachannel", self._listen)
            self.receiving = peer
        self.offered.update(name for sid, name in self._names.items() if sid in offer.sdp)

    def _listen(self, channel: RTCDataChannel) -> None:
        def heard(message: bytes) -> None:
            self.heard.append(message)
            self._changed.set()

        channel.on("message", heard)

    async def _keep_consent(self) -> None:
        """As browsers do (RFC 7675)."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for peer in (self.receiving, self.sending):
                if peer is not None:
                    peer.check()

    _names: dict[str, str] = field(default_factory=dict)
    _channel: RTCDataChannel | None = None


def _as_of(text: str, peer: Peer) -> str:
    """A description with a peer's ICE and DTLS parameters."""
    text = re.sub(r"a=ice-ufrag:\S+", f"a=ice-ufrag:{peer.ufrag}", text)
    text = re.sub(r"a=ice-pwd:\S+", f"a=ice-pwd:{peer.password}", text)
    return re.sub(
        r"a=fingerprint:\S+ \S+", f"a=fingerprint:sha-256 {peer.fingerprint().hex(':').upper()}", text
    )


def _value(description: str, name: str, separator: str = ":") -> str:
    found = re.search(rf"a={name}{separator}(\S+)", description)
    assert found, f"no {name}"
    return found[1]


def _media(keys: SessionKeys, offer: str, cid: str, payload: bytes, sequence: int) -> bytes:
    """An SRTP packet of AEAD_AES_128_GCM (RFC 7714 section 8.1), before the first rollover."""
    kind = "audio" if cid == "microphone" else "video"
    payload_type = int(re.search(rf"m={kind} 9 \S+ (\d+)", offer)[1])  # type: ignore[index] # it is there
    header = struct.pack("!BBHII", 0x80, payload_type, sequence, sequence * 960, SSRC[cid])
    counter = struct.pack("!HIIH", 0, SSRC[cid], 0, sequence)
    nonce = bytes(a ^ b for a, b in zip(counter, keys.salt, strict=True))
    return header + AESGCM(keys.key).encrypt(nonce, payload, header)

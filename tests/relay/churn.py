"""Participants that come, publish and go, on real signaling and a real relay; and what they leave behind.

The peers are a WebSocket, ICE and DTLS in Python: cheap enough for thousands.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
import struct
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import WSMsgType, web
from aiortc.rtcdtlstransport import RTCCertificate
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from livekit.api import AccessToken, VideoGrants
from livekit.protocol import models
from livekit.protocol.rtc import (
    AddTrackRequest,
    LeaveRequest,
    SessionDescription,
    SignalRequest,
    SignalResponse,
)

from bench.peer import Peer, SessionKeys
from server.addresses import candidates
from server.app import application, http_runner
from server.clock import Clock
from server.config import Config
from server.control.messages import GetStats, Stats
from server.guarantee.sign import Signer
from server.metadata.event import Event
from server.rooms import RoomManager
from server.workers.placement import Placement
from server.workers.supervisor import Supervisor
from server.workers.worker import RelayProcess
from tests.unit.guaranteed import KnownSoftware
from tests.unit.stage import Sending, answer_text, offer_text

KEY, SECRET = "churn", "c" * 32
HALL = "hall"
SECONDS = 10.0
SECTIONS = (Sending("audio", "0", "microphone"), Sending("video", "1", "camera"))
SSRC = {"microphone": 1234, "camera": 5678}
PAYLOADS = {
    "microphone": b"\xfc" + bytes(40),
    "camera": b"\x10\x10\0\0\x9d\x01\x2a\x40\x01\xf0\0" + bytes(400),
}
CHECK_SECONDS = 1.0  # consent is checked as often


@dataclass(frozen=True)
class Census:
    """Everything that participants bring into being, counted."""

    rooms: int
    sessions: int
    user_agents: int
    rooms_on_relays: int
    identifiers: int
    timers: int
    placed_rooms: int
    transports: int
    producers: int
    consumers: int
    tasks: int

    def is_empty(self, tasks: int) -> bool:
        """Nothing is left but the tasks that were there before."""
        return not any(value for name, value in asdict(self).items() if name != "tasks") and (
            self.tasks <= tasks
        )


class Hall:
    """A server with one relay, in this process so that it can be counted."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._clock = Clock()
        self.recorded: deque[Event] = deque(maxlen=100)  # what was recorded last
        self.rooms = RoomManager(
            config, self._clock, self.recorded.append, lambda link: candidates(["127.0.0.1"], link)
        )
        self.supervisor = Supervisor(config, self.rooms)
        self.placement = Placement(self.supervisor)
        self.rooms.place_on(self.placement)
        self.runner = http_runner(
            application(
                config,
                self.rooms,
                self.supervisor.evidence,
                self._clock,
                signer=Signer.generate(),
                software=KnownSoftware(),
            )
        )
        self.certificate = RTCCertificate.generateCertificate()
        self.http = aiohttp.ClientSession()
        self._sequence = 1 << 31  # far from the numbers of the supervisor's own requests
        self._port = 0

    @property
    def relay(self) -> RelayProcess:
        """The only one."""
        (relay,) = self.supervisor.relays()
        return relay

    async def start(self) -> None:
        await self.supervisor.start()
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self._port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        await self.http.close()
        self.rooms.shutdown()
        await self.runner.cleanup()
        await self.supervisor.stop()

    async def enter(self, room: str, identity: str) -> Guest:
        grants = VideoGrants(room_join=True, room=room)
        token = AccessToken(KEY, SECRET).with_identity(identity).with_grants(grants).to_jwt()
        query = {"access_token": token, "protocol": "17", "sdk": "js", "auto_subscribe": "1"}
        socket = await self.http.ws_connect(f"http://127.0.0.1:{self._port}/rtc", params=query)
        guest = Guest(socket, self)
        await guest.until(lambda: guest.receiving is not None)
        return guest

    async def census(self) -> Census:
        """Fresh: everything that was asked of the relay before is carried out."""
        gc.collect()
        stats = await self._stats()
        rooms: Any = self.rooms
        placement: Any = self.placement
        return Census(
            rooms=len(rooms),
            sessions=len(rooms._sessions),
            user_agents=len(rooms._user_agents),
            rooms_on_relays=len(rooms._links),
            identifiers=sum(len(owners) for owners in rooms._owners.values()),
            timers=len(rooms._timers),
            placed_rooms=len(placement._rooms),
            transports=stats.transports,
            producers=stats.producers,
            consumers=stats.consumers,
            tasks=len(asyncio.all_tasks()),
        )

    async def _stats(self) -> Stats:
        """Asked for again until the answer is seen: the supervisor asks too, and one answer is kept."""
        relay = self.relay
        async with asyncio.timeout(SECONDS):
            while True:
                self._sequence += 1
                relay.send(GetStats(self._sequence))
                for _ in range(20):
                    await asyncio.sleep(0.01)
                    if relay.stats is not None and relay.stats.sequence == self._sequence:
                        return relay.stats

    def resident_kib(self) -> int:
        """Of the relay."""
        status = Path(f"/proc/{self.relay.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])


@dataclass
class Guest:
    """A participant: answers what it is offered, and publishes when told to."""

    socket: aiohttp.ClientWebSocketResponse
    hall: Hall
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
        """Microphone and camera, until the watcher is offered both."""
        for cid, kind in (("microphone", models.TrackType.AUDIO), ("camera", models.TrackType.VIDEO)):
            await self._send(add_track=AddTrackRequest(cid=cid, name=cid, type=kind))
        peer = Peer(self.hall.certificate)
        text = offer_text(*SECTIONS, data=False)
        first, second = text.split("a=ssrc:1234", 1)
        text = (
            first + f"a=ssrc:{SSRC['microphone']}" + second.replace("a=ssrc:1234", f"a=ssrc:{SSRC['camera']}")
        )
        await self._send(offer=SessionDescription(type="offer", sdp=_as_of(text, peer), id=1))
        await self.until(lambda: self.answered)
        keys = await self._connect(peer, self.answered)
        self.sending = peer
        sequence = 0
        async with asyncio.timeout(SECONDS):
            while watcher.tracks.get(identity, 0) < len(SECTIONS) or identity not in watcher.offered:
                sequence += 1
                for cid in SSRC:
                    peer.socket.send(_media(keys, text, cid, sequence))
                await asyncio.sleep(0.02)

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
        return await peer.connect(int(port), ufrag, password, self.hall.relay.fingerprint)

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
        peer = self.receiving or Peer(self.hall.certificate)
        sdp = _as_of(answer_text(offer.sdp), peer)
        await self._send(answer=SessionDescription(type="answer", sdp=sdp, id=offer.id))
        if self.receiving is None:
            await self._connect(peer, offer.sdp)
            self.receiving = peer
        self.offered.update(name for sid, name in self._names.items() if sid in offer.sdp)

    async def _keep_consent(self) -> None:
        """As browsers do (RFC 7675)."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for peer in (self.receiving, self.sending):
                if peer is not None:
                    peer.check()

    _names: dict[str, str] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def hall(media_memory_mib: int) -> AsyncIterator[Hall]:
    """Rooms close as soon as they are empty."""
    config = Config(keys={KEY: SECRET})
    replace = msgspec.structs.replace
    relay = replace(
        config.relay,
        relays=1,
        ipv4_host="127.0.0.1",
        ipv6_host="",
        udp_port=0,
        media_memory_mib=media_memory_mib,
    )
    config = replace(config, relay=relay, rooms=replace(config.rooms, departure_timeout_seconds=0))
    made = Hall(config)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def cycle(place: Hall, watcher: Guest, number: int) -> None:
    """One participant joins the hall, is seen and heard, and leaves; another opens and closes a room."""
    identity = f"guest-{number}"
    guest, other = await asyncio.gather(place.enter(HALL, identity), place.enter(f"room-{number}", "alone"))
    await guest.publish(watcher, identity)
    await asyncio.gather(guest.leave(), other.leave())
    await watcher.until(lambda: identity not in watcher.tracks)


def _as_of(text: str, peer: Peer) -> str:
    """A description with a peer's ICE and DTLS parameters."""
    text = re.sub(r"a=ice-ufrag:\S+", f"a=ice-ufrag:{peer.ufrag}", text)
    text = re.sub(r"a=ice-pwd:\S+", f"a=ice-pwd:{peer.password}", text)
    return re.sub(
        r"a=fingerprint:\S+ \S+", f"a=fingerprint:sha-256 {peer.fingerprint().hex(':').upper()}", text
    )


def _value(description: str, name: str) -> str:
    found = re.search(rf"a={name}:(\S+)", description)
    assert found, f"no {name}"
    return found[1]


def _media(keys: SessionKeys, offer: str, cid: str, sequence: int) -> bytes:
    """An SRTP packet of AEAD_AES_128_GCM (RFC 7714 section 8.1), before the first rollover."""
    kind = "audio" if cid == "microphone" else "video"
    payload_type = int(re.search(rf"m={kind} 9 \S+ (\d+)", offer)[1])  # type: ignore[index] # it is there
    header = struct.pack("!BBHII", 0x80, payload_type, sequence, sequence * 960, SSRC[cid])
    counter = struct.pack("!HIIH", 0, SSRC[cid], 0, sequence)
    nonce = bytes(a ^ b for a, b in zip(counter, keys.salt, strict=True))
    return header + AESGCM(keys.key).encrypt(nonce, PAYLOADS[cid], header)

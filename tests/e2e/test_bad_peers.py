"""Clients that do to the WebSocket what they should not; a call between two others goes on.

One server and one call live through all of it. Every attack is bounded in count and time.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
import struct
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from livekit.protocol.rtc import Ping, SessionDescription, SignalRequest

from tests.e2e.desktop import Desktop, desktop
from tests.e2e.serving import Server, is_alive, serving
from tests.unit.stage import Sending, offer_text

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("bad peers, e2e")]
ROOM = "garden"
FRAMES = 8  # of a picture that moves 15 times a second
MOST_GAP = 3.0  # seconds without a picture, on a busy machine
MOST_GROWTH = 64 << 20  # bytes that signaling may grow by under all attacks together
BINARY, CLOSE, PING, CONTINUATION = 2, 8, 9, 0
BOMB = 64 << 20


@dataclass
class Call:
    """Two desktop apps that see each other, and the processes that serve them."""

    server: Server
    desk: Desktop
    lap: Desktop
    processes: list[int] = field(default_factory=list)
    gap: float = 0.0
    _memory: int = 0

    def frames(self) -> int:
        return min(self.desk.frames.get("lap", 0), self.lap.frames.get("desk", 0))

    async def sees(self, frames: int) -> None:
        """Waits for so many more pictures on both sides."""
        wanted = self.frames() + frames
        async with asyncio.timeout(20):
            while self.frames() < wanted:
                await asyncio.sleep(0.02)

    async def watch(self) -> None:
        """Measures the longest time without a new picture."""
        seen, last = self.frames(), time.monotonic()
        while True:
            await asyncio.sleep(0.02)
            now = time.monotonic()
            self.gap = max(self.gap, now - last)
            if self.frames() > seen:
                seen, last = self.frames(), now

    def memory(self) -> int:
        """Resident bytes of the signaling process at their peak: a burst counts too."""
        match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.server.pid()}/status").read_text())
        assert match is not None, "a live process has a size"
        return int(match[1]) * 1024

    async def begin(self) -> None:
        await self.sees(FRAMES)
        self.processes = [self.server.pid(), *self.server.relay_pids()]
        self._memory = self.memory()

    @contextlib.asynccontextmanager
    async def undisturbed(self) -> AsyncIterator[None]:
        """What happens within neither ends a process, nor fattens it, nor stops the pictures."""
        self.gap = 0.0
        watching = asyncio.create_task(self.watch())
        try:
            yield
            await self.sees(FRAMES)
        finally:
            watching.cancel()
            await asyncio.wait({watching})
        assert [pid for pid in self.processes if not is_alive(pid)] == []
        assert self.gap < MOST_GAP, f"{self.gap:.1f} s without a picture"
        assert self.memory() - self._memory < MOST_GROWTH, "it grew"
        assert "Traceback" not in self.server.output()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def call(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Call]:
    async with (
        serving(tmp_path_factory.mktemp("bad_peers")) as server,
        desktop(server.ws_url, server.token(ROOM, "desk")) as desk,
        desktop(server.ws_url, server.token(ROOM, "lap")) as lap,
    ):
        await asyncio.gather(desk.publish(), lap.publish())
        both = Call(server, desk, lap)
        await both.begin()
        yield both


def frame(opcode: int, payload: bytes, *, first: int = 0x80, masked: bool = True, length: int = -1) -> bytes:
    """A WebSocket frame (RFC 6455 section 5.2), as wrong as asked for; `first` holds FIN and RSV."""
    length = len(payload) if length < 0 else length
    bit = 0x80 if masked else 0
    if length < 126:
        head = struct.pack("!BB", first | opcode, bit | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", first | opcode, bit | 126, length)
    else:
        head = struct.pack("!BBQ", first | opcode, bit | 127, length)
    return head + (bytes(4) if masked else b"") + payload  # masked with zeros


@dataclass
class Attacker:
    """A client that speaks WebSocket by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def say(self, request: SignalRequest) -> None:
        await self.send(frame(BINARY, request.SerializeToString()))

    async def is_sent_away(self) -> None:
        """Reads until the server has closed."""
        async with asyncio.timeout(15):
            with contextlib.suppress(ConnectionError):
                while await self.reader.read(1 << 16):
                    pass


@contextlib.asynccontextmanager
async def attacker(server: Server, identity: str = "mallory", room: str = ROOM) -> AsyncIterator[Attacker]:
    """In the room, as far as signaling goes; compression is agreed on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.http_port)
    key = base64.b64encode(os.urandom(16)).decode()
    query = f"protocol=17&sdk=js&auto_subscribe=1&access_token={server.token(room, identity)}"
    writer.write(
        f"GET /rtc?{query} HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{server.http_port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
    )
    async with asyncio.timeout(10):
        answer = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in answer.splitlines()[0]
    try:
        yield Attacker(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def bomb() -> bytes:
    """Compressed a thousandfold (RFC 7692)."""
    deflate = zlib.compressobj(9, wbits=-15)
    packed = b"".join(deflate.compress(bytes(1 << 20)) for _ in range(BOMB >> 20))
    return (packed + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


async def test_oversized_frames(call: Call) -> None:
    async with call.undisturbed():
        for announced in (3 << 20, 1 << 40, (1 << 63) - 1):
            async with attacker(call.server) as peer:
                await peer.send(frame(BINARY, bytes(1 << 16), length=announced))
                await peer.is_sent_away()


async def test_a_message_that_never_ends(call: Call) -> None:
    async with call.undisturbed(), attacker(call.server) as peer:
        await peer.send(frame(BINARY, bytes(1 << 16), first=0))
        for _ in range(64):
            await peer.send(frame(CONTINUATION, bytes(1 << 16), first=0))
        await peer.is_sent_away()


async def test_compression_bombs(call: Call) -> None:
    packed = bomb()
    async with call.undisturbed():
        for number in range(4):
            async with attacker(call.server, f"bomber{number}") as peer:
                await peer.send(frame(BINARY, packed, first=0xC0))
                await peer.is_sent_away()


@pytest.mark.parametrize(
    "malformed",
    [
        frame(BINARY, b"x", first=0xB0),
        frame(3, b"reserved"),
        frame(11, b"reserved"),
        frame(PING, bytes(126)),
        frame(PING, b"x", first=0),
        frame(CONTINUATION, b"of nothing"),
        frame(CLOSE, b"\x00"),
        frame(CLOSE, b"\x00\x01"),
        frame(1, b"\xff\xfe"),
        frame(BINARY, b"\xff\xff\xff"),
        frame(BINARY, b"not deflated", first=0xC0),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=lambda data: data[:4].hex(),
)
async def test_malformed_frames(call: Call, malformed: bytes) -> None:
    async with call.undisturbed(), attacker(call.server) as peer:
        await peer.send(malformed)
        await peer.is_sent_away()


async def test_frames_that_no_client_may_send_unmasked(call: Call) -> None:
    async with call.undisturbed(), attacker(call.server) as peer:
        await peer.send(frame(BINARY, os.urandom(200), masked=False))
        await peer.is_sent_away()


HOSTILE = [
    "",
    "v=0",
    "v=0\r\n" + "a=x\r\n" * 60_000,
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n" * 3_000,
    "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF " + " ".join(["111"] * 5_000),
    "v=0\r\na=group:BUNDLE " + "0 " * 50_000,
    "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n" + "a=ssrc:4294967296 x\r\n" * 9_000,
    "v=0\r\na=fingerprint:sha-256 " + "AB:" * 40_000,
    "\0" * 200_000,
    "\u202e" * 90_000,
]


async def test_hostile_descriptions(call: Call) -> None:
    async with call.undisturbed():
        for number, text in enumerate(HOSTILE):
            async with attacker(call.server, f"author{number}") as peer:
                for kind in ("offer", "answer"):
                    description = SessionDescription(type=kind, sdp=text, id=number)
                    request = SignalRequest(offer=description)
                    if kind == "answer":
                        request = SignalRequest(answer=description)
                    await peer.say(request)
                await peer.say(SignalRequest(ping_req=Ping(timestamp=number)))


async def test_a_client_that_never_reads(call: Call) -> None:
    """What it asks for has to go somewhere, and does not."""
    async with call.undisturbed(), attacker(call.server, "deaf") as peer:
        texts = offer_text(Sending("audio", "0", "a"), Sending("video", "1", "b"))
        for number in range(1, 400):
            offer = SessionDescription(type="offer", sdp=texts, id=number)
            await peer.say(SignalRequest(offer=offer))
            await peer.say(SignalRequest(ping_req=Ping(timestamp=1, rtt=1)))
        await call.sees(FRAMES)


async def test_a_client_that_never_stops_talking(call: Call) -> None:
    async with call.undisturbed(), attacker(call.server, "flood") as peer:
        ping = frame(BINARY, SignalRequest(ping_req=Ping(timestamp=1)).SerializeToString())
        for _ in range(100):
            await peer.send(ping * 100)
        await peer.is_sent_away()


async def test_nobody_of_them_is_left(call: Call) -> None:
    """Runs last: in the room are the two that were there."""
    async with asyncio.timeout(30):
        while set(call.desk.room.remote_participants) != {"lap"}:
            await asyncio.sleep(0.05)

"""A call that goes on while somebody attacks the relay it runs on, and how it fared."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from server.control.messages import (
    CreateConsumer,
    CreateProducer,
    ExtensionKind,
    GetStats,
    HeaderExtension,
    PayloadMapping,
    Stats,
)
from tests.relay.conftest import Relay, loopback
from tests.relay.peer import AUDIO_PT, MID_ID, Offered, Peer, Tone

PACKETS = 25  # half a second of sound: what must arrive after an attack
MOST_GAP = 2.0  # seconds without sound, on a busy machine
MOST_GROWTH = 24 << 20  # bytes a relay may grow by under all attacks together
PUBLISHER, SUBSCRIBER, PRODUCER, CONSUMER, SSRC = 1, 2, 1, 2, 0x1111_1111


@dataclass
class Bystander:
    """Two peers, one of which speaks to the other; Opus, so a frame heard is a packet received."""

    relay: Relay
    speaker: Peer
    listener: Peer
    heard: int = 0
    gap: float = 0.0  # the longest so far, in seconds
    _last: float = 0.0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _memory: int = 0
    _asked: int = 1000

    async def listen(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                await track.recv()
                now = time.monotonic()
                self.gap = max(self.gap, now - self._last) if self._last else 0.0
                self._last = now
                self.heard += 1
                self._changed.set()

    async def hears(self, packets: int) -> None:
        """Waits for so many more."""
        wanted = self.heard + packets
        async with asyncio.timeout(20):
            while self.heard < wanted:
                self._changed.clear()
                await self._changed.wait()

    def note_memory(self) -> None:
        self._memory = self.memory()

    def memory(self) -> int:
        """Resident bytes of the relay at their peak: a burst counts too."""
        status = Path(f"/proc/{self.relay.process.pid}/status").read_text()
        match = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert match is not None, "a live relay has a size"
        return int(match[1]) * 1024

    async def stats(self) -> Stats:
        """What the relay counts, now. Asked for again until seen: the relay is asked for liveness too."""
        process = self.relay.process
        async with asyncio.timeout(10):
            while self.relay.lost is None:
                self._asked += 1
                process.send(GetStats(self._asked))
                for _ in range(20):
                    await asyncio.sleep(0.01)
                    if process.stats is not None and process.stats.sequence == self._asked:
                        return process.stats
        raise AssertionError(f"the relay was lost: {self.relay.lost}")

    @contextlib.asynccontextmanager
    async def undisturbed(self, *, received: int = 0, dropped: int = 0) -> AsyncIterator[None]:
        """What happens within neither ends the relay, nor fattens it, nor interrupts the sound.

        The attack did reach the relay, which received and dropped at least so many datagrams in it.
        """
        first = await self.stats()
        self.gap = 0.0
        before = self.heard
        yield
        await self.hears(PACKETS)
        last = await self.stats()
        assert last.packets_received - first.packets_received >= received
        assert last.packets_dropped - first.packets_dropped >= dropped
        assert self.relay.lost is None
        assert self.heard - before >= PACKETS
        assert self.gap < MOST_GAP, f"{self.gap:.1f} s of silence"
        assert self.memory() - self._memory < MOST_GROWTH


@contextlib.asynccontextmanager
async def bystander() -> AsyncIterator[Bystander]:
    """A relay with a call on it, heard already."""
    relay = Relay(loopback())
    await relay.process.start()
    both = Bystander(relay, Peer(relay, PUBLISHER), Peer(relay, SUBSCRIBER))
    tracks: list[MediaStreamTrack] = []
    both.listener.connection.on("track", tracks.append)
    both.speaker.connection.addTrack(Tone())
    (section,) = await both.speaker.publish()
    relay.send(
        CreateProducer(
            PRODUCER,
            PUBLISHER,
            section.kind,
            section.mid,
            section.codecs,
            section.extensions,
            section.encodings,
        )
    )
    await both.listener.subscribe([Offered(section.mid, "audio", SSRC)])
    consume(relay, CONSUMER, SUBSCRIBER, SSRC, section.codecs[0].payload_type)
    listening = asyncio.create_task(both.listen(tracks[0]))
    await both.hears(PACKETS)
    both.note_memory()
    yield both
    await both.speaker.close()
    await both.listener.close()
    listening.cancel()
    await asyncio.wait({listening})
    if relay.lost is None:
        await relay.process.stop()
    await relay.process.kill()


def consume(relay: Relay, consumer: int, transport: int, ssrc: int, payload_type: int) -> None:
    """The transport receives the bystander's sound."""
    payload_types = [PayloadMapping(payload_type, AUDIO_PT)]
    extensions = [HeaderExtension(ExtensionKind.MID, MID_ID)]
    relay.send(CreateConsumer(consumer, PRODUCER, transport, ssrc, payload_types, extensions, paused=False))


def flood(address: tuple[str, int], datagrams: list[bytes], count: int, seconds: float = 3.0) -> None:
    """Sends from one socket as fast as it goes, at most so many and so long."""
    ends = time.monotonic() + seconds
    with socket.socket(type=socket.SOCK_DGRAM) as attacker:
        attacker.connect(address)
        for number in range(count):
            with contextlib.suppress(ConnectionError, BlockingIOError):
                attacker.send(datagrams[number % len(datagrams)])
            if number % 64 == 0 and time.monotonic() > ends:
                return

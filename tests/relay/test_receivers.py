"""The receivers that a relay tells are the sockets that really get the media."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from functools import partial

import pytest

from server.control.messages import (
    CloseConsumer,
    CloseTransport,
    CreateConsumer,
    CreateProducer,
    ExtensionKind,
    HeaderExtension,
    PauseConsumer,
    PayloadMapping,
    TransportPhase,
    TransportState,
)
from server.errors import RelayError, RelayFault
from server.workers import worker
from tests.relay.conftest import Relay
from tests.relay.peer import AUDIO_PT, MID_ID, Offered, Peer, Section, Tone, on_loopback

PUBLISHER, TRACK = 1, 11
LISTENERS = (2, 3, 4)
PACKETS = 5  # of 20 ms each: one that is let through by mistake shows


class Hall:
    """One peer publishes a tone, three others may receive it, each on a socket of its own."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.publisher = Peer(relay, PUBLISHER)
        self.listeners = {number: Peer(relay, number) for number in LISTENERS}
        self.arrived = dict.fromkeys(LISTENERS, 0)
        self.changed = asyncio.Event()
        self.consumers: dict[int, int] = {}
        self.last_consumer = 100
        self.section: Section | None = None

    async def open(self) -> None:
        self.publisher.connection.addTrack(Tone())
        (self.section,) = await self.publisher.publish()
        section = self.section
        self.relay.send(
            CreateProducer(
                TRACK,
                PUBLISHER,
                section.kind,
                section.mid,
                section.codecs,
                section.extensions,
                section.encodings,
            )
        )
        for number, peer in self.listeners.items():
            await peer.subscribe([Offered(section.mid, "audio", number)])
        for number, peer in [(PUBLISHER, self.publisher), *self.listeners.items()]:
            await self.relay.hears(TransportState, partial(_is_connected, number))
            if number in LISTENERS:
                self._count(number, peer)

    def _count(self, number: int, peer: Peer) -> None:
        """What this peer's socket gets of media, whatever aiortc makes of it then."""
        dtls = peer.connection.getReceivers()[0].transport
        take = dtls._handle_rtp_data

        async def counted(data: bytes, arrival_time_ms: int) -> None:
            self.arrived[number] += 1
            self.changed.set()
            await take(data, arrival_time_ms=arrival_time_ms)

        dtls._handle_rtp_data = counted  # type: ignore[method-assign]

    def listen(self, number: int) -> None:
        assert self.section is not None
        self.last_consumer += 1
        self.consumers[number] = self.last_consumer
        payload_types = [PayloadMapping(self.section.codecs[0].payload_type, AUDIO_PT)]
        extensions = [HeaderExtension(ExtensionKind.MID, MID_ID)]
        self.relay.send(
            CreateConsumer(self.last_consumer, TRACK, number, number, payload_types, extensions, paused=False)
        )

    async def reached(self, expected: set[int]) -> set[int]:
        """Whose sockets get media now: those expected set the pace, and the others are watched meanwhile."""
        await self._everybody_gets(expected)  # what was on its way has landed
        before = dict(self.arrived)
        await self._everybody_gets(expected)
        return {number for number in LISTENERS if self.arrived[number] > before[number]}

    async def _everybody_gets(self, expected: set[int]) -> None:
        before = dict(self.arrived)
        async with asyncio.timeout(15):
            while not all(self.arrived[number] >= before[number] + PACKETS for number in expected):
                self.changed.clear()
                await self.changed.wait()

    async def told(self) -> dict[int, bool]:
        """By the relay: transports that the tone is forwarded to, and whether paused."""
        lines = await self.relay.process.receivers(PUBLISHER)
        assert {line.producer for line in lines} <= {TRACK}
        return {line.transport: line.paused for line in lines}

    async def agrees(self, expected: set[int], paused: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        assert await self.told() == {number: number in paused for number in expected | paused}
        assert await self.reached(expected) == expected


def _is_connected(number: int, told: TransportState) -> bool:
    return told.transport == number and told.phase is TransportPhase.CONNECTED


@pytest.fixture
async def hall(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hall]:
    on_loopback(monkeypatch)
    made = Hall(relay)
    await made.open()
    yield made
    for peer in (made.publisher, *made.listeners.values()):
        await peer.close()


async def test_who_is_told_is_who_gets_packets(hall: Hall) -> None:
    assert await hall.told() == {}
    for number in LISTENERS:
        hall.listen(number)
    await hall.agrees({2, 3, 4})
    hall.relay.send(PauseConsumer(hall.consumers[3], True))
    await hall.agrees({2, 4}, paused={3})
    hall.relay.send(PauseConsumer(hall.consumers[3], False))
    hall.relay.send(CloseConsumer(hall.consumers[2]))
    await hall.agrees({3, 4})
    hall.relay.send(CloseTransport(4))
    await hall.agrees({3})
    assert await hall.relay.process.receivers(3) == ()
    assert hall.relay.lost is None


async def test_random_comings_and_goings_agree_too(hall: Hall) -> None:
    """A bounded number, since every look takes real packets."""
    chance = random.Random(7)
    listening: set[int] = set()
    paused: set[int] = set()
    for _ in range(8):
        number = chance.choice(LISTENERS)
        if number not in listening:
            hall.listen(number)
            listening.add(number)
        elif chance.random() < 0.5:
            hall.relay.send(PauseConsumer(hall.consumers[number], number not in paused))
            paused ^= {number}
        else:
            hall.relay.send(CloseConsumer(hall.consumers[number]))
            listening.discard(number)
            paused.discard(number)
        await hall.agrees(listening - paused, paused)
    assert hall.relay.lost is None


async def test_a_relay_that_forwards_otherwise_than_asked_is_ended(hall: Hall) -> None:
    """Its account has a consumer that signaling's book has not."""
    hall.listen(2)
    book = hall.relay.process._receivers
    hall.listen(3)
    book.sent(CloseConsumer(hall.consumers[3]))
    with pytest.raises(RelayError):
        await hall.told()
    reason = await hall.relay.until_lost()
    assert reason.fault is RelayFault.STRANGE_RECEIVER


async def test_a_relay_that_does_not_answer_is_not_waited_for(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "ANSWER_TIMEOUT", 0.2)
    pid = hall.relay.process.pid
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(RelayError) as silence:
        await hall.told()
    assert silence.value.fault is RelayFault.SILENT
    os.kill(pid, signal.SIGCONT)
    assert await hall.told() == {}  # the late answer disturbs nobody


async def test_whoever_asks_learns_that_the_relay_died(hall: Hall) -> None:
    asking = asyncio.ensure_future(hall.relay.process.receivers(PUBLISHER))
    await asyncio.sleep(0)
    await hall.relay.process.kill()
    with pytest.raises(RelayError):
        await asking
    with pytest.raises(RelayError):
        await hall.relay.process.receivers(PUBLISHER)

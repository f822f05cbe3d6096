"""A room that asks for more than a relay can do, and a small one beside it: what each of them has."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from bench.figure import show
from bench.forwarding import AUDIO_BYTES, SSRC, Stream, native, plan_of, publish, subscribe
from bench.relays import Relay, one_relay
from server.control import messages

SECONDS = 10.0
BEFORE = 1.0
"""The small room is there first."""
SETTLE = 3.0
CROWD = 300
SMALL_ROOM, LARGE_ROOM = 1, 2
# A video of 14 Mbit/s is more than three hundred people can be sent by one core.
LARGE = Stream(CROWD, 1500)
SMALL = Stream(1, 100)
SOUND = Stream(1, 50, kind=messages.MediaKind.AUDIO, packet_bytes=AUDIO_BYTES, burst=1)


@dataclass(frozen=True)
class Course:
    """Packets sent and received by all; latencies in microseconds, since it settled."""

    sent: int
    received: int
    p50: int
    p99: int
    longest: int


class Track:
    """A publisher and its subscribers."""

    def __init__(self, relay: Relay, stream: Stream, room: int, number: int) -> None:
        self._relay = relay
        self._stream = stream
        self._room = room
        self._ssrc = SSRC + number * 1000

    async def connect(self) -> None:
        producer, publisher, self._keys = await publish(self._relay, self._stream, SSRC, self._room)
        self._socket = publisher.socket
        self._readers = await subscribe(self._relay, producer, self._stream.subscribers, self._ssrc + 1)

    async def run(self, seconds: float, settle: float, wait: float = 0.0) -> Course:
        await asyncio.sleep(wait)
        plan = plan_of([(self._socket, self._keys)], self._readers, self._stream, seconds, settle)
        return Course(*await native(plan, [self._socket.fileno(), *self._readers]))


async def _measure(*, is_crowded: bool) -> None:
    async with one_relay() as relay:
        wanted = [("small room, video", SMALL, SMALL_ROOM), ("small room, sound", SOUND, SMALL_ROOM)]
        if is_crowded:
            wanted += [
                ("large room, video", LARGE, LARGE_ROOM),
                ("large room, sound", replace(SOUND, subscribers=CROWD), LARGE_ROOM),
            ]
        tracks = [Track(relay, stream, room, number) for number, (_, stream, room) in enumerate(wanted)]
        for track in tracks:
            await track.connect()
        await relay.stats()  # the requests before it are carried out
        courses = await asyncio.gather(
            *(
                track.run(SECONDS - BEFORE, SETTLE - BEFORE, BEFORE)
                if room == LARGE_ROOM
                else track.run(SECONDS, SETTLE)
                for track, (_, _, room) in zip(tracks, wanted, strict=True)
            )
        )
        beside = f"a room of {CROWD} that asks for too much" if is_crowded else "nothing"
        for (who, stream, _), course in zip(wanted, courses, strict=True):
            show(
                "latency",
                course.p99 / 1000,
                "ms",
                percentile=99,
                median=course.p50 / 1000,
                longest=course.longest / 1000,
                of=who,
                beside=beside,
                delivered=round(course.received / (course.sent * stream.subscribers), 4),
            )


async def run() -> None:
    await _measure(is_crowded=False)
    await _measure(is_crowded=True)

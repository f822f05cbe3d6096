"""What the signaling process can do by itself: joins, and what everybody in a large room is told.

Clients are WebSockets that answer offers and read; the relay is one that carries nothing. The processor time
is that of the signaling process. Everybody joins one room, so many at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from livekit.protocol import models
from livekit.protocol.rtc import (
    AddTrackRequest,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    UpdateParticipantMetadata,
)

from bench.figure import show
from bench.signaling_alone import ROOM
from server.auth.grants import Claims, VideoGrants
from server.auth.token import sign
from tests.unit.signaling import KEY, SECRET
from tests.unit.stage import Sending, answer_text, offer_text

PEOPLE = (100, 1_000)
AT_A_TIME = 20
PINGS = 100
TOLD = 10  # times that everybody is told something
WAIT_SECONDS = 240.0
MICROPHONE = Sending("audio", "0", "microphone")


@dataclass
class _Client:
    """Somebody in the room. `known` are those whom it has been shown; `got` counts messages by kind."""

    socket: aiohttp.ClientWebSocketResponse
    changed: asyncio.Event
    known: set[str] = field(default_factory=set)
    own: str = ""
    got: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    octets: int = 0
    reading: asyncio.Task[None] | None = None

    async def send(self, **message: Any) -> None:
        await self.socket.send_bytes(SignalRequest(**message).SerializeToString())

    async def read(self) -> None:
        async for message in self.socket:
            self.octets += len(message.data)
            response = SignalResponse.FromString(message.data)
            kind = str(response.WhichOneof("message"))
            self.got[kind] += 1
            if kind == "offer":
                offer = response.offer
                answer = SessionDescription(type="answer", sdp=answer_text(offer.sdp), id=offer.id)
                await self.send(answer=answer)
                self.answered += 1
            elif kind == "join":
                self.own = response.join.participant.sid
                self.known.update(one.sid for one in response.join.other_participants)
            elif kind == "update":
                self.known.update(one.sid for one in response.update.participants)
            self.changed.set()


class _Hall:
    """The process under test, and who is in the room."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, http: aiohttp.ClientSession) -> None:
        self._process = process
        self._url = f"http://127.0.0.1:{port}/rtc"
        self._http = http
        self._changed = asyncio.Event()
        self.clients: list[_Client] = []

    async def say(self, word: str, number: int = 0) -> float:
        """Has the process do something; its processor time then, in seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word} {number}\n".encode())
        return float(await self._process.stdout.readline())

    async def spent(self) -> float:
        """Its processor time so far, in seconds."""
        return await self.say("processor")

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while not reached():
                self._changed.clear()
                await self._changed.wait()

    def total(self, kind: str) -> int:
        return sum(client.got[kind] for client in self.clients)

    async def enter(self, number: int) -> None:
        grants = VideoGrants(room=ROOM, room_join=True, can_update_own_metadata=True)
        claims = Claims(f"person-{number}", grants=grants, expires_at=time.time() + 3600)
        token = sign(claims, KEY, SECRET, time.time())
        query = {"access_token": token, "protocol": "17", "sdk": "js", "auto_subscribe": "1"}
        socket = await self._http.ws_connect(self._url, params=query, max_msg_size=0)
        client = _Client(socket, self._changed)
        client.reading = asyncio.create_task(client.read())
        self.clients.append(client)
        await self.until(lambda: client.got["update"] > 0)

    async def fill(self, people: int) -> None:
        """They join, and everybody is shown everybody."""
        waiting = iter(range(people))

        async def some() -> None:
            for number in waiting:
                await self.enter(number)

        await asyncio.gather(*(some() for _ in range(AT_A_TIME)))
        everybody = {client.own for client in self.clients}
        await self.until(lambda: all(everybody <= client.known | {client.own} for client in self.clients))

    async def tell(self, kind: str, begin: Callable[[int], Awaitable[Any]], times: int = TOLD) -> float:
        """Processor time, in milliseconds, until everybody, but the one maybe who began it, was told once."""
        before = await self.spent()
        for number in range(times):
            wanted = {client.own: client.got[kind] + 1 for client in self.clients}
            await begin(number)
            await self._until_told(kind, wanted)
        return (await self.spent() - before) / times * 1000

    async def _until_told(self, kind: str, wanted: dict[str, int]) -> None:
        def missing() -> int:
            return sum(client.got[kind] < wanted[client.own] for client in self.clients)

        await self.until(lambda: missing() <= 1)


@contextlib.asynccontextmanager
async def _hall() -> AsyncIterator[_Hall]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.signaling_alone", stdin=pipe, stdout=pipe
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            hall = _Hall(process, port, http)
            yield hall
            for client in hall.clients:
                if client.reading is not None:
                    client.reading.cancel()
                await client.socket.close()
    finally:
        process.kill()
        await process.wait()


async def _measure(people: int) -> None:
    async with _hall() as hall:
        before, started = await hall.spent(), time.monotonic()
        await hall.fill(people)
        taken, spent = time.monotonic() - started, await hall.spent() - before
        how: dict[str, object] = {
            "messages": sum(sum(client.got.values()) for client in hall.clients),
            "mib": round(sum(client.octets for client in hall.clients) / 2**20, 2),
            "joins_per_second": round(people / taken, 1),
            "joins_per_cpu_second": round(people / spent, 1),
        }
        show("signaling_join", spent / people * 1000, "CPU ms", people=people, **how)
        first = hall.clients[0]
        await _show_ping(hall, first, people)

        async def describe_oneself(number: int) -> None:
            await first.send(update_metadata=UpdateParticipantMetadata(metadata=f"number {number}"))

        for kind, message, begin, times in (
            ("participant", "update", describe_oneself, TOLD),
            ("room", "room_update", lambda number: hall.say("describe", number), 3),
            ("qualities", "connection_quality", lambda number: hall.say("judge", number % 2), 2),
        ):
            milliseconds = await hall.tell(message, begin, times)
            show("signaling_broadcast", milliseconds, "CPU ms", kind=kind, people=people)
        await _show_track(hall, first, people)
        milliseconds = await hall.tell("speakers_changed", lambda number: hall.say("speak", 3 + number % 2))
        show("signaling_broadcast", milliseconds, "CPU ms", kind="speakers", people=people)


async def _show_ping(hall: _Hall, client: _Client, people: int) -> None:
    before, wanted = await hall.spent(), client.got["pong"] + PINGS
    for _ in range(PINGS):
        await client.send(ping=1)
    await hall.until(lambda: client.got["pong"] >= wanted)
    spent = await hall.spent() - before
    show("signaling_message", spent / PINGS * 1000, "CPU ms", kind="ping", people=people)


async def _show_track(hall: _Hall, client: _Client, people: int) -> None:
    """Everybody else is offered it, and answers."""
    before, wanted = await hall.spent(), sum(client.answered for client in hall.clients) + people - 1
    await client.send(add_track=AddTrackRequest(cid="microphone", type=models.TrackType.AUDIO))
    await client.send(offer=SessionDescription(type="offer", sdp=offer_text(MICROPHONE), id=1))
    await hall.until(lambda: sum(client.answered for client in hall.clients) >= wanted)
    worked_in = client.got["pong"] + 1
    await client.send(ping=1)  # comes after the answers
    await hall.until(lambda: client.got["pong"] >= worked_in)
    spent = await hall.spent() - before
    show("signaling_broadcast", spent * 1000, "CPU ms", kind="track, with offers and answers", people=people)


async def run() -> None:
    for people in PEOPLE:
        await _measure(people)

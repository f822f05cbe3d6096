"""The signaling process with a relay that carries nothing: what it asks for is there at once.

`python -m bench.signaling_alone` is that process, for `bench/signaling.py`. It prints its address, then does
what each line of its standard input says, and answers with a line: its processor time so far, in seconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable

from aiohttp import web
from msgspec import structs

from server.config import Rooms
from server.control.messages import (
    CreateProducer,
    CreateTransport,
    MediaKind,
    Notification,
    ProducerLayers,
    Quality,
    Request,
    SpeakerLevel,
    SrtpProfile,
    TransportPhase,
    TransportQuality,
    TransportState,
)
from server.room.inputs import AdminDescribe
from tests.unit.signaling import FakeLink, Server

ROOM = "hall"
MOST_PEOPLE = 5_000
OPUS, VP8 = 111, 96


class _Link(FakeLink):
    """Everybody is connected as soon as there is a transport, and media flows at once."""

    transport = producer = 0

    def send(self, request: Request) -> None:
        for ended in self.answering.to(request):
            self._say(ended)
        if isinstance(request, CreateTransport):
            self.transport = request.transport
            phase = TransportPhase.CONNECTED
            self._say(TransportState(request.transport, phase, SrtpProfile.AEAD_AES_128_GCM))
        elif isinstance(request, CreateProducer):
            self.producer = request.producer
            payload_type = OPUS if request.kind is MediaKind.AUDIO else VP8
            self._say(ProducerLayers(request.producer, payload_type, 1))

    def _say(self, notification: Notification) -> None:
        asyncio.get_running_loop().call_soon(self.told, notification)


async def main() -> None:
    server = Server(rooms=structs.replace(Rooms(), max_participants=MOST_PEOPLE))
    link = _Link()
    link.told = lambda told: server.rooms.relay_notified(link, told)
    server.placement.link = link
    runner = web.AppRunner(server.application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2048)
    await site.start()
    print(runner.addresses[0][1], flush=True)

    def say(notification: Notification) -> None:
        server.rooms.relay_notified(link, notification)

    words: dict[str, Callable[[int], None]] = {
        "processor": lambda _: None,
        "speak": lambda level: say(SpeakerLevel(link.producer, level)),
        "judge": lambda quality: say(TransportQuality(link.transport, Quality(quality))),
        "describe": lambda number: _describe(server, number),
    }
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        word, number = line.decode().split()
        words[word](int(number))
        print(time.process_time(), flush=True)
    await runner.cleanup()


def _describe(server: Server, number: int) -> None:
    server.rooms.administer(ROOM, AdminDescribe(f"number {number}"))


if __name__ == "__main__":
    asyncio.run(main())

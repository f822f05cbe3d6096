"""Participants that come, publish and go, on real signaling and a real relay; and what they leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from aiortc.rtcdtlstransport import RTCCertificate
from livekit.api import AccessToken, VideoGrants

from server.addresses import candidates
from server.app import application, http_runner
from server.attempts import Attempts
from server.clock import Clock
from server.config import Config
from server.control.messages import GetStats, Stats
from server.guarantee.sign import Signer
from server.metadata.event import Event
from server.network.origin import Origins
from server.rooms.manager import RoomManager
from server.workers.placement import Placement
from server.workers.supervisor import Supervisor
from server.workers.worker import RelayProcess
from tests.relay.guest import SECONDS, Guest, enter
from tests.unit.guaranteed import KnownSoftware

KEY, SECRET = "churn", "c" * 32
HALL = "hall"


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
        self.placement = Placement(self.supervisor, 1.0, Clock().now)
        self.rooms.place_on(self.placement)
        self.runner = http_runner(
            application(
                config,
                self.rooms,
                self.supervisor.evidence,
                self._clock,
                Attempts(self.recorded.append, self._clock.now),
                origins=Origins(config),
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
        return await enter(self.http, f"http://127.0.0.1:{self._port}", token, self.certificate)

    async def census(self) -> Census:
        """Fresh: everything that was asked of the relay before is carried out."""
        gc.collect()
        stats = await self._stats()
        rooms: Any = self.rooms
        placement: Any = self.placement
        return Census(
            rooms=len(rooms),
            sessions=len(rooms._sessions),
            user_agents=len(rooms._books),
            rooms_on_relays=len(rooms._relays),
            identifiers=rooms._relays.identifiers,
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
        tcp_port=0,
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

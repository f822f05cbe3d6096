"""The signaling server on loopback with a relay that only notes what it is asked.

The relay is a fake: nothing here carries media. `tests/relay` and `tests/e2e` have real ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient
from livekit.protocol.rtc import SignalRequest, SignalResponse
from msgspec import structs

from server.app import application
from server.attempts import Attempts
from server.auth.grants import Claims, VideoGrants
from server.auth.token import sign
from server.clock import Clock
from server.config import Config, Guests, Http, Metadata, Rooms
from server.control.messages import (
    CreateTransport,
    Notification,
    Receiver,
    Request,
    SrtpProfile,
    TransportPhase,
    TransportState,
)
from server.errors import RelayError, RelaysFull
from server.guarantee.sign import Signer
from server.metadata.event import Event
from server.metadata.rows.sessions import ParticipantLeft
from server.network.origin import Origins
from server.rooms.manager import RoomManager
from server.sdp.model import Candidate
from server.tally import Tally
from server.workers.link import RelayLink
from tests.unit.answering import Answering
from tests.unit.guaranteed import KnownSoftware
from tests.unit.stage import answer_text

KEY, SECRET = "key", "s" * 32
Client = TestClient[web.Request, web.Application]
ClientMaker = Callable[[web.Application], Any]


@dataclass(eq=False)
class FakeLink:
    """A relay that does nothing but answer for what is closed, to whom `told` says."""

    number: int = 1
    generation: int = 1
    fingerprint: bytes = bytes(32)
    ipv4_port: int = 7882
    ipv6_port: int = 0
    tcp_port: int = 0
    load: float = 0.0
    requests: list[Request] = field(default_factory=list)
    last_id: int = 0
    listed: tuple[Receiver, ...] | None = ()
    condemned: list[RelayError] = field(default_factory=list)
    told: Callable[[Notification], None] = lambda _: None
    answering: Answering = field(default_factory=Answering)

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def send(self, request: Request) -> None:
        self.requests.append(request)
        for ended in self.answering.to(request):
            asyncio.get_running_loop().call_soon(self.told, ended)

    async def receivers(self, transport: int) -> tuple[Receiver, ...]:
        """What the last test said that a relay would list, or as if it were lost."""
        if self.listed is None:
            raise RelayError("it is gone")
        return self.listed

    def condemn(self, reason: RelayError) -> None:
        self.condemned.append(reason)


class FakePlacement:
    """Everything on one relay, or nowhere when it is None."""

    def __init__(self, link: FakeLink | None) -> None:
        self.link = link
        self.is_full = False
        self.placed: set[str] = set()
        self.awaited = asyncio.Event()
        self.born = asyncio.Event()
        if link is not None:
            self.born.set()

    async def until_ready(self) -> None:
        self.awaited.set()
        await self.born.wait()

    def relay_for(self, room: str) -> RelayLink:
        if self.link is None:
            raise RelayError("none")
        if self.is_full and room not in self.placed:
            raise RelaysFull("all")
        self.placed.add(room)
        return self.link

    def release(self, room: str) -> None:
        self.placed.discard(room)


class Server:
    """The application and what is around it."""

    def __init__(
        self,
        *,
        rooms: Rooms | None = None,
        guests: Guests | None = None,
        trusted_proxies: tuple[str, ...] = (),
        sites: dict[str, tuple[str, ...]] | None = None,
        metadata: Metadata | None = None,
    ) -> None:
        self.config = Config(
            http=Http(trusted_proxies=trusted_proxies),
            rooms=rooms or Rooms(),
            guests=guests or Guests(),
            sites=sites or {},
            metadata=metadata or Metadata(),
            keys={KEY: SECRET},
        )
        self.clock = Clock()
        self.events: list[Event] = []
        self.tally = Tally()
        self.link = FakeLink()
        self.placement = FakePlacement(self.link)
        self.rooms = RoomManager(
            self.config,
            self.clock,
            self.tally.noting(self.events.append),
            lambda link: (Candidate("127.0.0.1", 7882),),
        )
        self.link.told = lambda told: self.rooms.relay_notified(self.link, told)
        self.rooms.place_on(self.placement)
        self.signer = Signer.generate()
        self.origins = Origins(self.config)
        self.attempts = Attempts(self.tally.noting(self.events.append), self.clock.now)
        self.application = application(
            self.config,
            self.rooms,
            list,
            self.clock,
            self.attempts,
            origins=self.origins,
            signer=self.signer,
            software=KnownSoftware(),
            tally=self.tally,
        )

    def token(
        self,
        identity: str = "ada",
        room: str = "hall",
        *,
        life: float = 600.0,
        secret: str = SECRET,
        **more: Any,
    ) -> str:
        grants = VideoGrants(**{"room": room, "room_join": True, **more})
        expires_at = self.clock.now() + life
        return sign(Claims(identity, grants=grants, expires_at=expires_at), KEY, secret, self.clock.now())

    async def until_left(self) -> list[Event]:
        """Everything so far, once somebody has left."""
        async with asyncio.timeout(5):
            while not any(isinstance(event, ParticipantLeft) for event in self.events):
                await asyncio.sleep(0)
        return self.events

    def connect_transports(self) -> None:
        """Every transport asked for so far reports to be connected."""
        for request in list(self.link.requests):
            if isinstance(request, CreateTransport):
                state = TransportState(request.transport, TransportPhase.CONNECTED, SrtpProfile.NONE)
                self.rooms.relay_notified(self.link, state)


@dataclass
class Peer:
    """A client's WebSocket, binary unless told otherwise."""

    socket: ClientWebSocketResponse

    async def next(self, kind: str | None = None) -> SignalResponse:
        """The next message, or the next of a kind."""
        async with asyncio.timeout(5):
            while True:
                message = await self.socket.receive()
                assert message.type is WSMsgType.BINARY, message
                response = SignalResponse.FromString(message.data)
                if kind in {None, response.WhichOneof("message")}:
                    return response

    async def send(self, **message: Any) -> None:
        await self.socket.send_bytes(SignalRequest(**message).SerializeToString())

    async def answer(self) -> None:
        """Answers the offer that comes next."""
        offer = (await self.next("offer")).offer
        answer = {"type": "answer", "sdp": answer_text(offer.sdp), "id": offer.id}
        await self.send(answer=answer)

    def break_off(self) -> None:
        """The connection is gone, without a close frame."""
        connection = self.socket._response.connection
        assert connection is not None
        connection.close()

    async def closed(self) -> int | None:
        """Reads to the end; the code with which the server closed."""
        async with asyncio.timeout(5):
            while (await self.socket.receive()).type is WSMsgType.BINARY:
                pass
        return self.socket.close_code


async def connect(client: Any, token: str, **query: str) -> Peer:
    """Opens `/rtc` as browsers do: the token in the query."""
    parameters = {"access_token": token, "protocol": "17", "sdk": "js", "auto_subscribe": "1", **query}
    return Peer(await client.ws_connect("/rtc", params=parameters))


def without_auto_create() -> Rooms:
    return structs.replace(Rooms(), auto_create=False)

"""The console on loopback, with operators who sign in, rooms that a test fills, and the access log."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from server.access.entry import Entry
from server.access.operators import FILE, Operators
from server.access.reading import configured
from server.access.roles import Role
from server.config import Config, Console, Guarantee, Metadata
from server.console.application import console
from server.console.place import PATH, Listener, Place
from server.console.sources import Sources
from server.control.messages import MediaKind, Quality
from server.guarantee.evidence import RelayEvidence
from server.guarantee.incidents import Incident, IncidentKind
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.words import Browser, System
from server.network.origin import Origins
from server.present import RoomNow
from server.room.attempt import Stage
from server.room.present import Present, Sent
from tests.unit.test_judge import FULL, NOW

PASSWORD = "correct horse battery"
_TOKEN = re.compile(r'name="token" value="([0-9a-f]{64})"')
Client = TestClient[web.Request, web.Application]


@dataclass
class KnownQueue:
    waiting: int = 0
    dropped: int = 0
    refused: int = 0
    faults: int = 0


def person(
    identity: str, number: int = 1, *, quality: Quality | None = Quality.EXCELLENT, muted: bool = False
) -> Present:
    """Somebody who sends a camera, from Firefox on Linux."""
    return Present(
        sid=f"PA_{number:08d}",
        identity=identity,
        joined_at=NOW - 300,
        stage=Stage.NEGOTIATION if quality is None else Stage.MEDIA,
        code="ABCD-EFGH",
        site="",
        quality=quality,
        sent=(Sent(f"TR_{number:08d}", MediaKind.VIDEO, "camera", muted, NOW - 200),),
    )


def room(name: str, *people: Present, number: int = 1) -> RoomNow:
    joined = {
        one.sid: ParticipantJoined(
            room=name,
            identity=one.identity,
            participant=one.sid,
            browser=Browser.FIREFOX,
            system=System.LINUX,
        )
        for one in people
    }
    return RoomNow(name, f"RM_{number:08d}", NOW - 600, 1, 1, False, people, joined)


@dataclass
class Desk:
    """What the console is read from; to be changed by the test."""

    config: Config
    rooms: list[RoomNow] = field(default_factory=list)
    relays: list[RelayEvidence] = field(default_factory=lambda: [FULL])
    incidents: list[Incident] = field(
        default_factory=lambda: [Incident(NOW - 60, IncidentKind.TRIPWIRE, 1, "openat")]
    )
    ledger: KnownQueue = field(default_factory=KnownQueue)
    now: float = NOW

    @property
    def operators(self) -> Operators:
        return Operators(Path(self.config.console.operators))

    def sources(self) -> Sources:
        return Sources(
            self.config,
            lambda: self.rooms,
            lambda: self.relays,
            lambda now: self.incidents,
            self.ledger,
            Origins(self.config),
            lambda: self.now,
        )

    def looks(self) -> list[Entry]:
        """Of the access log, oldest first."""
        return list(configured(self.config).entries())

    async def serve(self, aiohttp_client: AiohttpClient, place: Place | None = None) -> Client:
        app = web.Application()
        app.add_subapp(PATH, console(self.sources(), place or Place(Listener.MAIN)))
        client: Client = await aiohttp_client(app, cookie_jar=aiohttp.CookieJar(unsafe=True))
        return client


def desk_in(directory: Path, **settings: Any) -> Desk:
    """With operators grace, who looks, priya, who answers for privacy, and adam, who names operators."""
    desk = Desk(
        Config(
            metadata=Metadata(url=f"sqlite:///{directory}/ledger.db", access_log=str(directory / "access")),
            guarantee=Guarantee(signing_key=str(directory / "key.pem")),
            console=Console(operators=str(directory / "operators"), **settings),
        )
    )
    folder = directory / "operators"
    folder.mkdir(mode=0o700)
    (folder / FILE).write_bytes(_book())
    (folder / FILE).chmod(0o600)
    return desk


@cache
def _book() -> bytes:
    """Made once: a hash is meant to take long."""
    names = {"grace": Role.VIEWER, "priya": Role.PRIVACY_OFFICER, "adam": Role.ADMIN}
    with TemporaryDirectory() as directory:
        operators = Operators(Path(directory) / "operators")
        for name, role in names.items():
            operators.add(name, role, PASSWORD)
        return (Path(directory) / "operators" / FILE).read_bytes()


def token_of(html: str) -> str:
    found = _TOKEN.search(html)
    assert found is not None, html
    return found[1]


def origin_of(client: Client) -> dict[str, str]:
    return {"Origin": str(client.make_url("/")).rstrip("/")}


async def post(client: Client, path: str, page: str = "", **fields: str) -> aiohttp.ClientResponse:
    """A form of the page at `page`, or else at `path`, as a browser sends it."""
    html = await (await client.get(f"{PATH}/{page or path}")).text()
    return await client.post(
        f"{PATH}/{path}",
        data={"token": token_of(html), **fields},
        headers=origin_of(client),
        allow_redirects=False,
    )


async def sign_in(
    client: Client, name: str = "grace", *, reason: str | None = "support", password: str = PASSWORD
) -> None:
    answer = await post(client, "sign-in", name=name, password=password, zone="Europe/Berlin")
    assert answer.status == 303, await answer.text()
    if reason is not None:
        assert (await post(client, "reason", reason=reason)).status == 303


async def page(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(f"{PATH}/{path}", allow_redirects=False)
    assert answer.status == status, await answer.text()
    return await answer.text()

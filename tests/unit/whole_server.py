"""The whole server in this process, as `offrecord serve` starts it, but for its relays: these only note, and
answer for what is closed.

Everything that it writes is in one directory, and its log in memory.
"""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from server import app as composition
from server.config import Config, parse
from server.control.messages import (
    CreateProducer,
    CreateTransport,
    ProducerLayers,
    SrtpProfile,
    TransportPhase,
    TransportState,
)
from server.guarantee.evidence import RelayEvidence
from server.journal import Journal
from server.workers.link import RelayChronicle, RelayListener
from tests.unit.guaranteed import KnownSoftware
from tests.unit.signaling import FakeLink, FakePlacement
from tests.unit.test_judge import FULL


class _Supervisor:
    """Of one relay that is as it should be."""

    def __init__(self, config: Config, listener: RelayListener, chronicle: RelayChronicle) -> None:
        self.listener = listener
        self.link = FakeLink()
        self.link.told = lambda told: listener.relay_notified(self.link, told)

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def evidence(self) -> list[RelayEvidence]:
        return [FULL]

    def relays(self) -> list[object]:
        return []


class _Software(KnownSoftware):
    async def watch(self) -> None:
        pass


@dataclass
class Whole:
    """It runs. `routes` are all that it serves, as method and pattern."""

    directory: Path
    url: str
    metrics_url: str
    routes: list[tuple[str, str]]
    output: io.StringIO
    _supervisor: _Supervisor

    def relay_reports(self) -> None:
        """Every transport that was asked for is connected, and every producer has media."""
        link, listener = self._supervisor.link, self._supervisor.listener
        for request in list(link.requests):
            if isinstance(request, CreateTransport):
                state = TransportState(request.transport, TransportPhase.CONNECTED, SrtpProfile.NONE)
                listener.relay_notified(link, state)
        for request in list(link.requests):
            if isinstance(request, CreateProducer):
                for payload_type in range(96, 127):
                    listener.relay_notified(link, ProducerLayers(request.producer, payload_type, 1))


@asynccontextmanager
async def whole_server(directory: Path, settings: str, *, as_json: bool = False) -> AsyncIterator[Whole]:
    """`settings` is TOML, without [http] and [metrics]."""
    metrics = unused_port()
    text = f'[http]\nhost = "127.0.0.1"\nport = 0\n[metrics]\nport = {metrics}\n{settings}'
    (directory / "config.toml").write_text(text)
    served: list[web.Application] = []
    supervisors: list[_Supervisor] = []
    journal, output = Journal(as_json=as_json), io.StringIO()
    journal.handler.setStream(output)

    def supervisor(*words: object) -> _Supervisor:
        supervisors.append(_Supervisor(*words))  # type: ignore[arg-type]
        return supervisors[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        patch.setattr(composition, "Supervisor", supervisor)
        patch.setattr(composition, "Placement", lambda made, *_: FakePlacement(made.link))
        patch.setattr(composition, "InstalledSoftware", _Software)
        patch.setattr(composition, "http_runner", _noting(composition.http_runner, served))
        level = logging.root.level
        logging.root.setLevel(logging.DEBUG)  # more than is ever written
        logging.root.addHandler(journal.handler)
        try:
            async with AsyncExitStack() as stack:
                [url] = await composition.start(parse(text), stack, journal)
                [application] = served
                yield Whole(
                    directory,
                    url,
                    f"http://127.0.0.1:{metrics}/metrics",
                    routes_of(application),
                    output,
                    supervisors[0],
                )
        finally:
            logging.root.removeHandler(journal.handler)
            logging.root.setLevel(level)


def routes_of(application: web.Application) -> list[tuple[str, str]]:
    found = [
        (route.method, route.resource.canonical)
        for route in application.router.routes()
        if route.resource is not None
    ]
    return sorted(set(found))


def _noting(
    make: Callable[[web.Application], web.AppRunner], served: list[web.Application]
) -> Callable[[web.Application], web.AppRunner]:
    def runner(application: web.Application) -> web.AppRunner:
        served.append(application)
        return make(application)

    return runner

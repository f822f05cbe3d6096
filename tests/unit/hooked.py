"""An app that receives webhooks, as one is written with `livekit-api`: it believes what it can verify."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api
from livekit.protocol.webhook import WebhookEvent

KEY, SECRET = "backend", "a secret of the tests, which has 32 bytes"


@dataclass
class App:
    """`heard` is what it took, in order; `answer` may answer otherwise than with 200."""

    key: str = KEY
    secret: str = SECRET
    url: str = ""
    asked: int = 0
    heard: list[WebhookEvent] = field(default_factory=list)
    refused: list[WebhookEvent] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answer: Callable[[WebhookEvent, web.Request], Awaitable[web.StreamResponse | None]] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def names(self, room: str | None = None) -> list[str]:
        return [one.event for one in self.heard if room in (None, one.room.name)]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns once something holds of what was heard; the test's time-out bounds it."""
        while not holds():
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await self._news.wait()

    async def receive(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        text = (await request.read()).decode()
        receiver = api.WebhookReceiver(api.TokenVerifier(self.key, self.secret))
        event = receiver.receive(text, request.headers["Authorization"])
        self.headers.append(dict(request.headers))
        if self.answer is not None and (answer := await self.answer(event, request)) is not None:
            self.refused.append(event)
            self._news.set()
            return answer
        self.heard.append(event)
        self._news.set()
        return web.Response(text="ok")


@asynccontextmanager
async def app_listening(
    key: str = KEY, secret: str = SECRET, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[App]:
    app = App(key, secret)
    application = web.Application()
    application.router.add_post("/hook", app.receive)
    server = TestServer(application, host=host, scheme="http" if tls is None else "https")
    await server.start_server(ssl=tls)
    async with server:
        app.url = str(server.make_url("/hook"))
        yield app

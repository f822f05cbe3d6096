"""The console as an application of its own, below `/console` of one listener or the other."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from aiohttp import web

from server.console.access import AccessPage
from server.console.connection import ConnectionPage
from server.console.evidence import Evidence
from server.console.failures import FailuresPage
from server.console.guard import HEADERS, Guard
from server.console.ledger import LedgerPage
from server.console.live import Live
from server.console.oidc import Provider
from server.console.pages import Pages
from server.console.person import PersonPage
from server.console.place import PATH, Listener, Place
from server.console.provided import Provided
from server.console.search import SearchPage
from server.console.sign_in import SignIn
from server.console.sources import Sources
from server.errors import OperatorError

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 64 * 1024
GOODBYE_SECONDS: Final = 3.0

WEB: Final = Path(__file__).resolve().parent.parent / "web"
ASSETS: Final = {
    "console.css": WEB / "assets" / "console.css",
    "console.js": WEB / "assets" / "console.js",
    "favicon.svg": WEB / "favicon.svg",
}
"""Made by the build of the web client, whose colours and measures they share."""


def console(sources: Sources, place: Place) -> web.Application:
    """To be put below `PATH` of another application."""
    stopping = asyncio.Event()
    guard = Guard(sources, place, Pages())
    settings = sources.config.console
    app = web.Application(middlewares=[guard.middleware()])
    provider = Provider(settings) if settings.oidc_issuer else None
    sign_in = SignIn(guard, passwords=settings.passwords, provider=provider.name if provider else "")
    app.add_routes(sign_in.routes())
    if provider is not None:
        app.add_routes(Provided(guard, sign_in, provider).routes())
    app.add_routes(Evidence(guard).routes())
    app.add_routes(Live(guard, stopping).routes())
    app.add_routes(SearchPage(guard).routes())
    app.add_routes(FailuresPage(guard).routes())
    app.add_routes(ConnectionPage(guard).routes())
    app.add_routes(LedgerPage(guard).routes())
    app.add_routes(AccessPage(guard).routes())
    app.add_routes(PersonPage(guard).routes())
    app.add_routes([web.get(f"/assets/{name}", _file(path)) for name, path in ASSETS.items()])

    async def stop(_: web.Application) -> None:
        stopping.set()

    async def close(_: web.Application) -> None:
        await guard.books.aclose()

    app.on_shutdown.append(stop)
    app.on_cleanup.append(close)
    return app


async def listen(
    sources: Sources, place: Place, main: web.Application, tls: ssl.SSLContext | None, stack: AsyncExitStack
) -> None:
    """Puts the console where it belongs: below `PATH` of `main`, before that is served, or on a listener of
    its own until `stack` closes. Raises OperatorError where it cannot listen."""
    if place.listener is Listener.MAIN:
        main.add_subapp(PATH, console(sources, place))
    elif place.listener is Listener.OWN:
        await _listen(sources, place, tls if place.tls else None, stack)
    elif await asyncio.to_thread(Guard(sources, place, Pages()).operators.roles):
        logger.info("operators are named, and there is no console: set console.port, or console.public")


async def _listen(sources: Sources, place: Place, tls: ssl.SSLContext | None, stack: AsyncExitStack) -> None:
    settings = sources.config.console
    app = web.Application(client_max_size=MOST_BYTES)
    app.add_subapp(PATH, console(sources, place))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GOODBYE_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, settings.host or None, settings.port, ssl_context=tls).start()
    except OSError as error:
        raise OperatorError(
            f"the console cannot listen on {settings.host!r}, port {settings.port}: {error.strerror}; choose "
            "others with console.host and console.port"
        ) from None


def _file(path: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Style and script say nothing of anybody: no session is asked for."""

    async def send(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path, headers={**HEADERS, "Cache-Control": "no-cache"})

    return send

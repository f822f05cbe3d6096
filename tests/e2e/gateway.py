"""A server at another address: HTTP and signaling are passed on, and media is told to go through other ports.

So every client, whatever its SDK, comes through the network it is meant to: it knows only this address.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping

import aiohttp
from aiohttp import WSMsgType, web
from livekit.protocol.rtc import SignalResponse
from yarl import URL

CANDIDATE = re.compile(r"^(a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1) (\d+) ", re.MULTILINE)
# Of the connection, or made anew on each side of it.
HOP_BY_HOP = {
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "transfer-encoding",
    "upgrade",
}
LARGEST_MESSAGE = 4 << 20

Wire = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


class Gateway:
    """`ports` are those to use instead of the relays'."""

    def __init__(self, server: str, ports: Mapping[int, int], session: aiohttp.ClientSession) -> None:
        self._server = URL(server)
        self._ports = ports
        self._session = session
        self._passes = asyncio.Event()
        self._passes.set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def hold(self) -> None:
        """What is said from now on waits, as TCP keeps it while a network is down."""
        self._passes.clear()

    def release(self) -> None:
        """What waited goes on."""
        self._passes.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Anything that is asked."""
        await self._passes.wait()
        target = URL(str(self._server.origin()) + request.raw_path, encoded=True)
        headers = {name: value for name, value in request.headers.items() if _is_passed(name)}
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._signal(request, target, headers)
        body = await request.read()
        async with self._session.request(
            request.method, target, headers=headers, data=body, allow_redirects=False
        ) as answer:
            passed = [(name, value) for name, value in answer.headers.items() if _is_passed(name)]
            return web.Response(status=answer.status, headers=passed, body=await answer.read())

    async def _signal(
        self, request: web.Request, target: URL, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        try:
            server = await self._session.ws_connect(
                target, headers=headers, max_msg_size=LARGEST_MESSAGE, autoclose=False
            )
        except aiohttp.WSServerHandshakeError as refusal:
            return web.Response(status=refusal.status)
        client = web.WebSocketResponse(max_msg_size=LARGEST_MESSAGE, autoclose=False)
        await client.prepare(request)
        sides = [asyncio.create_task(self._pass(*pair)) for pair in ((client, server), (server, client))]
        try:
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for side in sides:
                side.cancel()
            await asyncio.gather(*sides, return_exceptions=True)
            await asyncio.gather(client.close(), server.close(), return_exceptions=True)
        return client

    async def _pass(self, source: Wire, sink: Wire) -> None:
        is_from_server = isinstance(source, aiohttp.ClientWebSocketResponse)
        with contextlib.suppress(ConnectionError):
            while True:
                message = await source.receive()
                await self._passes.wait()
                if message.type is WSMsgType.BINARY:
                    await sink.send_bytes(self._moved(message.data) if is_from_server else message.data)
                elif message.type is WSMsgType.TEXT:
                    await sink.send_str(message.data)
                elif message.type is WSMsgType.CLOSE:
                    await sink.close(code=message.data or 1000, message=(message.extra or "").encode())
                    return
                else:
                    return

    def _moved(self, frame: bytes) -> bytes:
        """The server's candidates are the ports here; anything else stays as it is."""
        response = SignalResponse.FromString(frame)
        kind = response.WhichOneof("message")
        if kind not in {"offer", "answer"}:
            return frame
        description = getattr(response, kind)
        description.sdp = CANDIDATE.sub(
            lambda line: f"{line[1]} {self._ports[int(line[2])]} ", description.sdp
        )
        return response.SerializeToString()


def _is_passed(name: str) -> bool:
    return name.lower() not in HOP_BY_HOP and not name.lower().startswith("sec-websocket-")


@contextlib.asynccontextmanager
async def gateway(server: str, ports: Mapping[int, int]) -> AsyncIterator[Gateway]:
    """To a server by its URL, on a port of loopback."""
    async with aiohttp.ClientSession(auto_decompress=True) as session:
        running = Gateway(server, ports, session)
        app = web.Application(client_max_size=LARGEST_MESSAGE)
        app.router.add_route("*", "/{path:.*}", running.handle)
        runner = web.AppRunner(app, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            running.port = runner.addresses[0][1]
            yield running
        finally:
            running.release()
            await runner.cleanup()

"""`GET /metrics` on a listener of its own: what it tells is for operators, not for everybody who may call."""

from __future__ import annotations

from contextlib import AsyncExitStack

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from server.errors import OperatorError
from server.metrics.collector import ServerCollector
from server.metrics.source import Source


async def listen(source: Source, host: str, port: int, stack: AsyncExitStack) -> None:
    """Answers on `host` and `port` until `stack` closes. Raises OperatorError."""
    runner = web.AppRunner(exposition(source), access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, host or None, port).start()
    except OSError as error:
        raise OperatorError(
            f"metrics cannot listen on {host!r}, port {port}: {error.strerror}; "
            "choose others with metrics.host and metrics.port, or leave them out with port 0"
        ) from None


def exposition(source: Source) -> web.Application:
    """An application with nothing but `/metrics`, in the text form of Prometheus or as OpenMetrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServerCollector(source))
    ProcessCollector(registry=registry)  # memory, processor time and descriptors of the signaling process

    async def metrics(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        headers = {"Content-Type": content_type, "Cache-Control": "no-store"}
        return web.Response(body=encode(registry), headers=headers)

    app = web.Application(client_max_size=0)
    app.add_routes([web.get("/metrics", metrics)])
    return app

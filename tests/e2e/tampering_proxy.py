"""A proxy that changes what a server tells, a process of its own: `tampering_proxy.py PORT SERVER HOW`."""

from __future__ import annotations

import asyncio
import json
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import aiohttp
from aiohttp import web

OLD_NONCE = "a-nonce-of-yesterday"


def _with_payload(compact: str, **changes: Any) -> str:
    head, payload, signature = compact.split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    changed = urlsafe_b64encode(json.dumps({**claims, **changes}).encode()).rstrip(b"=").decode()
    return ".".join([head, changed, signature])


async def _answer(
    session: aiohttp.ClientSession, server: str, how: str, request: web.Request
) -> web.Response:
    query = dict(request.query)
    if how == "stale" and request.path == "/guarantee":
        query["nonce"] = OLD_NONCE  # an answer that was kept from another time
    async with session.get(server + request.path, params=query) as answer:
        content = await answer.json()
    if request.path == "/guarantee":
        if how == "signed":
            content["jws"] = _with_payload(content["jws"], does_not_prove=[])
        elif how == "unsigned":
            content["says"] = ["Nobody is able to record here."]
    return web.json_response(content)


async def main(port: int, server: str, how: str) -> None:
    app = web.Application()
    async with aiohttp.ClientSession() as session:

        async def handler(request: web.Request) -> web.Response:
            return await _answer(session, server, how, request)

        app.router.add_get("/{path:.*}", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))

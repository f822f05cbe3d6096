"""`GET /guarantee?nonce=`: what is guaranteed right now, for anybody who asks.

Open to every origin: a participant's page, an auditor's script and a monitor read the same statement.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import msgspec
from aiohttp import web

from server.guarantee.observe import EvidenceSource, observe
from server.guarantee.sign import Signer
from server.guarantee.statement import statement

_NONCE = re.compile(r"[A-Za-z0-9_-]{8,128}")
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def routes(
    evidence: EvidenceSource, minimum_level: str, signer: Signer, *, clock: Callable[[], float] = time.time
) -> list[web.RouteDef]:
    """`evidence` is asked at every request; `clock` gives seconds since the epoch."""

    async def guarantee(request: web.Request) -> web.Response:
        nonces = request.query.getall("nonce", [])
        if len(nonces) > 1 or (nonces and not _NONCE.fullmatch(nonces[0])):
            return _json({"error": "nonce must be 8 to 128 characters of A-Z, a-z, 0-9, - and _"}, status=400)
        now = clock()
        nonce = nonces[0] if nonces else None
        return _json(statement(observe(evidence, now), minimum_level, nonce, now))

    async def keys(request: web.Request) -> web.Response:
        return _json(signer.jwks())

    return [
        web.get("/guarantee", guarantee, name="guarantee"),
        web.get("/.well-known/jwks.json", keys),
    ]


def _json(content: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(content), status=status, content_type="application/json", headers=_HEADERS
    )

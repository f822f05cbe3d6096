"""HTTP answers in JSON that pages of any origin may read, and nobody keeps."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import web

HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_PREFLIGHT = {
    **HEADERS,
    "Access-Control-Allow-Headers": "authorization, content-type",
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Max-Age": "86400",
}


def answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """`content` is what msgspec can encode."""
    return web.Response(
        body=msgspec.json.encode(content),
        status=status,
        content_type="application/json",
        headers={**HEADERS, **(headers or {})},
    )


def refusal(status: int, text: str, headers: Mapping[str, str] | None = None, **more: object) -> web.Response:
    """`text` says what to do; it becomes the `error` of the answer, with a capital letter and a full stop.
    `more` are further members of it."""
    return answer({"error": f"{text[:1].upper()}{text[1:].rstrip('.')}.", **more}, status, headers)


async def preflight(request: web.Request) -> web.Response:
    """A page of another origin may send a token (Fetch section 4.8, CORS-preflight)."""
    return web.Response(status=204, headers=_PREFLIGHT)

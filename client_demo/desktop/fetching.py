"""Asks the server over HTTP: JSON, bounded in time and size, without cookies, caches or redirections."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import msgspec
from yarl import URL

MOST_BYTES = 2_000_000


class UnreachableError(Exception):
    """No answer, none in time, or one that is longer than any of this server's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is parsed JSON, None where there is none."""

    status: int
    body: object

    @property
    def is_fine(self) -> bool:
        return 200 <= self.status < 300


def new_session() -> aiohttp.ClientSession:
    """Remembers nothing between questions; to be closed."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=True)


async def fetch(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    *,
    seconds: float,
    token: str = "",
    params: Mapping[str, str] | None = None,
    content: object = None,
) -> Answer:
    """`token` is sent as a bearer, `content` as JSON. Raises UnreachableError."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if content is not None:
        headers["Content-Type"] = "application/json"
    body = None if content is None else msgspec.json.encode(content)
    try:
        async with (
            asyncio.timeout(seconds),
            session.request(
                method, url, params=params, headers=headers, data=body, allow_redirects=False
            ) as response,
        ):
            raw = b""
            async for chunk in response.content.iter_chunked(65_536):
                raw += chunk
                if len(raw) > MOST_BYTES:
                    raise UnreachableError
            return Answer(response.status, _parsed(raw))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        raise UnreachableError from None


def _parsed(raw: bytes) -> object:
    try:
        parsed: object = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    return parsed

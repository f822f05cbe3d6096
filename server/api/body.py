"""Bodies of requests: whole, and bounded in size and in time."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import StreamReader

BODY_SECONDS: Final = 10.0
"""In which a body must have arrived."""


class BodyTooLongError(Exception):
    """There is more of it than may be; the rest was not read."""


async def read_body(content: StreamReader, most: int) -> bytes:
    """All of a body of at most `most` bytes. Raises BodyTooLongError, and TimeoutError when late."""
    collected = bytearray()
    async with asyncio.timeout(BODY_SECONDS):
        while part := await content.read(most + 1 - len(collected)):
            collected += part
            if len(collected) > most:
                raise BodyTooLongError
    return bytes(collected)

"""One webhook on its way: signed, bounded in time, and believed taken only if the answer says so (2xx)."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Callable
from typing import Final

import aiohttp

from server.auth.token import sign_webhook
from server.webhooks.trust import Failure, failure_of

CONTENT_TYPE: Final = "application/webhook+json"
TOKEN_SECONDS: Final = 300
MOST_HEADER: Final = 8 * 1024


class Poster:
    """Sends to any address with the key `name`, whose secret is `secret`. Close it with `aclose`."""

    def __init__(
        self, name: str, secret: str, seconds: int, clock: Callable[[], float], tls: ssl.SSLContext
    ) -> None:
        """`seconds` for each whole request; `clock` gives seconds since the epoch."""
        self._name = name
        self._secret = secret
        self._clock = clock
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=seconds),
            connector=aiohttp.TCPConnector(ssl=tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            max_line_size=MOST_HEADER,
            max_field_size=MOST_HEADER,
        )

    async def aclose(self) -> None:
        await self._session.close()

    async def post(self, url: str, body: bytes) -> Failure | None:
        """None: it was taken. Of the answer only the status counts; where it leads is not followed."""
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Authorization": self._token(body),
            "User-Agent": "offrecord",
        }
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                return None if 200 <= answer.status < 300 else Failure.REFUSED
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return failure_of(error)

    def _token(self, body: bytes) -> str:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        return sign_webhook(digest, self._name, self._secret, self._clock(), TOKEN_SECONDS)

"""Asks a server what an audit needs, with bounds on time and size: what answers may be hostile."""

from __future__ import annotations

import re
import secrets
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec

from server.errors import OperatorError

TIMEOUT_SECONDS: Final = 10.0
LARGEST_SMALL: Final = 64 * 1024
LARGEST_STATEMENT: Final = 2 * 1024 * 1024
DISCOVERY: Final = ".well-known/offrecord"
_PATH: Final = re.compile(r"[A-Za-z0-9._/-]{1,200}")
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answers:
    """Parsed JSON, of anything; `nonce` is what the statement was asked for with."""

    nonce: str
    statement: object
    jwks: object


async def fetch(url: str, ca: ssl.SSLContext | None = None) -> Answers:
    """`url` is the address of the server. Raises OperatorError when it cannot be read."""
    base = _base(url)
    nonce = secrets.token_urlsafe(24)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
        found = await _json(session, urljoin(base, DISCOVERY), LARGEST_SMALL, ca)
        guarantee, keys = (_endpoint(base, found, name) for name in ("guarantee", "jwks"))
        told = await _json(session, f"{guarantee}?nonce={nonce}", LARGEST_STATEMENT, ca)
        return Answers(nonce, told, await _json(session, keys, LARGEST_SMALL, ca))


def _base(url: str) -> str:
    """Ends in a slash, so that what discovery names is found below it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        usable = usable and not (parts.query or parts.fragment) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise OperatorError("give the address of a server, such as https://meet.example")
    return url if url.endswith("/") else url + "/"


def _endpoint(base: str, discovery: object, name: str) -> str:
    """Only below the address that was asked for: discovery does not send an auditor elsewhere."""
    endpoints = discovery.get("endpoints") if isinstance(discovery, dict) else None
    path = endpoints.get(name) if isinstance(endpoints, dict) else None
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise OperatorError(f"{base} does not tell where its {name} is: is it an Offrecord server?")
    target = urljoin(base, path)
    if not target.startswith(base):
        raise OperatorError(f"{base} tells of a {name} outside of it")
    return target


async def _json(session: aiohttp.ClientSession, url: str, largest: int, ca: ssl.SSLContext | None) -> object:
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    try:
        async with session.get(url, headers=headers, allow_redirects=False, ssl=ca or True) as answer:
            if answer.status != 200:
                raise OperatorError(f"{url.partition('?')[0]} answers with status {answer.status}")
            content = bytearray()
            async for chunk in answer.content.iter_chunked(_CHUNK):
                content += chunk
                if len(content) > largest:
                    raise OperatorError(f"{url.partition('?')[0]} answers with more than {largest} bytes")
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        raise OperatorError(f"{url.partition('?')[0]} cannot be read: {_why(error)}") from None
    try:
        parsed: object = msgspec.json.decode(bytes(content))
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise OperatorError(f"{url.partition('?')[0]} does not answer with JSON") from None
    return parsed


def _why(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "its certificate is not believed; --ca names one to believe"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "no connection"
    return (
        f"no answer within {TIMEOUT_SECONDS:.0f} s"
        if isinstance(error, TimeoutError)
        else type(error).__name__
    )

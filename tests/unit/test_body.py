"""A body of a request is read whole, however it arrives, and no more of it than may be."""

from __future__ import annotations

import asyncio
from unittest.mock import Mock

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol

from server.api import body
from server.api.body import BodyTooLongError, read_body


def arriving(*parts: bytes, ends: bool = True) -> StreamReader:
    """A body whose parts come one after the other, each when the one before has been read."""
    loop = asyncio.get_running_loop()
    # What a connection does for its reader is to pause and go on, which is of no matter here.
    reader = StreamReader(Mock(spec=BaseProtocol), 2**16, loop=loop)
    waiting = list(parts)

    def feed() -> None:
        if waiting:
            reader.feed_data(waiting.pop(0))
            loop.call_later(0.001, feed)
        elif ends:
            reader.feed_eof()

    feed()
    return reader


async def test_what_comes_in_parts_is_read_whole() -> None:
    assert await read_body(arriving(b"{", b'"a"', b": 1", b"}"), 8) == b'{"a": 1}'
    assert await read_body(arriving(), 8) == b""


async def test_what_is_longer_than_may_be_is_refused_without_its_end() -> None:
    assert await read_body(arriving(b"1234", b"5678"), 8) == b"12345678"
    with pytest.raises(BodyTooLongError):
        await read_body(arriving(b"1234", b"56789", ends=False), 8)


async def test_what_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS", 0.05)
    with pytest.raises(TimeoutError):
        await read_body(arriving(b"1234", ends=False), 8)

"""What libraries log of a client never reaches the output."""

from __future__ import annotations

import io
import logging

import pytest

from server.journal import FORMAT, Discreet


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def handler(output: io.StringIO) -> logging.Handler:
    handler = logging.StreamHandler(output)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(Discreet())
    return handler


@pytest.mark.parametrize("name", ["aiohttp.server", "aiohttp.websocket", "asyncio"])
def test_addresses_and_requests_are_left_out(
    name: str, output: io.StringIO, handler: logging.Handler
) -> None:
    logger = logging.Logger(name)
    logger.addHandler(handler)
    try:
        raise ValueError("GET /rtc?access_token=eyJ")
    except ValueError:
        logger.exception("Error handling request from %s", "192.0.2.7")
    logger.warning("peer 192.0.2.7 sent eyJ")
    text = output.getvalue()
    assert "192.0.2.7" not in text
    assert "eyJ" not in text
    assert "ValueError at test_journal.py:" in text


def test_our_own_lines_are_kept(output: io.StringIO, handler: logging.Handler) -> None:
    logger = logging.Logger("server.rooms")
    logger.addHandler(handler)
    logger.info("room %s opened", "RM_1")
    assert output.getvalue().endswith("INFO server.rooms room RM_1 opened\n")

"""Where the console listens: on the main port, on one of its own, or nowhere, with a word in the log."""

from __future__ import annotations

import logging
import socket
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from server.console.application import listen
from server.console.place import Listener, Place
from server.errors import OperatorError
from tests.e2e.serving import free_tcp_port
from tests.unit.desk import Desk, desk_in


def _on(desk: Desk, port: int) -> Desk:
    settings = msgspec.structs.replace(desk.config.console, port=port)
    desk.config = msgspec.structs.replace(desk.config, console=settings)
    return desk


async def _status(url: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(url, allow_redirects=False) as answer:
        return answer.status


async def test_a_listener_of_its_own_has_the_console_and_nothing_else(
    tmp_path: Path, aiohttp_client: AiohttpClient
) -> None:
    port = free_tcp_port()
    desk = _on(desk_in(tmp_path), port)
    main = web.Application()
    async with AsyncExitStack() as stack:
        await listen(desk.sources(), Place(Listener.OWN), main, None, stack)
        own = f"http://127.0.0.1:{port}"
        assert await _status(f"{own}/console/sign-in") == 200
        assert await _status(f"{own}/") == 404
        assert await _status(f"{own}/guarantee") == 404
        client = await aiohttp_client(main)
        assert (await client.get("/console/sign-in")).status == 404
    with pytest.raises(aiohttp.ClientError):
        await _status(f"{own}/console/sign-in")


async def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        desk = _on(desk_in(tmp_path), taken.getsockname()[1])
        async with AsyncExitStack() as stack:
            with pytest.raises(OperatorError, match=r"console\.host and console\.port"):
                await listen(desk.sources(), Place(Listener.OWN), web.Application(), None, stack)


async def test_where_it_is_nowhere_the_log_says_so_to_whoever_named_operators(
    tmp_path: Path, aiohttp_client: AiohttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    desk, main = desk_in(tmp_path), web.Application()
    async with AsyncExitStack() as stack:
        await listen(desk.sources(), Place(Listener.NONE), main, None, stack)
        assert "there is no console: set console.port, or console.public" in caplog.text
        client = await aiohttp_client(main)
        assert (await client.get("/console/")).status == 404
        caplog.clear()
        for name in ("grace", "priya", "adam"):
            desk.operators.remove(name)
        await listen(desk.sources(), Place(Listener.NONE), main, None, stack)
        assert "console" not in caplog.text

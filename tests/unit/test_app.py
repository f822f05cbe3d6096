"""What the server refuses to start with, and what it says then."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from server import app
from server.config import Config, ConfigError, Http, Metadata, Relay
from server.errors import OperatorError


def test_a_certificate_that_cannot_be_read_is_named_by_its_setting(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish")
    for path in (rubbish, tmp_path / "missing.pem"):
        config = Config(http=Http(tls_certificate=str(path), tls_key=str(path)))
        with pytest.raises(ConfigError, match=r"http\.tls_certificate"):
            app._tls(config)
    assert app._tls(Config()) is None


async def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        runner = app.http_runner(web.Application())
        await runner.setup()
        try:
            with pytest.raises(OperatorError, match=f"port {port}.*--http-port"):
                await app._listen(Config(http=Http(host="127.0.0.1", port=port)), runner, None)
        finally:
            await runner.cleanup()


async def test_nothing_is_created_when_the_configuration_is_wrong(tmp_path: Path) -> None:
    config = Config(
        relay=Relay(advertise=("not-an-address",)), metadata=Metadata(url=f"sqlite:///{tmp_path}/ledger.db")
    )
    async with AsyncExitStack() as stack:
        with pytest.raises(ConfigError, match=r"relay\.advertise"):
            await app.start(config, stack)
    assert list(tmp_path.iterdir()) == []


async def test_all_interfaces_are_shown_as_this_machine() -> None:
    runner = app.http_runner(web.Application())
    await runner.setup()
    try:
        await app._listen(Config(http=Http(host="127.0.0.1", port=0)), runner, None)
        (address,) = app._listening(runner, secure=False)
        assert address == f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()
    assert app._shown("::") == app._shown("0.0.0.0") == "localhost"
    assert app._shown("::1") == "[::1]"

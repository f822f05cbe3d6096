"""`offrecord serve --lan`: HTTPS that a phone can trust once, guests welcome, no key that anybody knows."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from server.lan import local_addresses
from tests.e2e.browser import eventually
from tests.e2e.serving import ROOT, Server, free_tcp_port, free_udp_ports

pytestmark = pytest.mark.skipif(not local_addresses(), reason="this machine is on no network")


@pytest.fixture
async def lan(tmp_path: Path) -> AsyncIterator[Server]:
    http_port, udp_port = free_tcp_port(), free_udp_ports(os.cpu_count() or 1)
    log = tmp_path / "server.log"
    words = ["serve", "--lan", "--http-port", str(http_port), "--udp-port", str(udp_port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", *words],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    server = Server(http_port, udp_port, tmp_path, process, log)

    async def said() -> str:
        assert process.poll() is None, server.output()
        return await asyncio.to_thread(server.output)

    try:
        await eventually(said, lambda words: "ready" in words)
        yield server
        await server.stop()
    finally:
        if process.poll() is None:
            server.kill()


async def test_a_phone_can_join_and_the_well_known_key_cannot(lan: Server) -> None:
    # Trusting exactly what was printed to trust: the name, the address and the dates are checked.
    trust = ssl.create_default_context(cafile=str(lan.directory / "certs" / "lan.pem"))
    address = f"https://127.0.0.1:{lan.http_port}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
        async with session.get(address + "/") as page:
            assert page.status == 200
        wanted = {"room": "garden", "name": "Ada"}
        async with session.post(address + "/api/guest-token", json=wanted) as answer:
            assert answer.status == 200
            guest = await answer.json()
        assert guest["url"] == f"wss://127.0.0.1:{lan.http_port}"

        async with session.get(address + "/rtc/validate", params={"access_token": guest["token"]}) as valid:
            assert valid.status == 200
        known = {"access_token": lan.token("garden", "mallory")}
        async with session.get(address + "/rtc/validate", params=known) as refused:
            assert refused.status == 401

    said = lan.output()
    for own in local_addresses():
        assert own in said
    assert "█" in said, "a picture for the phone's camera"
    assert "secret" not in said
    assert guest["token"] not in said

"""coturn, configured as in deploy/, on free ports of loopback."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aioice.turn import TurnClientUdpProtocol

from server.lan import certificate_for
from tests.e2e.browser import eventually
from tests.e2e.serving import ROOT, free_tcp_port, free_udp_ports

SHIPPED = ROOT / "deploy" / "turnserver.conf"
SECRET = "change-me-openssl-rand-base64-32"
# What only the test needs: everything on loopback, which coturn refuses to relay to unless it is told.
ON_LOOPBACK = """
listening-ip=127.0.0.1
relay-ip=127.0.0.1
allow-loopback-peers
"""
_PORTS = 60
CLIENT = "127.0.0.77"
"""An address of this machine that stands for a client's, and is in no configuration."""


@dataclass
class Turn:
    port: int
    tls_port: int
    directory: Path
    """Everything that coturn writes is below it."""
    name: str = "grace"
    """Who comes, in the names that a back end of somebody's might make of people."""

    def credentials(self, secret: str = SECRET) -> tuple[str, str]:
        """As a back end makes them: a name that says until when, and its HMAC."""
        name = f"{int(time.time()) + 600}:{self.name}"
        digest = hmac.digest(secret.encode(), name.encode(), hashlib.sha1)
        return name, base64.b64encode(digest).decode()

    async def allocate(self, name: str, password: str) -> None:
        """From `CLIENT`; also what it then sends. Raises stun.TransactionFailed where that is refused."""
        server = ("127.0.0.1", self.port)
        transport, client = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: TurnClientUdpProtocol(server, name, password, 600, 500),
            local_addr=(CLIENT, 0),
            remote_addr=server,
        )
        try:
            await client.connect()
            await client.channel_bind(0x4000, ("127.0.0.1", 7882))
            await client.delete()
        finally:
            transport.close()

    def written(self) -> bytes:
        ours = {"turnserver.conf", "certs"}
        found = [path for path in self.directory.rglob("*") if not ours & set(path.parts)]
        return b"\n".join(path.read_bytes() for path in found if path.is_file())


@contextlib.asynccontextmanager
async def coturn(
    directory: Path, change: Callable[[str], str] = lambda shipped: shipped
) -> AsyncIterator[Turn]:
    """`change` is made to the configuration that is shipped."""
    program = shutil.which("turnserver")
    if program is None:
        pytest.fail("coturn is not installed; scripts/debian.sh installs it where it can")
    turn = Turn(free_tcp_port(), free_tcp_port(), directory / "turn")
    turn.directory.mkdir()
    files = certificate_for(["127.0.0.1"], turn.directory / "certs")
    text = change(SHIPPED.read_text())
    for old, new in (
        ("\nlistening-port=3478", f"\nlistening-port={turn.port}"),
        ("tls-listening-port=5349", f"tls-listening-port={turn.tls_port}"),
        ("/etc/ssl/meet.example/chain.pem", str(files.certificate)),
        ("/etc/ssl/meet.example/key.pem", str(files.key)),
        ("allowed-peer-ip=203.0.113.7", "allowed-peer-ip=127.0.0.1"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    first = free_udp_ports(_PORTS)
    own = f"min-port={first}\nmax-port={first + _PORTS - 1}\n"
    own += f"pidfile={turn.directory}/pid\nuserdb={turn.directory}/db\n"
    (turn.directory / "turnserver.conf").write_text(text + ON_LOOPBACK + own)
    with (turn.directory / "said").open("wb") as said:
        process = subprocess.Popen(
            [program, "-c", str(turn.directory / "turnserver.conf")],
            cwd=turn.directory,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        await eventually(lambda: _listens(turn, process), bool)
        yield turn
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 10)


async def _listens(turn: Turn, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, turn.written()
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", turn.port)
        writer.close()
        return True
    return False

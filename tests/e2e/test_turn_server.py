"""A call goes through coturn as it is configured in deploy/, and nothing is written down about anybody."""

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
from aioice import stun
from aioice.turn import TurnClientUdpProtocol
from livekit import rtc
from livekit.rtc._proto import room_pb2

from tests.e2e.browser import eventually
from tests.e2e.desktop import desktop
from tests.e2e.serving import ROOT, Server, free_tcp_port, free_udp_ports

SHIPPED = ROOT / "deploy" / "turnserver.conf"
SECRET = "change-me-openssl-rand-base64-32"
# What only the test needs: everything on loopback, which coturn refuses to relay to unless it is told.
ON_LOOPBACK = """
listening-ip=127.0.0.1
relay-ip=127.0.0.1
allow-loopback-peers
no-tls
no-dtls
"""
CLIENT = "127.0.0.77"
"""An address of this machine that stands for a client's, and is in no configuration."""


@dataclass
class Turn:
    port: int
    directory: Path
    """Everything that coturn writes is below it."""

    def credentials(self, secret: str = SECRET) -> tuple[str, str]:
        """As a back end makes them: a name that says until when, and its HMAC."""
        name = f"{int(time.time()) + 600}:grace"
        digest = hmac.digest(secret.encode(), name.encode(), hashlib.sha1)
        return name, base64.b64encode(digest).decode()

    async def allocate(self, secret: str = SECRET) -> None:
        """From `CLIENT`; also what it then sends. Raises stun.TransactionFailed where that is refused."""
        name, password = self.credentials(secret)
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
        found = [path for path in self.directory.rglob("*") if path.name != "turnserver.conf"]
        return b"\n".join(path.read_bytes() for path in found if path.is_file())


@contextlib.asynccontextmanager
async def coturn(
    directory: Path, change: Callable[[str], str] = lambda shipped: shipped
) -> AsyncIterator[Turn]:
    """`change` is made to the configuration that is shipped."""
    program = shutil.which("turnserver")
    if program is None:
        pytest.fail("coturn is not installed; scripts/debian.sh installs it where it can")
    turn = Turn(free_tcp_port(), directory / "turn")
    turn.directory.mkdir()
    text = change(SHIPPED.read_text())
    for old, new in (
        ("listening-port=3478", f"listening-port={turn.port}"),
        ("allowed-peer-ip=203.0.113.7", "allowed-peer-ip=127.0.0.1"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    first = free_udp_ports(20)
    own = (
        f"min-port={first}\nmax-port={first + 19}\npidfile={turn.directory}/pid\nuserdb={turn.directory}/db\n"
    )
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


async def test_a_desktop_that_may_use_nothing_else_has_its_call_through_it(
    server: Server, tmp_path: Path
) -> None:
    async with coturn(tmp_path) as turn, desktop(server.ws_url, server.token("garden", "bob")) as bob:
        await bob.publish()
        name, password = turn.credentials()
        ice = room_pb2.IceServer(urls=[f"turn:127.0.0.1:{turn.port}"], username=name, password=password)
        only = rtc.RtcConfiguration(
            ice_transport_type=room_pb2.IceTransportType.TRANSPORT_RELAY, ice_servers=[ice]
        )
        options = rtc.RoomOptions(rtc_config=only)
        async with desktop(server.ws_url, server.token("garden", "grace"), options) as grace:

            async def frames() -> int:
                return grace.frames.get("bob", 0)

            await eventually(frames, lambda seen: seen >= 10, 40)
        assert b"grace" not in turn.written()


async def _visits(turn: Turn) -> None:
    """Somebody uses it, somebody is refused, and somebody comes by TCP and goes."""
    await turn.allocate()
    with pytest.raises(stun.TransactionFailed):
        await turn.allocate("another secret")
    _, writer = await asyncio.open_connection("127.0.0.1", turn.port, local_addr=(CLIENT, 0))
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    writer.close()


async def test_nothing_is_written_about_who_comes(tmp_path: Path) -> None:
    logs = _logs_elsewhere()
    async with coturn(tmp_path) as turn:
        await _visits(turn)
    written = turn.written()
    assert CLIENT.encode() not in written
    assert b"grace" not in written
    assert _logs_elsewhere() == logs


@pytest.mark.parametrize(("more", "told"), [("", "grace"), ("verbose\n", "grace"), ("verbose\n", CLIENT)])
async def test_with_its_usual_log_it_would_be(more: str, told: str, tmp_path: Path) -> None:
    """So the test above looks where coturn writes."""

    def logging(shipped: str) -> str:
        lines = "no-stdout-log\nlog-file=/dev/null\n"
        assert lines in shipped
        return shipped.replace(lines, f"log-file=stdout\n{more}")

    async with coturn(tmp_path, logging) as turn:
        await _visits(turn)

        async def written() -> bytes:
            return turn.written()

        await eventually(written, lambda found: told.encode() in found)


def _logs_elsewhere() -> set[Path]:
    """Where coturn puts a log that nobody asked for."""
    places = ("/var/log", "/var/log/turnserver", "/var/tmp", "/tmp")
    return {path for place in places for path in Path(place).glob("turn*.log")}

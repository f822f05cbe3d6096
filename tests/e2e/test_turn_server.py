"""Nothing is written down about anybody by coturn as it is configured in deploy/."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aioice import stun

from tests.e2e.browser import eventually
from tests.e2e.coturn import CLIENT, Turn, coturn


async def _visits(turn: Turn) -> None:
    """Somebody uses it, somebody is refused, and somebody comes by TCP and goes."""
    await turn.allocate(*turn.credentials())
    with pytest.raises(stun.TransactionFailed):
        await turn.allocate(*turn.credentials("another secret"))
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

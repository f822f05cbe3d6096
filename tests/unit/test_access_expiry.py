"""A running server cuts off what has expired of its access log, also where nobody looks."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from server.access.expiry import keep_expiring
from tests.unit.access import DAYS, Looked

DAY = 86_400.0


async def test_what_expired_is_cut_off(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.look(2)
    looked.clock.now += DAYS * DAY + 1
    keeping = asyncio.create_task(keep_expiring(looked.log))
    try:
        async with asyncio.timeout(10):
            while looked.log.verify().entries:
                await asyncio.sleep(0.01)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    assert (looked.log.verify().intact, looked.log.verify().cut) == (True, 2)


async def test_a_log_that_cannot_be_cut_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    looked = Looked(tmp_path)
    looked.look(2)
    looked.write(looked.lines()[:-1])
    caplog.set_level(logging.WARNING)
    keeping = asyncio.create_task(keep_expiring(looked.log))
    try:
        async with asyncio.timeout(10):
            while not caplog.messages:
                await asyncio.sleep(0.01)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    assert "the access log cannot be cut" in caplog.messages[0]


async def test_a_server_makes_no_access_log(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.log.expire()
    assert list(tmp_path.iterdir()) == []

"""The snippet of docs/webhooks.md receives what the server sends."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from server.webhooks.deliveries import Deliveries
from tests.unit.hooked import SECRET, App
from tests.unit.ledger import Clock
from tests.unit.test_webhooks import CALL, config, ledger_at, time

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"


async def test_the_snippet_hears_a_call(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    [snippet] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"SECRET": SECRET}
    exec(snippet, names)
    application = web.Application()
    application.router.add_post("/hook", names["hook"])
    async with TestServer(application) as server, ledger_at(url, Clock()) as ledger:
        deliveries = await Deliveries.open(config(str(server.make_url("/hook"))), ledger, time)
        for event in CALL:
            ledger.record(event)
        await App().until(lambda: deliveries.counts[0].delivered == 6)
        await deliveries.close()
    heard = capsys.readouterr().out.splitlines()
    assert len(heard) == 6
    assert heard[1].split() == ["participant_joined", "garden", "ada"]
    assert "room_finished garden" in heard[5]

"""Whether the process lives, and whether a conference could begin: closed reasons, and nothing more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiohttp import web

from server.api.health import HealthRoutes
from server.guarantee.evidence import RelayEvidence
from tests.unit.exposed import KnownQueue
from tests.unit.signaling import ClientMaker
from tests.unit.test_judge import FULL, NOW, locked

UNOBSERVED = replace(FULL, status=None)
REDUCED = locked(landlock_abi=0, write_canary_refused=False)


@pytest.mark.parametrize(
    ("evidence", "minimum", "accepts", "reasons"),
    [
        ([FULL], "full", True, []),
        ([UNOBSERVED, FULL], "full", True, []),  # one is enough for a conference
        ([], "full", True, ["no_relay"]),
        ([UNOBSERVED], "full", True, ["level"]),
        ([UNOBSERVED], "none", True, []),
        ([REDUCED], "full", True, ["level"]),
        ([REDUCED], "reduced", True, []),
        ([FULL], "full", False, ["ledger"]),
        ([], "full", False, ["no_relay", "ledger"]),
    ],
)
async def test_ready_or_why_not(
    aiohttp_client: ClientMaker,
    evidence: list[RelayEvidence],
    minimum: str,
    accepts: bool,
    reasons: list[str],
) -> None:
    app = web.Application()
    ledger = KnownQueue(accepts=accepts)
    app.add_routes(HealthRoutes(lambda: evidence, ledger, minimum, clock=lambda: NOW).routes())
    client = await aiohttp_client(app)
    ready = await client.get("/readyz")
    assert ready.status == (503 if reasons else 200)
    assert await ready.json() == {"ready": not reasons, "reasons": reasons}
    alive = await client.get("/healthz")
    assert (alive.status, await alive.text()) == (200, "ok")


async def test_a_server_that_drains_is_not_ready_and_lives(aiohttp_client: ClientMaker) -> None:
    app = web.Application()
    ledger = KnownQueue(accepts=True)
    app.add_routes(HealthRoutes(lambda: [FULL], ledger, "full", lambda: True, lambda: NOW).routes())
    client = await aiohttp_client(app)
    ready = await client.get("/readyz")
    assert (ready.status, await ready.json()) == (503, {"ready": False, "reasons": ["draining"]})
    assert (await client.get("/healthz")).status == 200

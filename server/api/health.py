"""`GET /healthz`: the process lives. `GET /readyz`: a conference could begin now.

    /healthz -> 200 "ok"
    /readyz  -> 200 {"ready": true, "reasons": []}
             -> 503 {"ready": false, "reasons": ["no_relay"]}

Whoever balances loads or restarts services asks here; nothing is told but the reasons, in closed words.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from aiohttp import web

from server.answers import answer
from server.control.messages import Level
from server.guarantee.observe import EvidenceSource, observe


class Unready(StrEnum):
    """Why no conference could begin."""

    NO_RELAY = "no_relay"  # none serves
    LEVEL = "level"  # none is observed to hold the configured level
    DRAINING = "draining"  # calls go on, and none begins
    LEDGER = "ledger"  # it is closed, its writer is at fault, or as many events wait as may


class Ledger(Protocol):
    """What is asked of the ledger."""

    @property
    def accepts(self) -> bool:
        """Whether an event that happens now would be kept."""


class HealthRoutes:
    """The handlers. `minimum_level` is that of the configuration, `clock` gives seconds since the epoch."""

    def __init__(
        self,
        evidence: EvidenceSource,
        ledger: Ledger,
        minimum_level: str,
        is_draining: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._evidence = evidence
        self._ledger = ledger
        self._minimum = Level[minimum_level.upper()]
        self._is_draining = is_draining
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """To be added to an application."""
        return [web.get("/healthz", self.healthz), web.get("/readyz", self.readyz)]

    async def healthz(self, request: web.Request) -> web.Response:
        """An answer at all is the answer."""
        return web.Response(text="ok", headers={"Cache-Control": "no-store"})

    async def readyz(self, request: web.Request) -> web.Response:
        """Looks at what was observed last."""
        reasons = self._reasons()
        status = 503 if reasons else 200
        return answer({"ready": not reasons, "reasons": [reason.value for reason in reasons]}, status)

    def _reasons(self) -> list[Unready]:
        relays = observe(self._evidence, self._clock()).relays
        reasons = []
        if not relays:
            reasons.append(Unready.NO_RELAY)
        elif not any(relay.level >= self._minimum for relay in relays):
            reasons.append(Unready.LEVEL)
        if self._is_draining():
            reasons.append(Unready.DRAINING)
        if not self._ledger.accepts:
            reasons.append(Unready.LEDGER)
        return reasons

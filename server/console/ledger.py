"""What the ledger holds and for how long, and how it keeps up. Nobody's data is on this page."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from server.config import Config
from server.console.guard import Guard
from server.console.visit import Visit
from server.metadata.asking import Asking
from server.metadata.declared import Expiry
from server.metadata.described import rows
from server.metadata.holdings import Holdings, holdings
from server.metadata.words import Answer, Right

FRESH_SECONDS: Final = 30.0
"""A million sessions take seconds to count: so long is one count shown to everybody who asks."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of row, in words."""

    name: str
    says: str
    expiry: Expiry
    about_people: bool
    rows: int
    oldest: float | None


class LedgerPage:
    """The handler."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._counting = asyncio.Lock()
        self._counted: tuple[float, Holdings] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/ledger", self._guard.page(self.show))]

    async def show(self, visit: Visit) -> web.Response:
        """Raises LedgerError."""
        config, queue = visit.sources.config, visit.sources.ledger
        counted_at, held = await self._holdings(config, visit.sources.clock())
        kinds = [
            Kind(
                name=one.name,
                says=one.says,
                expiry=one.expiry,
                about_people=one.is_about_people,
                rows=held.kinds[one.name].rows if one.name in held.kinds else 0,
                oldest=held.kinds[one.name].oldest if one.name in held.kinds else None,
            )
            for one in rows()
        ]
        return await visit.page(
            "ledger.html",
            {
                "kinds": sorted(kinds, key=lambda one: -one.rows),
                "total": sum(one.rows for one in kinds),
                "counted_at": counted_at,
                "classes": _classes(config),
                "details": config.metadata.details,
                "access_days": config.metadata.access_days,
                "size": held.size,
                "version": held.version,
                "next_expiry": held.next_expiry,
                "waiting": queue.waiting,
                "dropped": queue.dropped,
                "refused": queue.refused,
                "faults": queue.faults,
                "rights": list(Right),
                "requests": [_month(*one) for one in sorted(held.requests.items(), reverse=True)],
            },
        )

    async def _holdings(self, config: Config, now: float) -> tuple[float, Holdings]:
        async with self._counting:
            if self._counted is None or not 0 <= now - self._counted[0] < FRESH_SECONDS:
                async with aclosing(Asking(config.metadata.url, clock=lambda: now)) as asking:
                    self._counted = now, await holdings(asking)
            return self._counted


def _classes(config: Config) -> list[tuple[Expiry, int]]:
    """What expires, and after how many days."""
    return [(one, getattr(config.metadata, one.value)) for one in Expiry]


def _month(month: str, asked: Counter[tuple[Right, Answer]]) -> tuple[str, list[int], int]:
    """How often each right was answered as asked, and how often anything was refused."""
    done = [asked[(right, Answer.DONE)] for right in Right]
    return month, done, sum(asked.values()) - sum(done)

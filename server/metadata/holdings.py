"""How much the ledger holds: counts and moments of whole kinds of rows. Nobody is in the answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.metadata.address import LedgerError
from server.metadata.database import FAILURES, events, ledger_file, reading_engine, unreadable
from server.metadata.event import EventError, decode, name_of
from server.metadata.rows.rights import SubjectRequest
from server.metadata.words import Answer, Right

ANSWER_SECONDS = 20.0
MOST_REQUESTS = 10_000
"""The newest; about a person's request a row is written, by hand or by that person."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Of one kind of row. `oldest` is when the oldest happened, in seconds since the epoch."""

    rows: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Holdings:
    """By kind of row; and by month (`2026-11`, UTC) what people asked for and how it was answered."""

    size: int | None
    """Bytes of its file; None where a database keeps it."""
    kinds: dict[str, Holding]
    requests: dict[str, Counter[tuple[Right, Answer]]] = field(default_factory=dict)


class Inventory:
    """Counts in the ledger at `url`, read-only. Close it with `aclose`."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        """Raises LedgerError when there is no such ledger."""
        self._url = url
        self._engine: AsyncEngine = reading_engine(url)
        self._clock = clock

    async def holdings(self) -> Holdings:
        """What has expired is not counted, swept or not. Raises LedgerError."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._engine.connect() as connection:
                now = self._clock()
                size = await asyncio.to_thread(_size, self._url)
                return Holdings(size, await _kinds(connection, now), await _requests(connection, now))
        except TimeoutError:
            raise LedgerError("the ledger takes too long to be counted: try again later") from None
        except FAILURES as error:
            raise unreadable(self._url, error) from None

    async def aclose(self) -> None:
        await self._engine.dispose()


def _size(url: str) -> int | None:
    file = ledger_file(url)
    return None if file is None else file.stat().st_size


async def _kinds(connection: AsyncConnection, now: float) -> dict[str, Holding]:
    """All rows by the index of kinds, and less what the index of expiry finds expired: neither reads rows."""
    counted = await connection.execute(
        select(events.c.event, func.count(), func.min(events.c.at)).group_by(events.c.event)
    )
    expired = await connection.execute(
        select(events.c.event, func.count()).where(events.c.expires_at <= now).group_by(events.c.event)
    )
    gone = {str(kind): int(count) for kind, count in expired}
    found = {
        str(kind): Holding(int(count) - gone.get(str(kind), 0), float(oldest))
        for kind, count, oldest in counted
    }
    return {kind: one for kind, one in found.items() if one.rows}


async def _requests(connection: AsyncConnection, now: float) -> dict[str, Counter[tuple[Right, Answer]]]:
    rows = await connection.execute(
        select(events.c.at, events.c.body)
        .where(events.c.event == name_of(SubjectRequest), events.c.expires_at > now)
        .order_by(events.c.at.desc())
        .limit(MOST_REQUESTS)
    )
    found: dict[str, Counter[tuple[Right, Answer]]] = {}
    for at, body in rows:
        with suppress(EventError):
            request = decode(body)
            assert isinstance(request, SubjectRequest)
            month = f"{datetime.fromtimestamp(at, UTC):%Y-%m}"
            found.setdefault(month, Counter())[(request.right, request.answer)] += 1
    return found

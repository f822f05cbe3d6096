"""How much the ledger holds: counts and moments of whole kinds of rows. Nobody is in the answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import func, select, text

from server.metadata.asking import Asking
from server.metadata.database import connections, events, ledger_file, schema_version, tables
from server.metadata.event import EVENT_TYPES, EventError, decode, name_of
from server.metadata.rows.rights import SubjectRequest
from server.metadata.words import Answer, Right

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

    size: int
    """Bytes on the disk: of its file, or of its tables and their indexes."""
    version: int
    """Of its tables: how many migrations it has seen."""
    kinds: dict[str, Holding]
    connected: int
    """Sessions that go on."""
    next_expiry: float | None
    """When the next row goes, in seconds since the epoch; None: there is none."""
    requests: dict[str, Counter[tuple[Right, Answer]]] = field(default_factory=dict)

    @property
    def oldest(self) -> float | None:
        """When the oldest row happened, in seconds since the epoch."""
        return min((kind.oldest for kind in self.kinds.values()), default=None)


async def holdings(asking: Asking) -> Holdings:
    """What has expired is not counted, swept or not. Raises LedgerError."""
    now = asking.now()
    still_open = (connections.c.left_at.is_(None), connections.c.participant.is_not(None))
    return Holdings(
        size=await _size(asking),
        version=int(await asking.value(select(schema_version.c.version))),
        kinds=await _kinds(asking, now),
        connected=int(await asking.value(select(func.count()).select_from(connections).where(*still_open))),
        next_expiry=await asking.value(
            select(func.min(events.c.expires_at)).where(events.c.expires_at > now)
        ),
        requests=await _requests(asking, now),
    )


async def _size(asking: Asking) -> int:
    file = ledger_file(asking.url)
    if file is not None:
        return (await asyncio.to_thread(file.stat)).st_size
    names = ", ".join(f"'{name}'::regclass" for name in tables.tables)
    sizes = text(f"SELECT sum(pg_total_relation_size(one)) FROM unnest(ARRAY[{names}]) AS one")  # noqa: S608
    return int(await asking.value(sizes))


async def _kinds(asking: Asking, now: float) -> dict[str, Holding]:
    """All rows by the index of kinds, and less what the index of expiry finds expired: neither reads rows."""
    kind = func.coalesce(events.c.event, "")  # by expiry, not by kind
    expired = await asking.rows(select(kind, func.count()).where(events.c.expires_at <= now).group_by(kind))
    gone = {str(kind): int(count) for kind, count in expired}
    found: dict[str, Holding] = {}
    for name in map(name_of, EVENT_TYPES):
        counted = select(func.count(), func.min(events.c.at)).where(events.c.event == name)
        [(count, oldest)] = await asking.rows(counted)
        if count > gone.get(name, 0):
            found[name] = Holding(int(count) - gone.get(name, 0), float(oldest))
    return found


async def _requests(asking: Asking, now: float) -> dict[str, Counter[tuple[Right, Answer]]]:
    rows = await asking.rows(
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

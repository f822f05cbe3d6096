"""Looking at the whole ledger for what must not be in it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, inspect, select
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import connection
from server.metadata.database import (
    FAILURES,
    connections,
    events,
    holds,
    reading_engine,
    tables,
    unreadable,
)
from server.metadata.event import EVENT_TYPES, EventError, decode, name_of
from server.metadata.holds import is_hold, was_held_until
from server.metadata.projection import of_beginning, told
from server.metadata.retention import DAY, Retention
from server.metadata.rows.addresses import ParticipantAddress
from server.metadata.rows.holds import LONGEST_DAYS

PAGE_ROWS = 5_000
CLOCK_SECONDS = 1.0
# Anything that could be an address is looked at closely; a version has three numbers at most.
_MAYBE = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*)(?![\w.:])"
)


@dataclass(slots=True)
class _Findings:
    strange: int = 0
    addresses: int = 0
    whole: int = 0  # of these, with more of an address than its first part
    too_long: int = 0  # would stay for longer than the configuration allows
    late: list[float] = field(default_factory=list)  # seconds since each of the others should have been gone


class Scrutiny:
    """Reads the ledger at `url` once, row by row, beside a running server."""

    def __init__(self, url: str, retention: Retention, *, clock: Callable[[], float] = time.time) -> None:
        self._url = url
        self._retention = retention
        self._clock = clock
        self._findings: _Findings | None = None

    async def strange_rows(self) -> int:
        """Rows and columns that no declaration knows, lines that no event tells of. Raises LedgerError."""
        return (await self._look()).strange

    async def addresses(self) -> int:
        """Rows with something in them that is an IP address. Raises LedgerError."""
        return (await self._look()).addresses

    async def whole_addresses(self) -> int:
        """Rows with more of an IP address in them than a first part that may be kept. Raises LedgerError."""
        return (await self._look()).whole

    async def overdue(self, slack: float) -> int:
        """Rows that should have been gone `slack` seconds ago, or would stay for longer than the
        configuration allows. Raises LedgerError."""
        findings = await self._look()
        return findings.too_long + sum(seconds > slack for seconds in findings.late)

    async def _look(self) -> _Findings:
        if self._findings is None:
            self._findings = await self._read()
        return self._findings

    async def _read(self) -> _Findings:
        found = _Findings()
        engine = reading_engine(self._url)
        try:
            async with engine.connect() as opened:
                found.strange += await opened.run_sync(_undeclared_columns)
            await self._read_holds(engine, found)
            await self._read_events(engine, found)
            await self._read_lines(engine, found)
        except FAILURES as error:
            raise unreadable(self._url, error) from None
        finally:
            await engine.dispose()
        return found

    async def _read_holds(self, engine: AsyncEngine, found: _Findings) -> None:
        now = self._clock()
        async for hold in _paged(engine, select(holds), holds.c.id):
            found.strange += not is_hold(hold)
            if hold.ends_at > now + LONGEST_DAYS * DAY + CLOCK_SECONDS:
                found.too_long += 1
            elif hold.ends_at < now:
                found.late.append(now - hold.ends_at)

    async def _read_events(self, engine: AsyncEngine, found: _Findings) -> None:
        longest = {name_of(kind): self._retention.period(kind) for kind in EVENT_TYPES}
        wanted = select(
            events.c.id,
            events.c.at,
            events.c.expires_at,
            events.c.event,
            events.c.body,
            was_held_until().label("held_until"),
        )
        async for row in _paged(engine, wanted, events.c.id):
            found.strange += not _is_declared(row.event, row.body)
            if holds_address(row.body):
                found.addresses += 1
                found.whole += holds_address(_without_network(row.body))
            latest = row.at + longest.get(row.event, 0.0)
            if row.held_until is None:
                self._date(found, row.expires_at, latest)
            else:  # and neither shortened nor deleted before
                self._date(found, max(row.held_until, min(row.expires_at, latest)), math.inf)

    async def _read_lines(self, engine: AsyncEngine, found: _Findings) -> None:
        longest = self._retention.seconds(connection.Connection.kept_for)
        held_until = of_beginning(was_held_until()).label("held_until")
        wanted = select(connections, told().label("told"), held_until)
        async for row in _paged(engine, wanted, connections.c.number):
            columns = dict(row._mapping)
            is_told, held = columns.pop("told"), columns.pop("held_until")
            found.strange += not (is_told and connection.is_declared(columns))
            if any(holds_address(text) for text in columns.values() if isinstance(text, str)):
                found.addresses += 1
                found.whole += 1
            begun_at = row.left_at if row.participant is None else row.joined_at
            # What is held is not shortened. A line goes in its time all the same: the events say it all.
            self._date(found, row.expires_at, begun_at + longest if held is None else math.inf)

    def _date(self, found: _Findings, expires_at: float, latest: float) -> None:
        if expires_at > latest + CLOCK_SECONDS:
            found.too_long += 1
        elif expires_at < self._clock():
            found.late.append(self._clock() - expires_at)


async def _paged(
    engine: AsyncEngine, wanted: Select[Any], number: ColumnElement[int]
) -> AsyncIterator[Row[Any]]:
    """Every row, in the order of a number of its own that it is read with."""
    last = 0
    while True:
        query = wanted.where(number > last).order_by(number).limit(PAGE_ROWS)
        async with engine.connect() as opened:
            page = (await opened.execute(query)).all()
        for row in page:
            yield row
        if len(page) < PAGE_ROWS:
            return
        last = page[-1]._mapping[number]


def _undeclared_columns(opened: Connection) -> int:
    """Columns and tables of the ledger beyond those that are declared."""
    known = {(table.name, column.name) for table in tables.tables.values() for column in table.columns}
    inspector = inspect(opened)
    found = {
        (table, column["name"])
        for table in inspector.get_table_names()
        for column in inspector.get_columns(table)
    }
    return len({one for one in found if one not in known and not one[0].startswith("sqlite_")})


def _is_declared(name: str, body: str) -> bool:
    try:
        return name_of(decode(body)) == name
    except EventError:
        return False


def _without_network(body: str) -> str:
    """Of a row that may have the first part of an address: the rest, if it is no more than that."""
    try:
        event = decode(body)
    except EventError:
        return body
    if not isinstance(event, ParticipantAddress) or "/" not in event.network:
        return body
    try:
        ip_network(event.network)  # which has no bits beyond its prefix
    except ValueError:
        return body
    return body.replace(f'"network":"{event.network}"', "")


def holds_address(body: str) -> bool:
    """Whether something in a text is an IP address."""
    for candidate in _MAYBE.findall(body):
        try:
            ip_address(candidate)
        except ValueError:
            continue
        return True
    return False

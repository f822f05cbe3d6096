"""Looking at the whole ledger for what must not be in it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from sqlalchemy import Connection, inspect, select

from server.metadata.database import FAILURES, events, reading_engine, tables, unreadable
from server.metadata.event import EVENT_TYPES, EventError, decode, name_of
from server.metadata.retention import Retention
from server.metadata.rows.addresses import ParticipantAddress

PAGE_ROWS = 5_000
CLOCK_SECONDS = 1.0
# Anything that could be an address is looked at closely; a version has three numbers at most.
_MAYBE = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*)(?![\w.:])"
)


@dataclass(frozen=True, slots=True)
class _Findings:
    strange: int
    addresses: int
    whole: int  # of these, with more of an address than its first part
    too_long: int  # would stay for longer than the configuration allows
    late: tuple[float, ...]  # seconds since each of the others should have been gone


class Scrutiny:
    """Reads the ledger at `url` once, row by row, beside a running server."""

    def __init__(self, url: str, retention: Retention, *, clock: Callable[[], float] = time.time) -> None:
        self._url = url
        self._retention = retention
        self._clock = clock
        self._findings: _Findings | None = None

    async def strange_rows(self) -> int:
        """Rows and columns that no declaration knows. Raises LedgerError."""
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
        now = self._clock()
        strange = addresses = whole = too_long = 0
        late: list[float] = []
        longest = {name_of(kind): self._retention.period(kind) for kind in EVENT_TYPES}
        engine = reading_engine(self._url)
        last = 0
        try:
            async with engine.connect() as connection:
                strange += await connection.run_sync(_undeclared_columns)
            while True:
                query = (
                    select(events.c.id, events.c.at, events.c.expires_at, events.c.event, events.c.body)
                    .where(events.c.id > last)
                    .order_by(events.c.id)
                    .limit(PAGE_ROWS)
                )
                async with engine.connect() as connection:
                    page = (await connection.execute(query)).all()
                for row in page:
                    strange += not _is_declared(row.event, row.body)
                    if holds_address(row.body):
                        addresses += 1
                        whole += holds_address(_without_network(row.body))
                    kept = longest.get(row.event, 0.0)
                    if row.expires_at > row.at + kept + CLOCK_SECONDS:
                        too_long += 1
                    elif row.expires_at < now:
                        late.append(now - row.expires_at)
                if len(page) < PAGE_ROWS:
                    return _Findings(strange, addresses, whole, too_long, tuple(late))
                last = page[-1].id
        except FAILURES as error:
            raise unreadable(self._url, error) from None
        finally:
            await engine.dispose()


def _undeclared_columns(connection: Connection) -> int:
    """Columns and tables of the ledger beyond those that are declared."""
    known = {(table.name, column.name) for table in tables.tables.values() for column in table.columns}
    inspector = inspect(connection)
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

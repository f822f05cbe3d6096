"""The ledger is looked through for what must not be in it, wherever it is kept."""

from __future__ import annotations

import pytest

from server.metadata.address import LedgerError
from server.metadata.retention import DAY, Retention
from server.metadata.scrutiny import Scrutiny
from server.metadata.store import Ledger
from tests.unit.ledger import Clock, Kept, joined

RETENTION = Retention(session_days=30)


async def found(kept: Kept, clock: Clock) -> tuple[int, int, int]:
    """Strange rows and columns, rows with an address, rows kept too long."""
    scrutiny = Scrutiny(kept.url, RETENTION, clock=clock)
    return await scrutiny.strange_rows(), await scrutiny.addresses(), await scrutiny.overdue(3600)


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ("UPDATE events SET event = event", (0, 0, 0)),
        ("ALTER TABLE events ADD COLUMN address TEXT", (1, 0, 0)),
        ("CREATE TABLE diary (day INTEGER)", (1, 0, 0)),
        ('UPDATE events SET body = \'{"event":"diary"}\'', (1, 0, 0)),
        ("UPDATE events SET body = replace(body, 'ada', '192.0.2.7')", (0, 1, 0)),
        ("UPDATE events SET expires_at = expires_at + 86400", (0, 0, 1)),
        ("ALTER TABLE connections ADD COLUMN address TEXT", (1, 0, 0)),
        ("UPDATE connections SET outcome = 'bored'", (1, 0, 0)),
        ("UPDATE connections SET room = '192.0.2.7'", (0, 1, 0)),
        ("UPDATE connections SET expires_at = expires_at + 86400", (0, 0, 1)),
        ("UPDATE connections SET participant = 'PA_99999999'", (1, 0, 0)),  # whom no event tells of
        ("DELETE FROM events", (1, 0, 0)),
    ],
)
async def test_what_is_planted_is_found(kept: Kept, planted: str, expected: tuple[int, int, int]) -> None:
    clock = Clock()
    ledger = await Ledger.open(kept.url, RETENTION, clock=clock)
    ledger.record(joined())
    await ledger.flush()
    async with ledger._engine.begin() as connection:
        await connection.exec_driver_sql(planted)
    assert await found(kept, clock) == expected
    await ledger.close()


async def test_what_expired_and_is_still_there_is_found(kept: Kept) -> None:
    clock = Clock()
    ledger = await Ledger.open(kept.url, RETENTION, clock=clock)
    ledger.record(joined())
    await ledger.flush()
    clock.now += 30 * DAY + 3601
    assert await found(kept, clock) == (0, 0, 2), "the row, and the line that it began"
    await ledger.close()


async def test_a_ledger_that_is_not_there(kept: Kept) -> None:
    with pytest.raises(LedgerError, match="there is no ledger"):
        await Scrutiny(kept.url, RETENTION).strange_rows()

"""The columns of a ledger are the declaration's: a body, what the ledger stamps, and declared fields."""

from __future__ import annotations

import msgspec
from sqlalchemy import inspect, select
from sqlalchemy.engine import Connection as Opened

from server.metadata import database
from server.metadata.connection import Connection
from server.metadata.database import connections, events
from server.metadata.event import EVENT_TYPES, declarations
from server.metadata.retention import Retention
from server.metadata.rows.operation import ServerStarted
from server.metadata.store import Ledger
from tests.unit.ledger import joined, published
from tests.unit.ledger_page import columns

STAMPED = {"id", "at", "expires_at", "event"}


def _columns(connection: Opened) -> set[tuple[str, str]]:
    inspector = inspect(connection)
    names = inspector.get_table_names()
    return {(table, column["name"]) for table in names for column in inspector.get_columns(table)}


def test_a_column_is_a_declared_field_or_says_what_it_is() -> None:
    declared = {name for kind in EVENT_TYPES for name in declarations(kind)}
    beyond = {column.name for column in events.columns if column.doc is None}
    assert beyond <= declared
    assert {column.name for column in events.columns} == STAMPED | {"body"} | beyond
    told_again = {column.name for column in connections.columns if column.doc is None}
    assert told_again <= declared
    assert list(declarations(Connection)) == [column.name for column in connections.columns]
    assert all(column.doc for column in columns() if column.table not in (events, connections))


async def test_a_new_ledger_has_the_columns_that_are_told_and_no_others(url: str) -> None:
    ledger = await Ledger.open(url, Retention())
    await ledger.close()
    engine = database.reading_engine(url)
    async with engine.connect() as connection:
        found = await connection.run_sync(_columns)
    await engine.dispose()
    assert found == {(column.table.name, str(column.name)) for column in columns()}


async def test_a_column_holds_what_the_body_says_under_that_name_and_nothing_else(url: str) -> None:
    ledger = await Ledger.open(url, Retention())
    for event in (joined(), published(), ServerStarted(version="1.0", relays=1)):
        ledger.record(event)
    await ledger.close()
    engine = database.reading_engine(url)
    async with engine.connect() as connection:
        rows = (await connection.execute(select(events))).mappings().all()
    await engine.dispose()
    assert len(rows) == 3
    for row in rows:
        body = msgspec.json.decode(row["body"])
        assert row["event"] == body["event"]
        for name in set(row) - STAMPED - {"body"}:
            assert row[name] == body.get(name), name

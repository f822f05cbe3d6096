"""A ledger is brought to this version's tables when a server opens it: wholly or not at all."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, inspect, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata import database
from server.metadata.address import LedgerError
from server.metadata.migrations import MIGRATIONS
from server.metadata.migrations.run import migrate
from server.metadata.migrations.step import Migration
from server.metadata.outcome import AttemptCause
from server.metadata.store import Ledger
from tests.unit.ledger import Clock, joined, sessions

FIRST = Path(__file__).parent / "fixtures/ledger_of_the_first_version.sql"


def shape(connection: Connection) -> dict[str, object]:
    """Names of tables, their columns (with whether NULL is allowed) and their indexes."""
    found: dict[str, object] = {}
    inspector = inspect(connection)
    for table in inspector.get_table_names():
        columns = {
            column["name"]: (column["nullable"], repr(column["type"]))
            for column in inspector.get_columns(table)
        }
        indexes = {index["name"]: tuple(index["column_names"]) for index in inspector.get_indexes(table)}
        found[table] = (columns, indexes, inspector.get_pk_constraint(table)["constrained_columns"])
    return found


async def shape_of(engine: AsyncEngine) -> dict[str, object]:
    async with engine.connect() as connection:
        return await connection.run_sync(shape)


async def test_a_new_ledger_has_the_tables_that_the_code_believes_in(url: str) -> None:
    claim = await database.claim(url)
    await migrate(claim.engine, claim)
    migrated = await shape_of(claim.engine)
    async with claim.engine.begin() as connection:
        found = MetaData()
        await connection.run_sync(found.reflect)
        await connection.run_sync(found.drop_all)
        await connection.run_sync(database.tables.create_all)
    assert await shape_of(claim.engine) == migrated
    await claim.release()


async def test_a_file_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as old:
        old.executescript(FIRST.read_text())
        old.execute("PRAGMA user_version = 1")  # a sweep was cut off before it rewrote the file
    old.close()
    clock = Clock()
    clock.now += 3600
    url = f"sqlite:///{path}"
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(3, "grace"))
    await ledger.close()
    ada, alan, grace = await sessions(url, clock)
    assert (ada.identity, ada.outcome, ada.milliseconds) == ("ada", AttemptCause.CLIENT_LEFT, 60_000)
    assert (alan.identity, alan.outcome) == ("alan", AttemptCause.SERVER_CRASH)
    assert (grace.identity, grace.outcome) == ("grace", None)


async def test_that_a_rewrite_is_due_is_not_forgotten_on_the_way(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as old:
        old.executescript(FIRST.read_text())
        old.execute("PRAGMA user_version = 1")
    old.close()
    claim = await database.claim(f"sqlite:///{path}")
    await migrate(claim.engine, claim)
    async with claim.engine.connect() as connection:
        assert (await connection.execute(database.upkeep.select())).one() == (1, 1, "")
        assert (await connection.exec_driver_sql("PRAGMA user_version")).scalar() == 0
    await claim.release()


async def test_a_step_that_fails_leaves_everything_as_it_was(url: str) -> None:
    claim = await database.claim(url)
    await migrate(claim.engine, claim, MIGRATIONS[:1])
    before = await shape_of(claim.engine)
    broken = Migration(("CREATE TABLE diary (id INTEGER)", "INSERT INTO nowhere VALUES (1)"))
    with pytest.raises(DBAPIError):
        await migrate(claim.engine, claim, (MIGRATIONS[0], broken))
    assert await shape_of(claim.engine) == before
    await migrate(claim.engine, claim)
    await claim.release()


async def test_a_later_version_is_left_alone(url: str) -> None:
    await (await Ledger.open(url)).close()
    claim = await database.claim(url)
    async with claim.engine.begin() as connection:
        await connection.execute(update(database.schema_version).values(version=99))
    await claim.release()
    with pytest.raises(LedgerError, match=r"later version of this server.* 99"):
        await Ledger.open(url)


async def test_a_database_of_somebody_else_is_left_alone(url: str) -> None:
    claim = await database.claim(url)
    async with claim.engine.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE events (id INTEGER, diary TEXT)")
    await claim.release()
    with pytest.raises(LedgerError, match="no ledger's"):
        await Ledger.open(url)

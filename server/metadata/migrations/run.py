"""Brings a ledger to the version that this server knows. The caller holds the claim."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, inspect, select
from sqlalchemy.ext.asyncio import AsyncEngine

from server.metadata.address import LedgerError
from server.metadata.database import alive, events, schema_version, tables
from server.metadata.migrations import MIGRATIONS
from server.metadata.migrations.step import Migration


async def migrate(engine: AsyncEngine, where: object, steps: tuple[Migration, ...] = MIGRATIONS) -> None:
    """All that is missing, or nothing: one transaction. `where` is for messages.

    Raises LedgerError for a ledger of a later version, or a database that is none; SQLAlchemyError.
    """
    dialect = engine.dialect.name
    async with engine.begin() as connection:
        if dialect == "sqlite":  # whose driver opens a transaction for rows, but not for tables
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
        found = await connection.run_sync(_version, where)
        if found > len(steps):
            raise LedgerError(
                f"the ledger {where} was kept by a later version of this server (its tables are version "
                f"{found}, this one knows {len(steps)}): start that one, or set metadata.url to another place"
            )
        if found == len(steps):
            return
        for step in steps[found:]:
            for statement in step.spoken(dialect):
                await connection.exec_driver_sql(statement)
        await connection.run_sync(_set_version, len(steps))


def _version(connection: Connection, where: object) -> int:
    """How many migrations this ledger has seen; 0 for an empty database."""
    present = set(inspect(connection).get_table_names())
    if schema_version.name in present:
        return int(connection.execute(select(schema_version.c.version)).scalar_one())
    if connection.dialect.name == "sqlite" and {events.name, alive.name} <= present:
        return 1  # a file from before versions were written down
    taken = sorted(present & set(tables.tables))
    if taken:
        raise LedgerError(
            f"{where} has a table {taken[0]!r} that is no ledger's: give the ledger its own database"
        )
    return 0


def _set_version(connection: Connection, version: int) -> None:
    schema_version.create(connection, checkfirst=True)
    connection.execute(delete(schema_version))
    connection.execute(insert(schema_version).values(id=1, version=version))

"""A ledger in a database of PostgreSQL.

The claim is an advisory lock of the one connection that writes: it is taken with every connection, before
anything else is asked of it, and is gone with it. So whoever writes holds the claim, after the database was
away as well.

asyncpg reads the address as libpq does: TLS options, PGPASSFILE, ~/.pgpass and the PG… variables hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from server.metadata.address import Database, LedgerError

CONNECT_SECONDS = 10.0
CLAIM_SECONDS = 3.0
"""So long may the database take to notice that the server before this one is gone."""
_CLAIM_RETRY_SECONDS = 0.1

# The key is the ledger's schema: two ledgers may live in one database, apart.
_TAKE_CLAIM = "SELECT pg_try_advisory_lock(hashtext('offrecord.ledger'), hashtext(current_schema()))"
# A dump that holds the table makes the rewriting after a sweep wait, and with it the events: not for long.
_WRITING = {"lock_timeout": "10s", "application_name": "offrecord"}
_READING = {"default_transaction_read_only": "on", "application_name": "offrecord logs"}
# What VACUUM must leave is what the oldest of these snapshots sees: of this database, of what belongs to
# none (a replica that gives feedback, the server's own launchers), and of slots. The snapshot of the question
# itself is among them, and is as old as the oldest transaction that writes anywhere.
_SEES_BEFORE = """
SELECT EXISTS (
  SELECT 1 FROM pg_stat_activity
  WHERE age(backend_xmin) > age(CAST('{moment}' AS xid)) AND (datname = current_database() OR datname IS NULL)
) OR EXISTS (SELECT 1 FROM pg_replication_slots WHERE age(xmin) > age(CAST('{moment}' AS xid)))
"""
UNSEEN_SECONDS = 3.0
"""The database's own housekeeping is over by then; a dump may not be."""
_UNSEEN_RETRY_SECONDS = 0.02

Connect = Callable[[], Coroutine[Any, Any, Any]]


class _ClaimedError(LedgerError):
    pass


class DatabaseClaim:
    """Holds as long as its engine's connection."""

    def __init__(self, place: Database, engine: AsyncEngine) -> None:
        self._place = place
        self.engine = engine

    def __str__(self) -> str:
        return str(self._place)

    async def release(self) -> None:
        await self.engine.dispose()


async def claim(place: Database) -> DatabaseClaim:
    """Raises LedgerError."""

    async def connect() -> Any:
        connection = await _connect(place, _WRITING)
        try:
            taken = await connection.fetchval(_TAKE_CLAIM)
        except BaseException:
            connection.terminate()
            raise
        if not taken:
            await connection.close()
            raise _ClaimedError(
                f"another server keeps its ledger in {place}: stop it, "
                "or set metadata.url to another database"
            )
        return connection

    engine = _engine(connect)
    try:
        async with asyncio.timeout(CLAIM_SECONDS + CONNECT_SECONDS):
            await _wait_for(engine)
    except TimeoutError:
        await engine.dispose()
        raise LedgerError(f"the ledger {place} cannot be reached: it does not answer") from None
    except BaseException:
        await engine.dispose()
        raise
    return DatabaseClaim(place, engine)


async def _wait_for(engine: AsyncEngine) -> None:
    patient_until = asyncio.get_running_loop().time() + CLAIM_SECONDS
    while True:
        try:
            async with engine.connect():
                return
        except _ClaimedError:
            if asyncio.get_running_loop().time() > patient_until:
                raise
            await asyncio.sleep(_CLAIM_RETRY_SECONDS)


async def is_unseen(connection: AsyncConnection) -> bool:
    """Waits until nobody sees any more what was deleted before; False where somebody does for too long.

    `connection` commits by itself. Raises SQLAlchemyError.
    https://www.postgresql.org/docs/current/routine-vacuuming.html
    """
    given = await connection.exec_driver_sql("SELECT CAST(pg_current_xact_id() AS xid)")
    # A number: the driver tells none of its size apart from others in a parameter.
    question = _SEES_BEFORE.format(moment=int(given.scalar_one()))
    patient_until = asyncio.get_running_loop().time() + UNSEEN_SECONDS
    while (await connection.exec_driver_sql(question)).scalar_one():
        if asyncio.get_running_loop().time() > patient_until:
            return False
        await asyncio.sleep(_UNSEEN_RETRY_SECONDS)
    return True


def reading_engine(place: Database) -> AsyncEngine:
    """Connects when it is first used; the database refuses to write in any of its transactions."""

    async def connect() -> Any:
        return await _connect(place, _READING)

    return _engine(connect)


def tending_engine(place: Database) -> AsyncEngine:
    """Writes beside the server that has the claim."""

    async def connect() -> Any:
        return await _connect(place, {**_WRITING, "application_name": "offrecord subject"})

    return _engine(connect)


async def _connect(place: Database, settings: dict[str, str]) -> Any:
    """Raises LedgerError: the driver's own words may quote the address."""
    try:
        return await asyncpg.connect(place.dsn, timeout=CONNECT_SECONDS, server_settings=settings)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise LedgerError(f"the ledger {place} cannot be reached: {type(error).__name__}") from None


def _engine(connect: Connect) -> AsyncEngine:
    return create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, pool_size=1, max_overflow=0, pool_pre_ping=True
    )

"""How events are written: as rows of their own, and with what they say of attempts to join. Always both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.metadata.database import events
from server.metadata.event import Event, EventError, encode, name_of
from server.metadata.projection import Happened, project
from server.metadata.retention import Retention


class Entry(NamedTuple):
    """An event to be written, and the row that it becomes."""

    happened: Happened
    row: dict[str, object]


def entry_of(event: Event, at: float, retention: Retention) -> Entry:
    """Of an event that happened at `at`, in seconds since the epoch. Raises EventError."""
    happened = Happened(event, at, retention.expires_at(event, at))
    row: dict[str, object] = {
        "at": at,
        "expires_at": happened.expires_at,
        "event": name_of(event),
        "room": getattr(event, "room", None),
        "identity": getattr(event, "identity", None),
        "participant": getattr(event, "participant", None),
        "body": encode(event).decode(),
    }
    if any(isinstance(value, str) and "\0" in value for value in row.values()):
        raise EventError(
            f"{type(event).__name__} may not be kept: a name has a NUL, which not every database holds"
        )
    return Entry(happened, row)


async def write(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Within the caller's transaction. Raises SQLAlchemyError."""
    if entries:
        await connection.execute(insert(events), [entry.row for entry in entries])
        await project(connection, [entry.happened for entry in entries])

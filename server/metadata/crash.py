"""What a crash left open is closed by the next start, dated when the server was last known to run."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.metadata.database import alive, connections, events, take_turn
from server.metadata.event import EventError, decode, name_of
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.retention import Retention
from server.metadata.rows.attempts import AttemptEnded
from server.metadata.rows.operation import ServerStarted
from server.metadata.rows.rooms import RoomFinished, RoomStarted
from server.metadata.rows.row import DAY_MS
from server.metadata.rows.sessions import ParticipantLeft
from server.metadata.unfinished import unfinished
from server.metadata.words import LeaveReason
from server.metadata.writing import Entry, entry_of, write


async def end_crashed_sessions(engine: AsyncEngine, retention: Retention, now: float) -> None:
    """Ends every session that has no end, with what it had begun. `now` in seconds since the epoch.

    Raises SQLAlchemyError.
    """
    last_heard = (
        select(func.max(events.c.at))
        .where(events.c.participant == connections.c.participant)
        .scalar_subquery()
    )
    still_open = (
        select(connections, last_heard.label("heard_at"))
        .where(connections.c.left_at.is_(None), connections.c.participant.is_not(None))
        .order_by(connections.c.number)
    )
    async with engine.begin() as connection:
        await take_turn(connection)
        alive_at = await connection.scalar(select(alive.c.at)) or 0.0
        entries: list[Entry] = []
        for line in await connection.execute(still_open):
            heard_at = line.joined_at if line.heard_at is None else line.heard_at
            ended_at = min(max(alive_at, heard_at, line.joined_at), max(now, line.joined_at))
            with suppress(EventError):
                missing = await unfinished(connection, line.participant, ended_at)
                entries += [entry_of(event, ended_at, retention) for event in missing]
            with suppress(EventError):
                entries += _ended(line, ended_at, retention)
        for finished, started_at in await _open_rooms(connection):
            entries.append(
                entry_of(finished, min(max(alive_at, started_at), max(now, started_at)), retention)
            )
        await write(connection, entries)


async def _open_rooms(connection: AsyncConnection) -> list[tuple[RoomFinished, float]]:
    """The ends that rooms of the last run do not have, and when these rooms began."""
    run = select(func.max(events.c.id)).where(events.c.event == name_of(ServerStarted)).scalar_subquery()
    kinds = [name_of(RoomStarted), name_of(RoomFinished)]
    wanted = select(events.c.at, events.c.body).where(
        events.c.id > func.coalesce(run, 0), func.coalesce(events.c.event, "").in_(kinds)
    )
    found: dict[str, tuple[RoomFinished, float]] = {}
    for row in await connection.execute(wanted.order_by(events.c.id)):
        with suppress(EventError):
            event = decode(row.body)
            if isinstance(event, RoomStarted):
                found[event.room_sid] = RoomFinished(room=event.room, room_sid=event.room_sid), row.at
            elif isinstance(event, RoomFinished):
                found.pop(event.room_sid, None)
    return list(found.values())


def _ended(line: Row[Any], ended_at: float, retention: Retention) -> list[Entry]:
    """Raises EventError."""
    ended = ParticipantLeft(
        room=line.room,
        identity=line.identity,
        participant=line.participant,
        reason=LeaveReason.SERVER_CRASH,
        milliseconds=round((ended_at - line.joined_at) * 1000),
    )
    entries = [entry_of(ended, ended_at, retention)]
    if line.stage is None:
        entries.insert(0, entry_of(_attempt(line, ended_at), ended_at, retention))
    return entries


def _attempt(line: Row[Any], ended_at: float) -> AttemptEnded:
    """How far it came, as far as the line tells."""
    ready_at = line.active_at
    seconds = (ended_at if ready_at is None else ready_at) - line.joined_at
    return AttemptEnded(
        room=line.room,
        identity=line.identity,
        participant=line.participant,
        code=line.code,
        site=line.site,
        stage=Stage.WEBSOCKET if ready_at is None else Stage.READY,
        cause=AttemptCause.SERVER_CRASH if ready_at is None else AttemptCause.NONE,
        milliseconds=min(max(0, round(seconds * 1000)), DAY_MS),
    )

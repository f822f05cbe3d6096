"""What events say of the attempt to join that they belong to: the lines of `connections`.

An event begins a line (`line_of`) or changes the one of its participant (`change_of`). The lines are nothing
but that, applied in the order of writing: whoever has the events has the lines. A change whose line is not
there changes nothing: the event that began it has expired, or was lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.metadata.database import connections, events
from server.metadata.event import Event, name_of
from server.metadata.outcome import UNWANTED, AttemptCause, QualityStep
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.words import Browser, Sdk, System

Columns = dict[str, object]

_BLANK: Columns = {
    "room": None,
    "identity": None,
    "participant": None,
    "code": "",
    "site": "",
    "active_at": None,
    "left_at": None,
    "stage": None,
    "outcome": None,
    "failed": False,
    "attempts": 1,
    "milliseconds": None,
    "join_milliseconds": None,
    "sdk": Sdk.UNKNOWN.value,
    "sdk_version": "",
    "browser": Browser.NONE.value,
    "browser_version": 0,
    "system": System.UNKNOWN.value,
    "usual_quality": QualityStep.UNKNOWN.value,
    "worst_quality": QualityStep.UNKNOWN.value,
}


class Happened(NamedTuple):
    """An event, when it happened, and when it is gone, in seconds since the epoch."""

    event: Event
    at: float
    expires_at: float


def line_of(happened: Happened) -> Columns | None:
    """The columns of the line that an event begins, but its number; None: it begins none."""
    event, at, expires_at = happened
    match event:
        case ParticipantJoined():
            begun: Columns = {
                "room": event.room,
                "identity": event.identity,
                "participant": event.participant,
                "code": event.code,
                "site": event.site,
                "joined_at": at,
                "sdk": event.sdk.value,
                "sdk_version": event.sdk_version,
                "browser": event.browser.value,
                "browser_version": event.browser_version,
                "system": event.system.value,
            }
        case AttemptEnded(participant=""):
            begun = {
                "room": event.room,
                "identity": event.identity,
                "code": event.code,
                "site": event.site,
                "joined_at": at - event.milliseconds / 1000,
                "left_at": at,
                "stage": event.stage.value,
                "outcome": event.cause.value,
                "failed": True,
                "milliseconds": event.milliseconds,
            }
        case AttemptsRefused():
            begun = {
                "code": event.code,
                "site": event.site,
                "joined_at": at,
                "left_at": at,
                "outcome": event.cause.value,
                "failed": True,
                "attempts": event.count,
            }
        case _:
            return None
    return {**_BLANK, **begun, "expires_at": expires_at}


def change_of(happened: Happened) -> tuple[str, Columns] | None:
    """The participant whose line an event changes, and the columns that it sets; None: it changes none."""
    event, at, _ = happened
    match event:
        case ParticipantActive():
            return event.participant, {"active_at": at, "join_milliseconds": event.join_milliseconds}
        case AttemptEnded():
            failed = event.cause is not AttemptCause.NONE
            return event.participant, {"stage": event.stage.value, **({"failed": True} if failed else {})}
        case ParticipantLeft():
            failed = AttemptCause(event.reason.value) in UNWANTED
            return event.participant, {
                "left_at": at,
                "outcome": event.reason.value,
                "milliseconds": event.milliseconds,
                "usual_quality": event.usual_quality.value,
                "worst_quality": event.worst_quality.value,
                **({"failed": True} if failed else {}),
            }
    return None


def told(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the event that begins a line is there, and fulfils `more`."""
    return or_(*(select(events.c.id).where(one, *more).exists() for one in _begins()))


def of_beginning(value: ColumnElement[float]) -> ColumnElement[float]:
    """A column of the event that begins a line; NULL where there is none."""
    first, second = (select(func.max(value)).where(one).scalar_subquery() for one in _begins())
    return func.coalesce(first, second)


def _begins() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether an event begins a line, of who was let in and of who was not."""
    refused = [name_of(AttemptEnded), name_of(AttemptsRefused)]
    let_in = and_(
        events.c.participant == connections.c.participant, events.c.event == name_of(ParticipantJoined)
    )
    not_let_in = and_(
        connections.c.participant.is_(None),
        events.c.at == connections.c.left_at,
        events.c.room.is_not_distinct_from(connections.c.room),
        events.c.identity.is_not_distinct_from(connections.c.identity),
        func.coalesce(events.c.participant, "") == "",
        events.c.event.in_(refused),
    )
    return let_in, not_let_in


async def project(connection: AsyncConnection, batch: Iterable[Happened]) -> None:
    """Writes what a batch of events says, within the transaction that writes them. Raises SQLAlchemyError."""
    lines: list[Columns] = []
    begun: dict[str, Columns] = {}
    changes: dict[str, Columns] = {}
    for happened in batch:
        line = line_of(happened)
        if line is not None:
            lines.append(line)
            if isinstance(happened.event, ParticipantJoined):
                begun[happened.event.participant] = line
            continue
        change = change_of(happened)
        if change is not None:
            participant, columns = change
            (begun.get(participant) or changes.setdefault(participant, {})).update(columns)
    alike: dict[tuple[str, ...], list[Columns]] = {}
    for participant, columns in changes.items():
        alike.setdefault(tuple(sorted(columns)), []).append({"of": participant, **columns})
    for names, rows in alike.items():
        changing = update(connections).where(connections.c.participant == bindparam("of"))
        await connection.execute(changing.values({name: bindparam(name) for name in names}), rows)
    if lines:
        await connection.execute(insert(connections), lines)

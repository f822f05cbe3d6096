"""`offrecord rooms`, `participants` and `stats`: sessions summed up, read beside a running server."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

import typer
from rich.console import Console

from server.access.entry import Asked
from server.access.reading import accessor, reading
from server.commands.options import ConfigPath, OperatorName, ReasonCode
from server.commands.reading import NOTHING
from server.commands.selection import AsJson, Identity, RoomName, Since, Until, query_of
from server.config import load

if TYPE_CHECKING:
    from rich.table import Table

    from server.metadata.asking import Asking
    from server.metadata.paging import Page
    from server.metadata.query import Place, Query
    from server.metadata.stats import Stats
    from server.metadata.summaries import ParticipantSummary, RoomSummary

_Summary = TypeVar("_Summary")


class Summing(Protocol[_Summary]):
    """`summaries.rooms` and `people`."""

    async def __call__(
        self, asking: Asking, query: Query, *, older: Place | None, size: int
    ) -> Page[_Summary]: ...


Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="So many, those of the last joins.")]


def add_to(app: typer.Typer) -> None:
    app.command()(rooms)
    app.command()(participants)
    app.command()(stats)


def rooms(
    *,
    room: RoomName = None,
    identity: Identity = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    operator: OperatorName = None,
    reason: ReasonCode = None,
    config: ConfigPath = None,
) -> None:
    """Rooms with sessions in a period: first and last, people, most at once, failures."""
    from server.metadata import overview

    who, found = accessor(operator, reason), load(config)
    query = query_of(room=room, identity=identity, since=since, until=until)
    with reading(found, who, Asked.ROOMS, room=room, identity=identity) as seen:
        listed = asyncio.run(_rooms(found.metadata.url, query, limit))
        seen.count(len(listed))
        _show([overview.room_line(one) for one in listed], overview.room_table(listed), as_json)


def participants(
    *,
    room: RoomName = None,
    identity: Identity = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    operator: OperatorName = None,
    reason: ReasonCode = None,
    config: ConfigPath = None,
) -> None:
    """Who had sessions in a period: how many, how long, the last client and outcome."""
    from server.metadata import overview

    who, found = accessor(operator, reason), load(config)
    query = query_of(room=room, identity=identity, since=since, until=until)
    with reading(found, who, Asked.PARTICIPANTS, room=room, identity=identity) as seen:
        listed = asyncio.run(_participants(found.metadata.url, query, limit))
        seen.count(len(listed))
        _show([overview.participant_line(one) for one in listed], overview.participant_table(listed), as_json)


def stats(
    *,
    room: RoomName = None,
    since: Since = None,
    until: Until = None,
    least: Annotated[int, typer.Option(min=2, help="No group of fewer people is shown.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
    operator: OperatorName = None,
    reason: ReasonCode = None,
    config: ConfigPath = None,
) -> None:
    """Aggregates of the sessions that joined in a period. Small groups of people are put together."""
    from server.metadata import overview

    who, found = accessor(operator, reason), load(config)
    query = query_of(room=room, since=since, until=until)
    with reading(found, who, Asked.STATISTICS, room=room):
        counted = asyncio.run(_stats(found.metadata.url, query, least))
        _show([overview.stats_line(counted)], overview.stats_table(counted), as_json)


async def _rooms(url: str, query: Query, limit: int) -> list[RoomSummary]:
    from server.metadata.summaries import rooms

    return await _all(url, query, limit, rooms)


async def _participants(url: str, query: Query, limit: int) -> list[ParticipantSummary]:
    from server.metadata.summaries import people

    return await _all(url, query, limit, people)


async def _all(url: str, query: Query, limit: int, ask: Summing[_Summary]) -> list[_Summary]:
    """Page by page, so that the ledger is held for none of it."""
    from server.metadata.asking import Asking

    found: list[_Summary] = []
    async with aclosing(Asking(url)) as asking:
        older: Place | None = None
        while True:
            page = await ask(asking, query, older=older, size=limit - len(found))
            found += page.found
            older = page.older
            if older is None or len(found) >= limit:
                return found


async def _stats(url: str, query: Query, least: int) -> Stats:
    from server.metadata.asking import Asking
    from server.metadata.stats import Period, stats

    async with aclosing(Asking(url)) as asking:
        return await stats(asking, Period(since=query.since, until=query.until, room=query.room), least)


def _show(lines: list[str], table: Table, as_json: bool) -> None:
    if as_json:
        for one in lines:
            typer.echo(one)
    elif table.row_count:
        Console().print(table)
    else:
        typer.echo(NOTHING)

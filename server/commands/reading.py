"""`offrecord logs`: the ledger, read beside a running server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from server import ids
from server.access.entry import Asked
from server.access.reading import Accessor, Seen, accessor, reading
from server.commands.options import ConfigPath, OperatorName, ReasonCode
from server.config import Config, load
from server.errors import OperatorError

if TYPE_CHECKING:
    from rich.table import Table

    from server.metadata.sessions import Query, Reader


def add_to(app: typer.Typer) -> None:
    app.command()(logs)


def logs(
    *,
    room: Annotated[str | None, typer.Option(help="Only this room.")] = None,
    identity: Annotated[str | None, typer.Option(help="Only this participant.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="30m, 2h, 3d (ago), or 2026-11-22[T09:30].")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="The same forms.")] = None,
    code: Annotated[
        str | None, typer.Option(metavar="ABCD-EFGH", help="Every row of the attempt with this support code.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one session a line.")] = False,
    every_event: Annotated[
        bool, typer.Option("--events", help="Every row that is kept, the server's own included.")
    ] = False,
    operator: OperatorName = None,
    reason: ReasonCode = None,
    config: ConfigPath = None,
) -> None:
    """Who was connected, when, from what kind of client, for how long. Nothing else is kept."""
    from server.metadata.logs import moment
    from server.metadata.sessions import Query

    who = accessor(operator, reason)
    now = time.time()
    query = Query(
        room=room,
        identity=identity,
        since=None if since is None else moment(since, now),
        until=None if until is None else moment(until, now),
        code=None if code is None else _support_code(code),
    )
    show, asked = (
        (_print_events, Asked.EVENTS) if every_event or query.code else (_print_sessions, Asked.SESSIONS)
    )
    asyncio.run(_read(load(config), who, asked, query, partial(show, query=query, as_json=as_json)))


def _support_code(text: str) -> str:
    code = ids.read_support_code(text)
    if code is None:
        raise OperatorError("a support code has eight letters and digits, such as ABCD-EFGH")
    return code


async def _read(
    config: Config, who: Accessor, asked: Asked, query: Query, show: Callable[[Reader, Seen], Awaitable[None]]
) -> None:
    """Nothing is shown that does not stand in the access log first."""
    from server.metadata.sessions import Reader

    reader = Reader(config.metadata.url)
    try:
        with reading(config, who, asked, room=query.room, identity=query.identity) as seen:
            await show(reader, seen)
    finally:
        await reader.aclose()


async def _print_sessions(reader: Reader, seen: Seen, query: Query, as_json: bool) -> None:
    from server.metadata import logs as shown

    table = shown.table()
    async for session in reader.sessions(query):
        seen.count()
        if as_json:
            typer.echo(shown.json_line(session))
        else:
            table.add_row(*shown.row(session))
    _print_table(table, as_json)


async def _print_events(reader: Reader, seen: Seen, query: Query, as_json: bool) -> None:
    from server.metadata import logs as shown

    table = shown.event_table()
    async for kept in reader.events(query):
        seen.count()
        if as_json:
            typer.echo(shown.event_json_line(kept))
        else:
            table.add_row(*shown.event_row(kept))
    _print_table(table, as_json)


def _print_table(table: Table, as_json: bool) -> None:
    if not as_json:
        Console().print(table if table.row_count else "Nothing that matches is kept.")

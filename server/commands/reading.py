"""`offrecord logs`: the ledger, read beside a running server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from server.commands.options import ConfigPath
from server.config import load

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
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one session a line.")] = False,
    every_event: Annotated[
        bool, typer.Option("--events", help="Every row that is kept, the server's own included.")
    ] = False,
    config: ConfigPath = None,
) -> None:
    """Who was connected, when, from what kind of client, for how long. Nothing else is kept."""
    from server.metadata.logs import moment
    from server.metadata.sessions import Query

    now = time.time()
    query = Query(
        room=room,
        identity=identity,
        since=None if since is None else moment(since, now),
        until=None if until is None else moment(until, now),
    )
    show = _print_events if every_event else _print_sessions
    asyncio.run(_read(load(config).metadata.url, partial(show, query=query, as_json=as_json)))


async def _read(url: str, show: Callable[[Reader], Awaitable[None]]) -> None:
    from server.metadata.sessions import Reader

    reader = Reader(url)
    try:
        await show(reader)
    finally:
        await reader.aclose()


async def _print_sessions(reader: Reader, query: Query, as_json: bool) -> None:
    from server.metadata import logs as shown

    table = shown.table()
    async for session in reader.sessions(query):
        if as_json:
            typer.echo(shown.json_line(session))
        else:
            table.add_row(*shown.row(session))
    _print_table(table, as_json)


async def _print_events(reader: Reader, query: Query, as_json: bool) -> None:
    from server.metadata import logs as shown

    table = shown.event_table()
    async for kept in reader.events(query):
        if as_json:
            typer.echo(shown.event_json_line(kept))
        else:
            table.add_row(*shown.event_row(kept))
    _print_table(table, as_json)


def _print_table(table: Table, as_json: bool) -> None:
    if not as_json:
        Console().print(table if table.row_count else "Nothing that matches is kept.")

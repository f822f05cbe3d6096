"""`offrecord logs`: the ledger, read beside a running server."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from server import ids
from server.access.entry import Asked
from server.access.reading import Accessor, Seen, accessor, reading
from server.commands.options import ConfigPath, OperatorName, ReasonCode
from server.commands.selection import AsJson, Identity, RoomName, Since, Until, query_of
from server.config import Config, load
from server.errors import OperatorError

if TYPE_CHECKING:
    from rich.table import Table

    from server.metadata.query import Query
    from server.metadata.sessions import Reader


TABLE_ROWS = 500
FOLLOWED_ROWS = 10
NOTHING = (
    "Nothing that matches is kept. It may have expired; `offrecord logs --events` shows the newest rows."
)


def add_to(app: typer.Typer) -> None:
    app.command()(logs)


def logs(
    *,
    room: RoomName = None,
    identity: Identity = None,
    since: Since = None,
    until: Until = None,
    outcome: Annotated[
        str | None, typer.Option(metavar="WORD", help="What ended so: connection_lost, room_full, …")
    ] = None,
    stage: Annotated[
        str | None, typer.Option(metavar="WORD", help="What came so far and no further: ice, dtls, ready, …")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="What failed, also before anybody was let in.")
    ] = False,
    client: Annotated[
        str | None, typer.Option(metavar="WORD", help="Sessions of a browser (firefox) or an SDK (python).")
    ] = None,
    site: Annotated[
        str | None, typer.Option(metavar="NAME", help="From a site of the configuration.")
    ] = None,
    code: Annotated[
        str | None, typer.Option(metavar="ABCD-EFGH", help="Every row of the attempt with this support code.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=0, help=f"The newest only; a table has {TABLE_ROWS} if left out, JSON all."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Rows as they come, after the newest ten; Ctrl-C ends it.")
    ] = False,
    as_json: AsJson = False,
    every_event: Annotated[
        bool, typer.Option("--events", help="Every row that is kept, the server's own included.")
    ] = False,
    operator: OperatorName = None,
    reason: ReasonCode = None,
    config: ConfigPath = None,
) -> None:
    """Who was connected, when, from what kind of client, for how long. Nothing else is kept."""
    who = accessor(operator, reason)
    query = query_of(
        room=room,
        identity=identity,
        since=since,
        until=until,
        outcome=outcome,
        client=client,
        code=None if code is None else _support_code(code),
        site=site,
        stage=stage,
        failed=failed,
        let_in=not (failed or stage or outcome),
    )
    rows = every_event or follow or code is not None
    if rows and (outcome or client or site or stage or failed):
        raise OperatorError(
            "--outcome, --stage, --failed, --client and --site select sessions: not with --events, --follow "
            "or --code"
        )
    if follow and (since or until or code):
        raise OperatorError("--follow begins now: --since, --until and --code are for what was")
    show: Callable[[Reader, Seen], Awaitable[None]]
    if follow:
        show = partial(
            _follow, query=query, newest=FOLLOWED_ROWS if limit is None else limit, as_json=as_json
        )
    else:
        newest = TABLE_ROWS if limit is None and not as_json else limit
        print_all = _print_events if rows else _print_sessions
        show = partial(print_all, query=query, newest=newest, as_json=as_json)
    asked = Asked.EVENTS if rows else Asked.SESSIONS
    with suppress(*((asyncio.CancelledError,) if follow else ())):
        asyncio.run(_read(load(config), who, asked, query, show))


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


async def _print_sessions(
    reader: Reader, seen: Seen, query: Query, newest: int | None, as_json: bool
) -> None:
    from server.metadata import logs as shown

    table = shown.table()
    async for listed in reader.connections(query, newest=newest):
        seen.count()
        if as_json:
            typer.echo(shown.json_line(listed, reader.now()))
        else:
            table.add_row(*shown.row(listed, reader.now()))
    _print_table(table, newest, as_json)


async def _print_events(reader: Reader, seen: Seen, query: Query, newest: int | None, as_json: bool) -> None:
    from server.metadata import logs as shown

    table = shown.event_table()
    async for kept in reader.events(query, newest=newest):
        seen.count()
        if as_json:
            typer.echo(shown.event_json_line(kept, every_field=seen.every_field))
        else:
            table.add_row(*shown.event_row(kept, every_field=seen.every_field))
    _print_table(table, newest, as_json)


async def _follow(reader: Reader, seen: Seen, query: Query, newest: int, as_json: bool) -> None:
    from server.metadata import logs as shown
    from server.metadata.following import POLL_SECONDS, follow

    following = asyncio.current_task()
    assert following is not None
    # By the loop, between two steps: Python's own handler cancels in the middle of one, which may lose it.
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, following.cancel)
    console = Console(soft_wrap=True)
    async for kept in follow(reader, query, newest, partial(asyncio.sleep, POLL_SECONDS)):
        seen.count()
        if as_json:
            typer.echo(shown.event_json_line(kept, every_field=seen.every_field))
        else:
            at, event, fields, _ = shown.event_row(kept, every_field=seen.every_field)
            console.print(f"{at}  {event}  {fields}", highlight=False)


def _print_table(table: Table, newest: int | None, as_json: bool) -> None:
    if as_json:
        return
    if not table.row_count:
        typer.echo(NOTHING)
        return
    Console().print(table)
    if table.row_count == newest:
        typer.echo(f"These are the newest {newest}; --limit or --since shows more.", err=True)

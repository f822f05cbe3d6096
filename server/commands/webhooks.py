"""`offrecord webhooks`: how far receivers were told, and telling them again."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import typer

from server.access.entry import Asked
from server.access.reading import accessor, reading
from server.commands.options import ConfigPath, OperatorName, ReasonCode
from server.config import Config, load
from server.errors import OperatorError

app = typer.Typer(help="Webhooks: how far receivers were told, and telling them again.", no_args_is_help=True)


@app.command()
def status(*, config: ConfigPath = None) -> None:
    """Of each receiver, how much it is still to be told. A receiver is its place in webhooks.urls."""
    from server.metadata.logs import duration
    from server.metadata.told import standing
    from server.webhooks.receiver import digest_of

    loaded = _with_receivers(config)
    now = time.time()
    receivers = [digest_of(url) for url in loaded.webhooks.urls]
    for number, one in enumerate(asyncio.run(standing(loaded.metadata.url, receivers, now)), start=1):
        if one is None:
            typer.echo(f"receiver {number}: not told anything yet: has a server run with it?")
        elif one.oldest is None:
            typer.echo(f"receiver {number}: told everything")
        else:
            typer.echo(
                f"receiver {number}: {one.rows} rows behind, the oldest of "
                f"{duration(max(0.0, now - one.oldest))} ago"
            )


@app.command()
def replay(
    *,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="2h, 3d, or a date or time.")] = None,
    event: Annotated[
        str | None,
        typer.Option("--from", metavar="ID", help="From the event with this id on, itself included."),
    ] = None,
    operator: OperatorName = None,
    reason: ReasonCode = None,
    config: ConfigPath = None,
) -> None:
    """Tell every receiver again what happened since then and is still kept; with the same ids, in order.

    A running server begins within seconds, else the next one does.
    """
    from server.metadata.logs import moment
    from server.metadata.told import rewind
    from server.webhooks.message import number_of

    loaded = _with_receivers(config)
    if (since is None) == (event is None):
        raise OperatorError("say from where on: --since with a time, or --from with the id of an event")
    number = None if event is None else number_of(event)
    if event is not None and number is None:
        raise OperatorError("--from takes the id of an event, as it was told: EV_…")
    begin = None if since is None else moment(since, time.time())
    who = accessor(operator, reason)
    with reading(loaded, who, Asked.EXPORT) as seen:
        receivers, rows = asyncio.run(rewind(loaded.metadata.url, since=begin, number=number))
        seen.count(rows)
    if not receivers:
        raise OperatorError("no receiver was told anything yet: has a server run with webhooks.urls?")
    typer.echo(
        f"{rows} rows are told again to {receivers} receivers." if rows else "Nothing since then is kept."
    )


def _with_receivers(path: ConfigPath) -> Config:
    loaded = load(path)
    if not loaded.webhooks.urls:
        raise OperatorError("webhooks.urls is empty: nobody is told anything")
    return loaded

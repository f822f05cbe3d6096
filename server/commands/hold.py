"""`offrecord hold`: rows that have to stay beyond their time, because of a legal duty or a claim."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.access.entry import Asked
from server.access.entry import Reason as AccessReason
from server.access.reading import Seen, accessor, reading
from server.commands.options import ConfigPath, OperatorName, ReasonCode
from server.commands.selection import AsJson, Since, Until
from server.config import load
from server.metadata.rows.holds import LONGEST_DAYS
from server.metadata.words import HoldReason

if TYPE_CHECKING:
    from server.metadata.holding import Hold, Holding

hold_app = typer.Typer(
    help="Keep rows beyond their time, because of a legal duty or a claim, until a certain day.",
    no_args_is_help=True,
)

DEFAULT_DAYS = 90
Number = Annotated[int, typer.Argument(min=1, help="As `hold list` has it.")]
Days = Annotated[int, typer.Option(min=1, max=LONGEST_DAYS, help="From now.")]
_WHY = {HoldReason.INVESTIGATION: AccessReason.SECURITY}


def add_to(app: typer.Typer) -> None:
    app.add_typer(hold_app, name="hold")


@hold_app.command()
def place(
    *,
    reason: Annotated[HoldReason, typer.Option(help="Why; kept in the ledger, and for the access log.")],
    room: Annotated[str | None, typer.Option(help="Only rows of this room.")] = None,
    identity: Annotated[str | None, typer.Option(help="Only rows about this name; exactly.")] = None,
    since: Since = None,
    until: Until = None,
    days: Days = DEFAULT_DAYS,
    operator: OperatorName = None,
    as_json: AsJson = False,
    config: ConfigPath = None,
) -> None:
    """Hold what there is and what comes about a room, a person or a period: none of it is deleted or changed.

    Of a period, whole sessions are held that overlap it.
    """
    from server.metadata.holds import Criteria
    from server.metadata.logs import moment

    now = time.time()
    criteria = Criteria(
        room,
        identity,
        None if since is None else moment(since, now),
        None if until is None else moment(until, now),
    )

    async def act(holding: Holding, seen: Seen) -> None:
        held = await holding.place(criteria, reason, days)
        seen.count(held.rows)
        _show([held], as_json)

    _run(act, Asked.HOLD, operator, _WHY.get(reason, AccessReason.LEGAL), config, about=(room, identity))


@hold_app.command()
def renew(
    number: Number,
    *,
    days: Days = DEFAULT_DAYS,
    operator: OperatorName = None,
    reason: ReasonCode = None,
    as_json: AsJson = False,
    config: ConfigPath = None,
) -> None:
    """Let a hold end so many days from now, instead of when it would have."""

    async def act(holding: Holding, seen: Seen) -> None:
        held = await holding.renew(number, days)
        seen.count(held.rows)
        _show([held], as_json)

    _run(act, Asked.HOLD, operator, reason, config)


@hold_app.command()
def lift(
    number: Number,
    *,
    operator: OperatorName = None,
    reason: ReasonCode = None,
    config: ConfigPath = None,
) -> None:
    """End a hold. What is overdue, and what the hold says, is gone with the next sweep, within the hour."""

    async def act(holding: Holding, seen: Seen) -> None:
        held = await holding.lift(number)
        seen.count(held.rows)
        typer.echo(f"Hold {number} is lifted. {held.expired} rows are overdue; the next sweep takes them.")

    _run(act, Asked.HOLD, operator, reason, config)


@hold_app.command("list")
def list_(
    *,
    operator: OperatorName = None,
    reason: ReasonCode = None,
    as_json: AsJson = False,
    config: ConfigPath = None,
) -> None:
    """Every hold that there is: what it is about, since when, until when, and how many rows it keeps."""

    async def act(holding: Holding, seen: Seen) -> None:
        found = await holding.active()
        seen.count(len(found))
        _show(found, as_json)

    _run(act, Asked.HELD, operator, reason, config)


@hold_app.command()
def export(
    number: Number,
    *,
    operator: OperatorName = None,
    reason: ReasonCode = None,
    as_json: AsJson = False,
    config: ConfigPath = None,
) -> None:
    """Print every row that a hold keeps, also those whose own time is over, which nothing else shows."""

    async def act(holding: Holding, seen: Seen) -> None:
        from rich.console import Console

        from server.metadata import logs

        console = Console(soft_wrap=True, highlight=False)
        async for one in holding.export(number):
            seen.count()
            if as_json:
                typer.echo(logs.event_json_line(one))
            else:
                at, event, fields, gone = logs.event_row(one)
                console.print(f"{at}  {event}  {fields}  (until {gone})")

    _run(act, Asked.HELD, operator, reason, config)


def _run(
    act: Callable[[Holding, Seen], Awaitable[None]],
    asked: Asked,
    operator: str | None,
    reason: AccessReason | None,
    path: Path | None,
    *,
    about: tuple[str | None, str | None] = (None, None),
) -> None:
    """Nothing is done or shown that does not stand in the access log first."""
    from server.metadata.holding import Holding
    from server.metadata.retention import Retention

    config = load(path)
    who = accessor(operator, reason)

    async def within(seen: Seen) -> None:
        retention = Retention.configured(config.metadata)
        async with Holding(config.metadata.url, retention, time.time) as holding:
            await act(holding, seen)

    with reading(config, who, asked, room=about[0], identity=about[1]) as seen:
        asyncio.run(within(seen))


def _show(found: list[Hold], as_json: bool) -> None:
    if as_json:
        for one in found:
            typer.echo(json.dumps(_record(one)))
        return
    for one in found:
        about = ", ".join(f"{name} {value!r}" for name, value in _about(one).items() if value is not None)
        typer.echo(
            f"Hold {one.number} ({one.reason}): {about}. {one.rows} rows, {one.expired} past their own time. "
            f"Placed {_time(one.placed_at)}, ends {_time(one.ends_at)}."
        )
    if not found:
        typer.echo("There is no hold.")


def _about(one: Hold) -> dict[str, str | None]:
    wanted = one.criteria
    return {
        "room": wanted.room,
        "identity": wanted.identity,
        "since": None if wanted.since is None else _time(wanted.since),
        "until": None if wanted.until is None else _time(wanted.until),
    }


def _record(one: Hold) -> dict[str, Any]:
    return {
        "number": one.number,
        **_about(one),
        "reason": one.reason,
        "placed_at": _time(one.placed_at),
        "ends_at": _time(one.ends_at),
        "rows": one.rows,
        "expired": one.expired,
    }


def _time(seconds: float) -> str:
    from server.metadata.receipt import rfc3339

    return rfc3339(seconds)

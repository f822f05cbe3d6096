"""`offrecord subject`: answers to what people ask for, after the operator has made sure who they are.

Exit codes: 0 done, 1 refused (with a reason code), 2 the command line or the ledger must change.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from server.access.reading import OPERATOR_VARIABLE
from server.commands.options import ConfigPath
from server.config import load

if TYPE_CHECKING:
    from server.metadata.erasure import Changed
    from server.metadata.tending import Tending

app = typer.Typer(
    help="See, correct or erase what is kept about one person, once you know that it is them who ask.",
    no_args_is_help=True,
)

ReasonName = Literal["own_request", "objection", "guardian", "child_report", "legal_order"]
Identity = Annotated[str, typer.Option(help="The name that the access token gave; exactly.")]
Room = Annotated[str | None, typer.Option(help="Only this room; every room if left out.")]
Operator = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        envvar=OPERATOR_VARIABLE,
        help="Who does this, for the access log; your account, else.",
    ),
]
Reason = Annotated[ReasonName, typer.Option(help="Why; kept with what was done.")]
AsJson = Annotated[bool, typer.Option("--json", help="The answer as JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]

_CHILD = (
    "A report about a child: if a parent's consent has been verified, nothing has to be erased; otherwise "
    "all of it has."
)


@app.command()
def export(
    *,
    identity: Identity,
    reason: Reason,
    operator: Operator = None,
    room: Room = None,
    as_json: AsJson = False,
    config: ConfigPath = None,
) -> None:
    """Print everything that is kept about one person, and until when."""

    async def act(tending: Tending) -> int:
        receipts = [await tending.export(one, identity) for one in await _rooms(tending, room, identity)]
        if as_json:
            typer.echo(json.dumps({"identity": identity, "receipts": receipts}, indent=2))
        elif not any(receipt["kept"] for receipt in receipts):
            typer.echo("Nothing is kept about that name.")
        else:
            for receipt in receipts:
                _plain(f"Room {receipt['room']!r}: {receipt['says']}")
                for entry in receipt["kept"]:
                    fields = ", ".join(f"{name} {value!r}" for name, value in entry["fields"].items())
                    _plain(f"  {entry['at']}  {entry['event']}  deleted {entry['deleted_at']}  {fields}")
        return sum(len(receipt["kept"]) for receipt in receipts)

    _run(act, (room, identity), operator, reason, config)


@app.command()
def correct(
    *,
    identity: Identity,
    to: Annotated[str, typer.Option(metavar="NAME", help="The name to keep instead, such as a pseudonym.")],
    reason: Reason,
    operator: Operator = None,
    room: Room = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    config: ConfigPath = None,
) -> None:
    """Keep another name instead. The identity is all there is to correct: no other name is kept.

    Refused where rows of that room have the new name already, and while a session goes on.
    """

    async def act(tending: Tending) -> int:
        async def one(where: str, trying: bool) -> tuple[Changed, bool]:
            return await tending.correct(where, identity, to, dry_run=trying)

        outcomes = [await _outcome(where, one, dry_run) for where in await _rooms(tending, room, identity)]
        return _report(identity, outcomes, as_json, "would be corrected" if dry_run else "corrected", dry_run)

    _run(act, (room, identity), operator, reason, config)


@app.command()
def erase(
    *,
    identity: Identity,
    reason: Reason,
    operator: Operator = None,
    room: Room = None,
    child: Annotated[
        bool,
        typer.Option(
            "--child", help="For a report about a child; a parent's verified consent is an exception."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    config: ConfigPath = None,
) -> None:
    """Erase what is kept about one person, but for a session that still goes on. It cannot be undone."""

    async def act(tending: Tending) -> int:
        async def one(where: str, trying: bool) -> tuple[Changed, bool]:
            return await tending.erase(where, identity, child=child, dry_run=trying)

        rooms = await _rooms(tending, room, identity)
        outcomes = [await _outcome(where, one, True) for where in rooms]
        rows = sum(outcome["total"] for outcome in outcomes)
        if not dry_run and rows:
            if not yes:
                if child:
                    typer.echo(_CHILD, err=True)
                typer.confirm(f"Erase {rows} rows about {identity!r} for good?", abort=True, err=True)
            outcomes = [await _outcome(where, one, False) for where in rooms]
        return _report(identity, outcomes, as_json, "would be erased" if dry_run else "erased", dry_run)

    _run(act, (room, identity), operator, reason, config)


async def _rooms(tending: Tending, room: str | None, identity: str) -> list[str]:
    return await tending.rooms(identity) if room is None else [room]


async def _outcome(
    room: str, act: Callable[[str, bool], Awaitable[tuple[Changed, bool]]], trying: bool
) -> dict[str, Any]:
    from server.metadata.erasure import Refusal

    try:
        changed, overwritten = await act(room, trying)
    except Refusal as refusal:
        return {"room": room, "rows": {}, "total": 0, "refused": refusal.code, "why": str(refusal)}
    return {
        "room": room,
        "rows": changed.rows,
        "total": changed.total,
        "still_open": changed.still_open,
        "overwritten": overwritten,
    }


def _report(identity: str, outcomes: list[dict[str, Any]], as_json: bool, done: str, dry_run: bool) -> int:
    """Prints; returns how many rows it was about. Exit code 1 where something was refused."""
    if as_json:
        typer.echo(json.dumps({"identity": identity, "dry_run": dry_run, "rooms": outcomes}, indent=2))
    elif not outcomes:
        typer.echo("Nothing is kept about that name.")
    else:
        for outcome in outcomes:
            _plain(f"Room {outcome['room']!r}: {_words(outcome, done)}")
    if any("refused" in outcome for outcome in outcomes):
        raise typer.Exit(1)
    return sum(outcome["total"] for outcome in outcomes)


def _words(outcome: dict[str, Any], done: str) -> str:
    if "refused" in outcome:
        return f"refused ({outcome['refused']}): {outcome['why']}."
    if not outcome["total"]:
        return "nothing is kept there about that name."
    words = f"{outcome['total']} rows {done}."
    if outcome["still_open"]:
        words += f" {outcome['still_open']} rows of a session that goes on stay until it is over."
    if not outcome["overwritten"]:
        words += " Their bytes are overwritten at the server's next sweep, within the hour."
    return words


def _plain(text: str) -> None:
    Console(soft_wrap=True, highlight=False).print(text, markup=False)


def _run(
    act: Callable[[Tending], Awaitable[int]],
    whose: tuple[str | None, str],
    operator: str | None,
    reason: ReasonName,
    path: Path | None,
) -> None:
    """`act` returns how many rows it was about, for the access log; `whose` is the room, if one, and who."""
    from server.access import reading as access
    from server.access.entry import Asked
    from server.access.entry import Reason as AccessReason
    from server.metadata.retention import Retention
    from server.metadata.tending import Tending
    from server.metadata.words import RequestReason

    config = load(path)
    because = AccessReason.LEGAL if reason == "legal_order" else AccessReason.SUBJECT_REQUEST
    who = access.accessor(operator, because)

    async def tend(seen: access.Seen) -> None:
        retention = Retention.configured(config.metadata)
        async with Tending(config.metadata.url, retention, RequestReason(reason), time.time) as tending:
            seen.count(await act(tending))

    with access.reading(config, who, Asked.SUBJECT, room=whose[0], identity=whose[1]) as seen:
        asyncio.run(tend(seen))

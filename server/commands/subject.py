"""`offrecord subject`: answers to what people ask for, after the operator has made sure who they are.

Exit codes: 0 done, 1 refused (with a reason code), 2 the command line or the ledger must change.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from server.commands.options import ConfigPath
from server.commands.refusing import refuse
from server.commands.tending import AsJson, Identity, Operator, Reason, Room, tend

if TYPE_CHECKING:
    from server.metadata.erasure import Changed
    from server.metadata.receipt import Receipt
    from server.metadata.tending import Tending

app = typer.Typer(
    help="See, correct or erase what is kept about one person, once you know that it is them who ask.",
    no_args_is_help=True,
)
app.command()(refuse)

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
                _read_out(receipt)
        return sum(len(receipt["kept"]) for receipt in receipts)

    tend(act, (room, identity), operator, reason, config)


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

    tend(act, (room, identity), operator, reason, config)


@app.command("object")
def object_(
    *,
    identity: Identity,
    reason: Reason,
    operator: Operator = None,
    room: Room = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    config: ConfigPath = None,
) -> None:
    """Erase what is kept moment by moment about one person; no more is written of a session that goes on.

    When cameras and microphones were on, how well they were connected meanwhile, and what is kept of the
    address. That somebody was connected, and when, stays until it expires or is erased.
    """

    async def act(tending: Tending) -> int:
        async def one(where: str, trying: bool) -> tuple[Changed, bool]:
            return await tending.object_to_details(where, identity, dry_run=trying)

        outcomes = [await _outcome(where, one, dry_run) for where in await _rooms(tending, room, identity)]
        return _report(identity, outcomes, as_json, "would be erased" if dry_run else "erased", dry_run)

    tend(act, (room, identity), operator, reason, config)


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

    tend(act, (room, identity), operator, reason, config)


async def _rooms(tending: Tending, room: str | None, identity: str) -> list[str]:
    return await tending.rooms(identity) if room is None else [room]


async def _outcome(
    room: str, act: Callable[[str, bool], Awaitable[tuple[Changed, bool]]], trying: bool
) -> dict[str, Any]:
    from server.metadata.receipt import rfc3339
    from server.metadata.refusals import Refusal

    try:
        changed, overwritten = await act(room, trying)
    except Refusal as refusal:
        until = None if refusal.until is None else rfc3339(refusal.until)
        why = {"refused": refusal.code, "why": str(refusal), "until": until}
        return {"room": room, "rows": {}, "total": 0, **why}
    return {
        "room": room,
        "rows": changed.rows,
        "total": changed.total,
        "still_open": changed.still_open,
        "held": changed.held,
        "held_until": None if changed.held_until is None else rfc3339(changed.held_until),
        "sessions": changed.objected,
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
    if not outcome["total"] and not outcome["sessions"]:
        return "nothing of that is kept there about that name."
    words = f"{outcome['total']} rows {done}."
    if outcome["sessions"]:
        words += f" Of {outcome['sessions']} sessions that go on, no more of that is written."
    if outcome["held"]:
        words += f" {outcome['held']} rows are held until {outcome['held_until']} (legal_hold)."
    if outcome["still_open"]:
        words += f" {outcome['still_open']} rows of a session that goes on stay until it is over."
    if not outcome["overwritten"]:
        words += " Their bytes are overwritten at the server's next sweep, within the hour."
    return words


def _read_out(receipt: Receipt) -> None:
    """To be sent as it is."""
    _plain(f"Room {receipt['room']!r}, as {receipt['identity']!r}. {receipt['says']}")
    for entry in receipt["kept"]:
        fields = ", ".join(f"{_plainly(name)} {value!r}" for name, value in entry["fields"].items())
        _plain(f"  {entry['at']}  {_plainly(entry['event'])}: {fields or 'no more'}")
        _plain(f"      deleted {entry['deleted_at']}")
    _plain("Why it is kept:")
    for name, purpose in receipt["purposes"].items():
        _plain(f"  {_plainly(name)}: {purpose}")
    _plain("Not kept: " + "; ".join(receipt["not_kept"]) + ".")


def _plainly(word: str) -> str:
    return word.replace("_", " ")


def _plain(text: str) -> None:
    Console(soft_wrap=True, highlight=False).print(text, markup=False)

"""`offrecord access-log`: who looked at the ledger, and whether the log of that is what was written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from server.access.chain import SAYS, Checkpoint, Verdict
from server.access.entry import Entry
from server.access.log import AccessLog
from server.access.reading import configured
from server.commands.options import ConfigPath
from server.config import load
from server.errors import OperatorError

access_app = typer.Typer(help="Who looked at the ledger, when and why.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(access_app, name="access-log")


@access_app.command()
def show(
    *,
    room: Annotated[str | None, typer.Option(help="Only reads that named this room.")] = None,
    identity: Annotated[str | None, typer.Option(help="Only reads that named this participant.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one entry a line.")] = False,
    config: ConfigPath = None,
) -> None:
    """Who looked, why, at what, and how much of it. Rooms and people have pseudonyms here."""
    log = configured(load(config))
    found = list(log.entries())
    if room is not None:
        names = log.pseudonyms(room=room)
        found = [entry for entry in found if entry.room in names]
    if identity is not None:
        names = log.pseudonyms(identity=identity)
        found = [entry for entry in found if entry.identity in names]
    if as_json:
        for entry in found:
            typer.echo(json.dumps({**msgspec.to_builtins(entry), "at": _utc(entry.at)}))
        return
    table = _table(found, log)
    Console().print(table if table.row_count else "Nothing that matches is in the access log.")


@access_app.command()
def verify(
    *,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An earlier checkpoint that was kept elsewhere.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
    config: ConfigPath = None,
) -> None:
    """Check that no entry was changed, removed, inserted or reordered.

    Exit codes: 0 intact, 1 not intact, 2 there is no log.
    """
    log = configured(load(config))
    elsewhere = None if checkpoint is None else _kept(log, checkpoint)
    verdict = log.verify(elsewhere)
    typer.echo(json.dumps(_record(verdict)) if as_json else _said(verdict))
    raise typer.Exit(0 if verdict.intact else 1)


@access_app.command()
def checkpoint(config: ConfigPath = None) -> None:
    """Print the signed checkpoint. Kept elsewhere, it shows later that nothing before it was rewritten."""
    typer.echo(configured(load(config)).checkpoint())


def _kept(log: AccessLog, path: Path) -> Checkpoint:
    try:
        return log.kept_elsewhere(path.read_text("ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} cannot be read: {error}") from None


def _record(verdict: Verdict) -> dict[str, Any]:
    return {
        "intact": verdict.intact,
        "entries": verdict.entries,
        "expired": verdict.cut,
        "last": verdict.last,
        "last_hash": verdict.last_hash,
        "unsigned": verdict.unsigned,
        "unfinished": verdict.unfinished,
        "compared": verdict.compared,
        "findings": [{"fault": one.fault, "line": one.line} for one in verdict.findings],
    }


def _said(verdict: Verdict) -> str:
    if not verdict.intact:
        return "\n".join(
            f"line {one.line}: {SAYS[one.fault]}" if one.line else SAYS[one.fault] for one in verdict.findings
        )
    lines = [f"The access log is intact: {verdict.entries} entries, {verdict.cut} expired before them."]
    if verdict.unsigned or verdict.unfinished:
        lines.append("Its end was written by a program that was killed meanwhile: that is not signed yet.")
    if not verdict.compared:
        lines.append(
            "Whoever has this server's key and files can write another one: a checkpoint kept elsewhere, "
            "given with --checkpoint, would show it."
        )
    return "\n".join(lines)


def _table(found: list[Entry], log: AccessLog) -> Table:
    """One row a read."""
    rows = {entry.of: entry.rows for entry in log.entries() if entry.of is not None}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("When", "Operator", "Account", "Reason", "Asked", "Room", "Identity", "Rows"):
        table.add_column(title, overflow="fold")
    for entry in found:
        if entry.of is None:
            count = rows.get(entry.number, entry.rows)
            table.add_row(
                f"{datetime.fromtimestamp(entry.at / 1000).astimezone():%Y-%m-%d %H:%M:%S}",
                entry.operator,
                str(entry.account),
                entry.reason.replace("_", " "),
                entry.asked,
                (entry.room or "any")[:8],
                (entry.identity or "any")[:8],
                "not known" if count is None else str(count),
            )
    return table


def _utc(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""`offrecord backup`: copies of the ledger, and the end of those that have reached their age."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from server.access.entry import Asked
from server.access.reading import accessor, reading
from server.commands.acting import note
from server.commands.options import ConfigPath, OperatorName, ReasonCode
from server.config import load
from server.metadata.words import Action


def add_to(app: typer.Typer) -> None:
    app.command()(backup)


def backup(
    file: Annotated[Path, typer.Argument(help="The copy to write; it must not be there yet.")],
    *,
    keep_days: Annotated[
        int | None,
        typer.Option(min=1, max=3650, help="First delete the copies beside FILE that are so many days old."),
    ] = None,
    operator: OperatorName = None,
    reason: ReasonCode = None,
    config: ConfigPath = None,
) -> None:
    """Copy the ledger to FILE beside a running server, readable by its owner only.

    What has expired is left out. Erasure does not reach copies: docs/operations.md says more.
    """
    from server.metadata.backup import back_up, prune

    loaded = load(config)
    with reading(loaded, accessor(operator, reason), Asked.BACKUP) as seen:
        if keep_days is not None:
            gone = prune(file.parent, keep_days, time.time())
            typer.echo(f"Copies of {keep_days} days and more that were deleted in {file.parent}: {gone}.")
            if gone:
                note(loaded, Action.BACKUPS_PRUNED)
        rows = back_up(loaded.metadata.url, file)
        seen.count(rows)
    typer.echo(f"Rows copied to {file}: {rows}.")
    note(loaded, Action.BACKUP_MADE)

"""`offrecord backup --keep-days`: copies end when they have their age, and nothing else is touched."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server import cli
from server.metadata.address import LedgerError
from server.metadata.backup import back_up, prune
from server.metadata.retention import DAY
from server.metadata.store import Ledger
from server.metadata.words import Action
from tests.unit.ledger import Clock, joined
from tests.unit.test_ledger_backup import WHO, configured
from tests.unit.test_operator_actions import actions


async def ledger_with_copies(directory: Path, clock: Clock) -> None:
    """`ledger.db`, and in `copies` one of each of ten days, of which the last is today's."""
    url = f"sqlite:///{directory}/ledger.db"
    ledger = await Ledger.open(url, clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.close()
    (directory / "copies").mkdir()
    for day in range(10):
        if day:
            clock.now += DAY
        back_up(url, directory / "copies" / f"day-{day}.db", clock.now)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_copies_of_that_age_are_gone_and_younger_ones_are_not(tmp_path: Path) -> None:
    clock = Clock()
    await ledger_with_copies(tmp_path, clock)
    assert prune(tmp_path / "copies", 7, clock.now) == 3
    assert names(tmp_path / "copies") == [f"day-{day}.db" for day in range(3, 10)]
    assert prune(tmp_path / "copies", 7, clock.now) == 0


async def test_their_bytes_are_overwritten_before(tmp_path: Path) -> None:
    clock = Clock()
    await ledger_with_copies(tmp_path, clock)
    held = (tmp_path / "copies" / "day-0.db").open("rb")
    assert b"ada-lovelace" in held.read()
    prune(tmp_path / "copies", 7, clock.now)
    held.seek(0)
    assert set(held.read()) == {0}
    held.close()


async def test_a_copy_of_a_copy_does_not_grow_young(tmp_path: Path) -> None:
    clock = Clock()
    await ledger_with_copies(tmp_path, clock)
    shutil.copyfile(tmp_path / "copies" / "day-0.db", tmp_path / "copies" / "again.db")
    prune(tmp_path / "copies", 7, clock.now)
    assert "again.db" not in names(tmp_path / "copies")


async def test_nothing_else_is_touched(tmp_path: Path) -> None:
    """A ledger, a database of somebody else, a link, a folder, what only begins like one, a pipe."""
    clock = Clock()
    await ledger_with_copies(tmp_path, clock)
    there = tmp_path / "copies"
    shutil.copyfile(tmp_path / "ledger.db", there / "ledger.db")
    with closing(sqlite3.connect(there / "other.db")) as other:
        other.execute("CREATE TABLE diary (day)")
    (there / "link.db").symlink_to(there / "day-9.db")
    (there / "folder").mkdir()
    shutil.copyfile(there / "day-0.db", there / "folder" / "inside.db")
    (there / "begins").write_bytes((there / "day-0.db").read_bytes()[:60])
    (there / "empty").touch()
    os.mkfifo(there / "pipe")
    strangers = {"ledger.db", "other.db", "link.db", "folder", "begins", "empty", "pipe"}
    assert prune(there, 1, clock.now + 400 * DAY) == 10
    assert set(names(there)) == strangers
    assert names(there / "folder") == ["inside.db"]


async def test_a_copy_that_is_served_from_is_a_ledger(tmp_path: Path) -> None:
    clock = Clock()
    await ledger_with_copies(tmp_path, clock)
    restored = tmp_path / "copies" / "day-0.db"
    ledger = await Ledger.open(f"sqlite:///{restored}", clock=clock)
    assert prune(tmp_path / "copies", 7, clock.now) == 2
    await ledger.close()
    assert prune(tmp_path / "copies", 1, clock.now + 400 * DAY) == 7
    assert names(tmp_path / "copies") == ["day-0.db"]


async def test_a_copy_that_a_server_is_starting_with_is_left(tmp_path: Path) -> None:
    """The claim is taken before the mark is."""
    from server.metadata.sqlite import FileClaim

    clock = Clock()
    await ledger_with_copies(tmp_path, clock)
    claim = FileClaim(tmp_path / "copies" / "day-0.db")
    assert prune(tmp_path / "copies", 7, clock.now) == 2
    assert "day-0.db" in names(tmp_path / "copies")
    await claim.release()


def test_where_there_is_nothing_to_look_at_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be deleted"):
        prune(tmp_path / "none", 7, 0.0)


async def test_the_command_ends_old_copies_and_makes_a_new_one(tmp_path: Path) -> None:
    clock = Clock()
    clock.now = time.time() - 9 * DAY
    await ledger_with_copies(tmp_path, clock)
    new = tmp_path / "copies" / "new.db"
    words = ["backup", str(new), "--keep-days", "7", *configured(tmp_path), *WHO]
    done = await asyncio.to_thread(CliRunner().invoke, cli.app, words)
    assert (done.exit_code, done.output.splitlines()[0][-3:]) == (0, " 3."), done.output
    assert names(tmp_path / "copies") == [*(f"day-{day}.db" for day in range(3, 10)), "new.db"]
    assert await actions(f"sqlite:///{tmp_path}/ledger.db") == [Action.BACKUPS_PRUNED, Action.BACKUP_MADE]


async def test_old_copies_end_also_where_no_new_one_can_be_made(tmp_path: Path) -> None:
    clock = Clock()
    clock.now = time.time() - 9 * DAY
    await ledger_with_copies(tmp_path, clock)
    words = ["backup", str(tmp_path / "copies" / "day-9.db"), "--keep-days", "7", *configured(tmp_path), *WHO]
    done = await asyncio.to_thread(CliRunner().invoke, cli.app, words)
    assert "is there already" in str(done.exception)
    assert len(names(tmp_path / "copies")) == 7

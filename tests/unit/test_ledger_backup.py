"""`offrecord backup`: a whole copy beside a server that writes, for its owner only, without what expired."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server import cli
from server.access.log import AccessLog
from server.errors import OperatorError
from server.metadata.address import LedgerError
from server.metadata.backup import back_up
from server.metadata.retention import DAY, Retention
from server.metadata.store import Ledger
from tests.unit.ledger import Clock, joined, sessions

WHO = ("--operator", "grace", "--reason", "operation")


def configured(directory: Path, url: str = "") -> tuple[str, str]:
    """Options that name a configuration with everything in `directory`."""
    config = directory / "config.toml"
    ledger = url or f"sqlite:///{directory}/ledger.db"
    config.write_text(
        f'[metadata]\nurl = "{ledger}"\naccess_log = "{directory}/access"\n'
        f'[guarantee]\nsigning_key = "{directory}/key.pem"\n[console]\noperators = "{directory}/operators"\n'
    )
    return "--config", str(config)


async def test_beside_a_server_that_writes(tmp_path: Path) -> None:
    """What is in the copy can be served from, and the ledger was not held up or changed."""
    url, copy, clock = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "copy.db", Clock()
    ledger = await Ledger.open(url, clock=clock)
    for number in range(1000):
        ledger.record(joined(number))
    await ledger.flush()
    for number in range(1000, 2000):
        ledger.record(joined(number))
    rows = await asyncio.to_thread(back_up, url, copy, clock.now)
    assert rows >= 1000
    await ledger.close()
    assert (ledger.dropped, len(await sessions(url, clock))) == (0, 2000)
    assert len(await sessions(f"sqlite:///{copy}", clock)) == rows
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "ledger.db"]
    await (await Ledger.open(f"sqlite:///{copy}", clock=clock)).close()


async def test_what_has_expired_is_not_copied(tmp_path: Path) -> None:
    url, copy, clock = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "copy.db", Clock()
    ledger = await Ledger.open(url, Retention(session_days=30), clock=clock)
    ledger.record(joined(1, "ada-lovelace"))
    await ledger.flush()
    clock.now += 20 * DAY
    ledger.record(joined(2, "grace-hopper"))
    await ledger.flush()
    clock.now += 15 * DAY
    assert b"ada-lovelace" in (tmp_path / "ledger.db").read_bytes(), "not swept yet"
    assert back_up(url, copy, clock.now) == 1
    assert b"ada-lovelace" not in copy.read_bytes()
    assert b"grace-hopper" in copy.read_bytes()
    await ledger.close()


async def test_nothing_is_replaced(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "copy.db"
    await (await Ledger.open(url)).close()
    copy.write_text("last week's")
    with pytest.raises(LedgerError, match="is there already"):
        back_up(url, copy)
    assert copy.read_text() == "last week's"


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("my diary " * 1000)
    with pytest.raises(LedgerError, match="cannot be copied"):
        back_up(f"sqlite:///{tmp_path}/ledger.db", tmp_path / "copy.db")
    with pytest.raises(LedgerError, match="there is no ledger"):
        back_up(f"sqlite:///{tmp_path}/none.db", tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]


def test_a_database_has_a_program_of_its_own_for_that(tmp_path: Path) -> None:
    where = configured(tmp_path, "postgresql://ada:Tr0ub4dor@db.example/ledger")
    done = CliRunner().invoke(cli.app, ["backup", str(tmp_path / "copy"), *where, *WHO])
    assert isinstance(done.exception, OperatorError), "which ends the command with exit code 2"
    assert "pg_dump" in str(done.exception)
    assert "Tr0ub4dor" not in str(done.exception)
    assert not (tmp_path / "copy").exists()


async def test_the_command(tmp_path: Path) -> None:
    ledger = await Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    ledger.record(joined(1))
    await ledger.flush()
    arguments = ["backup", str(tmp_path / "copy.db"), *configured(tmp_path)]
    unsaid = await asyncio.to_thread(CliRunner().invoke, cli.app, arguments)
    assert "say why you look" in str(unsaid.exception)
    assert not (tmp_path / "copy.db").exists()
    done = await asyncio.to_thread(CliRunner().invoke, cli.app, [*arguments, *WHO])
    assert (done.exit_code, done.output) == (0, f"Rows copied to {tmp_path}/copy.db: 1.\n")
    begun, ended = AccessLog(tmp_path / "access", tmp_path / "key.pem", 365).entries()
    assert (begun.operator, begun.asked, begun.reason, ended.rows) == ("grace", "backup", "operation", 1)
    await ledger.close()

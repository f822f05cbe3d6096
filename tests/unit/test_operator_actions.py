"""What operators do beside a server is kept in its ledger in closed words, and by whom in the access log."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from server import cli
from server.access.log import AccessLog
from server.metadata.address import LedgerError
from server.metadata.noting import note
from server.metadata.query import Query
from server.metadata.retention import Retention
from server.metadata.rows.actions import OperatorAction
from server.metadata.sessions import KeptEvent, Reader
from server.metadata.store import Ledger
from server.metadata.words import Action
from tests.unit.ledger import Kept

PASSWORD = "correct horse battery\n"
MADE = OperatorAction(action=Action.BACKUP_MADE)


async def kept_rows(url: str) -> list[KeptEvent]:
    reader = Reader(url, clock=time.time)
    try:
        return [one async for one in reader.events(Query())]
    finally:
        await reader.aclose()


async def actions(url: str) -> list[Action]:
    """In the order in which they were done."""
    return [one.event.action for one in await kept_rows(url) if isinstance(one.event, OperatorAction)]


async def test_it_is_kept_beside_a_server_that_writes_and_expires(kept: Kept) -> None:
    ledger = await Ledger.open(kept.url)
    assert await note(kept.url, MADE, Retention(operation_days=100))
    [one] = await kept_rows(kept.url)
    assert one.event == MADE
    assert round((one.expires_at - one.at) / 86_400) == 100
    await ledger.close()


async def test_before_a_server_has_run_there_is_nothing_to_tell(kept: Kept) -> None:
    assert not await note(kept.url, MADE, Retention())


async def test_a_ledger_that_cannot_be_told_is_said(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("my diary " * 1000)
    with pytest.raises(LedgerError, match="it was done, but"):
        await note(f"sqlite:///{tmp_path}/ledger.db", MADE, Retention())


class Machine:
    """Where a server has run, and the commands there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.url = f"sqlite:///{directory}/ledger.db"
        config = directory / "config.toml"
        config.write_text(
            f'[metadata]\nurl = "{self.url}"\naccess_log = "{directory}/access"\n'
            f'[guarantee]\nsigning_key = "{directory}/key.pem"\n'
            f'[console]\noperators = "{directory}/operators"\n'
        )
        self._where = ("--config", str(config))

    def run(self, *words: str, given: str = PASSWORD) -> Result:
        return CliRunner().invoke(cli.app, [*words, *self._where], input=given)

    def operator(self, *words: str, by: str = "grace") -> Result:
        return self.run("operator", *words, "--operator", by)

    def noted(self) -> list[Action]:
        return asyncio.run(actions(self.url))

    def looked(self) -> list[tuple[str, str, str]]:
        """Who, why and at what, without how each ended."""
        found = self.log.entries()
        return [(one.operator, one.reason.value, one.asked.value) for one in found if one.of is None]

    @property
    def log(self) -> AccessLog:
        return AccessLog(self.directory / "access", self.directory / "key.pem", 365)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)

    async def serve() -> None:
        await (await Ledger.open(machine.url)).close()

    asyncio.run(serve())
    return machine


def test_whoever_names_operators_is_known_and_what_was_done_is_kept(machine: Machine) -> None:
    assert machine.operator("add", "grace", "--role", "admin", "--password-stdin").exit_code == 0
    assert machine.operator("add", "alan", "--password-stdin").exit_code == 0
    assert machine.operator("role", "alan", "privacy-officer").exit_code == 0
    assert machine.operator("passwd", "alan", "--password-stdin").exit_code == 0
    assert machine.operator("remove", "alan", by="grace").exit_code == 0
    assert machine.noted() == [
        Action.OPERATOR_ADDED,
        Action.OPERATOR_ADDED,
        Action.ROLE_CHANGED,
        Action.PASSWORD_CHANGED,
        Action.OPERATOR_REMOVED,
    ]
    assert machine.looked() == [("grace", "operation", "operators")] * 5


def test_what_was_refused_is_not_kept_as_done(machine: Machine) -> None:
    machine.operator("add", "grace", "--role", "admin", "--password-stdin")
    machine.operator("add", "alan", "--password-stdin")
    refused = machine.operator("role", "alan", "admin", by="alan")
    assert "alan is viewer, who may not do that" in str(refused.exception)
    assert "there is no operator" in str(machine.operator("remove", "nobody").exception)
    assert machine.noted() == [Action.OPERATOR_ADDED] * 2


def test_operators_are_named_before_the_first_start(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.operator("add", "grace", "--password-stdin").exit_code == 0
    assert not (tmp_path / "ledger.db").exists()
    assert machine.looked() == [("grace", "operation", "operators")]


def test_nobody_changes_operators_without_a_name(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.access.reading.login_account", lambda: 0)
    done = machine.run("operator", "add", "grace", "--password-stdin")
    assert "say who looks" in str(done.exception)
    assert machine.noted() == []

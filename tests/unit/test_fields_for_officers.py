"""A field that its declaration shows to privacy officers only is left out for all other operators."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from server.metadata.retention import Retention
from server.metadata.rows.addresses import ParticipantAddress
from server.metadata.store import Ledger
from tests.unit.ledger import joined
from tests.unit.test_access_commands import run

NETWORK = "0123456789abcdef" * 2
AS = ("--reason", "support", "--operator")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    async def fill() -> None:
        ledger = await Ledger.open(f"sqlite:///{tmp_path}/offrecord.db", Retention(addresses="pseudonym"))
        ledger.record(joined())
        ledger.record(
            ParticipantAddress(room="garden", identity="ada", participant="PA_00000001", network=NETWORK)
        )
        await ledger.close()

    asyncio.run(fill())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_viewers_and_admins_do_not_see_it(form: tuple[str, ...]) -> None:
    assert NETWORK in run("logs", "--events", *form, *AS, "somebody").stdout, "nobody is named yet"
    for name, role in (("ann", "admin"), ("grace", "privacy-officer"), ("victor", "viewer")):
        added = run(
            "operator", "add", name, "--role", role, "--password-stdin", *AS, "ann", given="x" * 12 + "\n"
        )
        assert added.exit_code == 0, added.output
    for name in ("ann", "victor"):
        shown = run("logs", "--events", *form, *AS, name)
        assert shown.exit_code == 0
        assert NETWORK not in shown.stdout
        assert "address" in shown.stdout, "that something is kept is no secret"
    assert NETWORK in run("logs", "--events", *form, *AS, "grace").stdout


@pytest.mark.usefixtures("kept")
def test_the_person_it_is_about_is_answered_with_it() -> None:
    answer = run(
        "subject", "export", "--identity", "ada", "--json", "--operator", "grace", "--reason", "own_request"
    )
    assert answer.exit_code == 0, answer.output
    assert NETWORK in answer.stdout

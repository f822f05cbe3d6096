"""The commands about who looks at the ledger: `access-log`, `operator`, and `logs` as they bind it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from server import cli
from server.metadata.store import Ledger
from tests.unit.ledger import joined

WHO = ("--operator", "grace", "--reason", "audit")
runner = CliRunner()


def run(*arguments: str, given: str = "") -> Result:
    return runner.invoke(cli.app, arguments, input=given, env={"COLUMNS": "200"})


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which a server has run: one session of ada's in the garden."""

    async def fill() -> None:
        ledger = await Ledger.open(f"sqlite:///{tmp_path}/offrecord.db")
        ledger.record(joined())
        await ledger.close()

    asyncio.run(fill())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_access_log_tells_who_looked(kept: Path) -> None:
    run("logs", *WHO, "--identity", "ada")
    run("logs", *WHO, "--identity", "alan", "--events")
    shown = [json.loads(line) for line in run("access-log", "show", "--json").stdout.splitlines()]
    read = [(one["operator"], one["reason"], one["asked"], one["of"], one["rows"]) for one in shown]
    assert read == [
        ("grace", "audit", "sessions", None, None),
        ("grace", "audit", "sessions", 1, 1),
        ("grace", "audit", "events", None, None),
        ("grace", "audit", "events", 3, 0),
    ]
    assert not {"ada", "alan"} & {str(value) for one in shown for value in one.values()}
    table = run("access-log", "show", "--identity", "ada").stdout.splitlines()
    assert len(table) == 2
    for word in ("grace", "audit", "sessions", "1"):
        assert word in table[1].split()
    assert "Nothing that matches" in run("access-log", "show", "--room", "attic").stdout


def test_who_may_look_is_named(kept: Path) -> None:
    assert "Nobody is named" in run("operator", "list").stdout
    password = "correct horse battery\n"
    add = ("operator", "add", "grace", "--role", "viewer", "--password-stdin", *WHO)
    assert "12 characters" in str(run(*add, given="short\n").exception)
    assert run(*add, given=password).exit_code == 0
    assert json.loads(run("operator", "list", "--json").stdout) == {"grace": "viewer"}
    assert run("logs", *WHO).exit_code == 0
    stranger = run("logs", "--operator", "alan", "--reason", "audit")
    assert stranger.stdout == ""
    assert "alan is no operator" in str(stranger.exception)
    assert run("operator", "passwd", "grace", "--password-stdin", *WHO, given=password).exit_code == 0
    assert run("operator", "remove", "grace", *WHO).exit_code == 0
    assert "Nobody is named" in run("operator", "list").stdout


def test_the_access_log_is_verified(kept: Path) -> None:
    run("logs", *WHO)
    checkpoint = kept / "elsewhere.jws"
    checkpoint.write_text(run("access-log", "checkpoint").stdout)
    run("logs", *WHO)
    done = run("access-log", "verify")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (
        0,
        "The access log is intact: 4 entries, 0 expired before them.",
    )
    done = run("access-log", "verify", "--json", "--checkpoint", str(checkpoint))
    found = json.loads(done.stdout)
    assert (done.exit_code, found["intact"], found["last"], found["compared"]) == (0, True, 4, 1)
    entries = kept / "offrecord-access" / "entries.jsonl"
    entries.write_bytes(entries.read_bytes().replace(b'"rows":1', b'"rows":0', 1))
    done = run("access-log", "verify")
    assert (done.exit_code, done.stdout.splitlines()[0][:6]) == (1, "line 3")
    found = json.loads(run("access-log", "verify", "--json").stdout)
    assert found["findings"] == [{"fault": "changed", "line": 3}]

"""`offrecord logs` with its filters, `rooms`, `participants` and `stats`: tables, JSON Lines, following."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from server import cli
from server.errors import OperatorError
from server.metadata.rows.sessions import ParticipantJoined, ParticipantLeft
from server.metadata.store import Ledger
from server.metadata.words import Browser, LeaveReason, Sdk

ROOT = Path(__file__).parents[2]
WHO = ("--operator", "grace", "--reason", "audit")


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which a server has run: six people with Chrome leave, ada's connection is lost, all in
    the garden; alan is in the kitchen with the Python SDK."""
    (tmp_path / "config.toml").write_text('[metadata]\nurl = "sqlite:///kept.db"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    async def fill() -> None:
        ledger = await Ledger.open("sqlite:///kept.db")
        for number in range(6):
            _come(ledger, number, "garden", f"person {number}", browser=Browser.CHROME)
            _go(ledger, number, "garden", f"person {number}", LeaveReason.CLIENT_LEFT)
        _come(ledger, 6, "garden", "ada", browser=Browser.FIREFOX)
        _go(ledger, 6, "garden", "ada", LeaveReason.CONNECTION_LOST)
        _come(ledger, 7, "kitchen", "alan", sdk=Sdk.PYTHON)
        await ledger.close()

    asyncio.run(fill())
    return tmp_path


def _come(ledger: Ledger, number: int, room: str, who: str, **client: Any) -> None:
    ledger.record(ParticipantJoined(room=room, identity=who, participant=f"PA_{number:08d}", **client))


def _go(ledger: Ledger, number: int, room: str, who: str, why: LeaveReason) -> None:
    sid = f"PA_{number:08d}"
    ledger.record(ParticipantLeft(room=room, identity=who, participant=sid, reason=why, milliseconds=9))


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli.app, [*arguments, *WHO])
    if done.exception is not None:
        raise done.exception
    return str(done.stdout)


def records(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*arguments, "--json").splitlines()]


@pytest.mark.parametrize(
    ("options", "who"),
    [
        (["--outcome", "connection_lost"], ["ada"]),
        (["--outcome", "slow_reader"], []),
        (["--client", "firefox"], ["ada"]),
        (["--client", "python"], ["alan"]),
        (["--client", "chrome", "--outcome", "connection_lost"], []),
        (["--limit", "2"], ["ada", "alan"]),
        (["--limit", "1", "--room", "garden"], ["ada"]),
        (["--limit", "0"], []),
    ],
)
def test_sessions_are_chosen(options: list[str], who: list[str]) -> None:
    assert [session["identity"] for session in records("logs", *options)] == who


def test_a_name_is_no_outcome() -> None:
    async def fill() -> None:
        ledger = await Ledger.open("sqlite:///kept.db")
        name = '","reason":"slow_reader","browser":"safari'
        _come(ledger, 8, "garden", name)
        _go(ledger, 8, "garden", name, LeaveReason.CLIENT_LEFT)
        await ledger.close()

    asyncio.run(fill())
    assert records("logs", "--outcome", "slow_reader") == []
    assert records("logs", "--client", "safari") == []


def test_a_table_says_when_there_is_more() -> None:
    done = CliRunner().invoke(cli.app, ["logs", "--limit", "2", *WHO])
    assert "ada" in done.stdout
    assert "person 5" not in done.stdout
    assert "the newest 2" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["logs", "--outcome", "gone"], "connection_lost"),
        (["logs", "--client", "netscape"], "firefox"),
        (["logs", "--follow", "--since", "2h"], "begins now"),
        (["logs", "--events", "--client", "firefox"], "select sessions"),
    ],
)
def test_what_cannot_be_chosen_is_said(arguments: list[str], says: str) -> None:
    with pytest.raises(OperatorError, match=says):
        run(*arguments)


def test_rooms() -> None:
    kitchen, garden = records("rooms")
    assert (garden["room"], garden["sessions"], garden["people"], garden["failures"]) == ("garden", 7, 7, 1)
    assert (kitchen["room"], kitchen["peak"], kitchen["connected"]) == ("kitchen", 1, 1)
    assert "garden" in run("rooms", "--limit", "2")
    assert "Nothing that matches" in run("rooms", "--room", "cellar")


def test_participants() -> None:
    [ada] = records("participants", "--identity", "ada")
    assert (ada["sessions"], ada["last_browser"], ada["last_outcome"]) == (1, "firefox", "connection_lost")
    table = run("participants", "--room", "kitchen")
    for word in ("alan", "python SDK", "connected"):
        assert word in table


def test_stats_name_nobody_and_no_small_group() -> None:
    [found] = records("stats")
    assert (found["joins"], found["people"]) == (8, 8)
    # Without Chrome, two people would be left over, and the total would tell of them.
    assert found["clients"] == {"groups": {}, "others": 8}
    assert "firefox" not in json.dumps(found)
    table = run("stats")
    for name in ("ada", "alan", "garden", "firefox", "connection lost"):
        assert name not in table
    assert "all others" in table
    assert "fewer than 5 people" in run("stats", "--room", "kitchen")
    [small] = records("stats", "--least", "2")
    assert small["outcomes"] == {"groups": {"client_left at unknown": 6}, "others": 2}


def test_each_look_is_in_the_access_log() -> None:
    run("rooms")
    run("participants", "--identity", "ada")
    run("stats")
    shown = CliRunner().invoke(cli.app, ["access-log", "show", "--json"]).stdout.splitlines()
    assert [json.loads(line)["asked"] for line in shown[::2]] == ["rooms", "participants", "statistics"]


def test_rows_are_followed_until_ctrl_c(kept: Path) -> None:
    with subprocess.Popen(
        [
            sys.executable,
            "-X",
            "faulthandler",
            "-m",
            "server",
            "logs",
            "--follow",
            "--json",
            "--limit",
            "1",
            *WHO,
        ],
        cwd=kept,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        try:
            assert json.loads(following.stdout.readline())["identity"] == "alan"

            async def fill() -> None:
                ledger = await Ledger.open("sqlite:///kept.db")
                _come(ledger, 9, "garden", "hedy")
                await ledger.close()

            asyncio.run(fill())
            while json.loads(following.stdout.readline()).get("identity") != "hedy":
                pass
            following.send_signal(signal.SIGINT)
            rest, said = following.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            following.send_signal(signal.SIGABRT)  # it says where it is
            rest, said = following.communicate(timeout=5)
        finally:
            following.kill()
    assert (following.returncode, rest, said) == (0, "", "")

"""`offrecord webhooks`: how far receivers were told; telling them again, which stands in the access log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from server import cli
from server.errors import OperatorError
from server.metadata.retention import Retention
from server.metadata.store import Ledger
from server.webhooks.receiver import digest_of
from tests.unit.hooked import KEY, SECRET, App, app_listening
from tests.unit.test_webhooks import CALL, telling

WHO = ("--operator", "grace", "--reason", "operation")
URL = "https://app.example/hook?token=hidden"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    configure(URL)


def configure(url: str) -> None:
    Path("config.toml").write_text(
        f'[metadata]\nurl = "sqlite:///kept.db"\n[keys]\n{KEY} = "{SECRET}"\n'
        f'[webhooks]\nurls = ["{url}"]\napi_key = "{KEY}"\n'
    )


def webhooks(*words: str) -> Result:
    result = CliRunner().invoke(cli.app, ["webhooks", *words])
    if isinstance(result.exception, OperatorError):
        raise result.exception
    return result


def looks() -> list[dict[str, object]]:
    found = []
    for path in sorted(Path("offrecord-access").iterdir()):
        for line in path.read_text("utf-8", "replace").splitlines():
            if line.startswith("{"):
                found.append(json.loads(line))
    return [one for one in found if "asked" in one]


@asynccontextmanager
async def call_told(app: App) -> AsyncIterator[None]:
    """A server that runs and has told the app of a call."""
    configure(app.url)
    ledger = await Ledger.open("sqlite:///kept.db", Retention())
    async with telling(ledger, app):
        for event in CALL:
            ledger.record(event)
        await app.until(lambda: len(app.heard) == 6)
        yield
    await ledger.close()


async def _written(*, told: bool) -> None:
    ledger = await Ledger.open("sqlite:///kept.db", Retention())
    if told:
        await ledger.told.begin([digest_of(URL)])
    for event in CALL:
        ledger.record(event)
    await ledger.close()


def test_status_tells_how_far_behind_without_an_address() -> None:
    asyncio.run(_written(told=False))
    assert webhooks("status").stdout == "receiver 1: not told anything yet: has a server run with it?\n"
    asyncio.run(_written(told=True))
    said = webhooks("status").stdout
    assert said.startswith("receiver 1: 6 rows behind, the oldest of ")
    assert "hidden" not in said


async def test_a_replay_reaches_a_server_that_runs_and_is_noted(tmp_path: Path) -> None:
    async with app_listening() as app, call_told(app):
        said = await asyncio.to_thread(webhooks, "replay", "--since", "1h", *WHO)
        assert said.stdout == "6 rows are told again to 1 receivers.\n"
        await app.until(lambda: len(app.heard) == 12)
    assert [one.id for one in app.heard[:6]] == [one.id for one in app.heard[6:]]
    begun, ended = looks()
    assert (begun["operator"], begun["reason"], begun["asked"]) == ("grace", "operation", "export")
    assert ended["rows"] == 6


async def test_a_replay_from_an_event_on(tmp_path: Path) -> None:
    """As an app asks that has lost what came after it."""
    async with app_listening() as app, call_told(app):
        last = app.heard[3].id
        said = await asyncio.to_thread(webhooks, "replay", "--from", last, *WHO)
        assert said.stdout == "3 rows are told again to 1 receivers.\n"
        await app.until(lambda: len(app.heard) == 9)
    assert [one.id for one in app.heard[6:]] == [one.id for one in app.heard[3:6]]


@pytest.mark.parametrize(
    "words", [(), ("--since", "1h", "--from", "EV_1_0123456789abcdef"), ("--from", "EV_one"), ("--from", "1")]
)
def test_a_replay_needs_one_place_to_begin(words: tuple[str, ...]) -> None:
    with pytest.raises(OperatorError, match="--from"):
        webhooks("replay", *words, *WHO)


def test_a_replay_needs_a_name_and_a_reason() -> None:
    asyncio.run(_written(told=True))
    with pytest.raises(OperatorError, match="--reason"):
        webhooks("replay", "--since", "1h")


def test_there_is_nothing_to_do_where_nobody_is_told() -> None:
    Path("config.toml").write_text("")
    for words in (("status",), ("replay", "--since", "1h", *WHO)):
        with pytest.raises(OperatorError, match=r"webhooks\.urls is empty"):
            webhooks(*words)

"""Whatever is thrown at whichever input: of people, room and identity of the token are kept, no more."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs
from typer.testing import CliRunner

from server import app as composition
from server import cli, facts, rooms
from server.auth import token as tokens
from server.journal import Discreet
from server.metadata.event import Event
from server.metadata.rows.sessions import ParticipantJoined
from server.signaling import route as signaling
from server.tally import Tally
from tests.personal import KINDS, Personals
from tests.postgres import Cluster
from tests.thrown_requests import BODIES, Thrower
from tests.thrown_signals import MEMBERS
from tests.unit.whole_server import Whole, whole_server

KEY = "backend"
WHO = ("--operator", "grace", "--reason", "audit")
SETTINGS = """
[guests]
enabled = true
passcode = {passcode}
per_minute = 10000
[metadata]
addresses = "{addresses}"
url = "{url}"
[sites]
Lyon = ["203.0.113.0/24"]
[keys]
{key} = {secret}
"""


def settings_with(personals: Personals, url: str, addresses: str = "pseudonym") -> str:
    """The secrets of the configuration are among what must not be found."""
    return SETTINGS.format(
        passcode=json.dumps(personals.at("the passcode of guests", "passcode").text),
        addresses=addresses,
        url=url,
        key=KEY,
        secret=json.dumps(personals.at("the secret of a key", "key").text),
    )


async def answers(server: Whole) -> dict[str, bytes]:
    """What monitoring reads."""
    found = {}
    async with aiohttp.ClientSession() as http:
        for url in (server.url + "healthz", server.url + "readyz", server.metrics_url):
            found[url] = await (await http.get(url)).read()
        openmetrics = {"Accept": "application/openmetrics-text"}
        found["OpenMetrics"] = await (await http.get(server.metrics_url, headers=openmetrics)).read()
    return found


async def throw_everything(
    directory: Path, personals: Personals, url: str, *, as_json: bool
) -> tuple[Thrower, Whole, dict[str, bytes]]:
    async with whole_server(directory, settings_with(personals, url), as_json=as_json) as server:
        secret = personals.at("the secret of a key").text
        thrower = Thrower(server.url, personals, KEY, secret, server.relay_reports)
        await thrower.throw(server.routes)
        kept = await answers(server)
    kept["the log"] = server.output.getvalue().encode()
    return thrower, server, kept


def shown(directory: Path) -> dict[str, bytes]:
    """What the commands print, and a copy."""
    commands = {
        "logs": ("logs", *WHO),
        "logs --json": ("logs", "--json", *WHO),
        "logs --events": ("logs", "--events", *WHO),
        "logs --events --json": ("logs", "--events", "--json", *WHO),
        "rooms": ("rooms", "--json", *WHO),
        "participants": ("participants", "--json", *WHO),
        "stats": ("stats", "--json", *WHO),
        "access-log": ("access-log", "show", "--json"),
        "backup": ("backup", str(directory / "copy.db"), *WHO),
    }
    runner = CliRunner()
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        for name, words in commands.items():
            result = runner.invoke(cli.app, words, env={"COLUMNS": "300"})
            assert result.exit_code == 0 or name == "backup", result.output
            found[name] = result.output.encode()
    return found


def written(directory: Path) -> dict[str, bytes]:
    """Every file of the server, but the one that the operator wrote."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != "config.toml"
    }


def everything(personals: Personals, *, as_json: bool = False) -> tuple[Thrower, Whole, dict[str, bytes]]:
    """Throws, and gathers all that is left of it."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        thrower, server, kept = asyncio.run(
            throw_everything(directory, personals, "sqlite:///ledger.db", as_json=as_json)
        )
        kept |= shown(directory)
        kept |= written(directory)
    return thrower, server, kept


def assert_alive(kept: dict[str, bytes]) -> None:
    """Something was kept, and it was what may be: a search in nothing finds nothing."""
    for place in ("ledger.db", "copy.db", "logs --events --json"):
        for word in (
            b"ada",
            b"hall",
            b"participant_joined",
            b"participant_address",
            b"attempt_ended",
            b"attempts_refused",
            b"track_published",
        ):
            assert word in kept[place], (place, word)
    assert b"connected" in kept["the log"]
    assert b"offrecord_joins_total" in kept["OpenMetrics"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_kind_is_kept_wherever_it_is_thrown(kind: str) -> None:
    personals = Personals(seed=1, only=kind)
    _, _, kept = everything(personals, as_json=kind in {"name", "agent", "token", "rtp"})
    assert_alive(kept)
    assert personals.found_in(kept) == []


@pytest.mark.timeout(120)
@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(2, 1_000_000), as_json=st.booleans())
def test_nothing_of_a_mixture_is_kept(seed: int, as_json: bool) -> None:
    personals = Personals(seed)
    _, _, kept = everything(personals, as_json=as_json)
    assert personals.found_in(kept) == []


@pytest.mark.timeout(120)
def test_nothing_is_kept_in_a_database(postgres: Cluster, tmp_path: Path) -> None:
    """The files of the database, the write-ahead log and the log of the database server."""
    url = postgres.database()
    name = url.partition("@/")[2].partition("?")[0]
    personals = Personals(seed=3)
    _, _, kept = asyncio.run(throw_everything(tmp_path, personals, url, as_json=False))
    kept |= written(tmp_path)
    kept["the database"] = postgres.on_disk(name)
    for part in ("data/pg_wal", "log"):
        for path in sorted((postgres.directory / part).rglob("*")):
            if path.is_file():
                kept[path.name] = path.read_bytes().replace(bytes(64), b"")  # what is not written yet
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)", "postgres")
    for word in (b"participant_joined", b"attempts_refused", b"track_published", b"hall"):
        assert word in kept["the database"]
    assert personals.found_in(kept) == []


def _in_an_event(patch: pytest.MonkeyPatch) -> None:
    told = facts.event_of

    def telling(fact: Any, user_agent: str = "") -> Event:
        event = told(fact, user_agent)
        if isinstance(event, ParticipantJoined):
            return structs.replace(event, identity=f"{event.identity} {fact.client.device_model}"[:256])
        return event

    patch.setattr(rooms, "event_of", telling)


def _in_the_log(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Discreet, "filter", lambda self, record: True)


def _in_a_label(patch: pytest.MonkeyPatch) -> None:
    def counted(tally: Tally) -> Any:
        async def count(request: web.Request, response: web.StreamResponse) -> None:
            tally.answered(request.path, response.status)

        return count

    patch.setattr(composition, "counted", counted)


def _in_a_file(patch: pytest.MonkeyPatch) -> None:
    def verify(token: str, *words: Any) -> Any:
        with Path("debug.txt").open("a") as file:
            file.write(token)
        return tokens.verify(token, *words)

    patch.setattr(signaling, "verify", verify)


@pytest.mark.parametrize(
    ("plant", "places"),
    [
        (
            _in_an_event,
            {"ledger.db", "copy.db", "logs", "logs --json", "logs --events --json", "participants"},
        ),
        (_in_the_log, {"the log"}),
        (_in_a_label, {"OpenMetrics"}),
        (_in_a_file, {"debug.txt"}),
    ],
)
def test_what_leaks_is_seen(plant: Callable[[pytest.MonkeyPatch], None], places: set[str]) -> None:
    personals = Personals(seed=4, only="mail")
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        _, _, kept = everything(personals)
    assert places <= {found.rpartition(" is in ")[2] for found in personals.found_in(kept)}


def test_every_route_and_every_signal_is_thrown_at() -> None:
    """A new one is thrown at by itself, but for what its body has to be like: `BODIES` says that."""
    thrower, server, kept = everything(Personals(seed=1))
    assert thrower.members == set(MEMBERS)
    taking = {(method, path) for method, path in server.routes if method not in {"GET", "HEAD", "OPTIONS"}}
    assert taking == BODIES.keys()
    answered = kept["OpenMetrics"].decode()
    missed = [path for _, path in server.routes if f'route="{path}"' not in answered]
    assert missed == []

"""Throws personal data at a whole server, and gathers all that is left of it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner

from server import cli
from server.access.operators import Operators
from server.access.roles import Role
from tests.personal import Personals
from tests.thrown_requests import Thrower
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
[console]
oidc_issuer = "https://127.0.0.1:1"
oidc_client_id = "offrecord"
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
    password = personals.at("the password of an operator", "passcode").text
    Operators(directory / "offrecord-operators").add("grace", Role.PRIVACY_OFFICER, password)
    async with whole_server(directory, settings_with(personals, url), as_json=as_json) as server:
        secret = personals.at("the secret of a key").text
        thrower = Thrower(
            server.url,
            personals,
            KEY,
            secret,
            when_published=server.relay_reports,
            operator=("grace", password),
        )
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
            b"participant_administered",
            b"room_administered",
        ):
            assert word in kept[place], (place, word)
    assert b"connected" in kept["the log"]
    assert b"somebody signed in to the console" in kept["the log"]
    assert b'"asked": "live"' in kept["access-log"]
    assert b"offrecord_joins_total" in kept["OpenMetrics"]

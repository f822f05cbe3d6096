"""Which layers hold where, measured in each place, as docs/lock.md tells; and no start below the minimum."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from server import _native
from server.relay.birth import LEAST_LANDLOCK_ABI
from tests.e2e.serving import COMMAND, serving
from tests.promise import ordinary_user, surroundings

pytestmark = [
    pytest.mark.promise,
    pytest.mark.timeout(90),
    pytest.mark.skipif(_native.landlock_abi() < LEAST_LANDLOCK_ABI, reason="this kernel has no full lock"),
]
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "lock.md"
_ORDINARY = (sys.executable, str(Path(ordinary_user.__file__)))
_IN = (sys.executable, str(Path(surroundings.__file__)))
WHERE = {
    "root": (),
    "an ordinary user": _ORDINARY,
    "a user of a container": (*_IN, "container"),
    "root of a container, with `CAP_SYS_PTRACE`": (*_IN, "container-root-with-ptrace"),
    "no Landlock": (*_IN, "no-landlock"),
}
NO_LANDLOCK = WHERE["no Landlock"]
ENVIRONMENT = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "HOME": tempfile.gettempdir()}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be root")


def _born(where: tuple[str, ...], minimum_level: str) -> dict[str, object]:
    ran = subprocess.run(
        [*where, sys.executable, "-m", "tests.promise.born", minimum_level],
        cwd="/",
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told: dict[str, object] = json.loads(ran.stdout)
    return told


def _documented() -> dict[str, dict[str, str]]:
    """By place, what the table says of each layer, and of the level."""
    section = PAGE.read_text("utf-8").partition("\n## Where it holds\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]]
        for row in re.findall(r"^\|.*\|$", section, re.MULTILINE)
    ]
    places = rows[0][1:]
    return {place: {row[0]: row[1 + at] for row in rows[2:]} for at, place in enumerate(places)}


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="offrecord-test-") as made:
        yield Path(made)


def test_the_table_names_the_places_that_are_tried() -> None:
    assert list(_documented()) == list(WHERE)


@pytest.mark.parametrize(
    "where", [pytest.param(name, marks=() if name == "an ordinary user" else as_root) for name in WHERE]
)
def test_layers_hold_where_the_table_says_so(where: str) -> None:
    told = _born(WHERE[where], "reduced")
    layers = told["layers"]
    assert isinstance(layers, dict)
    found = {layer: "yes" if held else "no" for layer, held in layers.items()}
    assert {**found, "level": told["level"]} == _documented()[where]


@pytest.mark.parametrize("where", [name for name in WHERE if name != "no Landlock"])
def test_full_is_enough_for_the_highest_minimum(where: str) -> None:
    if where != "an ordinary user" and os.geteuid() != 0:
        pytest.skip("only root can be root")
    assert _born(WHERE[where], "full")["level"] == "full"


@as_root
def test_root_of_a_container_that_may_not_look_at_its_relays_starts_none() -> None:
    refused = str(_born((*_IN, "container-root"), "reduced")["refused"])
    assert refused.startswith("relay 1 could not be inspected")


def test_without_landlock_no_relay_is_born_where_full_is_asked_for() -> None:
    assert _born(NO_LANDLOCK, "full") == {"refused": "relay 1 refused to be born: level"}


def test_without_landlock_the_server_does_not_start_at_full(home: Path) -> None:
    ran = subprocess.run(
        [*NO_LANDLOCK, str(COMMAND), "serve", "--dev", "--http-port", "0", "--udp-port", "0"],
        cwd=home,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 2
    assert "minimum_level" in ran.stderr


async def test_without_landlock_a_server_that_may_says_reduced_and_why(home: Path) -> None:
    (home / "config.toml").write_text('[guarantee]\nminimum_level = "reduced"\n')
    ports = ["--http-port", "{http}", "--udp-port", "{udp}"]
    command = [*NO_LANDLOCK, str(COMMAND), "serve", "--dev", *ports]
    async with (
        serving(home, installed=command, environment=ENVIRONMENT) as server,
        aiohttp.ClientSession() as session,
    ):
        asked = f"{server.url}/guarantee?nonce=of-a-server-without-landlock"
        statement: dict[str, object] = {}
        async with asyncio.timeout(20):
            # A relay that was just born has not repeated its probes yet.
            while statement.get("level") != "reduced":
                async with session.get(asked) as answer:
                    statement = await answer.json()
                await asyncio.sleep(0.05)
    assert "landlock" in json.dumps(statement["reasons"]).lower()

"""Who may set the rules: an ordinary user with one capability, and without it the server says so."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.serving import COMMAND, free_tcp_port, free_udp_ports, serving
from tests.private_network import needs_root, private_network, tables
from tests.promise import ordinary_user

pytestmark = [pytest.mark.promise, pytest.mark.timeout(90), needs_root]
AS_ORDINARY_USER = (sys.executable, str(Path(ordinary_user.__file__)))


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    with private_network():
        yield
        assert tables() == ""


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory of that user's; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="offrecord-test-") as made:
        os.chown(made, ordinary_user.user(), -1)
        yield Path(made)


def _configure(home: Path, wanted: str) -> None:
    (home / "config.toml").write_text(f'[guarantee]\nhost_firewall = "{wanted}"\n')


async def _told(home: Path, *rights: str) -> dict[str, object]:
    """The statement of a server of that user; with rights, once its relays have repeated their probes."""
    ports = ["--http-port", "{http}", "--udp-port", "{udp}"]
    command = [*AS_ORDINARY_USER, *rights, str(COMMAND), "serve", "--dev", *ports]
    statement: dict[str, object] = {}
    async with serving(home, installed=command) as server, aiohttp.ClientSession() as session:
        while not statement or (rights and statement["level"] != "full"):
            async with session.get(f"{server.url}/guarantee") as answer:
                statement = await answer.json()
    return statement


async def test_one_capability_is_enough_and_relays_have_none(home: Path) -> None:
    _configure(home, "require")
    statement = await _told(home, "--net-admin")
    firewall = statement["host_firewall"]
    assert isinstance(firewall, dict)
    assert (firewall["held"], firewall["state"]) == (True, "held")


async def test_without_the_right_a_server_that_tries_says_that_it_has_none(home: Path) -> None:
    _configure(home, "try")
    firewall = (await _told(home))["host_firewall"]
    assert isinstance(firewall, dict)
    assert (firewall["held"], firewall["state"]) == (False, "not_permitted")


def test_without_the_right_a_server_that_requires_it_does_not_start(home: Path) -> None:
    _configure(home, "require")
    ports = ["--http-port", str(free_tcp_port()), "--udp-port", str(free_udp_ports(os.cpu_count() or 1))]
    ran = subprocess.run(
        [*AS_ORDINARY_USER, str(COMMAND), "serve", "--dev", *ports],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "CAP_NET_ADMIN" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1

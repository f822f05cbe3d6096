"""The doctor tries what a server would do here, and says what is missing, before anything is started."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server import _native
from server.relay.birth import LEAST_LANDLOCK_ABI
from tests.e2e.serving import COMMAND, free_tcp_port, free_udp_ports
from tests.promise import ordinary_user, without_landlock

pytestmark = [
    pytest.mark.promise,
    pytest.mark.timeout(60),
    pytest.mark.skipif(_native.landlock_abi() < LEAST_LANDLOCK_ABI, reason="this kernel has no full lock"),
]
AS_ORDINARY_USER = (sys.executable, str(Path(ordinary_user.__file__)))
WITHOUT_LANDLOCK = (sys.executable, str(Path(without_landlock.__file__)))


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory of the ordinary user, with a configuration on free ports."""
    with tempfile.TemporaryDirectory(prefix="offrecord-test-") as made:
        configure(Path(made))
        os.chown(made, ordinary_user.user(), -1)
        yield Path(made)


def configure(directory: Path, *, udp_port: int = 0, guarantee: str = "full") -> None:
    (directory / "config.toml").write_text(
        f"[http]\nport = {free_tcp_port()}\n"
        f"[relay]\nudp_port = {udp_port or free_udp_ports(1)}\ntcp_port = {free_tcp_port()}\nrelays = 1\n"
        f'[guarantee]\nminimum_level = "{guarantee}"\n'
    )


def doctor(home: Path, *wrapper: str, dev: bool = True) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Exit code, report, and findings by subject."""
    words = [*wrapper, str(COMMAND), "doctor", "--json", *(["--dev"] if dev else [])]
    ran = subprocess.run(
        words, cwd=home, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=50, check=False
    )
    assert ran.stdout, ran.stderr
    report = json.loads(ran.stdout)
    assert report["exit"] == ran.returncode
    return ran.returncode, report, {one["subject"]: one for one in report["findings"]}


def test_where_everything_is_there(home: Path) -> None:
    code, report, found = doctor(home)
    assert (code, report["level"]) == (0, "full")
    assert {found[name]["verdict"] for name in ("system", "landlock", "seccomp", "ports", "a relay")} == {
        "ok"
    }


def test_an_ordinary_user_reaches_full_with_less_memory(home: Path) -> None:
    code, report, found = doctor(home, *AS_ORDINARY_USER)
    assert (code, report["level"]) == (0, "full")
    assert found["locked memory"]["verdict"] == "warning"
    assert "LimitMEMLOCK" in found["locked memory"]["do"]
    assert str(ordinary_user.user()) in found["user"]["says"]


@pytest.mark.parametrize(("minimum", "consequence"), [("full", "does not start"), ("reduced", "starts")])
def test_without_landlock_the_level_is_lower(home: Path, minimum: str, consequence: str) -> None:
    configure(home, guarantee=minimum)
    code, report, found = doctor(home, *WITHOUT_LANDLOCK)
    assert (code, report["level"]) == (1, "reduced")
    assert found["landlock"]["verdict"] == "missing"
    assert "seccomp profile" in found["landlock"]["do"]
    assert found["a relay"]["verdict"] == "missing"
    assert consequence in found["a relay"]["do"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount /proc in another way")
def test_where_relays_are_hidden_from_the_server(home: Path) -> None:
    code, report, found = doctor(home, AS_ORDINARY_USER[0], AS_ORDINARY_USER[1], "--proc=hidepid=invisible")
    assert (code, report["level"]) == (2, "none")
    assert found["/proc"]["verdict"] == "missing"


def test_a_port_that_is_taken(home: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        configure(home, udp_port=port)
        code, report, found = doctor(home)
    assert (code, report["level"]) == (2, "full")
    assert f"UDP {port}" in found["ports"]["says"]


def test_a_configuration_without_keys(home: Path) -> None:
    code, _, found = doctor(home, dev=False)
    assert code == 2
    assert "no key is configured" in found["configuration"]["says"]


def test_people_are_told_in_lines(home: Path) -> None:
    ran = subprocess.run(
        [str(COMMAND), "doctor", "--dev"], cwd=home, capture_output=True, text=True, check=True
    )
    assert "ok       landlock: Landlock is there" in ran.stdout
    assert ran.stdout.endswith("This host reaches level full.\n")

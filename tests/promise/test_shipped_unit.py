"""The systemd unit is hardened, and the server reaches level full under what it asks for."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from server import _native
from server.relay.birth import LEAST_LANDLOCK_ABI
from tests.e2e.serving import COMMAND, ROOT, serving
from tests.promise import as_service

UNIT = ROOT / "deploy" / "offrecord.service"
WORST_EXPOSURE = 20
"""Tenths, of 100: what `systemd-analyze security` calls OK ends at 49; the unsandboxed service has 96."""

pytestmark = [
    pytest.mark.promise,
    pytest.mark.timeout(90),
    pytest.mark.skipif(
        shutil.which("systemd-analyze") is None,
        reason="systemd-analyze is not installed; scripts/debian.sh installs it where it can",
    ),
]


def needs_unit(test: Callable[..., object]) -> Callable[..., object]:
    """What systemd would make is made by hand."""
    known = any(header.exists() for header in as_service.HEADERS)
    for lacks, reason in (
        (os.geteuid() != 0, "only root can make what systemd would make"),
        (_native.landlock_abi() < LEAST_LANDLOCK_ABI, "this kernel has no full lock"),
        (not known, "no kernel headers: the numbers of system calls are not known"),
    ):
        test = pytest.mark.skipif(lacks, reason=reason)(test)
    return test


@pytest.fixture
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="offrecord-state-", dir="/var/tmp") as made:
        yield Path(made)


def _analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/offrecord/bin/offrecord", str(COMMAND)))
    ran = _analyze("verify", str(unit))
    assert (ran.returncode, ran.stderr) == (0, "")


def test_systemd_finds_little_exposure() -> None:
    ran = _analyze("security", "--offline=true", f"--threshold={WORST_EXPOSURE}", "--no-pager", str(UNIT))
    assert ran.returncode == 0, ran.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what systemd would make")
@pytest.mark.skipif(_native.landlock_abi() < LEAST_LANDLOCK_ABI, reason="this kernel has no full lock")
@pytest.mark.skipif(
    not any(header.exists() for header in as_service.HEADERS),
    reason="no kernel headers: call numbers unknown",
)
async def test_the_server_reaches_full_under_the_unit(state: Path) -> None:
    wrapper = [sys.executable, "-m", "tests.promise.as_service", str(UNIT), str(state), str(COMMAND)]
    ports = ["--http-port", "{http}", "--udp-port", "{udp}"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    started = serving(state, installed=[*wrapper, "serve", "--dev", *ports], environment=environment)
    async with started as server, aiohttp.ClientSession() as session:
        level = ""
        async with asyncio.timeout(20):
            # A relay that was just born has not repeated its probes yet.
            while level != "full":
                async with session.get(f"{server.url}/guarantee") as answer:
                    level = (await answer.json())["level"]
                await asyncio.sleep(0.05)
        assert {path.name for path in state.iterdir()} >= {"offrecord.db", "offrecord-signing.pem"}


@needs_unit
@pytest.mark.parametrize(
    ("left_out", "level", "lacks"),
    [
        ("", "full", None),
        (" landlock_restrict_self", "none", "a relay"),
        (" landlock_create_ruleset", "reduced", "landlock"),
    ],
)
def test_without_a_call_of_its_list_the_level_is_lower(
    state: Path, tmp_path: Path, left_out: str, level: str, lacks: str | None
) -> None:
    unit = tmp_path / UNIT.name
    assert left_out in UNIT.read_text()
    unit.write_text(UNIT.read_text().replace(left_out, ""))
    words = [sys.executable, "-m", "tests.promise.as_service", str(unit), str(state)]
    ran = subprocess.run(
        [*words, str(COMMAND), "doctor", "--dev", "--json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(ran.stdout)
    assert report["level"] == level
    missing = {one["subject"] for one in report["findings"] if one["verdict"] == "missing"}
    assert lacks is None or lacks in missing

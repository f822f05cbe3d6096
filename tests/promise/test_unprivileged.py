"""Started by an ordinary user who may lock little memory, everything holds as it does for root."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from server import _native
from server.config import Relay
from server.relay.birth import LEAST_LANDLOCK_ABI
from server.workers.faults import Fault
from tests.e2e.serving import COMMAND, serving
from tests.promise import ordinary_user
from tests.relay.tampered import DUMPABLE, executable

pytestmark = [
    pytest.mark.promise,
    pytest.mark.timeout(150),
    pytest.mark.skipif(_native.landlock_abi() < LEAST_LANDLOCK_ABI, reason="this kernel has no full lock"),
]
AS_ORDINARY_USER = (sys.executable, str(Path(ordinary_user.__file__)))

RELAY = """
import asyncio, json, sys
from server.config import Config
from server.errors import RelayError
from server.workers.status import read_status
from server.workers.supervisor import boot_of
from server.workers.worker import BirthRefused, RelayProcess
from msgspec import structs

async def main():
    config = Config()
    relay = structs.replace(config.relay, ipv4_host="127.0.0.1", ipv6_host="", udp_port=0, tcp_port=0)
    boot = boot_of(structs.replace(config, relay=relay), 1)
    process = RelayProcess(boot, 1, lambda *_: None, lambda *_: None)
    try:
        await process.start()
    except BirthRefused as refusal:
        print(json.dumps({"refused": str(refusal)}))
        return
    one = process.evidence()
    print(json.dumps({
        "level": one.locked.level.name, "arena": one.locked.arena_bytes, "locked_kib": one.status.locked_kib,
        "uid": one.status.uid, "capabilities": one.status.capabilities,
        "seen_later": read_status(process.pid).every_task_locked,
    }))
    await process.stop()

asyncio.run(main())
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory of that user's; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="offrecord-test-") as made:
        os.chown(made, ordinary_user.user(), -1)
        yield Path(made)


def _run(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*words], cwd=home, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=False
    )


def test_the_command_has_no_rights_to_begin_with(home: Path) -> None:
    told = _run(*AS_ORDINARY_USER, "cat", "/proc/self/status", "/proc/self/limits", home=home).stdout
    fields = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    assert set(fields["Uid"].split()) == {str(ordinary_user.user())}
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(fields[name], 16) == 0
    assert fields["Groups"].split() == [] or os.geteuid() != 0
    assert any(
        line.startswith("Max locked memory") and str(ordinary_user.MEMLOCK_BYTES) in line
        for line in told.splitlines()
    )


def test_a_relay_is_born_whole_with_less_memory(home: Path) -> None:
    ran = _run(*AS_ORDINARY_USER, sys.executable, "-c", RELAY, home=home)
    told = json.loads(ran.stdout)
    assert told["level"] == "FULL"
    assert told["uid"] == ordinary_user.user()
    assert told["capabilities"] == 0
    assert told["seen_later"]
    assert 1024 * 1024 <= told["arena"] < Relay().media_memory_mib * 1024 * 1024
    assert told["arena"] <= told["locked_kib"] * 1024 <= ordinary_user.MEMLOCK_BYTES


def test_a_relay_whose_memory_stays_readable_to_its_user_is_refused(home: Path) -> None:
    """That of root is closed already when it changes user; this one has to close itself."""
    program = executable(home, DUMPABLE)
    started = f"import sys; sys.executable = {str(program)!r}\n{RELAY}"
    ran = _run(*AS_ORDINARY_USER, sys.executable, "-c", started, home=home)
    assert json.loads(ran.stdout)["refused"] == f"relay 1 failed inspection: {Fault.DUMPABLE}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount /proc in another way")
@pytest.mark.parametrize("group", ["", f",gid={ordinary_user.user()}"])
def test_where_proc_hides_processes_the_servers_group_must_be_let_in(home: Path, group: str) -> None:
    """What the threat model says of the measure."""
    ran = _run(*AS_ORDINARY_USER, f"--proc=hidepid=invisible{group}", sys.executable, "-c", RELAY, home=home)
    told = json.loads(ran.stdout)
    if group:
        assert (told["level"], told["seen_later"]) == ("FULL", True)
    else:
        assert "cannot be observed" in told["refused"]


async def test_a_server_shows_full(home: Path) -> None:
    ports = ["--http-port", "{http}", "--udp-port", "{udp}"]
    command = [*AS_ORDINARY_USER, str(COMMAND), "serve", "--dev", *ports]
    async with serving(home, installed=command) as server, aiohttp.ClientSession() as session:
        asked = f"{server.url}/guarantee?nonce=of-an-ordinary-user"
        statement: dict[str, object] = {}
        async with asyncio.timeout(20):
            # A relay that was just born has not repeated its probes yet.
            while statement.get("level") != "full":
                async with session.get(asked) as answer:
                    statement = await answer.json()
                await asyncio.sleep(0.05)
        assert statement["minimum_level"] == "full"


def test_the_verification_attacks_as_that_user_and_holds(home: Path) -> None:
    ran = _run(*AS_ORDINARY_USER, str(COMMAND), "verify", "--json", home=home)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert report["level"] == "full"
    assert all(found["documented"] for found in report["open"])
    assert report["tried"] == report["control_worked"] + len(report["not_demonstrable"])
    # What fails without the lock as well is said to prove nothing, and is not counted as blocked.
    assert "read_the_kernel_log" in {one["attack"] for one in report["not_demonstrable"]}
    assert report["control_worked"] >= 30


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be hidden behind another number")
@pytest.mark.parametrize("hidden", [(), ("--map-user=1000",)])
def test_root_behind_another_number_is_no_ordinary_user(home: Path, hidden: tuple[str, ...]) -> None:
    ran = _run("unshare", "--user", *hidden, sys.executable, "-c", RELAY, home=home)
    refused = json.loads(ran.stdout)["refused"]
    assert refused == f"relay 1 failed inspection: {Fault.ROOT}"

"""A serving relay whose lock is no longer observed whole is lost, with each check that failed."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from server.control import budget
from server.errors import RelayFault
from server.guarantee.evidence import KernelStatus
from server.workers import observation, status
from server.workers.faults import Drifted, Fault
from server.workers.proc import InspectionError
from tests.relay.conftest import Relay, loopback
from tests.relay.tampered import CLAIMS_LESS, THREADED, UNTESTED, executable

_PTRACE_SEIZE = 0x4206

Tamper = Callable[[str], Relay]


@pytest.fixture
def tampered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tamper:
    """A relay with a change, watched closely."""
    monkeypatch.setattr(budget, "STATS_EVERY", 0.1)

    def made(change: str) -> Relay:
        monkeypatch.setattr(sys, "executable", str(executable(tmp_path, change)))
        return Relay(loopback())

    return made


async def lost_by(relay: Relay) -> tuple[Fault, ...]:
    reason = await relay.until_lost()
    assert isinstance(reason, Drifted), reason
    assert reason.fault is RelayFault.DRIFTED
    await relay.process.kill()
    return reason.faults


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can trace a relay")
async def test_a_debugger(tampered: Tamper) -> None:
    relay = tampered("")
    await relay.process.start()
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    assert ptrace(_PTRACE_SEIZE, relay.process.pid, None, None) == 0, os.strerror(ctypes.get_errno())
    assert await lost_by(relay) == (Fault.TRACED,)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change a relay's limits")
async def test_a_limit_that_is_raised_from_outside(tampered: Tamper) -> None:
    relay = tampered("")
    await relay.process.start()
    try:
        resource.prlimit(relay.process.pid, resource.RLIMIT_CORE, (1, 1))
    except PermissionError:
        await relay.process.stop()
        pytest.skip("root has no CAP_SYS_RESOURCE here")
    assert await lost_by(relay) == (Fault.CORE_LIMIT,)


async def test_an_account_that_the_kernel_no_longer_gives(
    tampered: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where /proc is mounted in another way while it serves. A moment of it is no drift."""
    monkeypatch.setattr(observation, "UNOBSERVED", 0.5)
    relay = tampered("")
    await relay.process.start()
    asked = 0

    def nothing(_: int) -> KernelStatus:
        nonlocal asked
        asked += 1
        raise InspectionError("/proc does not show the relay (errno 2)")

    monkeypatch.setattr(status, "read_status", nothing)
    assert await lost_by(relay) == (Fault.HIDDEN,)
    assert asked > 1


async def test_a_thread_more_than_it_needs(tampered: Tamper) -> None:
    relay = tampered(THREADED)
    await relay.process.start()
    os.kill(relay.process.pid, signal.SIGUSR1)
    assert await lost_by(relay) == (Fault.THREADS,)


async def test_probes_that_are_no_longer_refused(tampered: Tamper) -> None:
    relay = tampered(CLAIMS_LESS)
    await relay.process.start()
    assert await lost_by(relay) == (Fault.OPENING_ALLOWED, Fault.OWN_STATUS_CHANGED)


async def test_probes_that_are_no_longer_made(tampered: Tamper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observation, "UNTESTED", 0.5)
    relay = tampered(UNTESTED)
    await relay.process.start()
    assert await lost_by(relay) == (Fault.SELF_TEST_MISSING,)
